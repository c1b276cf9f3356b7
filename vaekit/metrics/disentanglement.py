"""Does one latent hold one factor? Needs data whose factors are known (`data.shapes`)."""
from __future__ import annotations

import torch
from torch import Tensor

from ..errors import UserError, at_least
from .bootstrap import bootstrap
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
        Score, higher is better, with a bootstrap interval over rows.
    Raises:
        UserError: shapes that do not fit, codes with inf or NaN, a factor that never varies,
            fewer than 10 rows per bin, fewer bins than a factor has values (a perfect code could
            not reach 1).
    Source:
        Chen et al. 2018, equation 6.
    """
    _check_shapes(codes, factors)
    _check_values(codes, factors, bins)
    levels = [torch.unique(factor, return_inverse=True)[1] for factor in factors.T]  # (N,) each
    sizes = [int(level.max()) + 1 for level in levels]
    _check_sizes(sizes, bins)

    # once for all resamples
    binned = _binned(codes, bins)
    cells = [_cells(binned, bins, level, size) for level, size in zip(levels, sizes)]

    def mean_gap(index: Tensor | slice) -> float:
        gaps = []
        for cell, size in zip(cells, sizes):
            gaps.append(_gap(_joint(cell[index], bins, size)))
        return torch.stack(gaps).mean().item()

    value = mean_gap(slice(None))
    low, high = bootstrap(mean_gap, len(codes))
    # resampling repeats rows, which looks like information: near 0 the interval would lie above
    # the value it belongs to
    return Score(
        metric="MIG",
        value=value,
        low=min(low, value),
        high=max(high, value),
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
    first_bin = torch.arange(binned.shape[1]) * bins
    return (first_bin + binned) * size + level[:, None]


def _joint(cells: Tensor, bins: int, size: int) -> Tensor:
    """p(bin, value) for each dimension of the codes, (D, bins, size)."""
    rows, dimensions = cells.shape
    counts = torch.bincount(cells.flatten(), minlength=dimensions * bins * size)
    return counts.view(dimensions, bins, size).double() / rows


def _gap(joint: Tensor) -> Tensor:
    """(I₁ − I₂) / H of one factor, from p(bin, value) of each dimension (D, bins, size)."""
    entropy = _entropy(joint[0].sum(0))
    # I(z; v) = H(z) + H(v) − H(z, v)
    information = _entropy(joint.sum(2)) + entropy - _entropy(joint.flatten(1))  # (D,)
    first, second = information.topk(2).values
    return (first - second) / entropy.clamp_min(1e-12)


def _entropy(p: Tensor) -> Tensor:
    return torch.special.entr(p).sum(-1)


def _check_shapes(codes: Tensor, factors: Tensor) -> None:
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise UserError(
            "codes are (N, D) and factors (N, F) with one row per image, "
            f"got {tuple(codes.shape)} and {tuple(factors.shape)}"
        )
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
