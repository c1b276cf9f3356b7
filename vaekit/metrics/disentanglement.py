"""Does one latent hold one factor? Needs data whose factors are known (`data.shapes`)."""
from __future__ import annotations

import math

import torch
from torch import Tensor

from ..errors import UserError, at_least
from .bootstrap import student
from .score import Score


def mig(codes: Tensor, factors: Tensor, *, bins: int = 20) -> Score:
    """Mutual information gap: does one latent, and only one, know each factor?

    The mean over factors of (I₁ − I₂) / H(factor), in [0, 1], where I₁ and I₂ are the two largest
    mutual informations of one latent with the factor. Codes are cut into `bins` of equal width
    from their least to their largest value, as in Locatello et al. 2019; Chen et al. integrate
    over the posterior instead. All N rows are used, not a sample of them.

    Args:
        codes: (N, D), the posterior means, say; D ≥ 2. A constant dimension knows nothing.
        factors: (N, F) whole numbers, such as `data.shapes.shapes(…).factors`.
        bins: into how many bins each dimension of the codes is cut.
    Returns:
        Score, higher is better. The interval is for the mean MIG of N rows, not for that of
        infinitely many: counted from few rows, every mutual information is too large, the second
        one most, so that MIG grows with N. Compare scores of the same N. (To resample the rows
        would add that bias once more; the interval comes from how much each row counts.)
    Raises:
        UserError: shapes that do not fit, codes with inf or NaN, a factor that never varies,
            fewer than 10 rows per bin, fewer bins than a factor has values (a perfect code could
            not reach 1).
    Source:
        Chen et al. 2018, equation 6. The interval: Efron 1982, chapter 6, the infinitesimal
        jackknife.
    """
    _check_shapes(codes, factors)
    _check_values(codes, factors, bins)
    levels = [torch.unique(factor, return_inverse=True)[1] for factor in factors.T]  # (N,) each
    sizes = [int(level.max()) + 1 for level in levels]
    _check_sizes(sizes, bins)

    binned = _binned(codes, bins)
    gaps = []
    influences = []
    for level, size in zip(levels, sizes):
        cells = _cells(binned, bins, level, size)
        joint = _joint(cells, bins, size)
        gaps.append(_gap(joint))
        influences.append(_influence(joint, cells))

    value = torch.stack(gaps).mean().item()
    influence = torch.stack(influences).mean(0)  # (N,)
    half = student(len(codes)) * influence.std(unbiased=False).item() / math.sqrt(len(codes))
    return Score(
        metric="MIG",
        value=value,
        low=max(value - half, 0.0),
        high=min(value + half, 1.0),
        n=len(codes),
        better="higher",
        note=f"{bins} bins",
    )


def _binned(codes: Tensor, bins: int) -> Tensor:
    """The bin of each code, 0 … bins − 1, (N, D)."""
    low, high = codes.aminmax(dim=0)
    # a constant dimension falls into its first bin
    width = (high - low).clamp_min(torch.finfo(codes.dtype).tiny)
    scaled = (codes - low) / width
    return (scaled * bins).long().clamp_max(bins - 1)


def _cells(binned: Tensor, bins: int, level: Tensor, size: int) -> Tensor:
    """One number for each triple of dimension, bin and value, so that one count serves all.

    Args:
        binned: the bin of each code, (N, D).
        level: the value of a factor that has `size` of them, (N,).
    Returns:
        (N, D).
    """
    first_bin = torch.arange(binned.shape[1], device=binned.device) * bins
    return (first_bin + binned) * size + level[:, None]


def _joint(cells: Tensor, bins: int, size: int) -> Tensor:
    """p(bin, value) for each dimension of the codes, (D, bins, size)."""
    rows, dimensions = cells.shape
    counts = torch.bincount(cells.flatten(), minlength=dimensions * bins * size)
    return counts.view(dimensions, bins, size).double() / rows


def _gap(joint: Tensor) -> Tensor:
    """(I₁ − I₂) / H of one factor, from p(bin, value) of each dimension (D, bins, size)."""
    first, second = _information(joint).topk(2).values
    return (first - second) / _entropy(joint[0].sum(0)).clamp_min(1e-12)


def _information(joint: Tensor) -> Tensor:
    """The mutual information of each dimension with the factor, nats, (D,)."""
    # I(z; v) = H(z) + H(v) − H(z, v)
    entropy = _entropy(joint[0].sum(0))
    return _entropy(joint.sum(2)) + entropy - _entropy(joint.flatten(1))


def _influence(joint: Tensor, cells: Tensor) -> Tensor:
    """How much `_gap` changes with the weight of each row, (N,), 0 on average.

    A mutual information is the mean over rows of log p(z, v) / p(z) p(v), an entropy that of
    −log p(v), and to first order a row counts by what it adds to these means.

    Args:
        joint: p(bin, value) of each dimension, (D, bins, size).
        cells: where each row stands in it, (N, D).
    """
    p_value = joint[0].sum(0)  # (size,)
    p_bin = joint.sum(2, keepdim=True)  # (D, bins, 1)
    # 0 / 0 in cells that hold no row, and are not asked for
    pointwise = (joint / (p_bin * p_value)).log().flatten()
    chosen = _information(joint).topk(2).indices
    first, second = pointwise[cells[:, chosen]].T  # (N,) each

    size = joint.shape[2]
    surprise = -p_value.log()[cells[:, 0] % size]  # (N,)
    entropy = surprise.mean()
    difference = first - second
    gap = difference.mean()
    return (difference - gap - gap / entropy * (surprise - entropy)) / entropy


def _entropy(p: Tensor) -> Tensor:
    return torch.special.entr(p).sum(-1)


def _check_shapes(codes: Tensor, factors: Tensor) -> None:
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise UserError(
            "codes must be (N, D) and factors (N, F) with one row per image, "
            f"got {tuple(codes.shape)} and {tuple(factors.shape)}"
        )
    if factors.shape[1] < 1:
        raise UserError("factors need at least one column, got none")
    if codes.shape[1] < 2:
        raise UserError("the gap lies between two latents, but the codes have only one dimension")


def _check_values(codes: Tensor, factors: Tensor, bins: int) -> None:
    if factors.is_floating_point() or not codes.is_floating_point():
        raise UserError(
            "codes are floats and factors whole numbers, "
            f"got {codes.dtype} and {factors.dtype}"
        )
    if not bool(codes.isfinite().all()):
        raise UserError("the codes hold inf or NaN; mutual information needs numbers")
    if len(codes) < 10 * at_least("bins", bins, 2):
        raise UserError(
            f"{bins} bins need at least {10 * bins} rows, got {len(codes)}; "
            "with fewer, chance looks like information"
        )


def _check_sizes(sizes: list[int], bins: int) -> None:
    for position, size in enumerate(sizes):
        if size < 2:
            raise UserError(
                f"factor {position} has the same value in all rows; leave its column out"
            )
        if size > bins:
            raise UserError(
                f"factor {position} has {size} values, but codes are cut into {bins} bins; "
                f"pass bins={size} or more"
            )
