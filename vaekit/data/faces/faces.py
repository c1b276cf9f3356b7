"""Drawn faces as a data set: any number, of which every attribute is known."""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from ...errors import at_least, pick
from ..images import ImageSet
from .dials import GROUPS, draw_attributes
from .drawing import draw_faces
from .factors import ABSENT, ATTRIBUTES, FACTORS, attributes_of

# numpy's RandomState takes no larger one
LARGEST_SEED = 2**32 - 1

SPLITS = ("train", "test")

# as uint8 pixels of 64×48 they fill 9 GB
MOST = 1_000_000

# factors that no attribute follows from
FREE = tuple(
    name
    for name in FACTORS
    if name not in {factor for factor, _, _ in ATTRIBUTES.values()}
)


def faces(
    n: int = 12_000,
    split: str = "train",
    seed: int = 0,
    *,
    size: tuple[int, int] = (64, 48),
    shares: Mapping[str, float] | None = None,
    correlations: Mapping[tuple[str, str], float] | None = None,
) -> ImageSet:
    """Cartoon faces in colour, with CelebA's names for the attributes they show.

    `y` (n, 17) holds the attributes, `factors` (n, 23) all that a face is drawn from. An image
    depends on its place in the set, the seed and the dials alone: a larger n adds images.

    Args:
        n: number of images, at most a million.
        split: "train" or "test": other draws.
        seed: which faces.
        size: (height, width) in pixels: height 32 … 256, width 0.7 … 2 times the height.
        shares: attribute → share of the faces that have it; dials.SHARES for the others.
        correlations: pairs of attributes → their correlation (φ). Attributes that no chain of
            pairs connects are independent.
    Raises:
        UserError: unknown split or attribute, a number out of range, shares or correlations that
            cannot be.

    >>> faces(100, shares={"Eyeglasses": 0.05}, correlations={("Goatee", "Wearing_Hat"): 0.8})
    ImageSet(faces: 100 images of 3×64×48, 17 attributes)
    """
    factors = face_factors(n, split, seed, shares=shares, correlations=correlations)
    return ImageSet(
        x=draw_faces(factors, size),
        y=attributes_of(factors),
        classes=tuple(ATTRIBUTES),
        name="faces",
        factors=factors,
        factor_names=tuple(FACTORS),
    )


def face_factors(
    n: int,
    split: str = "train",
    seed: int = 0,
    *,
    shares: Mapping[str, float] | None = None,
    correlations: Mapping[tuple[str, str], float] | None = None,
) -> Tensor:
    """The factors of n faces, (n, F) int64, in the order of FACTORS.

    Args and Raises:
        As `faces`.
    """
    at_least("n", n, 1, MOST)
    at_least("seed", seed, 0, LARGEST_SEED)
    part = SPLITS.index(pick("split", split, SPLITS))

    # RandomState's streams are frozen by NumPy's policy: the same faces in every version
    uniform = np.random.RandomState([part, seed]).random_sample((n, len(GROUPS) + len(FACTORS)))
    chances = uniform[:, :len(GROUPS)]
    attributes = draw_attributes(chances, shares or {}, correlations or {})
    columns = dict(zip(FACTORS, uniform[:, len(GROUPS):].T))

    # what is not drawn below stays 0: red hair, hair off the forehead
    factors = {name: np.zeros(n, dtype=np.int64) for name in FACTORS}
    for name in FREE:
        factors[name] = _within(columns[name], 0, FACTORS[name] - 1)
    for name, (factor, lowest, highest) in ATTRIBUTES.items():
        present = attributes[name] == 1
        shown = _within(columns[factor], lowest, highest)
        absent = _within(columns[factor], *ABSENT[name]) if name in ABSENT else factors[factor]
        factors[factor] = np.where(present, shown, absent)
    return torch.from_numpy(np.stack(list(factors.values()), 1))


def _within(uniform: np.ndarray, lowest: int, highest: int) -> np.ndarray:
    """Whole numbers lowest … highest, each as likely, from numbers in [0, 1)."""
    return lowest + (uniform * (highest - lowest + 1)).astype(np.int64)
