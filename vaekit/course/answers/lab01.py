"""Reference solutions of lab 01."""
from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["gap", "pca", "squared_error"]


def squared_error(x: Tensor, x_hat: Tensor) -> Tensor:
    """The squared distance between images and their copies: (N, C, H, W) twice → (N,)."""
    return (x - x_hat).square().flatten(1).sum(1)


def pca(train: Tensor, x: Tensor, k: int) -> Tensor:
    """x rebuilt from its k leading principal components in `train`: (M, P), (N, P) → (N, P)."""
    mean = train.mean(0)
    centred = train - mean
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -k:]
    return mean + (x - mean) @ directions @ directions.T


def gap(z: Tensor, codes: Tensor, fresh: Tensor) -> Tensor:
    """Distance to the nearest code, in units of fresh codes': (M, D), (N, D), (K, D) → (M,)."""
    nearest = torch.cdist(z, codes).min(1).values
    usual = torch.cdist(fresh, codes).min(1).values.median()
    return nearest / usual
