"""How sure a score is: its spread over resamples of the images, drawn with replacement."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..device import seeded
from ..errors import at_least


def bootstrap(
    statistic: Callable[[Tensor], float], n: int, *, resamples: int = 200, seed: int = 0
) -> tuple[float, float]:
    """The 95 % percentile interval of statistic(index) over resamples of n items.

    Args:
        statistic: maps an index (n,) into the items to the score of that resample.
        n: number of items.
        resamples: how many resamples are drawn, with replacement.
        seed: of the draws.
    Returns:
        The low and the high end.
    Raises:
        UserError: n < 1, or fewer than 2 resamples.
    Source:
        Efron & Tibshirani 1993, chapter 13.
    """
    at_least("n", n, 1)
    at_least("resamples", resamples, 2)
    generator = seeded(seed)

    scores = []
    for _ in range(resamples):
        index = torch.randint(n, (n,), generator=generator)
        scores.append(statistic(index))
    return interval(torch.tensor(scores))


def interval(values: Tensor) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles of (R,) resampled scores."""
    ends = torch.tensor([0.025, 0.975], dtype=torch.double)
    low, high = values.double().quantile(ends).tolist()
    return low, high


def times_drawn(n: int, resamples: int, generator: torch.Generator) -> Tensor:
    """How often each of n items occurs in each resample, (n, resamples).

    A statistic of pairs needs these counts instead of an index.
    """
    counts = []
    for _ in range(resamples):
        index = torch.randint(n, (n,), generator=generator)
        counts.append(index.bincount(minlength=n))
    return torch.stack(counts, 1)
