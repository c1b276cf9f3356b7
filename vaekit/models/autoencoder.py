"""The plain autoencoder: squeeze an image through a few numbers and rebuild it."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from ..device import device_of
from ..errors import UserError, at_least
from .nets import Shape, fit_together


class Autoencoder(nn.Module):
    """x → z → x̂. There is no prior on z and so no `sample`: lab 01 shows what decoding random latents gives.

    Args:
        encoder: body from images (N, C, H, W) to features (N, F).
        decoder: body from latents (N, latent_dim) to logits (N, C, H, W).
    Raises:
        UserError: latent_dim < 1, or bodies that do not fit together.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent_dim: int, image_shape: Shape):
        super().__init__()
        self.latent_dim, self.image_shape = at_least("latent_dim", latent_dim, 1), tuple(image_shape)
        self.encoder, self.decoder = encoder, decoder
        self.to_latent = nn.Linear(fit_together(encoder, decoder, latent_dim, image_shape), latent_dim)

    def encode(self, x: Tensor) -> Tensor:
        """Latents of images: (N, C, H, W) in [0, 1] → (N, latent_dim)."""
        return self.to_latent(self.encoder(images_for(self, x)))

    def decode(self, z: Tensor) -> Tensor:
        """Images of latents: (N, latent_dim) → (N, C, H, W) in [0, 1]."""
        return torch.sigmoid(self.decoder(latents_for(self, z)))

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """Images through the bottleneck and back, (N, C, H, W), without gradient."""
        return self.decode(self.encode(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


def images_for(model: nn.Module, x: Tensor) -> Tensor:
    """Images on the model's device, if they have the shape it was built for."""
    if x.ndim != 4 or tuple(x.shape[1:]) != model.image_shape:
        raise UserError(f"this model takes images of shape (N, {', '.join(map(str, model.image_shape))}), got {tuple(x.shape)}")
    if not x.is_floating_point():
        raise UserError(f"images are float in [0, 1], got {x.dtype}; divide uint8 pixels by 255")
    return x.to(device_of(model))


def latents_for(model: nn.Module, z: Tensor) -> Tensor:
    """Latents on the model's device, if they have its number of dimensions."""
    if z.ndim != 2 or z.shape[1] != model.latent_dim:
        raise UserError(f"this model takes latents of shape (N, {model.latent_dim}), got {tuple(z.shape)}")
    return z.to(device_of(model))
