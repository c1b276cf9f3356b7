"""What a seed means in training: the noise and the order of the batches of each epoch."""
from __future__ import annotations

import torch

from ..device import seeded
from ..errors import LARGEST_SEED

# the "epoch" of what is measured, so that it shares no noise with any step
MEASURING = -1


def seed_of(seed: int, epoch: int) -> int:
    """The seed of one epoch, which follows from (seed, epoch) alone.

    Args:
        seed: ≥ 0; a small integer of numpy's counts as Python's, which does not overflow.
        epoch: counted from 0, or MEASURING.
    """
    number = 1_000_003 * int(seed) + int(epoch)
    # torch's seeds have 63 bits
    return number if number <= LARGEST_SEED else number % (LARGEST_SEED + 1)


def seed_epoch(seed: int, epoch: int) -> torch.Generator:
    """Seed the model's noise, and give the generator of the batch order."""
    number = seed_of(seed, epoch)
    torch.manual_seed(number)
    return seeded(number)
