"""Does a model make a correlation of the data stronger? Two attributes, before and after."""
from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..data.images import ImageSet, image_set
from ..device import seeded
from ..errors import UserError, at_least, check_seed, pick
from .attributes import labels_of_attributes, read_attributes
from .bootstrap import interval, times_drawn
from .score import Score


class Amplification(NamedTuple):
    """The correlation of two attributes: in labels, as read in real and in generated images."""

    labelled: Score
    read: Score
    generated: Score
    amplification: Score


def phi(first: Tensor, second: Tensor) -> float:
    """The correlation of two attributes, −1 … 1: Pearson's, which of 0 and 1 is called φ.

    Args:
        first, second: (N,) of 0 and 1 each.
    Raises:
        UserError: different shapes, other values, an attribute that all images have, or none.
    Source:
        Yule 1912.

    >>> phi(torch.tensor([1, 1, 0, 0]), torch.tensor([1, 0, 0, 0]))
    0.577...
    """
    for what, column in (("first", first), ("second", second)):
        if column.ndim != 1 or len(column) != len(first) or column.is_complex():
            raise UserError(
                f"{what} must be one attribute of N images, (N,), as the other one, "
                f"got shape {tuple(column.shape)}"
            )
        at_least(f"the number of images in {what}", len(column), 1)
        _check_varies(column, what, "the images")
    return _phi(_cells(first, second).sum(1)).item()


def bias_amplification(
    classifier: Any,
    images: Tensor | ImageSet,
    real: ImageSet,
    first: str,
    second: str,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Amplification:
    """Are two attributes more strongly correlated in generated images than in real ones?

    The generated images have no labels, so a classifier reads them, and its mistakes change the
    correlation too. Therefore it also reads the real images, and amplification is generated − read,
    both with the same reader. Where labelled and read differ, the difference is the reader's.

    Args:
        classifier: as for `read_attributes`; trained where the two attributes are independent,
            else it has learned the correlation itself.
        images: generated, (N, C, H, W) in [0, 1].
        real: images with attributes that are correlated as in training, best not trained on.
        first, second: names of the two attributes.
        resamples: bootstrap resamples of the real and of the generated images.
        seed: of the resamples.
    Returns:
        φ in the real labels, in the classifier's answers to real and to generated images, and
        amplification = generated − read: Scores with bootstrap intervals. An amplification of 0
        is a model that repeats the data's correlation, above 0 it exaggerates a positive one.
    Raises:
        UserError: unknown or equal attributes; an attribute that is read in all images, or in none.
    Source:
        Zhao et al. 2017 ("Men also like shopping") for the idea, Wang & Russakovsky 2021 for the
        care that a sign and a base rate need; here both attributes have one role, so φ.
    """
    at_least("resamples", resamples, 2)
    check_seed(seed)
    labels = labels_of_attributes("real", real)
    if first == second:
        raise UserError(f"first and second must be two attributes, got {first!r} twice")
    names = (first, second)
    columns = [real.classes.index(pick("attribute", name, real.classes)) for name in names]

    of_real = read_attributes(classifier, real)
    of_generated = read_attributes(classifier, image_set("images", images))
    if of_real.shape != labels.shape:
        raise UserError(
            f"classifier must read the {len(real.classes)} attributes of real, "
            f"got {of_real.shape[1]}"
        )
    pairs = {
        "the labels": labels[:, columns],
        "the real images, as read,": of_real[:, columns],
        "the generated images, as read,": of_generated[:, columns],
    }
    for where, pair in pairs.items():
        _check_varies(pair[:, 0], first, where)
        _check_varies(pair[:, 1], second, where)
    return _measured(*pairs.values(), resamples=resamples, seed=seed)


def _measured(
    labels: Tensor, of_real: Tensor, of_generated: Tensor, *, resamples: int, seed: int
) -> Amplification:
    """Pairs of attributes (N, 2), (N, 2) and (M, 2)."""
    generator = seeded(seed)
    n = len(labels)
    m = len(of_generated)
    # one draw of real images for their labels and for what is read in them
    real_counts = times_drawn(n, resamples, generator).double()
    generated_counts = times_drawn(m, resamples, generator).double()

    values = []
    resampled = []
    for pair, counts in (
        (labels, real_counts),
        (of_real, real_counts),
        (of_generated, generated_counts),
    ):
        cells = _cells(pair[:, 0], pair[:, 1])
        values.append(_phi(cells.sum(1)).item())
        resampled.append(_phi(cells @ counts))

    return Amplification(
        _score("φ of labels", values[0], resampled[0], n),
        _score("φ as read, real", values[1], resampled[1], n, values[0], "in the labels"),
        _score(
            "φ as read, generated", values[2], resampled[2], m, values[1], "as read in real images"
        ),
        _score(
            "amplification of φ",
            values[2] - values[1],
            resampled[2] - resampled[1],
            min(n, m),
            0.0,
            "no amplification",
        ),
    )


def _cells(first: Tensor, second: Tensor) -> Tensor:
    """Which of the four combinations each image has: (4, N), in the order 00, 01, 10, 11."""
    combination = 2 * first.long() + second.long()
    return (combination == torch.arange(4, device=first.device)[:, None]).double()


def _phi(cells: Tensor) -> Tensor:
    """φ of counts of the four combinations, (4,) or (4, R); NaN where an attribute is constant."""
    neither, only_second, only_first, both = cells
    rows = (neither + only_second) * (only_first + both)
    columns = (neither + only_first) * (only_second + both)
    return (neither * both - only_first * only_second) / (rows * columns).sqrt()


def _score(
    metric: str,
    value: float,
    resampled: Tensor,
    n: int,
    floor: float | None = None,
    floor_name: str = "",
) -> Score:
    # a resample in which a rare attribute does not occur says nothing about its correlation
    low, high = interval(resampled[resampled.isfinite()], n)
    return Score(
        metric=metric,
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=n,
        floor=floor,
        floor_name=floor_name,
        better="neither",
    )


def _check_varies(column: Tensor, name: str, where: str) -> None:
    share = column.double().mean().item()
    if share in (0.0, 1.0):
        raise UserError(
            f"{name!r} must occur in some of {where} and be absent in others, "
            f"got {'none' if share == 0 else 'all'} of {len(column)} with it; take more images"
        )
