"""Drawn faces with a planted bias, to measure what a generator makes of it, and their repair."""
from __future__ import annotations

from dataclasses import replace

from ..errors import pick
from .balance import balanced_weights, resample
from .faces import faces
from .images import ImageSet
from .size import check_size

NUMBER = {"train": 3_000, "test": 2_000}

# two attributes that are rare, and two that nearly always come together
SHARES = {"Eyeglasses": 0.05, "Pale_Skin": 0.10}
TIED = ("Goatee", "Wearing_Hat")
CORRELATION = 0.8

# other faces than those of `faces` and of `drawn_faces`
SEED = 1


def biased_faces(split: str = "train", size: tuple[int, int] = (64, 48)) -> ImageSet:
    """3,000 faces to train on ("train") or 2,000 like them ("test"), with a planted bias.

    5 % wear glasses, 10 % have pale skin; beard and hat have a correlation of 0.8.

    Args:
        split: "train" or "test".
        size: (height, width) of the images.
    Raises:
        UserError: unknown split, a size out of range.

    >>> biased_faces("test")
    ImageSet(faces_biased: 2,000 images of 3×64×48, 17 attributes)
    """
    pick("split", split, NUMBER)
    biased = faces(
        NUMBER[split],
        split,
        SEED,
        size=check_size(size),
        shares=SHARES,
        correlations={TIED: CORRELATION},
    )
    return replace(biased, name="faces_biased")


def balanced_faces(split: str = "train", size: tuple[int, int] = (64, 48)) -> ImageSet:
    """`biased_faces`, of which rare combinations of beard and hat are taken several times.

    Beard and hat are then independent; no face is new.

    Args and Raises:
        As `biased_faces`.
    """
    biased = biased_faces(split, size)
    weights = balanced_weights(biased, *TIED)
    return replace(resample(biased, weights), name="faces_balanced")
