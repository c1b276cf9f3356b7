"""What diffusion minimises, and the units it is measured in."""
from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor

from ...losses.checks import check_float


class DiffusionOutput(NamedTuple):
    """What the objective needs: prediction and target, (N, C, H, W) each, and the steps t, (N,)."""

    prediction: Tensor
    target: Tensor
    t: Tensor


def denoising_error(output: DiffusionOutput, x: Any = None, c: Any = None) -> dict[str, Tensor]:
    """(prediction − target)², averaged over the pixels of an image: {"loss": (N,)}.

    In units of the noise's variance: 1 is what predicting 0 costs with target "epsilon", about 1 or
    less with "v". It is no bound on log p(x) and has no nats: Ho et al. 2020, equation 14, found
    that leaving the bound's weights out makes better pictures. x and c are not used.
    """
    squared = (output.prediction - output.target).square()
    return {"loss": squared.flatten(1).mean(1)}


def to_signed(images: Tensor) -> Tensor:
    """Images in [0, 1] → the model's units, [-1, 1]."""
    check_float(images=images)
    return 2 * images - 1


def to_images(x: Tensor) -> Tensor:
    """The model's units → images, cut to [0, 1]."""
    check_float(x=x)
    return ((x + 1) / 2).clamp(0, 1)
