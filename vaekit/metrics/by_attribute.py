"""Is a model worse for some? The mean error of images with an attribute, and of those without."""
from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ..data.checks import check_dense
from ..data.images import ImageSet
from ..device import seeded
from ..errors import UserError, at_least, brief, check_seed
from .attributes import check_both_groups, labels_of_attributes
from .bootstrap import interval, times_drawn
from .score import Score


class Gap(NamedTuple):
    """The mean error of the images with an attribute, of those without it, and the difference."""

    inside: Score
    outside: Score
    difference: Score


def error_by_attribute(
    errors: Tensor,
    images: ImageSet,
    *,
    unit: str = "",
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Gap]:
    """Whether the error of each image depends on its attributes, one attribute at a time.

    Attributes that occur together share their gaps: where all with a hat are also pale, one row
    cannot say which of the two it is. A difference whose interval holds 0 is none that these
    images show; of twenty attributes without any difference, one interval misses 0 by chance.

    Args:
        errors: any error per image, (N,): squared error, nats, ….
        images: the same images with their attributes, in the same order.
        unit: of the errors.
        resamples: bootstrap resamples; images with and without the attribute are drawn apart.
        seed: of the resamples.
    Returns:
        Inside, outside, and inside − outside, each a Score with a bootstrap interval, by name.
    Raises:
        UserError: not one error per image, NaN or inf, images without attributes, an attribute that
            fewer than 2 images have, or all but fewer than 2.
    """
    labels = labels_of_attributes("images", images)
    errors = error_per_image("errors", errors, len(images))
    at_least("resamples", resamples, 2)
    check_seed(seed)

    gaps = {}
    for column, name in enumerate(images.classes):
        has_it = labels[:, column] == 1
        check_both_groups(has_it, name, least=2)
        gaps[name] = _gap(errors[has_it], errors[~has_it], unit, resamples, seed)
    return gaps


def error_per_image(what: str, errors: Tensor, n: int | None = None) -> Tensor:
    """Errors (N,) as float64 on the CPU.

    Args:
        n: how many there must be; any number if left out.
    Raises:
        UserError: another shape, whole or complex numbers, NaN or inf.
    """
    check_dense(errors, what)
    expected = len(errors) if n is None and errors.ndim else n
    if errors.ndim != 1 or len(errors) != expected or not errors.is_floating_point():
        count = "one per image" if n is None else f"one for each of {n} images"
        raise UserError(f"{what} must be a float tensor (N,), {count}, got {brief(errors)}")
    if not bool(errors.isfinite().all()):
        raise UserError(f"{what} must be finite, got NaN or inf; check the model's output")
    return errors.detach().cpu().double()


def _gap(inside: Tensor, outside: Tensor, unit: str, resamples: int, seed: int) -> Gap:
    generator = seeded(seed)
    means_inside = _resampled_means(inside, resamples, generator)
    means_outside = _resampled_means(outside, resamples, generator)
    n = len(inside)
    m = len(outside)
    return Gap(
        _score("error with", inside.mean(), means_inside, n, unit),
        _score("error without", outside.mean(), means_outside, m, unit),
        _score(
            "with − without",
            inside.mean() - outside.mean(),
            means_inside - means_outside,
            min(n, m),
            unit,
            floor=0.0,
            floor_name="no difference",
        ),
    )


def _resampled_means(errors: Tensor, resamples: int, generator: torch.Generator) -> Tensor:
    """The means of resamples of (n,), (R,)."""
    counts = times_drawn(len(errors), resamples, generator).double()  # (n, R)
    return errors @ counts / len(errors)


def _score(
    metric: str,
    value: Tensor,
    resampled: Tensor,
    n: int,
    unit: str,
    floor: float | None = None,
    floor_name: str = "",
) -> Score:
    low, high = interval(resampled, n)
    return Score(
        metric=metric,
        value=value.item(),
        low=low,
        high=high,
        n=n,
        floor=floor,
        floor_name=floor_name,
        unit=unit,
        better="lower" if floor is None else "neither",
    )
