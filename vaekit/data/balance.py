"""Two attributes that occur together, made independent: by weights, or by drawing again."""
from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..device import seeded
from ..errors import UserError, at_least, brief, check_seed, pick
from .checks import check_dense
from .images import ImageSet


def balanced_weights(images: ImageSet, first: str, second: str) -> Tensor:
    """A weight for each image that makes two attributes independent and keeps both shares.

    A combination that is rarer than independence would have it weighs more, one that is more
    frequent weighs less: w = p(first) · p(second) / p(first, second).

    Args:
        images: with attributes.
        first, second: names of the two attributes.
    Returns:
        (N,) float64, of mean 1.
    Raises:
        UserError: images without attributes, unknown or equal attributes, a combination that no
            image has: no weight makes up for that.
    Source:
        Kamiran & Calders 2012, "reweighing".
    """
    if images.y.ndim != 2 or not images.labelled:
        raise UserError(
            f"images must have attributes, y of shape (N, A), got {images!r}; "
            "use data.load('faces'), or make an ImageSet with such y"
        )
    if first == second:
        raise UserError(f"first and second must be two attributes, got {first!r} twice")
    a, b = (
        images.y[:, images.classes.index(pick("attribute", name, images.classes))].long()
        for name in (first, second)
    )

    weights = torch.zeros(len(images), dtype=torch.double, device=images.y.device)
    for with_first in (0, 1):
        for with_second in (0, 1):
            chosen = (a == with_first) & (b == with_second)
            if not chosen.any():
                raise UserError(
                    f"no image of {len(images)} has {first} = {with_first} and "
                    f"{second} = {with_second}, so no weights make them independent; "
                    "take more images, or other attributes"
                )
            expected = (a == with_first).double().mean() * (b == with_second).double().mean()
            weights[chosen] = expected / chosen.double().mean()
    return weights


def resample(
    images: ImageSet, weights: Tensor, *, n: int | None = None, seed: int = 0
) -> ImageSet:
    """Images drawn in proportion to their weights: rare ones several times, frequent ones less.

    An image of weight w (of mean 1) comes ⌊w⌋ or ⌈w⌉ times, n / N times as often for another n:
    systematic resampling, which adds as little chance as can be.

    Args:
        images: to draw from; labels and factors come along.
        weights: one for each image, (N,), at least 0; only their ratios matter.
        n: images to draw, as many as there are if left out.
        seed: of the draw and of the order.
    Raises:
        UserError: not one weight per image, negative, NaN or inf, all 0, n < 1.
    Source:
        Kitagawa 1996 for systematic resampling.
    """
    check_seed(seed)
    n = len(images) if n is None else at_least("n", n, 1)
    weights = _checked(weights, len(images))
    generator = seeded(seed)

    # n equal steps along the weights laid end to end, from a random start, in a random order
    order = torch.randperm(len(images), generator=generator)
    ends = weights[order].cumsum(0)
    start = torch.rand(1, generator=generator, dtype=torch.double)
    steps = (torch.arange(n, dtype=torch.double) + start) * (ends[-1] / n)
    position = torch.searchsorted(ends, steps, right=True).clamp_max(len(images) - 1)
    drawn = order[position]
    index = drawn[torch.randperm(n, generator=generator)].to(images.x.device)

    return replace(
        images,
        x=images.x[index],
        y=images.y[index],
        factors=None if images.factors is None else images.factors[index],
        name=f"{images.name}, resampled",
    )


def _checked(weights: Tensor, n: int) -> Tensor:
    """Weights as float64 on the CPU."""
    check_dense(weights, "weights")
    if tuple(weights.shape) != (n,) or not weights.is_floating_point():
        raise UserError(f"weights must be float, one for each of {n} images, got {brief(weights)}")
    weights = weights.detach().cpu().double()
    is_proper = bool(weights.isfinite().all()) and bool((weights >= 0).all())
    if not is_proper or weights.sum() == 0:
        raise UserError(
            "weights must be finite, at least 0 and not all 0, "
            f"got values from {weights.min():.3g} to {weights.max():.3g}"
        )
    return weights
