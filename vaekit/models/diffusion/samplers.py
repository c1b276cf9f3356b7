"""From noise back to data: one formula holds DDPM's ancestral sampling, DDIM, and all between."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ...device import standard_normal
from ...errors import UserError, at_least, brief, finite
from ...losses.checks import check_float, check_same_shape


class Step(NamedTuple):
    """One step of sampling: t; x_t; and x0, what the model estimates the image to be.

    x_t and x0 are (N, C, H, W), in [-1, 1] and beyond.
    """

    t: int
    x_t: Tensor
    x0: Tensor


def sampling(
    denoise: Callable[[Tensor, int], Tensor],
    x: Tensor,
    alpha_bar: Tensor,
    *,
    steps: int,
    eta: float = 0.0,
    generator: torch.Generator | None = None,
) -> Iterator[Step]:
    """Walk from the noise x at t = T down to t = 0; the last step's x0 is the sample.

    Args:
        denoise: (x_t, t) → the estimate of x_0.
        x: noise of variance 1, (N, C, H, W).
        alpha_bar: (T + 1,), ᾱ_0 = 1 … ᾱ_T.
        steps: number of steps, evenly apart.
        eta: 0 adds no noise on the way (DDIM); 1 adds as much as the true reverse process, and
            with steps = T is ancestral DDPM.
        generator: of the noise added on the way.
    Raises:
        UserError: steps outside 1 … T, eta outside [0, 1].
    """
    check_float(x=x, alpha_bar=alpha_bar)
    _check_alpha_bar(alpha_bar)
    path = [*times(len(alpha_bar) - 1, steps), 0]
    _check_eta(eta)
    # apart from the checks: a generator's body would run them at its first step only
    return _walk(denoise, x, alpha_bar.tolist(), path, eta, generator)


def times(total: int, steps: int) -> list[int]:
    """`steps` whole times, evenly apart, from T = total downwards; after the last comes 0.

    1000 and 4 give 1000, 750, 500, 250. T itself is among them: a model that starts from pure
    noise should be asked about pure noise.

    Raises:
        UserError: steps outside 1 … total.
    Source:
        Lin et al. 2024, section 3.3.
    """
    if at_least("steps", steps, 1) > at_least("total", total, 1):
        raise UserError(
            f"this model was built with {total} steps and can sample with 1 … {total}, got {steps}"
        )
    return [round(total * left / steps) for left in range(steps, 0, -1)]


def step(
    x_t: Tensor,
    x0: Tensor,
    now: float,
    after: float,
    eta: float,
    noise: Tensor | None = None,
) -> Tensor:
    """From x_t and an estimate of x_0 to x_s, s < t.

        x_s = √ᾱ_s x_0 + √(1 − ᾱ_s − σ²) ε + σ z,   σ² = η² (1 − ᾱ_s) / (1 − ᾱ_t) · (1 − ᾱ_t / ᾱ_s)

    At η = 1 this is a draw from q(x_s | x_t, x_0).

    Args:
        x_t, x0: (N, C, H, W).
        now, after: ᾱ_t and ᾱ_s, ᾱ_t < ᾱ_s ≤ 1.
        eta: η.
        noise: z ~ N(0, I), of x_t's shape; not needed where σ = 0.
    Raises:
        UserError: no noise where σ > 0.
    Source:
        Song et al. 2021 (DDIM), equations 12 and 16; Ho et al. 2020, equations 6 and 7.
    """
    check_same_shape("x_t", x_t, "x0", x0)
    if noise is not None:
        check_same_shape("noise", noise, "x_t", x_t)
    sigma = step_noise(now, after, eta)
    # the noise that x_t holds if x_0 is right
    eps = (x_t - math.sqrt(now) * x0) / math.sqrt(1 - now)

    kept_noise = math.sqrt(max(1 - after - sigma**2, 0.0))
    x_s = math.sqrt(after) * x0 + kept_noise * eps
    if sigma == 0:
        return x_s
    if noise is None:
        raise UserError(f"a step with eta {eta} adds noise; pass noise, drawn from N(0, I)")
    return x_s + sigma * noise


def step_noise(now: float, after: float, eta: float) -> float:
    """σ of a step from ᾱ_t = now to ᾱ_s = after; 0 on the way to the data themselves."""
    finite("now", now, least=0, below=1)
    finite("after", after, above=now, most=1)
    _check_eta(eta)
    return eta * math.sqrt((1 - after) / (1 - now) * (1 - now / after))


def _check_eta(eta: float) -> None:
    if not 0 <= eta <= 1:
        raise UserError(f"eta must lie in [0, 1], from DDIM to DDPM, got {brief(eta)}")


def _check_alpha_bar(alpha_bar: Tensor) -> None:
    falls = bool((alpha_bar.diff() < 0).all()) and bool(alpha_bar.isfinite().all())
    if alpha_bar.ndim != 1 or len(alpha_bar) < 2 or not falls:
        raise UserError(
            "alpha_bar must fall from 1 in T + 1 finite values, as cumulative() gives them, "
            f"got {brief(alpha_bar)}"
        )


def _walk(
    denoise: Callable[[Tensor, int], Tensor],
    x: Tensor,
    alpha_bar: list[float],
    path: list[int],
    eta: float,
    generator: torch.Generator | None,
) -> Iterator[Step]:
    for t, s in zip(path, path[1:]):
        x0 = denoise(x, t)
        yield Step(t, x, x0)

        now = alpha_bar[t]
        after = alpha_bar[s]
        noise = None
        if step_noise(now, after, eta) > 0:
            noise = standard_normal(x.shape, generator).to(x)
        x = step(x, x0, now, after, eta, noise)
