"""Generative adversarial networks: a generator draws, a discriminator judges, and each learns from the other's mistakes.

    model = GAN(fc_generator(96, (1, 28, 28)), fc_discriminator((1, 28, 28)), 96, (1, 28, 28))
    fit(model, train, minimax)                  # or least_squares
    model.sample(64)

`fit` trains both at once: `players` tells it whose parameters minimise which term of the loss. What its history says of the game:

    accuracy near 1 and stays there                  the discriminator has won: all that the generator hears is "wrong", for every image alike
    accuracy 0.5 and discriminator_gradient near 0   a dead discriminator: it says the same to everything
    variety far below 1                              mode collapse: the generator draws few different images
"""
from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..device import device_of, normal
from ..errors import UserError, at_least
from .autoencoder import images_for, latents_for
from .conditioning import Unconditional
from .nets import Shape, divided


class GANOutput(NamedTuple):
    """The discriminator's scores of real and of generated images, (N,) each: above the middle means "real". And the images, (N, C, H, W)."""

    real: Tensor
    fake: Tensor
    images: Tensor


class GAN(nn.Module):
    """z ~ N(0, I) → generator → image; image → discriminator → one score.

    Args:
        generator: body from noise (N, latent_dim) to images in [−1, 1], (N, C, H, W): it ends in a tanh.
        discriminator: body from images in [−1, 1] to scores (N, 1).
    Raises:
        UserError: latent_dim < 1, or bodies that do not fit together.
    Source: Goodfellow et al. 2014.
    """

    def __init__(self, generator: nn.Module, discriminator: nn.Module, latent_dim: int, image_shape: Shape):
        super().__init__()
        self.latent_dim, self.image_shape = at_least("latent_dim", latent_dim, 1), tuple(image_shape)
        self.generator, self.discriminator, self.condition = generator, discriminator, Unconditional()
        self._check()

    def players(self) -> dict[str, list[nn.Parameter]]:
        """Which term of the loss is minimised by whose parameters."""
        return {"discriminator_loss": list(self._judge().parameters()), "generator_loss": list(self.generator.parameters())}

    def decode(self, z: Tensor) -> Tensor:
        """The generator's images of noise (N, latent_dim): (N, C, H, W) in [0, 1]."""
        return self.generator(latents_for(self, z)) / 2 + 0.5

    def score(self, x: Tensor) -> Tensor:
        """The discriminator's score of images (N, C, H, W) in [0, 1]: (N,)."""
        return self._judge()(images_for(self, x) * 2 - 1).squeeze(1)

    @torch.no_grad()
    def sample(self, n: int, c: None = None, *, generator: torch.Generator | None = None) -> Tensor:
        """n images of noise z ~ N(0, I): (n, C, H, W) in [0, 1]. There is no condition yet: c is refused."""
        self.condition.codes(c, n)
        return self.decode(normal((at_least("n", n, 1), self.latent_dim), generator))

    def settle(self) -> GAN:
        """Forget the discriminator, which only training needs. For shipping, not for training on."""
        self.discriminator = None
        return self

    def forward(self, x: Tensor) -> GANOutput:
        """Score the images (N, C, H, W) and as many generated ones; each kind is a batch of its own, as batch normalisation needs."""
        images = self.decode(torch.randn(len(x), self.latent_dim, device=device_of(self)))
        return GANOutput(self.score(x), self.score(images), images)

    def _judge(self) -> nn.Module:
        if self.discriminator is None:
            raise UserError("this GAN was settled: it draws, but its discriminator is gone; train one to have both")
        return self.discriminator

    def _check(self) -> None:
        modes = self.generator.training, self.discriminator.training
        self.generator.eval(), self.discriminator.eval()
        try:
            with torch.no_grad():
                images = self.generator(torch.zeros(2, self.latent_dim))
                scores = self.discriminator(torch.zeros(2, *self.image_shape))
        except RuntimeError as error:
            raise UserError(f"generator and discriminator do not suit images of shape {self.image_shape} and latent_dim {self.latent_dim}: {error}") \
                from error
        finally:
            self.generator.train(modes[0]), self.discriminator.train(modes[1])
        if images.shape[1:] != self.image_shape or scores.shape != (2, 1):
            raise UserError(f"the generator gives images of shape {tuple(images.shape[1:])} and the discriminator {tuple(scores.shape[1:])}; "
                            f"wanted {self.image_shape} and (1,)")


def minimax(output: GANOutput, x: Tensor, c: Tensor | None = None) -> dict[str, Tensor]:
    """Binary cross-entropy: the discriminator tells real from fake, the generator makes it say "real".

    The game's value, played for by both, would have the generator minimise log(1 − σ(s)); that has no slope where the discriminator is sure, so as
    in the paper it minimises −log σ(s) instead, which has the same fixed point (the non-saturating form).

    Args:
        output: scores; σ(score) is the probability of "real". The loss is computed from the scores, because log σ(·) underflows.
        x: the real images, (N, C, H, W); c is not used.
    Returns:
        discriminator_loss, generator_loss: nats, (N,) each; 2 log 2 and log 2 at the game's end.
        accuracy: share of real and fake that the discriminator tells apart, 0.5 at the game's end.
        variety: distance between two generated images as a share of that between two real ones, 0 if all are the same.
    Source: Goodfellow et al. 2014, section 3: −log σ(s) = softplus(−s).
    """
    return {"discriminator_loss": F.softplus(-output.real) + F.softplus(output.fake), "generator_loss": F.softplus(-output.fake),
            **_watched(output, x, 0.0)}


def least_squares(output: GANOutput, x: Tensor, c: Tensor | None = None) -> dict[str, Tensor]:
    """½(s − 1)² for real and ½s² for fake; the generator wants ½(s − 1)². Scores far from the middle still give a gradient.

    Returns:
        discriminator_loss, generator_loss: (N,) each, without a unit; ¼ and ⅛ at the game's end. accuracy, variety: as for `minimax`.
    Source: Mao et al. 2017, equation 9.
    """
    return {"discriminator_loss": 0.5 * ((output.real - 1).square() + output.fake.square()), "generator_loss": 0.5 * (output.fake - 1).square(),
            **_watched(output, x, 0.5)}


def fc_generator(latent_dim: int, image_shape: Shape, hidden: int = 1024) -> nn.Sequential:
    """Three linear layers: (N, latent_dim) → (N, C, H, W) in [−1, 1]. Source: S3 (see `recipes`)."""
    return nn.Sequential(nn.Linear(at_least("latent_dim", latent_dim, 1), hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
                         nn.Linear(hidden, math.prod(image_shape)), nn.Tanh(), nn.Unflatten(1, image_shape))


def fc_discriminator(image_shape: Shape, hidden: int = 256) -> nn.Sequential:
    """Three linear layers: (N, C, H, W) → (N, 1). Source: S3."""
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image_shape), hidden), nn.LeakyReLU(0.01), nn.Linear(hidden, hidden), nn.LeakyReLU(0.01),
                         nn.Linear(hidden, 1))


def dc_generator(latent_dim: int, image_shape: Shape, width: int = 64) -> nn.Sequential:
    """A linear layer and two transposed convolutions: (N, latent_dim) → (N, C, H, W) in [−1, 1]. Source: Radford et al. 2016."""
    height, wide = divided(image_shape, 4)
    return nn.Sequential(
        nn.Linear(at_least("latent_dim", latent_dim, 1), 2 * width * height * wide), nn.Unflatten(1, (2 * width, height, wide)),
        nn.BatchNorm2d(2 * width), nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU(),            # 7×7 → 14×14
        nn.ConvTranspose2d(width, image_shape[0], 4, stride=2, padding=1), nn.Tanh(),                              # 14×14 → 28×28
    ).apply(_dc_weights)


def dc_discriminator(image_shape: Shape, width: int = 64) -> nn.Sequential:
    """Two strided convolutions and a linear layer: (N, C, H, W) → (N, 1). Source: Radford et al. 2016."""
    height, wide = divided(image_shape, 4)
    return nn.Sequential(
        nn.Conv2d(image_shape[0], width, 4, stride=2, padding=1), nn.LeakyReLU(0.2),                               # 28×28 → 14×14
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2),         # 14×14 → 7×7
        nn.Flatten(), nn.Linear(2 * width * height * wide, 1),
    ).apply(_dc_weights)


def _dc_weights(module: nn.Module) -> None:
    """Weights from N(0, 0.02²), scales of batch normalisation from N(1, 0.02²). Source: Radford et al. 2016, section 4."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


@torch.no_grad()
def _watched(output: GANOutput, x: Tensor, middle: float) -> dict[str, Tensor]:
    right = (output.real > middle).float() + (output.fake <= middle).float()          # one score for everything is right half of the time
    real, fake = (torch.linalg.vector_norm((images - images.roll(1, 0)).flatten(1), dim=1) for images in (x, output.images))
    return {"accuracy": right / 2, "variety": fake / real.mean().clamp(min=1e-12)}
