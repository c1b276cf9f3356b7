"""The variational autoencoder: the encoder answers with a distribution, and the latents are kept where the prior can find them."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..device import device_of, normal
from ..errors import at_least
from ..losses.terms import bernoulli_nll
from .autoencoder import images_for, latents_for
from .conditioning import Unconditional
from .nets import Shape, fit_together, linear_relu


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
    """q(z | x) = N(μ(x), diag σ²(x)), p(z) = N(0, I), p(x | z) = Bernoulli(σ(decoder(z))); with a condition, all but the prior given c.

    Args:
        encoder: body from images (N, C, H, W) to features (N, F).
        decoder: body from latents (N, latent_dim + condition.width) to logits (N, C, H, W).
        condition: what else the model is told: `conditioning.OneHot`, `Attributes` or `AddedEmbedding`; nothing if left out.
        hidden: widths of layers after the condition has joined the features.
    Wherever a method takes c, a conditional model needs it, a label or a row of attributes for each image or one for all, and any other model
    refuses it.
    Raises:
        UserError: latent_dim < 1, or bodies that do not fit together.
    Source: Kingma & Welling 2013; Sohn et al. 2015 for the conditional form.
    """

    likelihood = "Bernoulli"

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent_dim: int, image_shape: Shape, *, condition: nn.Module | None = None,
                 hidden: Sequence[int] = ()):
        super().__init__()
        self.latent_dim, self.image_shape = at_least("latent_dim", latent_dim, 1), tuple(image_shape)
        self.encoder, self.decoder, self.condition = encoder, decoder, condition or Unconditional()
        features = fit_together(encoder, decoder, latent_dim + self.condition.width, image_shape) + self.condition.width
        self.joint = nn.Sequential(*linear_relu([features, *hidden]))
        self.to_mean, self.to_log_var = (nn.Linear([features, *hidden][-1], latent_dim) for _ in range(2))

    def posterior(self, x: Tensor, c=None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x) or q(z | x, c): (N, C, H, W) → two of (N, latent_dim)."""
        features = self.encoder(images_for(self, x))
        features = self.joint(self.condition.join_features(features, self._codes(c, len(x))))
        return self.to_mean(features), self.to_log_var(features)

    def encode(self, x: Tensor, c=None) -> Tensor:
        """The posterior mean: the one point to show for an image, (N, latent_dim)."""
        return self.posterior(x, c)[0]

    def logits(self, z: Tensor, c=None) -> Tensor:
        """What the sigmoid turns into the mean image: (N, latent_dim) → (N, C, H, W)."""
        return self.decoder(self.condition.join_latent(latents_for(self, z), self._codes(c, len(z))))

    def decode(self, z: Tensor, c=None) -> Tensor:
        """The mean image of p(x | z) or p(x | z, c): (N, latent_dim) → (N, C, H, W) in [0, 1]."""
        return torch.sigmoid(self.logits(z, c))

    def log_likelihood(self, x: Tensor, z: Tensor, c=None) -> Tensor:
        """log p(x | z) of images (N, C, H, W) in [0, 1], one latent (N, latent_dim) each: nats, (N,). What `metrics.nll` weighs samples by."""
        return -bernoulli_nll(self.logits(z, c), images_for(self, x))

    @torch.no_grad()
    def reconstruct(self, x: Tensor, c=None) -> Tensor:
        """Decode the posterior mean, (N, C, H, W), without gradient."""
        return self.decode(self.encode(x, c), c)

    @torch.no_grad()
    def sample(self, n: int, c=None, *, generator: torch.Generator | None = None) -> Tensor:
        """n images from the prior: z ~ N(0, I), decoded. (n, C, H, W) in [0, 1]."""
        return self.decode(normal((at_least("n", n, 1), self.latent_dim), generator), c)

    def forward(self, x: Tensor, c=None, *, samples: int = 1) -> VAEOutput:
        """What an objective needs. With samples = K > 1, K draws an image: logits (K, N, C, H, W) and z (K, N, latent_dim)."""
        mean, log_var = self.posterior(x, c)
        if at_least("samples", samples, 1) == 1:
            z = reparameterize(mean, log_var)
            return VAEOutput(self.logits(z, c), mean, log_var, z)
        z = reparameterize(mean.expand(samples, -1, -1), log_var.expand(samples, -1, -1))
        return VAEOutput(torch.stack([self.logits(one, c) for one in z]), mean, log_var, z)

    def given(self, c) -> Given:
        """This model with its condition fixed to one label or one row of attributes: plots and sliders take it like an unconditional one."""
        return Given(self, c)

    def _codes(self, c, n: int) -> Tensor | None:
        codes = self.condition.codes(c, n)
        return codes if codes is None else codes.to(device_of(self))


class Given:
    """A conditional model at one fixed condition: decode(z) and sample(n) of p(x | z, c)."""

    def __init__(self, model: VAE, c):
        model.condition.codes(c, 1)                    # a wrong condition is an error here, not at the first picture
        if c is not None and torch.as_tensor(c).ndim > (model.condition.kind == "attributes"):
            c = c[0]                                   # a list of one is the one for all
        self.model, self.c, self.latent_dim, self.image_shape = model, c, model.latent_dim, model.image_shape

    def decode(self, z: Tensor) -> Tensor:
        return self.model.decode(z, self.c)

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        return self.model.sample(n, self.c, generator=generator)
