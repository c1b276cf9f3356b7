"""How sure a share is: the interval of k of n."""
from __future__ import annotations

import math

from ..errors import finite
from .bootstrap import Z


def wilson_interval(share: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share of n independent images; it has a width at 0 and 1, too.

    Args:
        share: between 0 and 1.
        n: number of images; an effective number need not be whole.
    Returns:
        The low and the high end, within 0 and 1, around the share.
    Raises:
        UserError: a share outside 0 … 1, or n ≤ 0.
    Source:
        Wilson 1927; Brown, Cai & DasGupta 2001 compare it with others.

    >>> wilson_interval(0.9, 100)
    (0.8256..., 0.9447...)
    """
    share = finite("share", share, least=0, most=1)
    spread = Z * Z / finite("n", n, above=0)
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * share * (1 - share) + spread * spread / 4) / (1 + spread)
    return min(max(0.0, middle - half), share), max(min(1.0, middle + half), share)
