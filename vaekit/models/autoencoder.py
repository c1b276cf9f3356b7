"""The plain autoencoder: squeeze an image through a few numbers and rebuild it."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..device import evaluating
from ..errors import at_least
from ..losses.description import describe_network
from .base import ImageModel, images_for, latents_for
from .nets import fit_together


class Autoencoder(ImageModel):
    """x → z → x̂. There is no prior on z: lab 01 shows what decoding random latents gives.

    Args:
        encoder: body from images (N, C, H, W) to features (N, F).
        decoder: body from latents (N, latent_dim) to logits (N, C, H, W).
        latent_dim: number of values that an image is squeezed through.
        image_shape: (C, H, W).
    Raises:
        UserError: latent_dim < 1, or bodies that do not fit together.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        latent_dim: int,
        image_shape: Sequence[int],
    ):
        super().__init__(image_shape)
        self.latent_dim = at_least("latent_dim", latent_dim, 1)
        self.encoder = encoder
        self.decoder = decoder

        features = fit_together(encoder, decoder, latent_dim, self.image_shape)
        self.to_latent = nn.Linear(features, latent_dim)
        self.settings["networks"] = describe_network(nn.ModuleList([encoder, decoder]))

    def encode(self, x: Tensor, c: Any = None) -> Tensor:
        """Latents of images: (N, C, H, W) in [0, 1] → (N, latent_dim)."""
        x = images_for(self, x)
        # refuses a condition: there is none
        self.encode_condition(c, len(x))
        return self.to_latent(self.encoder(x))

    def decode(self, z: Tensor, c: Any = None) -> Tensor:
        """Images of latents: (N, latent_dim) → (N, C, H, W) in [0, 1]."""
        z = latents_for(self, z)
        self.encode_condition(c, len(z))
        return torch.sigmoid(self.decoder(z))

    def reconstruct(self, x: Tensor, c: Any = None) -> Tensor:
        """Images through the bottleneck and back, (N, C, H, W).

        In evaluation mode and without gradient.
        """
        with evaluating(self):
            return self.decode(self.encode(x, c), c)

    def forward(self, x: Tensor, c: Any = None) -> Tensor:
        """Reconstructions (N, C, H, W) in [0, 1]; labels c, if a batch has them, are not read."""
        return self.decode(self.encode(x))
