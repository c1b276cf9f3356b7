"""The encoder and decoder bodies of S2, for faces: convolutions with instance normalisation.

Each convolution but the last is followed by InstanceNorm2d and a ReLU. InstanceNorm2d takes from
every channel of every image its own mean, and divides it by its own standard deviation. What that
means for a face:

- The encoder does not see contrast: a face and its copy at half the contrast about mid-grey, 0.5,
  have the same features. Nor, but for a frame as wide as the padding, does it see brightness.
- A bias before the normalisation would be taken off again with the mean: there is none here.
- A channel of one pixel would always be 0, so the smallest maps hold at least two.

The report does not say whether its normalisation has weights of its own ("affine"). torch's
default, without them, is taken here.
"""
from __future__ import annotations

from torch import Tensor, nn

from ..contracts import Shape
from ..errors import UserError, at_least
from .base import divided


def instance_norm_encoder(image_shape: Shape = (3, 64, 48), width: int = 32) -> nn.Sequential:
    """Four times a halving convolution and one that keeps the size, with doubling channels.

    (N, C, H, W) in [0, 1] → (N, 8·width·H/16·W/16). As in the report, the convolutions see pixels
    in [−1, 1]: the zeros that pad an image are then mid-grey instead of black.

    Args:
        image_shape: (C, H, W); sides that are multiples of 16, not both 16.
        width: channels of the first convolution, 32 in the report.
    Raises:
        UserError: sides of another size, width < 1.
    Source:
        S2 (see `recipes`).
    """
    _smallest_maps(image_shape)
    channels = image_shape[0]
    layers: list[nn.Module] = [_ToSigned()]
    # 64×48 → 32×24 → 16×12 → 8×6 → 4×3
    for wider in _widths(width):
        layers += [
            nn.Conv2d(channels, wider, 4, stride=2, padding=1, bias=False),
            nn.InstanceNorm2d(wider),
            nn.ReLU(),
            nn.Conv2d(wider, wider, 3, padding=1, bias=False),
            nn.InstanceNorm2d(wider),
            nn.ReLU(),
        ]
        channels = wider
    return nn.Sequential(*layers, nn.Flatten())


def instance_norm_decoder(
    latent_dim: int, image_shape: Shape = (3, 64, 48), width: int = 32
) -> nn.Sequential:
    """The encoder mirrored: (N, latent_dim) → logits (N, C, H, W).

    The report's table prints stride 1 for its first 4×4 layer. With it, 4×3 would become 5×4, and
    the image 40×32; stride 2 mirrors the encoder and gives back 64×48.

    The report ends in tanh, in [−1, 1]; here the model applies a sigmoid, in [0, 1]. They are the
    same network, as tanh(a) = 2σ(2a) − 1: only the last layer's weights are twice as large here.

    Args:
        latent_dim: size of z, or of z and a condition.
        image_shape, width: as for `instance_norm_encoder`.
    Raises:
        UserError: latent_dim < 1, sides of another size, width < 1.
    Source:
        S2.
    """
    height, wide = _smallest_maps(image_shape)
    *narrower, channels = _widths(width)
    layers: list[nn.Module] = [
        nn.Linear(at_least("latent_dim", latent_dim, 1), channels * height * wide),
        nn.Unflatten(1, (channels, height, wide)),
    ]
    # 4×3 → 8×6 → 16×12 → 32×24
    for each in reversed(narrower):
        layers += _kept_size(channels)
        layers += [
            nn.ConvTranspose2d(channels, each, 4, stride=2, padding=1, bias=False),
            nn.InstanceNorm2d(each),
            nn.ReLU(),
        ]
        channels = each
    layers += _kept_size(channels)
    # 32×24 → 64×48
    layers.append(nn.ConvTranspose2d(channels, image_shape[0], 4, stride=2, padding=1))
    return nn.Sequential(*layers)


class _ToSigned(nn.Module):
    """[0, 1] → [−1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x - 1


def _kept_size(channels: int) -> list[nn.Module]:
    return [
        nn.ConvTranspose2d(channels, channels, 3, padding=1, bias=False),
        nn.InstanceNorm2d(channels),
        nn.ReLU(),
    ]


def _widths(width: int) -> list[int]:
    """32, 64, 128, 256."""
    first = at_least("width", width, 1)
    return [first, 2 * first, 4 * first, 8 * first]


def _smallest_maps(image_shape: Shape) -> tuple[int, int]:
    """The sides after four halvings, 4×3 for the report's faces."""
    height, wide = divided(image_shape, 16)
    if height * wide < 2:
        raise UserError(
            "instance normalisation would make maps of one pixel 0, and of an image of 16×16 these "
            f"are all that is left, got image_shape {tuple(image_shape)}; give larger images"
        )
    return height, wide
