"""Images drawn from known factors: what a latent has learned can be looked up, not guessed."""
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..errors import UserError, at_least, brief, pick
from .checks import is_whole
from .images import ImageSet
from .sources import SHAPES

# numpy's RandomState takes no larger one
LARGEST_SEED = 2**32 - 1

# so that every 28×28 network of the labs takes them
SIZE = 28

# the number of values of each factor
FACTORS = {"shape": 3, "scale": 6, "rotation": 20, "x": 16, "y": 16}

# the number of different images
TOTAL = math.prod(FACTORS.values())

# held out from every training set, whatever its seed
TEST = TOTAL // 5

# of the smallest and of the largest scale, in pixels
RADIUS = (3.5, 7.5)

# first and last position, in pixels: the largest shape still lies inside the image
CENTRE = (8.0, 20.0)

# the angle after which a square, an ellipse, a heart looks the same again
TURN = torch.tensor([math.pi / 2, math.pi, 2 * math.pi])

# in radii: half a square's side, an ellipse's half axes, half the side of the heart's square
SIDE = 0.75
AXES = (1.0, 0.6)
HALF = 0.55

# how far a heart's centre of mass lies above the middle of its square, in radii
CENTRE_OF_MASS = HALF * math.sqrt(0.5) * (math.pi + 4 / 3) / (math.pi + 4)


def shapes(n: int | None = None, split: str = "train", seed: int = 0) -> ImageSet:
    """White squares, ellipses and hearts on black, 1×28×28, after dSprites.

    `y` is the shape, and `factors` (n, 5) holds all of FACTORS.

    Args:
        n: number of different images; all 73,728 (train) or 18,432 (test) if left out.
        split: "train" or "test": no image is in both.
        seed: which n images of the split, and in which order.
    Raises:
        UserError: unknown split, n < 1 or more than there are, a seed outside 0 … 2³² − 1.
    Source:
        Matthey et al. 2017 (dSprites) for the idea; drawn anew, smaller, with smooth edges.

    >>> shapes(100)
    ImageSet(shapes: 100 images of 1×28×28, 3 classes)
    """
    pick("split", split, ("train", "test"))
    at_least("seed", seed, 0, LARGEST_SEED)
    size = TEST if split == "test" else TOTAL - TEST
    if n is not None and at_least("n", n, 1) > size:
        raise UserError(
            f"there are {size:,} different {split} images, got n = {n:,}; choose a smaller n"
        )

    # RandomState's streams are frozen by NumPy's policy: the split is the same in every version
    order = np.random.RandomState(0).permutation(TOTAL)
    part = order[:TEST] if split == "test" else order[TEST:]
    index = np.random.RandomState(seed).permutation(part)[:n]

    factors = shape_factors(torch.from_numpy(index))
    return ImageSet(
        x=draw_shapes(factors),
        y=factors[:, 0].contiguous(),
        classes=SHAPES,
        name="shapes",
        factors=factors,
        factor_names=tuple(FACTORS),
    )


def shape_factors(index: Tensor) -> Tensor:
    """The factors of the images of these numbers, out of 92,160.

    Args:
        index: (n,), whole numbers.
    Returns:
        (n, 5) int64, in the order of FACTORS, the last one running fastest.
    Raises:
        UserError: an index of another shape or type, or out of range.

    >>> shape_factors(torch.tensor([0, 1, 16])).tolist()
    [[0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0]]
    """
    if index.ndim != 1 or not is_whole(index):
        raise UserError(f"index must be a row of whole numbers, got {brief(index)}")
    if not _all_in_range(index, TOTAL):
        raise UserError(
            f"index must lie in 0 … {TOTAL - 1}, got values from {index.min()} to {index.max()}"
        )

    columns = []
    for size in reversed(FACTORS.values()):
        columns.append(index % size)
        index = index // size
    columns.reverse()
    return torch.stack(columns, 1).long()


def draw_shapes(factors: Tensor) -> Tensor:
    """Images of factors.

    `scale` grows the radius from 3.5 to 7.5 pixels; `x` and `y` move the centre from pixel 8 to
    20, left to right and top to bottom. `rotation` turns counter-clockwise through one symmetry
    of the shape, 90° for a square, 180° for an ellipse, 360° for a heart, so that different
    factors never give the same image.

    Args:
        factors: (n, 5), whole numbers, in the order of FACTORS.
    Returns:
        (n, 1, 28, 28) uint8, with smooth edges.
    Raises:
        UserError: factors of another shape, or out of range.
    """
    _check_factors(factors)
    images = torch.empty(len(factors), SIZE, SIZE, dtype=torch.uint8)
    for shape, outline in enumerate((_square, _ellipse, _heart)):
        rows_of_shape = (factors[:, 0] == shape).nonzero()[:, 0]
        # a thousand images stay in the processor's cache
        for rows in rows_of_shape.split(1000):
            images[rows] = _draw(outline, factors[rows], TURN[shape])
    return images.unsqueeze(1)


def _check_factors(factors: Tensor) -> None:
    is_table = factors.ndim == 2 and factors.shape[1] == len(FACTORS)
    if not is_table or not is_whole(factors):
        raise UserError(
            f"factors must be whole numbers of shape (n, {len(FACTORS)}), got {brief(factors)}"
        )
    for column, (name, size) in zip(factors.T, FACTORS.items()):
        if not _all_in_range(column, size):
            raise UserError(
                f"the factors' {name} must lie in 0 … {size - 1}, "
                f"got values from {column.min()} to {column.max()}"
            )


def _all_in_range(values: Tensor, size: int) -> bool:
    """Whether all values lie in 0 … size − 1; true if there are none."""
    if len(values) == 0:
        return True
    return bool(values.min() >= 0) and bool(values.max() < size)


def _draw(outline: Callable[[Tensor, Tensor], Tensor], factors: Tensor, turn: Tensor) -> Tensor:
    """Images (n, 28, 28) of one shape, from its outline's signed distance in radii."""
    _, scale, rotation, x, y = factors.T.float()[:, :, None, None]
    radius = RADIUS[0] + (RADIUS[1] - RADIUS[0]) * scale / (FACTORS["scale"] - 1)
    step = (CENTRE[1] - CENTRE[0]) / (FACTORS["x"] - 1)
    angle = turn * rotation / FACTORS["rotation"]

    # where each pixel's centre lies: seen from the shape's centre, in radii
    pixel = torch.arange(SIZE) + 0.5
    right = (pixel - CENTRE[0] - step * x) / radius
    up = (CENTRE[0] + step * y - pixel[:, None]) / radius

    # and seen from the turned shape
    u = angle.cos() * right + angle.sin() * up
    v = angle.cos() * up - angle.sin() * right

    # pixels from the outline, negative inside; half a pixel to each side of it is grey
    distance = outline(u, v) * radius
    share_covered = (0.5 - distance).clamp_(0, 1)
    return share_covered.mul_(255).round_().byte()


def _square(u: Tensor, v: Tensor, side: float = SIDE) -> Tensor:
    """Signed distance to a square of half side `side` around the origin."""
    beside = u.abs() - side
    above = v.abs() - side
    outside = torch.hypot(beside.clamp_min(0), above.clamp_min(0))
    inside = torch.maximum(beside, above).clamp_max(0)
    return outside + inside


def _ellipse(u: Tensor, v: Tensor) -> Tensor:
    """Signed distance to an ellipse, to first order: its equation divided by its slope.

    Exact at the outline, and only there it matters.
    """
    a, b = AXES
    level = (u / a).square() + (v / b).square()
    slope = torch.hypot(u / a**2, v / b**2).clamp_min(1e-6)
    return (level - level.sqrt()) / slope


def _heart(u: Tensor, v: Tensor) -> Tensor:
    """Signed distance to a heart: a square on its corner and two discs.

    Each disc lies around the middle of one of the square's two upper sides.
    """
    # the centre of mass lies at the origin, so that turning does not move the heart
    v = v + CENTRE_OF_MASS

    # seen along the sides of the square
    p = (v + u) * math.sqrt(0.5)
    q = (v - u) * math.sqrt(0.5)

    nearest_middle = torch.minimum(torch.hypot(p - HALF, q), torch.hypot(p, q - HALF))
    discs = nearest_middle - HALF
    return torch.minimum(_square(p, q, HALF), discs)
