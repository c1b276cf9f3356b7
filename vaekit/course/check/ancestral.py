"""The bug of lab 07: a step of DDPM whose fresh noise has the wrong strength."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, need
from .results import tensor
from .student import Solution, exercise

SHAPE = (4, 3, 5, 5)

# (x_t, x0, ᾱ_t, ᾱ_s, fresh noise) → x_s
Step = Callable[[Tensor, Tensor, float, float, Tensor], Tensor]


@exercise("x_t", "x0", "now", "after", "noise")
def ddpm_step(fn: Solution) -> Passed:
    """fn(x_t, x0, now, after, noise): a draw of q(x_s | x_t, x_0), made of the noise given.

    x_t, x0 and noise are (N, …); now is ᾱ_t and after ᾱ_s > ᾱ_t, tensors of one number.
    """
    draws = torch.randn(3, *SHAPE, generator=seeded(fn.seed), dtype=torch.double)

    def answer(x_t: Tensor, x0: Tensor, now: float, after: float, noise: Tensor) -> Tensor:
        levels = (torch.tensor(each, dtype=torch.double) for each in (now, after))
        return tensor(fn, x_t, x0, *levels, noise, shape=SHAPE, hint="A step keeps the shape.")

    _uses_the_noise_given(answer, draws)
    shares = torch.rand(4, 2, generator=seeded(fn.seed), dtype=torch.double)
    # a fixed pair first, whose numbers a sentence can name: σ = 0.6 · 0.8 there
    pairs = [(0.3072, 0.64)]
    pairs += [(0.05 + 0.4 * float(a), 0.55 + 0.4 * float(b)) for a, b in shares]
    for now, after in pairs:
        _has_the_right_parts(answer, draws, now, after)

    x0, eps, noise = draws
    end = answer(0.6 * x0 + 0.8 * eps, x0, 0.36, 1.0, noise)
    need(
        close(end, x0),
        "The last step goes to ᾱ = 1, where no noise is left: it should give x0 itself, "
        "yours does not.",
    )
    return Passed(
        "ddpm_step: x_s is as noisy as the forward process would make it, and depends on x_t "
        "as much as there"
    )


def _uses_the_noise_given(answer: Step, draws: Tensor) -> None:
    x0, eps, noise = draws
    x_t = 0.6 * x0 + 0.8 * eps
    first = answer(x_t, x0, 0.36, 0.64, noise)
    need(
        torch.equal(first, answer(x_t, x0, 0.36, 0.64, noise)),
        "Two calls with the same arguments differ. The fresh noise is given: use it, draw none.",
    )
    need(
        not close(first, answer(x_t, x0, 0.36, 0.64, -noise)),
        "Your result does not change with the noise that is given: that is DDIM. "
        "DDPM replaces a part of the old noise by it.",
    )


def _has_the_right_parts(answer: Step, draws: Tensor, now: float, after: float) -> None:
    """The factors of x_0, of the noise that was in x_t, and of the fresh noise."""
    x0, eps, noise = draws
    x_t = math.sqrt(now) * x0 + math.sqrt(1 - now) * eps
    found = answer(x_t, x0, now, after, noise)
    basis = torch.stack([each.flatten() for each in draws], 1)
    factors = torch.linalg.lstsq(basis, found.double().reshape(-1, 1)).solution
    of_image, of_old, of_fresh = factors.flatten().tolist()

    need(
        close((basis @ factors).flatten(), found.flatten(), 1e-3),
        "x_s should be a sum of x_0, of the noise that x_t holds and of the fresh noise, each "
        "times one number for all pixels.",
    )
    need(
        abs(of_image - math.sqrt(after)) < 1e-3,
        f"At ᾱ_s = {after:.3g} each number of x_0 should count {math.sqrt(after):.3g}; "
        f"in your x_s it counts {of_image:.3g}.",
    )
    _is_as_noisy(of_old, of_fresh, after)

    # of q: Cov(x_s, x_t | x_0), where x_t is x_s times a root, plus noise of its own
    covariance = of_old * math.sqrt(1 - now)
    wanted = math.sqrt(now / after) * (1 - after)
    need(
        abs(covariance - wanted) < 1e-3,
        f"The noise in x_s has the right strength, but {of_old:.3g} of it is the old noise of "
        f"x_t, and {wanted / math.sqrt(1 - now):.3g} should be: the share of fresh noise is "
        "another. Which of ᾱ_t and ᾱ_s stands where in σ?",
    )


def _is_as_noisy(of_old: float, of_fresh: float, after: float) -> None:
    variance = of_old**2 + of_fresh**2
    direction = "too weak" if variance < 1 - after else "too strong"
    need(
        abs(variance - (1 - after)) < 1e-3,
        f"At ᾱ_s = {after:.3g} the noise in x_s should have variance {1 - after:.3g}; yours has "
        f"{variance:.3g}, {direction}. {_reason(of_fresh, 1 - after - of_old**2)}",
    )


def _reason(of_fresh: float, missing: float) -> str:
    """What the factor of the fresh noise looks like, beside the variance that it should have."""
    if abs(of_fresh - missing) < 1e-3:
        return "Noise is multiplied by its standard deviation, not by its variance."
    if abs(of_fresh**2 - missing) > 1e-3 and missing < 1e-3:
        return "Fresh noise comes in, but as much of the old noise must go."
    return "Old and fresh noise together make up that variance."
