"""Encoder and decoder bodies. They know shapes, not objectives.

An encoder body maps images (N, C, H, W) to features (N, F); the model puts its own heads on them. A decoder body maps latents (N, D) to logits
(N, C, H, W); the model applies the sigmoid.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..errors import UserError, at_least

Shape = tuple[int, int, int]


def mlp_encoder(image_shape: Shape, hidden: Sequence[int]) -> nn.Sequential:
    """Flatten, then a linear layer and a ReLU per hidden width: (N, C, H, W) → (N, hidden[-1])."""
    return nn.Sequential(nn.Flatten(), *linear_relu([math.prod(image_shape), *hidden]))


def mlp_decoder(latent_dim: int, hidden: Sequence[int], image_shape: Shape) -> nn.Sequential:
    """The encoder mirrored, ending in one logit a pixel: (N, latent_dim) → (N, C, H, W)."""
    layers = linear_relu([at_least("latent_dim", latent_dim, 1), *hidden])
    return nn.Sequential(*layers, nn.Linear([latent_dim, *hidden][-1], math.prod(image_shape)), nn.Unflatten(1, image_shape))


def conv_encoder(image_shape: Shape = (1, 28, 28)) -> nn.Sequential:
    """Three strided convolutions and a linear layer: (N, C, 28, 28) → (N, 128). Source: S4 (see `recipes`)."""
    channels = _only_28(image_shape)
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, stride=2, padding=1), nn.ReLU(),                      # 28×28 → 14×14
        nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),        # 14×14 → 7×7
        nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),                                      # 7×7 → 3×3
        nn.Flatten(), nn.Linear(288, 128), nn.ReLU(),                                   # 32·3·3 = 288
    )


def conv_decoder(latent_dim: int, image_shape: Shape = (1, 28, 28)) -> nn.Sequential:
    """Two linear layers and three transposed convolutions: (N, latent_dim) → (N, C, 28, 28). Source: S4."""
    channels = _only_28(image_shape)
    return nn.Sequential(
        nn.Linear(at_least("latent_dim", latent_dim, 1), 128), nn.ReLU(),
        nn.Linear(128, 288), nn.ReLU(), nn.Unflatten(1, (32, 3, 3)),
        nn.ConvTranspose2d(32, 16, 3, stride=2), nn.BatchNorm2d(16), nn.ReLU(),                                 # 3×3 → 7×7
        nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1), nn.BatchNorm2d(8), nn.ReLU(),      # 7×7 → 14×14
        nn.ConvTranspose2d(8, channels, 3, stride=2, padding=1, output_padding=1),                              # 14×14 → 28×28
    )


def pooling_encoder(image_shape: Shape = (1, 28, 28), channels: tuple[int, int] = (16, 32)) -> nn.Sequential:
    """Two convolutions, each followed by max pooling: (N, C, H, W) → (N, channels[1]·H/4·W/4). Source: S4 (see `recipes`)."""
    divided(image_shape, 4)
    return nn.Sequential(
        nn.Conv2d(image_shape[0], channels[0], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),          # 28×28 → 14×14
        nn.Conv2d(channels[0], channels[1], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),             # 14×14 → 7×7
        nn.Flatten(),
    )


def upsampling_decoder(latent_dim: int, image_shape: Shape = (1, 28, 28), *, hidden: int, channels: tuple[int, int] = (16, 32)) -> nn.Sequential:
    """Two linear layers and two transposed convolutions that double the size: (N, latent_dim) → (N, C, H, W). Source: S4."""
    height, width = divided(image_shape, 4)
    return nn.Sequential(
        *linear_relu([at_least("latent_dim", latent_dim, 1), hidden, channels[1] * height * width]), nn.Unflatten(1, (channels[1], height, width)),
        nn.ConvTranspose2d(channels[1], channels[0], 2, stride=2), nn.ReLU(),                      # 7×7 → 14×14
        nn.ConvTranspose2d(channels[0], image_shape[0], 2, stride=2),                              # 14×14 → 28×28
    )


class Block(nn.Module):
    """Four convolutions through a narrow middle, 1×1, 3×3, 3×3, 1×1, a GELU before each: (N, width, H, W) → the same.

    Args:
        residual: add the input to the result, as Child 2021 (figure 3) does; S0 left it out. Without it nothing carries a signal past the block:
            with torch's own initialisation it shrinks more than a hundredfold in each, and a decoder of three has nothing to learn from z. So these
            blocks start as He et al. 2015 propose.
    """

    def __init__(self, width: int, *, residual: bool = False):
        super().__init__()
        middle = at_least("width", width, 2) // 2
        sizes = ((width, middle, 1), (middle, middle, 3), (middle, middle, 3), (middle, width, 1))
        self.layers = nn.Sequential(*(layer for a, b, k in sizes for layer in (nn.GELU(), nn.Conv2d(a, b, k, padding=k // 2))))
        self.residual = residual
        for layer in [] if residual else self.layers[1::2]:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.residual else self.layers(x)


def block_encoder(image_shape: Shape = (3, 32, 32), *, width: int = 64, residual: bool = False) -> nn.Sequential:
    """A convolution, then three blocks that each end in halving: (N, C, H, W) → (N, width·H/8·W/8). Source: S0 (see `recipes`)."""
    divided(image_shape, 8)
    halving = (layer for _ in range(3) for layer in (Block(width, residual=residual), nn.AvgPool2d(2)))           # 32×32 → 16×16 → 8×8 → 4×4
    return nn.Sequential(nn.Conv2d(image_shape[0], width, 3, padding=1), *halving, nn.Flatten())


def block_decoder(latent_dim: int, image_shape: Shape = (3, 32, 32), *, width: int = 64, residual: bool = False) -> nn.Sequential:
    """The encoder mirrored: (N, latent_dim) → (N, C, H, W). Source: S0."""
    height, wide = divided(image_shape, 8)
    doubling = (layer for _ in range(3) for layer in (nn.Upsample(scale_factor=2), Block(width, residual=residual)))
    return nn.Sequential(nn.Linear(at_least("latent_dim", latent_dim, 1), width * height * wide), nn.Unflatten(1, (width, height, wide)),
                         *doubling, nn.Conv2d(width, image_shape[0], 3, padding=1))


def fit_together(encoder: nn.Module, decoder: nn.Module, latent_dim: int, image_shape: Shape) -> int:
    """The number of features the encoder gives, after checking with two blank images that both bodies suit the shape.

    Raises:
        UserError: the encoder does not give (N, F), or the decoder does not come back to image_shape.
    """
    modes = encoder.training, decoder.training
    encoder.eval(), decoder.eval()
    try:
        with torch.no_grad():
            features = encoder(torch.zeros(2, *image_shape))
            images = decoder(torch.zeros(2, latent_dim))
    except RuntimeError as error:
        raise UserError(f"encoder and decoder do not suit images of shape {image_shape} and latent_dim {latent_dim}: {error}") from error
    finally:
        encoder.train(modes[0]), decoder.train(modes[1])
    if features.ndim != 2:
        raise UserError(f"an encoder body ends in features (N, F), got {tuple(features.shape)}; add nn.Flatten()")
    if images.shape[1:] != tuple(image_shape):
        raise UserError(f"the decoder gives images of shape {tuple(images.shape[1:])}, but the encoder takes {tuple(image_shape)}")
    return features.shape[1]


def linear_relu(widths: Sequence[int]) -> list[nn.Module]:
    """A linear layer and a ReLU for each step from one width to the next; none for a single width."""
    layers = []
    for before, after in zip(widths, widths[1:]):
        layers += [nn.Linear(before, at_least("a hidden width", after, 1)), nn.ReLU()]
    return layers


def _only_28(image_shape: Shape) -> int:
    if tuple(image_shape[1:]) != (28, 28):
        raise UserError(f"this convolutional body is made for 28×28 images, got {image_shape[1]}×{image_shape[2]}; use mlp_encoder and mlp_decoder")
    return image_shape[0]


def divided(image_shape: Shape, by: int) -> tuple[int, int]:
    """The sides after halving the image until they are `by` times smaller."""
    if image_shape[1] % by or image_shape[2] % by:
        raise UserError(f"this body halves the image until it is {by} times smaller: its sides must be multiples of {by}, "
                        f"got {image_shape[1]}×{image_shape[2]}")
    return image_shape[1] // by, image_shape[2] // by
