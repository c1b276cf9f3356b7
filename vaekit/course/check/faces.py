"""The exercises of lab 09: the direction of an attribute, and an attack on membership."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, need
from .results import number, tensor
from .student import Solution, exercise

Answer = Callable[[Tensor, Tensor], Tensor]


@exercise("codes", "has")
def attribute_vector(fn: Solution) -> Passed:
    """fn(codes, has): codes (N, D), whether each image has the attribute (N,) bool → (D,)."""
    generator = seeded(fn.seed)

    def answer(codes: Tensor, has: Tensor) -> Tensor:
        return tensor(
            fn, codes, has, shape=(codes.shape[1],), hint="One number for each latent, (D,)."
        )

    for n, d in ((40, 3), (7, 12), (200, 1)):
        codes = torch.randn(n, d, generator=generator)
        has = torch.rand(n, generator=generator) < 0.3
        # both groups have an image
        has[0], has[1] = True, False
        step = answer(codes, has)
        _independent_of_where(answer, codes, has, step)
        _leads_across(answer, codes, has, step)
    return Passed(
        "attribute_vector: the same wherever the codes lie, turned round where the attribute is, "
        "and as long as the way from the one group to the other"
    )


def _independent_of_where(answer: Answer, codes: Tensor, has: Tensor, step: Tensor) -> None:
    need(
        close(answer(codes + 5, has), step, 1e-3),
        "Move all codes by 5: which direction leads to the attribute should not change. "
        "Yours moves with the codes: adding it would pull every face towards the same one.",
    )
    need(
        close(answer(codes, ~has), -step, 1e-3),
        "Without the attribute is the opposite of with it: the direction should only turn round.",
    )
    order = torch.arange(len(codes)).flip(0)
    need(
        close(answer(codes[order], has[order]), step, 1e-3),
        "The order of the images should not matter.",
    )


def _leads_across(answer: Answer, codes: Tensor, has: Tensor, step: Tensor) -> None:
    """One step of it puts the middle of one group on that of the other."""
    moved = torch.where(has.unsqueeze(1), codes, codes + step)
    need(
        close(answer(moved, has), torch.zeros_like(step), 1e-3),
        "Add the direction once to all codes without the attribute: then the two groups should "
        "have the same mean. Is it too long or too short, or does it depend on how many images "
        "a group has?",
    )
    need(
        close(answer(codes + codes.square(), has), step + answer(codes.square(), has), 1e-3),
        "The direction of two codes added should be the sum of their directions: means do that, "
        "medians do not.",
    )
    apart = torch.where(has.unsqueeze(1), codes + 2, codes)
    need(
        close(answer(apart, has), step + 2, 1e-3),
        "Move the images with the attribute by 2: the direction should become longer by 2.",
    )


@exercise("members", "others")
def auc(fn: Solution) -> Passed:
    """fn(members, others): errors (N,) and (M,) → the chance that a member has the smaller one."""
    generator = seeded(fn.seed)
    low = torch.rand(30, generator=generator)
    high = 2 + torch.rand(50, generator=generator)
    need(
        abs(number(fn, low, high) - 1) < 1e-6,
        "Every member has a smaller error than every other image: the attack is always right, 1.",
    )
    need(
        abs(number(fn, high, low)) < 1e-6,
        "Every member has a larger error than every other image: the attack is never right, 0.",
    )
    need(
        abs(number(fn, low, low.clone()) - 0.5) < 1e-6,
        "Members and others have the same errors: guessing, 0.5. An error that equals another one "
        "counts half.",
    )
    need(
        abs(number(fn, torch.zeros(5), torch.zeros(8)) - 0.5) < 1e-6,
        "All errors are equal: guessing, 0.5. Each pair of equal errors counts half.",
    )
    members = torch.rand(20, generator=generator)
    others = torch.rand(31, generator=generator)
    found = number(fn, members, others)
    need(
        abs(found + number(fn, others, members) - 1) < 1e-5,
        "Exchange members and others: the chance becomes 1 minus itself.",
    )
    need(
        abs(number(fn, 10 * members.exp(), 10 * others.exp()) - found) < 1e-5,
        "Only which of two errors is smaller counts: a rising function of all errors should "
        "change nothing. A difference of means is another question.",
    )
    one_worse = torch.cat([members, torch.full((20,), 9.0)])
    need(
        abs(number(fn, one_worse, others) - found / 2) < 1e-5,
        "Add as many members again, all with larger errors than any: the chance should halve.",
    )
    return Passed(
        "auc: 1 where the attack is always right, 0.5 for equal errors, the same for any rising "
        "function of the errors"
    )
