"""Is a sample new, or a copy of a training image? Distances to the nearest neighbour."""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..data.images import ImageSet, image_set
from ..errors import UserError, at_least, finite
from .bootstrap import bootstrap
from .reference import reference_of
from .score import Score

# held-out images that are compared with their nearest at a time
PART = 1000


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
        Score with a bootstrap interval over the samples, for the median over all that the generator
        could draw. Neither more nor less is better (see `Score.better`): samples below the floor
        are copies, and samples far above it are unlike any real image.
    Raises:
        UserError: images of different shapes or outside [0, 1], fewer than 2 samples, held-out
            images that are in the training set.
    """
    samples = _images("samples", samples)
    reference = reference_of(train)
    train = _images("train", train)
    distances, _ = nearest(samples, train, memory_mb=memory_mb)

    def median(index: Tensor) -> float:
        return distances[index].median().item()

    n = at_least("the number of samples", len(samples), 2)
    low, high = bootstrap(median, n)
    floor = None if held_out is None else _floor(_images("held_out", held_out), train, memory_mb)
    return Score(
        metric="distance to the nearest training image",
        value=distances.median().item(),
        low=low,
        high=high,
        n=n,
        floor=floor,
        floor_name="held-out images",
        reference=reference,
        better="neither",
    )


def nearest(images: Tensor, among: Tensor, *, memory_mb: float = 64) -> tuple[Tensor, Tensor]:
    """The L2 distance from each image to the nearest of `among`, and the position of that one.

    A copy has distance 0, and nothing else has. Of several that are equally near, the first counts.

    Args:
        images: (n, C, H, W) in [0, 1].
        among: (m, C, H, W) in [0, 1].
        memory_mb: room for the distances of one part of both sets.
    Returns:
        Distances (n,), and positions (n,) int64.
    Raises:
        UserError: images of different shapes or outside [0, 1], no images.
    """
    images = _images("images", images)
    among = _images("among", among)
    if images.shape[1:] != among.shape[1:]:
        raise UserError(
            "distances need images of one shape, "
            f"got {tuple(images.shape[1:])} and {tuple(among.shape[1:])}"
        )
    # room for numbers of 8 bytes
    room = finite("memory_mb", memory_mb, above=0) * 2**20 / 8
    # Apple's GPUs know no float64
    on_cpu = images.device.type == "mps"
    flat = images.cpu().flatten(1) if on_cpu else images.flatten(1)  # (n, C·H·W)
    flat_among = among.cpu().flatten(1) if on_cpu else among.flatten(1)  # (m, C·H·W)

    # a quarter of the room for a block of `among`, a quarter for its distances, the rest to choose
    columns = _at_a_time(room / 4 / flat.shape[1], len(among))
    rows = _at_a_time(room / 4 / max(columns, flat.shape[1]), len(images))
    squared = []
    positions = []
    for part in flat.split(rows):
        nearest_squared, position = _nearest_of_blocks(part, flat_among.split(columns))
        squared.append(nearest_squared)
        positions.append(position)

    distances = torch.cat(squared).sqrt().to(images)
    return distances, torch.cat(positions).to(images.device)


def _at_a_time(fitting: float, there_are: int) -> int:
    """How many of them fit, at least one."""
    return int(max(1, min(fitting, there_are)))


def _nearest_of_blocks(x: Tensor, blocks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The nearest row of all blocks, (m, P) each, for each row of x, (n, P).

    Returns:
        Squared distances (n,), float64, and positions (n,).
    """
    squared = x.new_full((len(x),), math.inf, dtype=torch.double)
    position = torch.zeros(len(x), dtype=torch.int64, device=x.device)
    start = 0
    for block in blocks:
        in_block, where = _nearest_of_block(x, block)
        is_nearer = in_block < squared
        squared = torch.where(is_nearer, in_block, squared)
        position = torch.where(is_nearer, start + where, position)
        start += len(block)
    return squared, position


def _nearest_of_block(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """As `_nearest_of_blocks`, for one block (m, P).

    A matrix product finds the candidates: fast, but |x|² + |y|² − 2xy rounds away what is small
    beside |x|². All that its error leaves open are then compared by subtraction.
    """
    product = _product_type()
    rough_x = x.to(product)
    rough_y = y.to(product)
    lengths_x = rough_x.square().sum(1)
    lengths_y = rough_y.square().sum(1)
    roughly = lengths_x[:, None] + lengths_y - 2 * rough_x @ rough_y.T  # (n, m)

    # twice the most that a sum of P products can be off
    rounding = 2 * (x.shape[1] + 8) * torch.finfo(product).eps
    error = rounding * (lengths_x + lengths_y.max())
    row, column = (roughly <= (roughly.amin(1) + 2 * error)[:, None]).nonzero(as_tuple=True)

    exactly = []
    # no more at a time than the matrix holds
    size = max(1, roughly.numel() // x.shape[1])
    for some_rows, some_columns in zip(row.split(size), column.split(size)):
        difference = x[some_rows].double() - y[some_columns].double()
        exactly.append(difference.square().sum(1))
    candidates = torch.cat(exactly)

    squared = candidates.new_full((len(x),), math.inf)
    squared = squared.scatter_reduce(0, row, candidates, "amin")
    is_nearest = candidates == squared[row]
    first = row.new_full((len(x),), len(y))
    first = first.scatter_reduce(0, row[is_nearest], column[is_nearest], "amin")
    return squared, first


def _product_type() -> torch.dtype:
    """float32 is faster, but may have been told to multiply in fewer bits than it holds."""
    whole = torch.get_float32_matmul_precision() == "highest"
    return torch.float32 if whole else torch.float64


def _images(what: str, images: Tensor | ImageSet) -> Tensor:
    """Float images in [0, 1], at least one."""
    images = image_set(what, images)
    at_least(f"the number of {what}", len(images), 1)
    return images.images()


def _floor(held_out: Tensor, train: Tensor, memory_mb: float) -> float:
    """The median distance from a held-out image to the nearest training image."""
    distances, index = nearest(held_out, train, memory_mb=memory_mb)

    # real sets hold a few duplicates; more than that is a mistake
    copies = 0
    for some, where in zip(held_out.split(PART), index.split(PART)):
        copies += _count_copies(some, train[where])
    if copies > 0.1 * len(distances):
        raise UserError(
            f"{copies} of {len(distances)} held-out images are in the training set, "
            "so they give no floor; take those of the test set"
        )
    return distances.median().item()


def _count_copies(images: Tensor, originals: Tensor) -> int:
    """How many images differ from their originals by less than half a grey level in every pixel.

    A copy that went through a division by 255, or through a file, need not be equal bit for bit.
    """
    largest = (images - originals).abs().flatten(1).amax(1)
    return int((largest < 0.5 / 255).sum())
