"""Probabilities of 256 grey levels around a predicted image: what makes bounds of models compare.

A density has no upper limit, and a Bernoulli gives probabilities to two values. Where two models
both give probabilities to the same 256 levels, their bits compare.
"""
from __future__ import annotations

import math

import torch
from torch import Tensor

from ..data.checks import as_floats
from ..errors import UserError, brief, finite, pick
from ..losses.checks import check_broadcast, check_float, check_range, check_same_shape

# grey levels of a pixel: 0, 1/255, … 1
LEVELS = 256

# a probability that no level falls below, so that no image costs infinitely much
LEAST = 1e-12

# predicted greys that share a scale; closer where images are nearly black or nearly white
EDGES = (0.001, 0.002, 0.004, 0.008, 0.016, 0.03, 0.06, 0.12, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99)

# scales that are tried, in units of images in [0, 1]: from a sixteenth of a level to all of them
TRIED = tuple(2.0**k / LEVELS for k in torch.arange(-4, 8.5, 0.5).tolist())


def level_nll(
    x: Tensor, predicted: Tensor, scale: float | Tensor, *, shape: str = "logistic"
) -> Tensor:
    """−log₂ of the probability of each pixel's level: bits, of x's shape.

    A level k/255 owns the interval of width 1/255 around it, black and white also all that lies
    beyond; the density around the predicted pixel is integrated over it. So the probabilities of
    the 256 levels sum to 1.

    Args:
        x: images of 256 levels in [0, 1], (N, C, H, W).
        predicted: what the model predicts, of a shape that broadcasts.
        scale: of the density, in units of the images, one or one per pixel.
        shape: "logistic" or "gaussian"; the first has heavier tails.
    Raises:
        UserError: shapes that do not broadcast, x outside [0, 1], a scale that is not > 0.
    Source:
        Salimans et al. 2017 (PixelCNN++), section 2.1; Ho et al. 2020, equation 13.
    """
    pick("shape", shape, ("logistic", "gaussian"))
    scale = _scale(scale)
    check_broadcast(x=x, predicted=predicted, scale=scale)
    check_range(x)
    _check_finite(predicted)
    level = (x.double() * (LEVELS - 1)).round()
    half = 0.5 / (LEVELS - 1)
    # black and white also own what lies beyond them
    upper = torch.where(level == LEVELS - 1, math.inf, level / (LEVELS - 1) + half)
    lower = torch.where(level == 0, -math.inf, level / (LEVELS - 1) - half)
    upper = (upper - predicted.double()) / scale
    lower = (lower - predicted.double()) / scale

    # from the side where the tails are small, or the difference would lose its digits
    is_above = lower > 0
    upper, lower = torch.where(is_above, -lower, upper), torch.where(is_above, -upper, lower)
    below = torch.special.ndtr if shape == "gaussian" else torch.sigmoid
    return -(below(upper) - below(lower)).clamp(min=LEAST).log2()


def grey_bins(predicted: Tensor) -> Tensor:
    """Which of 15 groups of greys each predicted pixel in [0, 1] belongs to: int64, its shape."""
    check_float(predicted=predicted)
    _check_finite(predicted)
    return torch.bucketize(predicted.detach().float().cpu(), torch.tensor(EDGES))


def fit_level_scales(x: Tensor, predicted: Tensor, *, shape: str = "logistic") -> Tensor:
    """The scale that costs least for each group of predicted greys: float64 (15,).

    `scales[grey_bins(predicted)]` then is a scale per pixel for `level_nll`. Fit it on training
    images: on those that are measured it would be no likelihood.

    Args:
        x, predicted, shape: as for `level_nll`, of one shape.
    Returns:
        Where no pixel falls into a group, the scale that costs least for all pixels.
    """
    check_same_shape("x", x, "predicted", predicted)
    group = grey_bins(predicted).flatten()
    costs = []
    for scale in TRIED:
        bits = level_nll(x, predicted, scale, shape=shape).flatten()
        costs.append(torch.zeros(len(EDGES) + 1, dtype=torch.double).index_add(0, group, bits))
    table = torch.stack(costs)

    tried = torch.tensor(TRIED, dtype=torch.double)
    best = tried[table.argmin(0)]
    is_empty = group.bincount(minlength=len(EDGES) + 1) == 0
    return torch.where(is_empty, tried[table.sum(1).argmin()], best)


def level_images(x: Tensor) -> Tensor:
    """Images in [0, 1], float32, rounded to the nearest of 256 levels."""
    return (as_floats(x) * (LEVELS - 1)).round() / (LEVELS - 1)


def _scale(scale: float | Tensor) -> Tensor:
    if not isinstance(scale, Tensor):
        return torch.tensor(finite("scale", scale, above=0), dtype=torch.double)
    check_float(scale=scale)
    if not bool(((scale > 0) & scale.isfinite()).all()):
        raise UserError(
            f"scale must be finite and > 0 everywhere, got {brief(scale)}; "
            "clamp it to a small positive number"
        )
    return scale.double()


def _check_finite(predicted: Tensor) -> None:
    if not bool(predicted.isfinite().all()):
        raise UserError(
            f"predicted must be finite, got NaN or inf {brief(predicted)}; train at a lower lr"
        )
