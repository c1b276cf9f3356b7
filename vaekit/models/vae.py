"""The variational autoencoder: the encoder answers with a distribution over latents.

A penalty in the objective then keeps these distributions where the prior can find them.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..contracts import require
from ..device import evaluating, standard_normal
from ..errors import UserError, at_least, brief
from ..losses.checks import check_same_shape
from ..losses.description import describe_network
from ..losses.terms import bernoulli_nll, squared_error
from .base import ImageModel, images_for, latents_for
from .conditioning import Attributes, Condition, is_conditional
from .nets import fit_together, linear_relu


class VAEOutput(NamedTuple):
    """What an objective needs: logits (N, C, H, W); mean, log_var and the drawn z, (N, D) each.

    epsilon is the noise in z = μ + σε, of z's shape: where σ is small beside μ, z has lost its
    digits, and log q(z | x) is read off epsilon. None for a z that was not drawn so.
    """

    logits: Tensor
    mean: Tensor
    log_var: Tensor
    z: Tensor
    epsilon: Tensor | None = None


def reparameterize(
    mean: Tensor, log_var: Tensor, *, generator: torch.Generator | None = None
) -> Tensor:
    """z = μ + σ·ε with ε ~ N(0, I): a draw from N(mean, exp(log_var)) that gradients pass through.

    Args:
        mean, log_var: (N, D); log_var is log σ², any real number, while σ must stay positive.
        generator: of ε.
    Returns:
        (N, D).
    Raises:
        UserError: two different shapes, whole numbers.
    Source:
        Kingma & Welling 2013, section 2.4.
    """
    check_same_shape("mean", mean, "log_var", log_var)
    return _shift(mean, log_var, _noise_for(mean, generator))


def _shift(mean: Tensor, log_var: Tensor, epsilon: Tensor) -> Tensor:
    """μ + σ·ε."""
    return mean + torch.exp(0.5 * log_var) * epsilon


def _noise_for(mean: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """ε ~ N(0, I) of the mean's shape, drawn where the generator is."""
    place = mean.device if generator is None else generator.device
    epsilon = torch.randn(mean.shape, generator=generator, device=place, dtype=mean.dtype)
    return epsilon.to(mean.device)


class VAE(ImageModel):
    """q(z | x) = N(μ(x), diag σ²(x)), p(z) = N(0, I), p(x | z) = Bernoulli(sigmoid(decoder(z))).

    With a condition, all but the prior are given c as well.

    Wherever a method takes c, a conditional model needs it: a label or a row of attributes for
    each image, or one for all. Any other model refuses it; only its `forward`, which is given the
    labels of every batch, does not read them.

    Args:
        encoder: body from images (N, C, H, W) to features (N, F).
        decoder: body from latents (N, latent_dim + condition.width) to logits (N, C, H, W).
        latent_dim: D, the size of z.
        image_shape: (C, H, W).
        condition: what else the model is given: `OneHot`, `Attributes` or `AddedEmbedding`.
        hidden: widths of layers after the condition has joined the features.
    Raises:
        UserError: latent_dim < 1, or bodies that do not fit together.
    Source:
        Kingma & Welling 2013; Sohn et al. 2015 for the conditional form.
    """

    likelihood = "Bernoulli"

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        latent_dim: int,
        image_shape: Sequence[int],
        *,
        condition: Condition | None = None,
        hidden: Sequence[int] = (),
    ):
        super().__init__(image_shape, condition)
        self.latent_dim = at_least("latent_dim", latent_dim, 1)
        self.encoder = encoder
        self.decoder = decoder

        # the condition may widen both the features and the latent
        extra = self.condition.width
        features = fit_together(encoder, decoder, latent_dim + extra, self.image_shape)
        widths = [features + extra, *hidden]
        self.joint = nn.Sequential(*linear_relu(widths))
        self.to_mean = nn.Linear(widths[-1], latent_dim)
        self.to_log_var = nn.Linear(widths[-1], latent_dim)
        self.settings |= {
            "likelihood": self.likelihood,
            "networks": describe_network(nn.ModuleList([encoder, decoder, self.joint])),
        }

    def posterior(self, x: Tensor, c: Any = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x, c): (N, C, H, W) → two of (N, latent_dim)."""
        features = self.encoder(images_for(self, x))
        features = self.condition.join_features(features, self.encode_condition(c, len(x)))
        features = self.joint(features)
        return self.to_mean(features), self.to_log_var(features)

    def encode(self, x: Tensor, c: Any = None) -> Tensor:
        """The posterior mean: the one point to show for an image, (N, latent_dim)."""
        mean, _ = self.posterior(x, c)
        return mean

    def logits(self, z: Tensor, c: Any = None) -> Tensor:
        """What the sigmoid turns into the mean image: (N, latent_dim) → (N, C, H, W)."""
        z = latents_for(self, z)
        return self.decoder(self.condition.join_latent(z, self.encode_condition(c, len(z))))

    def decode(self, z: Tensor, c: Any = None) -> Tensor:
        """The mean image of p(x | z, c): (N, latent_dim) → (N, C, H, W) in [0, 1]."""
        return torch.sigmoid(self.logits(z, c))

    def log_likelihood(self, x: Tensor, z: Tensor, c: Any = None) -> Tensor:
        """log p(x | z, c), nats, (N,): images (N, C, H, W) in [0, 1], one latent (N, D) for each.

        It is what `metrics.nll` weighs its samples by.
        """
        x, z = self._pairs(x, z)
        return -bernoulli_nll(self.logits(z, c), x)

    def _pairs(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        x = images_for(self, x)
        if len(x) != len(z):
            raise UserError(f"one latent z per image x is needed, got {len(z)} and {len(x)}")
        return x, z

    def reconstruct(self, x: Tensor, c: Any = None) -> Tensor:
        """The decoded posterior mean, (N, C, H, W), in evaluation mode and without gradient."""
        with evaluating(self):
            return self.decode(self.encode(x, c), c)

    def sample(
        self, n: int, c: Any = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """n images from the prior: z ~ N(0, I), decoded. (n, C, H, W) in [0, 1].

        In evaluation mode and without gradient.
        """
        z = standard_normal((at_least("n", n, 1), self.latent_dim), generator)
        with evaluating(self):
            return self.decode(z, c)

    def forward(self, x: Tensor, c: Any = None, *, samples: int = 1) -> VAEOutput:
        """What an objective needs of images (N, C, H, W) and their labels.

        With samples = K > 1 there are K draws per image: logits (K, N, C, H, W), z (K, N, D).
        """
        at_least("samples", samples, 1)
        # a batch always brings labels; without a condition they are not read
        c = c if is_conditional(self) else None

        mean, log_var = self.posterior(x, c)
        if samples == 1:
            epsilon = _noise_for(mean)
            z = _shift(mean, log_var, epsilon)
            return VAEOutput(self.logits(z, c), mean, log_var, z, epsilon)

        epsilon = _noise_for(mean.expand(samples, -1, -1))
        z = _shift(mean, log_var, epsilon)
        logits = torch.stack([self.logits(draw, c) for draw in z])
        return VAEOutput(logits, mean, log_var, z, epsilon)

    def given(self, c: Any) -> Given:
        """This model with its condition fixed to one label or one row of attributes.

        Plots and sliders take it like an unconditional model.
        """
        return Given(self, c)


class GaussianVAE(VAE):
    """A VAE whose pixels are Gaussian: p(x | z) = N(sigmoid(decoder(z)), ½·I).

    At σ² = ½, −log p(x | z) is the squared error and a constant: `losses.negative_elbo_gaussian`.
    For arguments and methods see `VAE`.
    """

    likelihood = "Gaussian"

    def log_likelihood(self, x: Tensor, z: Tensor, c: Any = None) -> Tensor:
        """log p(x | z, c), nats, (N,): a density, so it may exceed 0. As for `VAE`."""
        x, z = self._pairs(x, z)
        constant = 0.5 * math.log(math.pi) * math.prod(self.image_shape)
        return -squared_error(self.decode(z, c), x) - constant


class Given:
    """A conditional model at one fixed condition: decode(z) and sample(n) of p(x | z, c)."""

    def __init__(self, model: VAE, c: Any):
        require(model, "condition", "decode", "sample", "latent_dim", "image_shape")
        # a wrong condition is an error here, not at the first picture
        model.condition.encode(c, 1)
        self.model = model
        self.c = _one_for_all(model, c)
        self.latent_dim = model.latent_dim
        self.image_shape = model.image_shape

    def decode(self, z: Tensor, c: Any = None) -> Tensor:
        """The mean image of p(x | z, c): (N, latent_dim) → (N, C, H, W) in [0, 1]."""
        self._refuse(c)
        return self.model.decode(z, self.c)

    def sample(
        self, n: int, c: Any = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """n images of this condition, (n, C, H, W) in [0, 1]."""
        self._refuse(c)
        return self.model.sample(n, self.c, generator=generator)

    def _refuse(self, c: Any) -> None:
        if c is not None:
            raise UserError(
                f"this model's condition is fixed to {self.c}: leave c out, got {brief(c)}"
            )


def _one_for_all(model: VAE, c: Any) -> Any:
    """A condition given as a list of one, as the one for all images."""
    if c is None:
        return None
    axes_of_one = 1 if isinstance(model.condition, Attributes) else 0
    return c[0] if torch.as_tensor(c).ndim > axes_of_one else c
