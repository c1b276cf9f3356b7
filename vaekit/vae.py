"""The variational autoencoder: the encoder answers with a distribution, and the latents are kept where the prior can find them."""
from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .autoencoder import device_of, images_for, latents_for
from .errors import at_least
from .losses import bernoulli_nll
from .nets import Shape, fit_together


class VAEOutput(NamedTuple):
    """What an objective needs: logits (N, C, H, W); mean, log_var and the sampled z, (N, D) each."""

    logits: Tensor
    mean: Tensor
    log_var: Tensor
    z: Tensor


def reparameterize(mean: Tensor, log_var: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """z = μ + σ·ε with ε ~ N(0, I): a draw from N(mean, exp(log_var)) that a gradient can pass through.

    Args:
        mean, log_var: (N, D); log_var is log σ², which may be any real number while σ must stay positive.
    Returns:
        (N, D).
    Source: Kingma & Welling 2013, section 2.4.
    """
    noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + torch.exp(0.5 * log_var) * noise


class VAE(nn.Module):
    """q(z | x) = N(μ(x), diag σ²(x)), p(z) = N(0, I), p(x | z) = Bernoulli(σ(decoder(z))).

    Args:
        encoder: body from images (N, C, H, W) to features (N, F).
        decoder: body from latents (N, latent_dim) to logits (N, C, H, W).
    Raises:
        UserError: latent_dim < 1, or bodies that do not fit together.
    Source: Kingma & Welling 2013.
    """

    likelihood = "Bernoulli"

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent_dim: int, image_shape: Shape):
        super().__init__()
        self.latent_dim, self.image_shape = at_least("latent_dim", latent_dim, 1), tuple(image_shape)
        self.encoder, self.decoder = encoder, decoder
        features = fit_together(encoder, decoder, latent_dim, image_shape)
        self.to_mean, self.to_log_var = nn.Linear(features, latent_dim), nn.Linear(features, latent_dim)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x): (N, C, H, W) → two of (N, latent_dim)."""
        features = self.encoder(images_for(self, x))
        return self.to_mean(features), self.to_log_var(features)

    def encode(self, x: Tensor) -> Tensor:
        """The posterior mean: the one point to show for an image, (N, latent_dim)."""
        return self.posterior(x)[0]

    def decode(self, z: Tensor) -> Tensor:
        """The mean image of p(x | z): (N, latent_dim) → (N, C, H, W) in [0, 1]."""
        return torch.sigmoid(self.decoder(latents_for(self, z)))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z) of images (N, C, H, W) in [0, 1], one latent (N, latent_dim) each: nats, (N,). What `metrics.nll` weighs samples by."""
        return -bernoulli_nll(self.decoder(latents_for(self, z)), images_for(self, x))

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """Decode the posterior mean, (N, C, H, W), without gradient."""
        return self.decode(self.encode(x))

    @torch.no_grad()
    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """n images from the prior: z ~ N(0, I), decoded. (n, C, H, W) in [0, 1]."""
        z = torch.randn(at_least("n", n, 1), self.latent_dim, generator=generator, device=generator.device if generator else None)
        return self.decode(z.to(device_of(self)))

    def forward(self, x: Tensor) -> VAEOutput:
        mean, log_var = self.posterior(x)
        z = reparameterize(mean, log_var)
        return VAEOutput(self.decoder(z), mean, log_var, z)
