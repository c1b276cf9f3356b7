"""Reference solutions of lab 07."""
from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["ddim_step", "ddpm_step", "forward_process"]


def forward_process(x0: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """A draw of q(x_t | x_0), and the noise in it: (N, …) and ᾱ (N, 1, …) → (N, …) twice."""
    eps = torch.randn_like(x0)
    return kept.sqrt() * x0 + (1 - kept).sqrt() * eps, eps


def ddim_step(x_t: Tensor, x0: Tensor, now: float | Tensor, after: float | Tensor) -> Tensor:
    """From x_t to x_s, given an estimate of x_0: (N, …) twice, ᾱ_t and ᾱ_s → (N, …)."""
    eps = (x_t - now**0.5 * x0) / (1 - now) ** 0.5
    return after**0.5 * x0 + (1 - after) ** 0.5 * eps


def ddpm_step(
    x_t: Tensor, x0: Tensor, now: float | Tensor, after: float | Tensor, noise: Tensor
) -> Tensor:
    """A draw of q(x_s | x_t, x_0), made of the noise: (N, …) thrice, ᾱ_t and ᾱ_s → (N, …)."""
    eps = (x_t - now**0.5 * x0) / (1 - now) ** 0.5
    variance = (1 - after) / (1 - now) * (1 - now / after)
    return after**0.5 * x0 + (1 - after - variance) ** 0.5 * eps + variance**0.5 * noise
