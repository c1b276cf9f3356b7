"""Reference solutions of lab 01."""
from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["interpolate", "pca", "squared_error"]


def squared_error(x: Tensor, x_hat: Tensor) -> Tensor:
    """The squared distance between images and their copies: (N, C, H, W) twice → (N,)."""
    return (x - x_hat).square().flatten(1).sum(1)


def pca(train: Tensor, x: Tensor, k: int) -> Tensor:
    """x rebuilt from its k leading principal components in `train`: (M, P), (N, P) → (N, P)."""
    mean = train.mean(0)
    centred = train - mean
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -k:]
    return mean + (x - mean) @ directions @ directions.T


def interpolate(a: Tensor, b: Tensor, steps: int) -> Tensor:
    """Evenly spaced points on the straight line from a to b: (D,) twice → (steps, D)."""
    t = torch.linspace(0, 1, steps).unsqueeze(1)
    return (1 - t) * a + t * b
