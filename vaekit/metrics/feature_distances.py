"""FID and KID between two sets of features, as formulae.

The values are torchmetrics'. The formulae beside them are for resamples, of which there are
many: they are faster, and KID's takes a weight for each image.
"""
from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

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
    from torchmetrics.image.kid import KernelInceptionDistance

    size = min(SUBSET, len(real), len(fake))
    all_at_once = size == len(real) == len(fake)
    if not all_at_once:
        # 100 subsets take four times as long in float64, for a change of 1e-4 of the interval
        real = real.float()
        fake = fake.float()

    # torchmetrics draws its subsets from the global generator
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        # "will save all features in buffer"
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        subsets = 1 if all_at_once else SUBSETS
        metric = KernelInceptionDistance(nn.Identity(), subsets=subsets, subset_size=size)
        metric.update(real, real=True)
        metric.update(fake, real=False)
        mean, _ = metric.compute()
        return mean.item()


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


def mmd(x: Tensor, y: Tensor, times_x: Tensor, times_y: Tensor) -> Tensor:
    """The unbiased squared MMD of weighted samples, for many weightings at once.

    Args:
        x, y: features, (N, F) and (M, F).
        times_x, times_y: how often each occurs, (N, R) and (M, R). All ones is the plain estimate.
    Returns:
        (R,), float64.
    """
    # twice as fast in float32; only the spread of the values is used
    x = x.float()
    y = y.float()
    times_x = times_x.float()
    times_y = times_y.float()

    between = _kernel_sum(x, y, times_x, times_y) / (len(x) * len(y))
    return _mean_within(x, times_x) + _mean_within(y, times_y) - 2 * between


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """(x·y / F + 1)³ of all pairs of (N, F) and (M, F): (N, M)."""
    k = x @ y.T / x.shape[1] + 1
    return k * k * k


def kernel_of_itself(x: Tensor) -> Tensor:
    """(x·x / F + 1)³ of each x with itself, (N,)."""
    k = (x * x).sum(1) / x.shape[1] + 1
    return k * k * k


def _mean_within(x: Tensor, times: Tensor) -> Tensor:
    """The mean kernel of two different images of one set, (R,)."""
    # an image paired with itself, or with its copy
    own = kernel_of_itself(x).double() @ times.square().double()
    pairs = len(x) ** 2 - times.double().square().sum(0)
    return (_kernel_sum(x, x, times, times) - own) / pairs


def _kernel_sum(x: Tensor, y: Tensor, times_x: Tensor, times_y: Tensor) -> Tensor:
    """The kernel summed over all pairs, each as often as it occurs, (R,)."""
    # a few rows at a time: the whole kernel matrix of 10,000 images would take 400 MB, and blocks
    # that fit the cache are twice as fast
    total = torch.zeros(times_x.shape[1], dtype=torch.double)
    for part, times in zip(x.split(100), times_x.split(100), strict=True):
        rows = (kernel(part, y) @ times_y).double()
        total += (times.double() * rows).sum(0)
    return total
