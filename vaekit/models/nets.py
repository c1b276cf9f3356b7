"""Encoder and decoder bodies. They know shapes, not objectives.

An encoder body maps images (N, C, H, W) to features (N, F); the model puts its own heads on them.
A decoder body maps latents (N, D) to logits (N, C, H, W); the model applies the sigmoid.
"""
from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..contracts import Shape
from ..device import evaluating
from ..errors import UserError, at_least, brief
from .base import as_shape, divided
from .instance_norm import instance_norm_decoder as instance_norm_decoder
from .instance_norm import instance_norm_encoder as instance_norm_encoder
from .patches import patch_decoder as patch_decoder
from .patches import patch_encoder as patch_encoder


def mlp_encoder(image_shape: Shape, hidden: Sequence[int]) -> nn.Sequential:
    """Flatten, then a linear layer and a ReLU per hidden width: (N, C, H, W) → (N, hidden[-1])."""
    widths = [math.prod(as_shape(image_shape)), *hidden]
    return nn.Sequential(nn.Flatten(), *linear_relu(widths))


def mlp_decoder(latent_dim: int, hidden: Sequence[int], image_shape: Shape) -> nn.Sequential:
    """The encoder mirrored, ending in one logit per pixel: (N, latent_dim) → (N, C, H, W)."""
    widths = [at_least("latent_dim", latent_dim, 1), *hidden]
    return nn.Sequential(
        *linear_relu(widths),
        nn.Linear(widths[-1], math.prod(as_shape(image_shape))),
        nn.Unflatten(1, image_shape),
    )


def conv_encoder(image_shape: Shape = (1, 28, 28)) -> nn.Sequential:
    """Three strided convolutions and a linear layer: (N, C, 28, 28) → (N, 128).

    Source:
        S4 (see `recipes`).
    """
    channels = _only_28(image_shape)
    return nn.Sequential(
        # 28×28 → 14×14
        nn.Conv2d(channels, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        # 14×14 → 7×7
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        # 7×7 → 3×3
        nn.Conv2d(16, 32, 3, stride=2),
        nn.ReLU(),
        # 32·3·3 = 288
        nn.Flatten(),
        nn.Linear(288, 128),
        nn.ReLU(),
    )


def conv_decoder(latent_dim: int, image_shape: Shape = (1, 28, 28)) -> nn.Sequential:
    """Two linear layers and three transposed convolutions: (N, latent_dim) → (N, C, 28, 28).

    Source:
        S4.
    """
    channels = _only_28(image_shape)
    return nn.Sequential(
        nn.Linear(at_least("latent_dim", latent_dim, 1), 128),
        nn.ReLU(),
        nn.Linear(128, 288),
        nn.ReLU(),
        nn.Unflatten(1, (32, 3, 3)),
        # 3×3 → 7×7
        nn.ConvTranspose2d(32, 16, 3, stride=2),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        # 7×7 → 14×14
        nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        # 14×14 → 28×28
        nn.ConvTranspose2d(8, channels, 3, stride=2, padding=1, output_padding=1),
    )


def pooling_encoder(
    image_shape: Shape = (1, 28, 28), channels: tuple[int, int] = (16, 32)
) -> nn.Sequential:
    """Two convolutions, each followed by max pooling: (N, C, H, W) → (N, channels[1]·H/4·W/4).

    Source:
        S4.
    """
    divided(image_shape, 4)
    first, second = (at_least("a number of channels", each, 1) for each in channels)
    return nn.Sequential(
        # 28×28 → 14×14
        nn.Conv2d(image_shape[0], first, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        # 14×14 → 7×7
        nn.Conv2d(first, second, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )


def upsampling_decoder(
    latent_dim: int,
    image_shape: Shape = (1, 28, 28),
    *,
    hidden: int,
    channels: tuple[int, int] = (16, 32),
) -> nn.Sequential:
    """Two linear layers, two transposed convolutions that double: (N, latent_dim) → (N, C, H, W).

    Source:
        S4.
    """
    height, width = divided(image_shape, 4)
    first, second = (at_least("a number of channels", each, 1) for each in channels)
    widths = [at_least("latent_dim", latent_dim, 1), hidden, second * height * width]
    return nn.Sequential(
        *linear_relu(widths),
        nn.Unflatten(1, (second, height, width)),
        # 7×7 → 14×14
        nn.ConvTranspose2d(second, first, 2, stride=2),
        nn.ReLU(),
        # 14×14 → 28×28
        nn.ConvTranspose2d(first, image_shape[0], 2, stride=2),
    )


class Block(nn.Module):
    """Four convolutions through a narrow middle, 1×1, 3×3, 3×3, 1×1, with a GELU before each.

    (N, width, H, W) → the same.

    Args:
        width: channels, in and out; half as many in the middle.
        residual: add the input to the result, as Child 2021 (figure 3) does; S0 left it out.
            Without it nothing carries a signal past the block: with torch's own initialisation it
            shrinks more than a hundredfold in each, and a decoder of three has nothing to learn
            from z. So these blocks start as He et al. 2015 propose.
    Raises:
        UserError: width < 2.
    """

    def __init__(self, width: int, *, residual: bool = False):
        super().__init__()
        middle = at_least("width", width, 2) // 2
        self.layers = nn.Sequential(
            nn.GELU(),
            nn.Conv2d(width, middle, 1),
            nn.GELU(),
            nn.Conv2d(middle, middle, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(middle, middle, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(middle, width, 1),
        )
        self.residual = residual
        if not residual:
            self.layers.apply(_he_weights)

    def forward(self, x: Tensor) -> Tensor:
        change = self.layers(x)
        return x + change if self.residual else change


def _he_weights(layer: nn.Module) -> None:
    """Weights that keep the variance of what passes through.

    Source:
        He et al. 2015.
    """
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def block_encoder(
    image_shape: Shape = (3, 32, 32), *, width: int = 64, residual: bool = False
) -> nn.Sequential:
    """A convolution, then three blocks that each end in halving.

    (N, C, H, W) → (N, width·H/8·W/8).

    Source:
        S0 (see `recipes`).
    """
    divided(image_shape, 8)
    at_least("width", width, 2)
    layers: list[nn.Module] = [nn.Conv2d(image_shape[0], width, 3, padding=1)]
    # 32×32 → 16×16 → 8×8 → 4×4
    for _ in range(3):
        layers += [Block(width, residual=residual), nn.AvgPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten())


def block_decoder(
    latent_dim: int,
    image_shape: Shape = (3, 32, 32),
    *,
    width: int = 64,
    residual: bool = False,
) -> nn.Sequential:
    """The encoder mirrored: (N, latent_dim) → (N, C, H, W).

    Source:
        S0.
    """
    height, wide = divided(image_shape, 8)
    at_least("width", width, 2)
    layers: list[nn.Module] = [
        nn.Linear(at_least("latent_dim", latent_dim, 1), width * height * wide),
        nn.Unflatten(1, (width, height, wide)),
    ]
    # 4×4 → 8×8 → 16×16 → 32×32
    for _ in range(3):
        layers += [nn.Upsample(scale_factor=2), Block(width, residual=residual)]
    return nn.Sequential(*layers, nn.Conv2d(width, image_shape[0], 3, padding=1))


@contextmanager
def trial(what: str, *networks: nn.Module) -> Iterator[None]:
    """Try networks on blank images, so that what does not fit is found before any training.

    Inside, the networks are in evaluation mode and without gradient; afterwards each is as it was.

    Args:
        what: how the error begins, "encoder and decoder do not suit …".
    Raises:
        UserError: inside, torch complained of shapes, or Python of a network's arguments.
    """
    try:
        with evaluating(nn.ModuleList(networks)):
            yield
    except UserError:
        raise
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        words = " ".join(str(error).split())
        raise UserError(f"{what}: {words}; check what they take and give") from error


def fit_together(
    encoder: nn.Module, decoder: nn.Module, latent_dim: int, image_shape: Shape
) -> int:
    """The number of features the encoder gives, once both bodies have shown that they suit.

    Raises:
        UserError: the encoder does not give (N, F), or the decoder does not return to image_shape.
    """
    what = (
        f"encoder and decoder do not suit images of shape {image_shape} "
        f"and latent_dim {latent_dim}"
    )
    with trial(what, encoder, decoder):
        features = encoder(torch.zeros(2, *image_shape))
        images = decoder(torch.zeros(2, latent_dim))

    if not isinstance(features, Tensor) or not isinstance(images, Tensor):
        raise UserError(
            f"{what}: they must give one tensor each, got {brief(features)} and {brief(images)}"
        )
    if features.ndim != 2:
        raise UserError(
            f"an encoder body ends in features (N, F), got {tuple(features.shape)}; "
            "add nn.Flatten()"
        )
    if images.shape[1:] != as_shape(image_shape):
        raise UserError(
            f"the decoder gives images of shape {tuple(images.shape[1:])}, "
            f"but the encoder takes {tuple(image_shape)}"
        )
    return features.shape[1]


def linear_relu(widths: Sequence[int]) -> list[nn.Module]:
    """A linear layer and a ReLU for each step from one width to the next; none for one width.

    Raises:
        UserError: a width < 1.
    """
    widths = [at_least("a hidden width", width, 1) for width in widths]
    layers: list[nn.Module] = []
    for before, after in zip(widths, widths[1:]):
        layers.append(nn.Linear(before, after))
        layers.append(nn.ReLU())
    return layers


def _only_28(image_shape: Shape) -> int:
    """The number of channels of a 28×28 image; other sizes are refused."""
    channels, height, width = as_shape(image_shape)
    if (height, width) != (28, 28):
        raise UserError(
            f"this convolutional body is made for 28×28 images, got {height}×{width}; "
            "use mlp_encoder and mlp_decoder"
        )
    return channels
