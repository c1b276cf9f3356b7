"""Reference solutions of lab 05."""
from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["frechet_distance", "importance_bound", "mmd"]


def frechet_distance(mean1: Tensor, cov1: Tensor, mean2: Tensor, cov2: Tensor) -> Tensor:
    """Squared Fréchet distance of two Gaussians: (F,), (F, F) twice → a number."""
    overlap = torch.linalg.eigvals(cov1 @ cov2).sqrt().real.sum()
    return (mean1 - mean2).square().sum() + cov1.trace() + cov2.trace() - 2 * overlap


def mmd(k_xx: Tensor, k_yy: Tensor, k_xy: Tensor) -> Tensor:
    """Unbiased squared maximum mean discrepancy: (N, N), (M, M), (N, M) → a number."""
    return _off_diagonal_mean(k_xx) + _off_diagonal_mean(k_yy) - 2 * k_xy.mean()


def _off_diagonal_mean(k: Tensor) -> Tensor:
    return (k.sum() - k.trace()) / (len(k) * (len(k) - 1))


def importance_bound(log_weights: Tensor) -> Tensor:
    """The log of the mean weight of each image: (k, N) → (N,), nats."""
    return torch.logsumexp(log_weights, 0) - math.log(len(log_weights))
