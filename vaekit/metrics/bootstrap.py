"""How sure a score is: its spread over resamples of the images, drawn with replacement."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..device import seeded
from ..errors import at_least, check_seed

# the 97.5 % quantile of N(0, 1)
Z = 1.959964


def bootstrap(
    statistic: Callable[[Tensor], float], n: int, *, resamples: int = 200, seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of statistic(index) over resamples of n items, see `interval`.

    It suits means and medians. A statistic that grows or shrinks when items repeat, as FID or a
    mutual information, is biased in each resample once more.

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
    generator = seeded(check_seed(seed))

    scores = []
    for _ in range(resamples):
        index = torch.randint(n, (n,), generator=generator)
        scores.append(statistic(index))
    return interval(torch.tensor(scores), n)


def interval(values: Tensor, n: int) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles of (R,) resampled scores of n items, stretched if n is small.

    Resamples of few items vary too little, by √((n − 1) / n), and the quantiles are those of a
    normal distribution where Student's t is due. The stretch is 1.10 at n = 20 and 1.002 at 1,000.
    The ends stay within the resampled scores, so a share stays a share.

    Source:
        Hesterberg 2015, "What teachers should know about the bootstrap", section 5.2.
    """
    ends = torch.tensor([0.025, 0.5, 0.975], dtype=torch.double)
    values = values.double()
    low, median, high = values.quantile(ends).tolist()

    stretch = student(n) / Z
    low = median - stretch * (median - low)
    high = median + stretch * (high - median)
    return max(low, values.min().item()), min(high, values.max().item())


def student(n: int) -> float:
    """How many standard deviations of n resampled items make half of a 95 % interval.

    It is the 97.5 % quantile of Student's t with n − 1 degrees of freedom times √(n / (n − 1)), by
    which resamples vary too little. One item has no spread, and nothing can be said; then it is
    that of N(0, 1).
    """
    if at_least("n", n, 1) == 1:
        return Z

    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975)) * math.sqrt(n / (n - 1))


def times_drawn(n: int, resamples: int, generator: torch.Generator) -> Tensor:
    """How often each of n items occurs in each resample, (n, resamples).

    A statistic of pairs needs these counts instead of an index.

    Raises:
        UserError: n < 1, or resamples < 1.
    """
    at_least("n", n, 1)
    at_least("resamples", resamples, 1)
    counts = []
    for _ in range(resamples):
        index = torch.randint(n, (n,), generator=generator)
        counts.append(index.bincount(minlength=n))
    return torch.stack(counts, 1)
