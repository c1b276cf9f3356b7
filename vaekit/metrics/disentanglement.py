"""Does one latent hold one factor? Needs data whose factors are known (`data.shapes`)."""
from __future__ import annotations

import torch
from torch import Tensor

from ..errors import UserError, at_least
from .score import Score, bootstrap


def mig(codes: Tensor, factors: Tensor, *, bins: int = 20) -> Score:
    """Mutual information gap: does one latent, and only one, know each factor? Mean over factors of (I₁ − I₂) / H(factor), in [0, 1].

    I₁ and I₂ are the two largest mutual informations of one latent with the factor. Codes are cut into `bins` of equal width from their
    least to their largest value, as in Locatello et al. 2019; Chen et al. integrate over the posterior instead. Every row counts.

    Args:
        codes: (N, D), the posterior means, say; D ≥ 2. A constant dimension knows nothing.
        factors: (N, F) whole numbers, such as `data.shapes.shapes(…).factors`.
    Raises:
        UserError: shapes that do not fit, codes with inf or NaN, a factor that never varies, fewer than 10 rows a bin, fewer bins than a
            factor has values (a perfect code could not reach 1).
    Source: Chen et al. 2018, equation 6.
    """
    _check_mig(codes, factors, bins)
    levels = [torch.unique(factor, return_inverse=True)[1] for factor in factors.T]
    sizes = [int(level.max()) + 1 for level in levels]
    for position, size in enumerate(sizes):
        if size < 2:
            raise UserError(f"factor {position} has the same value in all rows; leave its column out")
        if size > bins:
            raise UserError(f"factor {position} has {size} values, but codes are cut into {bins} bins; pass bins={size} or more")
    low, high = codes.aminmax(dim=0)
    scaled = (codes - low) / (high - low).clamp_min(torch.finfo(codes.dtype).tiny)
    cuts = (scaled * bins).long().clamp_max(bins - 1)                                               # (N, D)
    dimension = torch.arange(codes.shape[1]) * bins
    cells = [(dimension + cuts) * size + level[:, None] for level, size in zip(levels, sizes)]      # one number for each (dimension, bin, value)

    def gap(index=slice(None)) -> float:
        gaps = []
        for cell, size in zip(cells, sizes):
            counts = torch.bincount(cell[index].flatten(), minlength=codes.shape[1] * bins * size).view(-1, bins, size).double()
            joint = counts / counts[0].sum()
            entropy = _entropy(joint[0].sum(0))
            information = _entropy(joint.sum(2)) + entropy - _entropy(joint.flatten(1))             # I(z; v) = H(z) + H(v) − H(z, v)
            first, second = information.topk(2).values
            gaps.append((first - second) / entropy.clamp_min(1e-12))
        return torch.stack(gaps).mean().item()

    low, high = bootstrap(gap, len(codes))
    value = gap()
    # resampling repeats rows, which looks like information: near 0 the interval would lie above the value it belongs to
    return Score("MIG", value, min(low, value), max(high, value), len(codes), better="higher", note=f"{bins} bins")


def _check_mig(codes: Tensor, factors: Tensor, bins: int) -> None:
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise UserError(f"codes are (N, D) and factors (N, F) with one row an image, got {tuple(codes.shape)} and {tuple(factors.shape)}")
    if codes.shape[1] < 2:
        raise UserError("the gap lies between two latents, but the codes have only one dimension")
    if factors.is_floating_point() or not codes.is_floating_point():
        raise UserError(f"codes are floats and factors whole numbers, got {codes.dtype} and {factors.dtype}")
    if not bool(codes.isfinite().all()):
        raise UserError("the codes hold inf or NaN; mutual information needs numbers")
    if len(codes) < 10 * at_least("bins", bins, 2):
        raise UserError(f"{bins} bins need at least {10 * bins} rows, got {len(codes)}; with fewer, chance looks like information")


def _entropy(p: Tensor) -> Tensor:
    return torch.special.entr(p).sum(-1)
