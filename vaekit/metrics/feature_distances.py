"""FID and KID between two sets of features, as formulae.

The values are torchmetrics'. The formulae beside them are for the intervals: they are faster, and
show how much each image counts.
"""
from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor, nn

from ..device import own_random_state

Gaussian = tuple[Tensor, Tensor]

# KID's protocol in Bińkowski et al.: the mean over 100 subsets of 1,000
SUBSET = 1000
SUBSETS = 100


class _FeaturesAlready(nn.Identity):
    """Stands where torchmetrics expects a network: what goes in are features already."""

    def __init__(self, num_features: int):
        super().__init__()
        self.num_features = num_features


def fid_of_features(real: Tensor, fake: Tensor) -> float:
    """FID of features, (N, F) and (M, F), float64."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    unchanged = _FeaturesAlready(real.shape[1])
    metric = FrechetInceptionDistance(unchanged).set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(fake, real=False)
    return metric.compute().item()


def kid_of_features(real: Tensor, fake: Tensor, seed: int) -> float:
    """KID of features, (N, F) and (M, F), float64; `seed` chooses the subsets."""
    mean, _ = kid_of_subsets(real, fake, seed)
    return mean


def kid_of_subsets(real: Tensor, fake: Tensor, seed: int) -> tuple[float, float]:
    """KID of features, (N, F) and (M, F), and what the choice of its subsets adds to its error.

    The error is the standard error of the mean over subsets: 0 where all images are in one.
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    size = min(SUBSET, len(real), len(fake))
    all_at_once = size == len(real) == len(fake)
    if not all_at_once:
        # 100 subsets take four times as long in float64, for a change of 1e-4 of the interval
        real = real.float()
        fake = fake.float()

    # torchmetrics draws its subsets from the global generator
    with warnings.catch_warnings(), own_random_state():
        # "will save all features in buffer"
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        subsets = 1 if all_at_once else SUBSETS
        metric = KernelInceptionDistance(nn.Identity(), subsets=subsets, subset_size=size)
        metric.update(real, real=True)
        metric.update(fake, real=False)
        mean, std = metric.compute()
        return mean.item(), std.item() / math.sqrt(subsets)


def gaussian(x: Tensor) -> Gaussian:
    """Mean (F,) and covariance (F, F) of features (N, F)."""
    return x.mean(0), torch.cov(x.T)


def frechet(a: Gaussian, b: Gaussian) -> Tensor:
    """The squared Fréchet distance ‖μ − μ′‖² + tr(Σ + Σ′ − 2 (ΣΣ′)^½) of two Gaussians.

    tr (ΣΣ′)^½ is the sum of the roots of the eigenvalues of ΣΣ′.

    Args:
        a, b: mean (F,) and covariance (F, F) of each.
    """
    mean_a, cov_a = a
    mean_b, cov_b = b
    trace_of_root = torch.linalg.eigvals(cov_a @ cov_b).sqrt().real.sum()
    return (mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * trace_of_root


def mixture(a: Gaussian, b: Gaussian, share: float) -> Gaussian:
    """Mean and covariance of two distributions mixed: 1 − share of a, and share of b."""
    mean_a, cov_a = a
    mean_b, cov_b = b
    apart = mean_b - mean_a
    between = share * (1 - share) * torch.outer(apart, apart)
    return mean_a + share * apart, (1 - share) * cov_a + share * cov_b + between


def mmd_influences(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """How the squared MMD of two samples changes with the weight of each item, to first order.

    For an x it is 2/N times the difference of its mean kernel with all x and with all y.

    Args:
        x, y: features, (N, F) and (M, F).
    Returns:
        (N,) and (M,), float64. Only their differences within a sample mean something.
    """
    # twice as fast in float32; only the spread of the values is used
    x = x.float()
    y = y.float()
    with_x, _ = _kernel_means(x, x)
    with_y, _ = _kernel_means(y, y)
    between_x, between_y = _kernel_means(x, y)
    return 2 * (with_x - between_x) / len(x), 2 * (with_y - between_y) / len(y)


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """(x·y / F + 1)³ of all pairs of (N, F) and (M, F): (N, M)."""
    k = x @ y.T / x.shape[1] + 1
    return k * k * k


def _kernel_means(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The mean kernel of each x with all y, (N,), and of each y with all x, (M,), float64."""
    # a few rows at a time: the whole kernel matrix of 10,000 images would take 400 MB, and blocks
    # that fit the cache are twice as fast
    of_x = []
    of_y = torch.zeros(len(y), dtype=torch.double)
    for part in x.split(100):
        k = kernel(part, y)
        of_x.append(k.mean(1).double())
        of_y += k.sum(0)
    return torch.cat(of_x), of_y / len(x)
