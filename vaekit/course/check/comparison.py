"""The exercises of lab 08: guidance, and the arc between two latents."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, need
from .results import gradients, tensor
from .student import Solution, exercise


@exercise("with_class", "without", "w")
def guided(fn: Solution) -> Passed:
    """fn(with_class, without, w): predictions (N, C, H, W) twice, a number → (N, C, H, W)."""
    generator = seeded(fn.seed)
    with_class = torch.randn(5, 3, 4, 4, generator=generator)
    without = torch.randn(5, 3, 4, 4, generator=generator)

    def answer(with_class: Tensor, without: Tensor, w: float) -> Tensor:
        return tensor(
            fn,
            with_class,
            without,
            w,
            shape=tuple(with_class.shape),
            hint="It is a prediction like the two that you are given.",
        )

    need(
        close(answer(with_class, without, 1.0), with_class),
        "At our w = 1 the model is used as it was trained: the prediction with the class. "
        "(In the paper that is w = 0.)",
    )
    need(
        close(answer(with_class, without, 0.0), without),
        "At w = 0 the class should not matter: the prediction without it.",
    )
    need(
        close(answer(with_class, with_class, 7.0), with_class),
        "Where both predictions agree there is nothing to exaggerate, whatever w is.",
    )
    near, far = answer(with_class, without, 2.0), answer(with_class, without, 4.0)
    need(
        close(far - with_class, 3 * (near - with_class), 1e-3),
        "The step beyond the prediction with the class should grow in proportion to w − 1.",
    )
    need(
        close(answer(with_class[:2], without[:2], 3.0), answer(with_class, without, 3.0)[:2]),
        "The result of an image depends on the other images of the batch.",
    )
    _both_matter(answer, with_class, without)
    return Passed(
        "guided: the prediction with the class at w = 1, the one without at w = 0, "
        "and a straight line through both beyond"
    )


def _both_matter(
    answer: Callable[[Tensor, Tensor, float], Tensor], with_class: Tensor, without: Tensor
) -> None:
    """A gradient reaches both predictions: editing with guidance differentiates through it."""
    with_class = with_class.clone().requires_grad_()
    without = without.clone().requires_grad_()
    by_one, by_other = gradients(answer(with_class, without, 3.0), with_class, without)
    need(
        close(by_one + by_other, torch.ones_like(by_one)),
        "Move both predictions by one, and the result should move by one: the two factors must "
        "add up to 1, also for a gradient.",
    )


@exercise("a", "b", "t")
def arc(fn: Solution) -> Passed:
    """fn(a, b, t): latents (D,) of one length, numbers (T,) in [0, 1] → (T, D)."""
    generator = seeded(fn.seed)

    def answer(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
        return tensor(
            fn, a, b, t, shape=(len(t), len(a)), hint="One latent for each t, in their order."
        )

    for size, length in ((3, 1.0), (20, 4.0), (784, 28.0)):
        a, b = (_of_length(torch.randn(size, generator=generator), length) for _ in "ab")
        t = torch.linspace(0, 1, 9)
        points = answer(a, b, t)
        need(close(points[0], a, 1e-3), "At t = 0 the arc should be at a.")
        need(close(points[-1], b, 1e-3), "At t = 1 the arc should be at b.")
        need(
            close(points.norm(dim=1), torch.full((9,), length), 1e-3),
            "Every point of the arc should be as long as its ends. "
            "A straight line is shorter in the middle.",
        )
        _same_speed(points, length)
        need(
            close(answer(a, b, t.flip(0)), points.flip(0), 1e-3),
            "The t may come in any order, and each belongs to its own point.",
        )
    return Passed("arc: from a to b, of one length, at constant speed, in the plane of both")


def _of_length(latent: Tensor, length: float) -> Tensor:
    return latent * (length / latent.norm())


def _same_speed(points: Tensor, length: float) -> None:
    """Neighbours are equally far apart, and the way is no longer than the angle."""
    steps = points.diff(dim=0).norm(dim=1)
    need(
        close(steps, steps.mean().expand_as(steps), 5e-3),
        "Equal steps of t should be equal steps along the arc.",
    )
    angle = math.acos(float(points[0] @ points[-1]) / length**2)
    way = float(2 * torch.asin(steps / (2 * length)).sum())
    need(
        abs(way - angle) < 1e-2,
        "The arc takes a detour: it should lie in the plane of a and b, and go the short way.",
    )
