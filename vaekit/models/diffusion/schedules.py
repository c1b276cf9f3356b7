"""How fast the image is destroyed."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...errors import at_least, finite, pick


def cumulative(schedule: str, steps: int) -> Tensor:
    """ᾱ_0 = 1 … ᾱ_T, the share of x_0's variance that is left: float64 (T + 1,), falling.

    No β is above 0.999: a last step that took nearly all the rest would have to be undone by
    dividing by almost 0 (Nichol & Dhariwal 2021).

    Args:
        schedule: "linear" or "cosine".
        steps: T.
    Raises:
        UserError: unknown schedule, steps < 1.
    """
    make_betas = SCHEDULES[pick("schedule", schedule, SCHEDULES)]
    betas = make_betas(at_least("steps", steps, 1)).clamp(max=0.999)
    kept = torch.cumprod(1 - betas, 0)
    return torch.cat([torch.ones(1, dtype=torch.double), kept])


def linear_betas(steps: int) -> Tensor:
    """β_t from 1e-4 to 0.02 at 1000 steps, scaled to other numbers of steps: float64 (T,).

    Source:
        Ho et al. 2020, section 4.
    """
    at_least("steps", steps, 1)
    return torch.linspace(1e-4, 0.02, steps, dtype=torch.double) * 1000 / steps


def cosine_betas(steps: int, *, offset: float = 0.008) -> Tensor:
    """β_t = 1 − ᾱ_t / ᾱ_{t−1} with ᾱ_t ∝ cos²( (t/T + s) / (1 + s) · π/2 ): float64 (T,).

    Args:
        steps: T.
        offset: s, which keeps the first steps from being too small to learn from.
    Source:
        Nichol & Dhariwal 2021, equation 17.
    """
    at_least("steps", steps, 1)
    finite("offset", offset, least=0)
    t = torch.arange(steps + 1, dtype=torch.double) / steps
    alpha_bar = torch.cos((t + offset) / (1 + offset) * math.pi / 2).square()
    return 1 - alpha_bar[1:] / alpha_bar[:-1]


SCHEDULES: dict[str, Callable[[int], Tensor]] = {"linear": linear_betas, "cosine": cosine_betas}
