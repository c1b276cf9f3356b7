"""From noise back to data: one formula holds DDPM's ancestral sampling, DDIM, and all between them."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from numbers import Real
from typing import NamedTuple

import torch
from torch import Tensor

from ...device import normal
from ...errors import UserError, at_least


class Step(NamedTuple):
    """One step of sampling: t; x_t, where it stands; x0, what the model makes of it. Both (N, C, H, W) in [-1, 1] and beyond."""

    t: int
    x_t: Tensor
    x0: Tensor


def sampling(denoise: Callable[[Tensor, int], Tensor], x: Tensor, alpha_bar: Tensor, *, steps: int, eta: float = 0.0,
             generator: torch.Generator | None = None) -> Iterator[Step]:
    """Walk from the noise x at t = T down to t = 0, `steps` steps evenly apart; the last step's x0 is the sample.

    Args:
        denoise: (x_t, t) → the estimate of x_0.
        alpha_bar: (T + 1,), ᾱ_0 = 1 … ᾱ_T.
        eta: 0 adds no noise on the way (DDIM); 1 adds as much as the true reverse process, and with steps = T is ancestral DDPM.
        generator: of the noise added on the way.
    Raises:
        UserError: steps outside 1 … T, eta outside [0, 1].
    """
    path = [*times(len(alpha_bar) - 1, steps), 0]
    if not (isinstance(eta, Real) and 0 <= eta <= 1):
        raise UserError(f"eta must lie in [0, 1], from DDIM to DDPM, got {eta}")
    return _walk(denoise, x, alpha_bar.tolist(), path, eta, generator)


def times(total: int, steps: int) -> list[int]:
    """`steps` whole times, from T = total downwards, evenly apart: 1000 and 4 give 1000, 750, 500, 250; a step to 0 comes after the last.

    They include T itself: a model that starts from pure noise should be asked about pure noise. Source: Lin et al. 2024, section 3.3.
    """
    if at_least("steps", steps, 1) > total:
        raise UserError(f"this model was built with {total} steps and can sample with 1 … {total}, got {steps}")
    return [round(total * left / steps) for left in range(steps, 0, -1)]


def step(x_t: Tensor, x0: Tensor, now: float, after: float, eta: float, noise: Tensor | None = None) -> Tensor:
    """From x_t and an estimate of x_0 to x_s, s < t: √ᾱ_s x_0 + √(1 − ᾱ_s − σ²) ε + σ z, σ² = η² (1 − ᾱ_s) / (1 − ᾱ_t) · (1 − ᾱ_t / ᾱ_s).

    Args:
        now, after: ᾱ_t and ᾱ_s, ᾱ_t < ᾱ_s ≤ 1.
        noise: z ~ N(0, I); needed if σ > 0.
    At η = 1 this is a draw from q(x_s | x_t, x_0). Sources: Song et al. 2021 (DDIM), equations 12 and 16; Ho et al. 2020, equations 6 and 7.
    """
    sigma = step_noise(now, after, eta)
    eps = (x_t - math.sqrt(now) * x0) / math.sqrt(1 - now)                   # the noise that x_t holds if x_0 is right
    x_s = math.sqrt(after) * x0 + math.sqrt(max(1 - after - sigma**2, 0.0)) * eps
    return x_s + sigma * noise if sigma > 0 else x_s


def step_noise(now: float, after: float, eta: float) -> float:
    """σ of a step from ᾱ_t = now to ᾱ_s = after; 0 on the way to the data themselves."""
    return eta * math.sqrt((1 - after) / (1 - now) * (1 - now / after))


def _walk(denoise, x: Tensor, alpha_bar: list[float], path: list[int], eta: float, generator) -> Iterator[Step]:
    for t, s in zip(path, path[1:]):
        x0 = denoise(x, t)
        yield Step(t, x, x0)
        now, after = alpha_bar[t], alpha_bar[s]
        noise = normal(x.shape, generator).to(x) if step_noise(now, after, eta) > 0 else None
        x = step(x, x0, now, after, eta, noise)
