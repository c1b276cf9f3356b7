"""Encoder and decoder bodies for pictures of 64×48 and more that train in minutes on a CPU.

The first convolution looks at overlapping patches and makes the image four times smaller at once;
so nearly all work is done on small maps. Batch normalisation keeps the difference of brightness
and colour from one image to the next, which instance normalisation takes away.
"""
from __future__ import annotations

from torch import nn

from ..contracts import Shape
from ..errors import at_least
from .base import divided


def patch_encoder(
    image_shape: Shape = (3, 64, 48), *, width: int = 32, hidden: int = 256
) -> nn.Sequential:
    """Three strided convolutions and a linear layer: (N, C, H, W) → (N, hidden).

    Args:
        image_shape: (C, H, W); sides that are multiples of 16.
        width: channels of the first convolution; they double twice.
        hidden: width of the linear layer.
    Raises:
        UserError: sides of another size, a width < 1.
    """
    height, wide = divided(image_shape, 16)
    at_least("width", width, 1)
    at_least("hidden", hidden, 1)
    return nn.Sequential(
        # 64×48 → 16×12
        nn.Conv2d(image_shape[0], width, 8, stride=4, padding=2, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        # 16×12 → 8×6
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        # 8×6 → 4×3
        nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(4 * width),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * width * height * wide, hidden),
        nn.ReLU(),
    )


def patch_decoder(
    latent_dim: int,
    image_shape: Shape = (3, 64, 48),
    *,
    width: int = 32,
    hidden: int = 256,
) -> nn.Sequential:
    """The encoder mirrored: (N, latent_dim) → logits (N, C, H, W).

    Args:
        latent_dim: size of z, or of z and a condition.
        image_shape, width, hidden: as for `patch_encoder`.
    Raises:
        UserError: latent_dim < 1, sides of another size, a width < 1.
    """
    height, wide = divided(image_shape, 16)
    at_least("width", width, 1)
    return nn.Sequential(
        nn.Linear(at_least("latent_dim", latent_dim, 1), at_least("hidden", hidden, 1)),
        nn.ReLU(),
        nn.Linear(hidden, 4 * width * height * wide),
        nn.ReLU(),
        nn.Unflatten(1, (4 * width, height, wide)),
        # 4×3 → 8×6
        nn.ConvTranspose2d(4 * width, 2 * width, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        # 8×6 → 16×12
        nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        # 16×12 → 64×48
        nn.ConvTranspose2d(width, image_shape[0], 8, stride=4, padding=2),
    )
