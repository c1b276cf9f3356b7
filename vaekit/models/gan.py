"""Generative adversarial networks: two players, each of whom learns from the other's mistakes.

    model = GAN(fc_generator(96, (1, 28, 28)), fc_discriminator((1, 28, 28)), 96, (1, 28, 28))
    fit(model, train, non_saturating)           # or least_squares, minimax
    model.sample(64)

The generator draws images, the discriminator tells them from real ones. `fit` trains both at once:
`players` says whose parameters minimise which term of the loss. What its history says of the game:

    accuracy near 1 and stays there    the discriminator has won: to the generator all its images
                                       are equally wrong
    accuracy 0.5 and                   a dead discriminator: the same answer to everything
      discriminator_gradient near 0
    variety far below 1                mode collapse: the generator draws few different images
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..contracts import Shape
from ..device import device_of, evaluating, standard_normal
from ..errors import UserError, at_least
from ..losses.checks import check_same_shape
from ..losses.description import describe_network
from .base import ImageModel, as_shape, divided, images_for, latents_for
from .nets import trial


class GANOutput(NamedTuple):
    """Scores of real and of generated images, (N,) each, and these images, (N, C, H, W) in [0, 1].

    A score above the middle means "real".
    """

    real: Tensor
    fake: Tensor
    images: Tensor


class GAN(ImageModel):
    """z ~ N(0, I) → generator → image; image → discriminator → one score.

    Args:
        generator: body from noise (N, latent_dim) to images in [−1, 1], (N, C, H, W), by a tanh.
        discriminator: body from images in [−1, 1] to scores (N, 1).
        latent_dim: size of z.
        image_shape: (C, H, W).
    Raises:
        UserError: latent_dim < 1, or bodies that do not fit together.
    Source:
        Goodfellow et al. 2014.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        latent_dim: int,
        image_shape: Sequence[int],
    ):
        super().__init__(image_shape)
        self.latent_dim = at_least("latent_dim", latent_dim, 1)
        _check_bodies(generator, discriminator, latent_dim, self.image_shape)
        self.generator = generator
        self.discriminator: nn.Module | None = discriminator
        self.settings["networks"] = describe_network(nn.ModuleList([generator, discriminator]))

    def players(self) -> dict[str, list[nn.Parameter]]:
        """Which term of the loss is minimised by whose parameters."""
        return {
            "discriminator_loss": list(self._discriminator().parameters()),
            "generator_loss": list(self.generator.parameters()),
        }

    def decode(self, z: Tensor, c: Any = None) -> Tensor:
        """The generator's images of noise (N, latent_dim): (N, C, H, W) in [0, 1]."""
        z = latents_for(self, z)
        # refuses a condition: there is none
        self.encode_condition(c, len(z))
        return self.generator(z) / 2 + 0.5

    def score(self, x: Tensor) -> Tensor:
        """The discriminator's scores of images (N, C, H, W) in [0, 1]: (N,)."""
        signed = images_for(self, x) * 2 - 1
        return self._discriminator()(signed).squeeze(1)

    def sample(
        self, n: int, c: Any = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """n images of noise z ~ N(0, I): (n, C, H, W) in [0, 1]. A condition c is refused.

        In evaluation mode and without gradient; `forward` draws in the mode that the model is in.
        """
        z = standard_normal((at_least("n", n, 1), self.latent_dim), generator)
        with evaluating(self):
            return self.decode(z, c)

    def for_inference(self) -> GAN:
        """The model without its discriminator, which only training needs."""
        self.discriminator = None
        return self

    def forward(self, x: Tensor, c: Any = None) -> GANOutput:
        """Score the images (N, C, H, W) and as many generated ones; labels c are not read.

        Real and generated images are batches of their own, as batch normalisation needs.
        """
        z = torch.randn(len(x), self.latent_dim, device=device_of(self))
        images = self.decode(z)
        return GANOutput(self.score(x), self.score(images), images)

    def _discriminator(self) -> nn.Module:
        if self.discriminator is None:
            raise UserError(
                "this GAN was kept for inference: it draws, but its discriminator is gone; "
                "train one to have both"
            )
        return self.discriminator


def non_saturating(output: GANOutput, x: Tensor, c: Any = None) -> dict[str, Tensor]:
    """Binary cross-entropy: the discriminator tells real from fake, the generator makes it err.

    The generator minimises −log σ(s), which has a slope where the discriminator is sure that an
    image is generated; that of `minimax` has none there. Both have the same fixed point.

    Args:
        output: scores; σ(score) is the probability of "real". The loss is computed from the
            scores, because log σ(·) underflows.
        x: the real images, (N, C, H, W). The labels c are not used.
    Returns:
        discriminator_loss, generator_loss: nats, (N,) each; 2 log 2 and log 2 at the game's end.
        accuracy: share of real and fake that the discriminator tells apart, 0.5 at the game's end.
        variety: distance between two generated images as a share of that between two real ones.
    Source:
        Goodfellow et al. 2014, section 3: −log σ(s) = softplus(−s).
    """
    check_same_shape("x", x, "the generated images", output.images)
    return {
        "discriminator_loss": _cross_entropy(output),
        "generator_loss": F.softplus(-output.fake),
        "accuracy": _accuracy(output, middle=0.0),
        "variety": _variety(output, x),
    }


def minimax(output: GANOutput, x: Tensor, c: Any = None) -> dict[str, Tensor]:
    """One value for both: what the discriminator minimises, the generator maximises.

    The part of it that the generator moves is log(1 − σ(s)). Its slope, −σ(s), vanishes where the
    discriminator is sure that an image is generated: the loss saturates. Trainings use
    `non_saturating`.

    Returns:
        discriminator_loss, generator_loss: nats, (N,) each; 2 log 2 and −log 2 at the game's end.
        accuracy, variety: as for `non_saturating`.
    Source:
        Goodfellow et al. 2014, equation 1: log(1 − σ(s)) = −softplus(s).
    """
    check_same_shape("x", x, "the generated images", output.images)
    return {
        "discriminator_loss": _cross_entropy(output),
        "generator_loss": -F.softplus(output.fake),
        "accuracy": _accuracy(output, middle=0.0),
        "variety": _variety(output, x),
    }


def least_squares(output: GANOutput, x: Tensor, c: Any = None) -> dict[str, Tensor]:
    """½(s − 1)² for real and ½s² for fake; the generator minimises ½(s − 1)².

    Scores far from the middle still give a gradient.

    Returns:
        discriminator_loss, generator_loss: (N,) each, without a unit; ¼ and ⅛ at the game's end.
        accuracy, variety: as for `non_saturating`.
    Source:
        Mao et al. 2017, equation 9.
    """
    check_same_shape("x", x, "the generated images", output.images)
    real_term = 0.5 * (output.real - 1).square()
    fake_term = 0.5 * output.fake.square()
    return {
        "discriminator_loss": real_term + fake_term,
        "generator_loss": 0.5 * (output.fake - 1).square(),
        "accuracy": _accuracy(output, middle=0.5),
        "variety": _variety(output, x),
    }


def fc_generator(latent_dim: int, image_shape: Shape, hidden: int = 1024) -> nn.Sequential:
    """Three linear layers: (N, latent_dim) → (N, C, H, W) in [−1, 1].

    Source:
        S3 (see `recipes`).
    """
    return nn.Sequential(
        nn.Linear(at_least("latent_dim", latent_dim, 1), at_least("hidden", hidden, 1)),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, math.prod(as_shape(image_shape))),
        nn.Tanh(),
        nn.Unflatten(1, image_shape),
    )


def fc_discriminator(image_shape: Shape, hidden: int = 256) -> nn.Sequential:
    """Three linear layers: (N, C, H, W) → (N, 1).

    Source:
        S3.
    """
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(math.prod(as_shape(image_shape)), at_least("hidden", hidden, 1)),
        nn.LeakyReLU(0.01),
        nn.Linear(hidden, hidden),
        nn.LeakyReLU(0.01),
        nn.Linear(hidden, 1),
    )


def dc_generator(latent_dim: int, image_shape: Shape, width: int = 64) -> nn.Sequential:
    """A linear layer and two transposed convolutions: (N, latent_dim) → (N, C, H, W) in [−1, 1].

    Source:
        Radford et al. 2016.
    """
    height, wide = divided(image_shape, 4)
    at_least("width", width, 1)
    network = nn.Sequential(
        nn.Linear(at_least("latent_dim", latent_dim, 1), 2 * width * height * wide),
        nn.Unflatten(1, (2 * width, height, wide)),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        # 7×7 → 14×14
        nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        # 14×14 → 28×28
        nn.ConvTranspose2d(width, image_shape[0], 4, stride=2, padding=1),
        nn.Tanh(),
    )
    return network.apply(_dc_weights)


def dc_discriminator(image_shape: Shape, width: int = 64) -> nn.Sequential:
    """Two strided convolutions and a linear layer: (N, C, H, W) → (N, 1).

    Source:
        Radford et al. 2016.
    """
    height, wide = divided(image_shape, 4)
    at_least("width", width, 1)
    network = nn.Sequential(
        # 28×28 → 14×14
        nn.Conv2d(image_shape[0], width, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        # 14×14 → 7×7
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
        nn.BatchNorm2d(2 * width),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(2 * width * height * wide, 1),
    )
    return network.apply(_dc_weights)


def _dc_weights(layer: nn.Module) -> None:
    """Weights from N(0, 0.02²), scales of batch normalisation from N(1, 0.02²).

    Source:
        Radford et al. 2016, section 4.
    """
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(layer.weight, 0.0, 0.02)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)


def _check_bodies(
    generator: nn.Module, discriminator: nn.Module, latent_dim: int, image_shape: Shape
) -> None:
    what = (
        f"generator and discriminator do not suit images of shape {image_shape} "
        f"and latent_dim {latent_dim}"
    )
    with trial(what, generator, discriminator):
        images = generator(torch.zeros(2, latent_dim))
        scores = discriminator(torch.zeros(2, *image_shape))

    drawn = tuple(images.shape)
    judged = tuple(scores.shape)
    if drawn != (2, *image_shape) or judged != (2, 1):
        raise UserError(
            f"for two images, the generator gives images of shape {drawn} "
            f"and the discriminator scores of shape {judged}; "
            f"wanted {(2, *image_shape)} and (2, 1)"
        )


def _cross_entropy(output: GANOutput) -> Tensor:
    """−log σ(real) − log(1 − σ(fake)), nats: (N,)."""
    real_called_fake = F.softplus(-output.real)
    fake_called_real = F.softplus(output.fake)
    return real_called_fake + fake_called_real


@torch.no_grad()
def _accuracy(output: GANOutput, middle: float) -> Tensor:
    """Share of each pair, one real and one fake, that is classified correctly: 0, ½ or 1, (N,)."""
    # "real" starts above the middle: one score for everything is right half of the time
    real_right = (output.real > middle).float()
    fake_right = (output.fake <= middle).float()
    return (real_right + fake_right) / 2


@torch.no_grad()
def _variety(output: GANOutput, x: Tensor) -> Tensor:
    """Distance from each generated image to the next one, as a share of the real mean, (N,)."""
    real = _distance_to_next(x)
    fake = _distance_to_next(output.images)
    return fake / real.mean().clamp(min=1e-12)


def _distance_to_next(images: Tensor) -> Tensor:
    difference = images - images.roll(1, 0)
    return torch.linalg.vector_norm(difference.flatten(1), dim=1)
