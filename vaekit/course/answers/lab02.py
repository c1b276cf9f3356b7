"""Reference solutions of lab 02."""
from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["bernoulli_nll", "effective_beta", "gaussian_kl", "reparameterize"]


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL of N(mean, exp(log_var)) from N(0, 1), in nats: (N, D) twice → (N, D)."""
    variance = log_var.exp()
    return (mean**2 + variance - 1 - log_var) / 2


def reparameterize(mean: Tensor, log_var: Tensor) -> Tensor:
    """A draw of N(mean, exp(log_var)) that a gradient passes through: (N, D) twice → (N, D)."""
    sigma = (log_var / 2).exp()
    return mean + sigma * torch.randn_like(mean)


def bernoulli_nll(probability: Tensor, x: Tensor) -> Tensor:
    """−log p(x) of independent Bernoulli pixels, nats: (N, C, H, W) twice → (N,)."""
    log_likelihood = x * probability.log() + (1 - x) * (1 - probability).log()
    return -log_likelihood.flatten(1).sum(1)


def effective_beta(weight: float, pixels: int = 1, latents: int = 1) -> float:
    """The β of a loss whose BCE was averaged over pixels, and whose KL over latents."""
    return weight * pixels / latents
