"""Which attributes images have, as a classifier reads them: asked for, generated, real.

A classifier errs, too. So each share stands beside what the same classifier reads in real images
(the floor): only the difference between the two says something about the generator.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..contracts import require
from ..data.checks import check_attributes, check_names
from ..data.images import ImageSet, image_set
from ..device import device_of, evaluating
from ..errors import UserError, at_least, brief
from .score import Score
from .shares import wilson_interval

# images at a time
BATCH = 500


def read_attributes(classifier: Any, images: Tensor | ImageSet) -> Tensor:
    """The attributes that a classifier sees in each image, (N, A) int64 of 0 and 1, on the CPU.

    Args:
        classifier: what has classify(x): images (N, C, H, W) → (N, A) of 0 and 1, as
            `models.AttributeClassifier`.
        images: (N, C, H, W) in [0, 1].
    Raises:
        UserError: no such classifier, images of another shape or outside [0, 1].
    """
    require(classifier, "classify")
    images = image_set("images", images)
    device = device_of(classifier)
    parts = []
    with evaluating(classifier):
        for start in range(0, len(images), BATCH):
            x = images.images(slice(start, start + BATCH))
            part = classifier.classify(x.to(device))
            _check_answers(part, len(x), classifier)
            parts.append(part.cpu().long())
    return check_attributes(torch.cat(parts))


def carried(
    classifier: Any,
    images: Tensor | ImageSet,
    asked: Tensor,
    names: Sequence[str],
    *,
    present: bool = True,
    real: ImageSet | None = None,
) -> dict[str, Score]:
    """For each attribute, the share of the images asked to have it that do have it.

    Args:
        classifier: as for `read_attributes`.
        images: generated or edited, (N, C, H, W) in [0, 1].
        asked: the attributes that each was asked to have, (N, A) of 0 and 1.
        names: of the A attributes, in the order of the columns.
        present: False measures the opposite: of the images asked to be without an attribute, the
            share that is without it.
        real: real images with these attributes. The floor is what the classifier reads in those
            that have the attribute: what perfect images would score.
    Returns:
        A Score with the Wilson interval by name, for the attributes that some image was asked to
        have (to be without). Higher is better.
    Raises:
        UserError: attributes of another shape, other values than 0 and 1, a wrong number of
            names, no attribute that was asked for.
    """
    images = image_set("images", images)
    asked = attribute_rows("asked", asked, len(images), names)
    wanted = int(present)
    read = _read_columns(classifier, images, names)
    floors = {} if real is None else _rates(classifier, real, names, wanted)

    scores = {}
    for column, name in enumerate(names):
        chosen = asked[:, column] == wanted
        if chosen.any():
            hits = read[chosen, column] == wanted
            scores[name] = _share(
                "has what was asked" if present else "is without, as asked",
                hits,
                floor=floors.get(name),
                floor_name="the classifier on real images",
                better="higher",
            )
    if not scores:
        way = "have" if present else "be without"
        raise UserError(f"asked must ask some image to {way} an attribute, got none that does")
    return scores


def generation_rates(
    classifier: Any, images: Tensor | ImageSet, real: ImageSet
) -> dict[str, Score]:
    """How often each attribute occurs in generated images.

    Args:
        classifier: as for `read_attributes`.
        images: generated without a condition, or with conditions as frequent as in `real`.
        real: the training images with their attributes, or others of the same shares. The floor is
            what the classifier reads in them; their labels' own share stands in the note.
    Returns:
        A Score with the Wilson interval by name. Neither more nor less is better.
    Raises:
        UserError: real images without attributes, images of another shape.
    """
    labels = labels_of_attributes("real", real)
    names = tuple(real.classes)
    read = _read_columns(classifier, image_set("images", images), names)
    read_in_real = _read_columns(classifier, real, names)

    scores = {}
    for column, name in enumerate(names):
        labelled = labels[:, column].double().mean().item()
        scores[name] = _share(
            "generation rate",
            read[:, column] == 1,
            floor=read_in_real[:, column].double().mean().item(),
            floor_name="read in real images",
            better="neither",
            note=f"labelled in real images: {labelled:.3g}",
        )
    return scores


def balanced_accuracy(classifier: Any, images: ImageSet) -> dict[str, Score]:
    """For each attribute, how well a classifier reads it: the mean of two shares.

    They are the share of images with the attribute in which it is seen, and the share of images
    without it in which it is not. Of an attribute of 5 % of the images, plain accuracy is 95 % for
    a classifier that never sees it; balanced accuracy is then 50 %, chance.

    Args:
        classifier: as for `read_attributes`.
        images: with attributes, not trained on.
    Returns:
        A Score by name, floor 0.5. The interval combines the Wilson intervals of the two shares.
    Raises:
        UserError: images without attributes, an attribute that all images have, or none.
    Source:
        Zou & Donner 2008 for the interval of a sum from those of its parts.
    """
    labels = labels_of_attributes("images", images)
    read = _read_columns(classifier, images, tuple(images.classes))

    scores = {}
    for column, name in enumerate(images.classes):
        has_it = labels[:, column] == 1
        check_both_groups(has_it, name)
        seen = _share("", read[has_it, column] == 1)
        not_seen = _share("", read[~has_it, column] == 0)
        value = (seen.value + not_seen.value) / 2
        below = math.hypot(seen.value - seen.low, not_seen.value - not_seen.low) / 2
        above = math.hypot(seen.high - seen.value, not_seen.high - not_seen.value) / 2
        scores[name] = Score(
            metric="balanced accuracy",
            value=value,
            low=value - below,
            high=value + above,
            n=len(labels),
            floor=0.5,
            floor_name="chance",
            better="higher",
        )
    return scores


def attribute_rows(what: str, rows: Tensor, n: int, names: Sequence[str]) -> Tensor:
    """Attributes (n, A) of 0 and 1, on the CPU, int64.

    Raises:
        UserError: another shape, other values, a name that stands twice.
    """
    check_names("names", names)
    if tuple(rows.shape) != (n, len(names)) or rows.is_complex():
        raise UserError(
            f"{what} must have one row for each of {n} images and one column for each of "
            f"{len(names)} names, got {brief(rows)}"
        )
    at_least("the number of names", len(names), 1)
    return check_attributes(rows.cpu()).long()


def labels_of_attributes(what: str, images: ImageSet) -> Tensor:
    """The attributes of labelled images, (N, A) int64, on the CPU.

    Raises:
        UserError: images that have classes, or no labels.
    """
    if images.y.ndim != 2 or not images.labelled:
        raise UserError(
            f"{what} must have attributes, y of shape (N, A), got {images!r}; "
            "use data.load('faces'), or make an ImageSet with such y"
        )
    return images.y.cpu().long()


def check_both_groups(has_it: Tensor, name: str, least: int = 1) -> None:
    """Refuse images that all have an attribute, or none of which has it.

    Args:
        least: images that each group must hold.
    """
    inside = int(has_it.sum())
    outside = len(has_it) - inside
    if min(inside, outside) < least:
        raise UserError(
            f"{name!r} needs at least {least} images with it and without it, "
            f"got {inside} with and {outside} without; take more images"
        )


def _read_columns(classifier: Any, images: ImageSet, names: Sequence[str]) -> Tensor:
    read = read_attributes(classifier, images)
    if read.shape[1] != len(names):
        raise UserError(
            f"names must be one for each of {read.shape[1]} attributes that the classifier reads, "
            f"got {len(names)}"
        )
    return read


def _rates(
    classifier: Any, real: ImageSet, names: Sequence[str], wanted: int
) -> dict[str, float]:
    """Of the real images that have an attribute (wanted = 0: have not), the share so read."""
    labels = labels_of_attributes("real", real)
    if tuple(real.classes) != tuple(names):
        raise UserError(
            f"real must have the attributes of names, got {brief(list(real.classes))} "
            f"for {brief(list(names))}; choose their columns"
        )
    read = _read_columns(classifier, real, names)
    rates = {}
    for column, name in enumerate(names):
        chosen = labels[:, column] == wanted
        if chosen.any():
            rates[name] = (read[chosen, column] == wanted).double().mean().item()
    return rates


def _share(metric: str, hits: Tensor, **facts: Any) -> Score:
    """The share of True among (n,), with the Wilson interval."""
    value = hits.double().mean().item()
    low, high = wilson_interval(value, len(hits))
    return Score(metric=metric, value=value, low=low, high=high, n=len(hits), **facts)


def _check_answers(answers: Any, n: int, classifier: Any) -> None:
    is_table = isinstance(answers, Tensor) and answers.ndim == 2 and len(answers) == n
    if not is_table:
        got = tuple(answers.shape) if isinstance(answers, Tensor) else type(answers).__name__
        raise UserError(
            "classifier must give attributes, (N, A) of 0 and 1, by classify(x); "
            f"that of {type(classifier).__name__} gives {got} for {n} images"
        )
