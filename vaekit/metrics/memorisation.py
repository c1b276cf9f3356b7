"""Is a sample new, or a training image remembered? Distances to the nearest neighbour."""
from __future__ import annotations

import torch
from torch import Tensor

from ..data.images import ImageSet, as_tensor
from ..errors import UserError, at_least
from .score import Score, bootstrap


def nearest_neighbours(samples: Tensor, train: ImageSet | Tensor, held_out: ImageSet | Tensor | None = None, *, memory_mb: float = 64) -> Score:
    """Does a generator repeat its training images? The median L2 distance of a sample to the nearest training image.

    Args:
        samples: (n, C, H, W) in [0, 1].
        train: what the generator was trained on.
        held_out: real images that are not in `train`; their own median distance is the floor. Samples well below it are copies: they are
            closer to the training images than new photographs from the same source would be. So are blurred images, a little, and a copy moved
            by a pixel is not: look at the pairs (`nearest` gives the positions) before you accuse. Far above it, samples are not realistic.
    Raises:
        UserError: images of different shapes or outside [0, 1], fewer than 2 samples, held-out images that are in the training set.
    """
    samples, train = as_tensor(samples), as_tensor(train)
    distances = nearest(samples, train, memory_mb=memory_mb)[0]
    low, high = bootstrap(lambda index: distances[index].median().item(), at_least("the number of samples", len(samples), 2))
    floor = None
    if held_out is not None:
        others = nearest(as_tensor(held_out), train, memory_mb=memory_mb)[0]
        copies = int((others == 0).sum())
        if copies > 0.1 * len(others):                                 # real sets hold a few duplicates; more is a mistake
            raise UserError(f"{copies} of {len(others)} held-out images are in the training set, so they give no floor; take those of the test set")
        floor = others.median().item()
    return Score("distance to the nearest training image", distances.median().item(), low, high, len(samples), floor, "held-out images",
                 better="higher", note=f"{len(train):,} training images")


def nearest(images: Tensor, among: Tensor, *, memory_mb: float = 64) -> tuple[Tensor, Tensor]:
    """The L2 distance to the nearest of `among`, and its position there, for each image: (n,) and (n,) int64."""
    if images.shape[1:] != among.shape[1:]:
        raise UserError(f"distances need images of one shape, got {tuple(images.shape[1:])} and {tuple(among.shape[1:])}")
    a, b = images.flatten(1), among.flatten(1)
    rows = max(1, int(memory_mb * 2**20 / (4 * len(b))))
    index = torch.cat([torch.cdist(part, b).argmin(1) for part in a.split(rows)])
    return (a - b[index]).norm(dim=1), index                           # again, by subtraction: cdist's matrix product gives copies a distance > 0
