"""Data sets with known factors, drawn here: what a latent should have learned can be looked up instead of guessed."""
from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..errors import UserError, at_least, pick
from .images import ImageSet

SIZE = 28                                     # so that every 28×28 network of the labs takes them
SHAPES = ("square", "ellipse", "heart")
FACTORS = {"shape": 3, "scale": 6, "rotation": 20, "x": 16, "y": 16}         # number of values of each; 92,160 different images in all
TOTAL = math.prod(FACTORS.values())
TEST = TOTAL // 5                             # held out from every training set, whatever its seed

RADIUS = (3.5, 7.5)                           # pixels, at the smallest and largest scale
CENTRE = (8.0, 20.0)                          # pixels, first and last position; the largest shape still lies inside
TURN = torch.tensor([math.pi / 2, math.pi, 2 * math.pi])                     # after which a shape looks the same again
SIDE, AXES, HALF = 0.75, (1.0, 0.6), 0.55     # in radii: half a square's side, an ellipse's half axes, half the side of a heart's square


def shapes(n: int | None = None, split: str = "train", seed: int = 0) -> ImageSet:
    """White squares, ellipses and hearts on black, 1×28×28, after dSprites; `y` is the shape and `factors` (n, 5) holds all of FACTORS.

    Args:
        n: number of different images; all 73,728 (train) or 18,432 (test) if left out.
        split: "train" or "test": no image is in both.
        seed: which n images of the split, and in which order.
    Raises:
        UserError: unknown split, n < 1 or more than there are.
    Source: Matthey et al. 2017 (dSprites) for the idea; drawn anew, smaller, with smooth edges.
    """
    size = TEST if pick("split", split, ("train", "test")) == "test" else TOTAL - TEST
    if n is not None and at_least("n", n, 1) > size:
        raise UserError(f"there are {size:,} different {split} images, got n = {n:,}")
    # RandomState's streams are frozen by NumPy's compatibility policy: the split is the same in every version
    order = np.random.RandomState(0).permutation(TOTAL)
    part = order[:TEST] if split == "test" else order[TEST:]
    factors = shape_factors(torch.from_numpy(np.random.RandomState(seed).permutation(part)[:n]))
    return ImageSet(draw_shapes(factors), factors[:, 0].contiguous(), SHAPES, "shapes", factors, tuple(FACTORS))


def shape_factors(index: Tensor) -> Tensor:
    """The factors of image number `index` (n,) out of 92,160: (n, 5) int64, in the order of FACTORS, the last one running fastest."""
    index = torch.as_tensor(index)
    if index.ndim != 1 or index.is_floating_point() or (len(index) and not (index.min() >= 0 and index.max() < TOTAL)):
        raise UserError(f"an index is a row of whole numbers in 0 … {TOTAL - 1}")
    columns = []
    for size in reversed(FACTORS.values()):
        columns.append(index % size)
        index = index // size
    return torch.stack(columns[::-1], 1).long()


def draw_shapes(factors: Tensor) -> Tensor:
    """Images of factors (n, 5): uint8, (n, 1, 28, 28), with smooth edges.

    `scale` grows the radius from 3.5 to 7.5 pixels; `x` and `y` move the centre from pixel 8 to 20, left to right and top to bottom.
    `rotation` turns counter-clockwise through one symmetry of the shape, 90° for a square, 180° for an ellipse, 360° for a heart, so that
    different factors never give the same image.

    Raises:
        UserError: factors of another shape, or out of range.
    """
    if factors.ndim != 2 or factors.shape[1] != len(FACTORS) or factors.is_floating_point():
        raise UserError(f"factors are whole numbers of shape (n, {len(FACTORS)}), got {factors.dtype} of shape {tuple(factors.shape)}")
    for column, (name, size) in zip(factors.T, FACTORS.items()):
        if len(column) and not (column.min() >= 0 and column.max() < size):
            raise UserError(f"{name} must lie in 0 … {size - 1}, got values from {column.min()} to {column.max()}")
    images = torch.empty(len(factors), SIZE, SIZE, dtype=torch.uint8)
    for position, outline in enumerate((_square, _ellipse, _heart)):
        for rows in (factors[:, 0] == position).nonzero()[:, 0].split(1000):            # a thousand images stay in the cache
            images[rows] = _draw(outline, factors[rows], TURN[position])
    return images.unsqueeze(1)


def _draw(outline, factors: Tensor, turn: Tensor) -> Tensor:
    _, scale, rotation, x, y = factors.T.float()[:, :, None, None]
    radius = RADIUS[0] + (RADIUS[1] - RADIUS[0]) * scale / (FACTORS["scale"] - 1)
    step = (CENTRE[1] - CENTRE[0]) / (FACTORS["x"] - 1)
    pixel = torch.arange(SIZE) + 0.5                                                    # a pixel's centre
    right, up = (pixel - CENTRE[0] - step * x) / radius, (CENTRE[0] + step * y - pixel[:, None]) / radius
    angle = turn * rotation / FACTORS["rotation"]
    u, v = angle.cos() * right + angle.sin() * up, angle.cos() * up - angle.sin() * right
    distance = outline(u, v) * radius                                                   # pixels from the outline, negative inside
    return (0.5 - distance).clamp_(0, 1).mul_(255).round_().byte()                      # the share of the pixel that is covered


def _square(u: Tensor, v: Tensor, side: float = SIDE) -> Tensor:
    """Signed distance to a square of half side `side` around the origin."""
    a, b = u.abs() - side, v.abs() - side
    return torch.hypot(a.clamp_min(0), b.clamp_min(0)) + torch.maximum(a, b).clamp_max(0)


def _ellipse(u: Tensor, v: Tensor) -> Tensor:
    """Signed distance to an ellipse, to first order: its equation divided by its slope. Exact at the outline, where alone it matters."""
    a, b = AXES
    f = (u / a).square() + (v / b).square()
    return (f - f.sqrt()) / torch.hypot(u / a**2, v / b**2).clamp_min(1e-6)


def _heart(u: Tensor, v: Tensor) -> Tensor:
    """Signed distance to a heart: a square on its corner, and a disc around the middle of each of its two upper sides."""
    v = v + HALF * math.sqrt(0.5) * (math.pi + 4 / 3) / (math.pi + 4)                   # the centre of mass lies at the origin: turning moves nothing
    p, q = (v + u) * math.sqrt(0.5), (v - u) * math.sqrt(0.5)
    discs = torch.minimum(torch.hypot(p - HALF, q), torch.hypot(p, q - HALF)) - HALF
    return torch.minimum(_square(p, q, HALF), discs)
