"""Is a sample new, or a copy of a training image? Distances to the nearest neighbour."""
from __future__ import annotations

import torch
from torch import Tensor

from ..data.images import ImageSet, as_tensor
from ..errors import UserError, at_least
from .bootstrap import bootstrap
from .score import Score


def nearest_neighbours(
    samples: Tensor | ImageSet,
    train: Tensor | ImageSet,
    held_out: Tensor | ImageSet | None = None,
    *,
    memory_mb: float = 64,
) -> Score:
    """Does a generator repeat its training images?

    The median L2 distance from a sample to the nearest training image. Samples well below the
    floor are copies: they are closer to the training images than new photographs from the same
    source would be. Blurred images are a little below it, too, and a copy that was moved by one
    pixel is not: look at the pairs (`nearest` gives the positions) before you judge. Far above
    the floor, samples are not realistic.

    Args:
        samples: (n, C, H, W) in [0, 1].
        train: what the generator was trained on.
        held_out: real images that are not in `train`; their own median distance is the floor.
        memory_mb: room for the distances of one part of the samples.
    Returns:
        Score with a bootstrap interval over the samples. Its `better` is "higher", which only sets
        the direction of a comparison: samples far beyond the floor are not better, but unlike any
        real image.
    Raises:
        UserError: images of different shapes or outside [0, 1], fewer than 2 samples, held-out
            images that are in the training set.
    """
    samples = as_tensor(samples)
    train = as_tensor(train)
    distances, _ = nearest(samples, train, memory_mb=memory_mb)

    def median(index: Tensor) -> float:
        return distances[index].median().item()

    n = at_least("the number of samples", len(samples), 2)
    low, high = bootstrap(median, n)
    floor = None if held_out is None else _floor(as_tensor(held_out), train, memory_mb)
    return Score(
        metric="distance to the nearest training image",
        value=distances.median().item(),
        low=low,
        high=high,
        n=n,
        floor=floor,
        floor_name="held-out images",
        better="higher",
        note=f"{len(train):,} training images",
    )


def nearest(images: Tensor, among: Tensor, *, memory_mb: float = 64) -> tuple[Tensor, Tensor]:
    """The L2 distance from each image to the nearest of `among`, and the position of that one.

    Args:
        images: (n, C, H, W).
        among: (m, C, H, W).
        memory_mb: room for the distances of one part of `images`.
    Returns:
        Distances (n,), and positions (n,) int64.
    Raises:
        UserError: images of different shapes.
    """
    if images.shape[1:] != among.shape[1:]:
        raise UserError(
            "distances need images of one shape, "
            f"got {tuple(images.shape[1:])} and {tuple(among.shape[1:])}"
        )
    flat = images.flatten(1)  # (n, C·H·W)
    flat_among = among.flatten(1)  # (m, C·H·W)

    # a row holds m distances of 4 bytes
    rows = max(1, int(memory_mb * 2**20 / (4 * len(among))))
    positions = [torch.cdist(part, flat_among).argmin(1) for part in flat.split(rows)]
    index = torch.cat(positions)

    # again, by subtraction: cdist's matrix product gives copies a distance above 0
    return (flat - flat_among[index]).norm(dim=1), index


def _floor(held_out: Tensor, train: Tensor, memory_mb: float) -> float:
    """The median distance from a held-out image to the nearest training image."""
    distances, _ = nearest(held_out, train, memory_mb=memory_mb)

    # real sets hold a few duplicates; more than that is a mistake
    copies = int((distances == 0).sum())
    if copies > 0.1 * len(distances):
        raise UserError(
            f"{copies} of {len(distances)} held-out images are in the training set, "
            "so they give no floor; take those of the test set"
        )
    return distances.median().item()
