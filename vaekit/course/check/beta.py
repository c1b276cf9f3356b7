"""The exercises of lab 04 on the weight of the KL: comparable totals and free bits."""
from __future__ import annotations

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, need
from .results import gradients, number, tensor
from .student import Solution, exercise


@exercise("total", "kl", "beta")
def comparable_total(fn: Solution) -> Passed:
    """fn(total, kl, beta): a loss at weight beta, and its KL → the −ELBO of the model, in nats."""
    generator = seeded(fn.seed)
    anywhere = 0.2 + 5 * torch.rand(2, generator=generator, dtype=torch.double)
    for beta in (1.0, 0.1, 2.0, 10.0, 0.0, *anywhere.tolist()):
        terms = 1 + 100 * torch.rand(2, generator=generator, dtype=torch.double)
        reconstruction, kl = terms.tolist()
        _total_at(fn, beta, reconstruction, kl)
    return Passed(
        "comparable_total: unchanged at β = 1, "
        "and the same whatever β a model was trained with"
    )


def _total_at(fn: Solution, beta: float, reconstruction: float, kl: float) -> None:
    total = reconstruction + beta * kl
    negative_elbo = reconstruction + kl
    answer = number(fn, total, kl, beta)

    need(
        beta == 0 or abs(answer - reconstruction) > 1e-3,
        "You give back the reconstruction term alone. In the −ELBO the KL counts too, once.",
    )
    need(
        beta != 1 or abs(answer - negative_elbo) < 1e-3,
        "At β = 1 the total already is the −ELBO, so it should come back unchanged.",
    )
    need(
        beta == 1 or abs(answer - total) > 1e-3,
        f"At β = {beta:g} the total comes back unchanged. "
        f"It holds the KL {beta:g} times, and should hold it once.",
    )
    need(
        abs(answer - negative_elbo) < 1e-3,
        f"A model with reconstruction {reconstruction:.3g} and KL {kl:.3g} "
        f"has the total {total:.4g} at β = {beta:g}. "
        f"Its −ELBO does not depend on β and is {negative_elbo:.4g}; yours is {answer:.4g}.",
    )


@exercise("kl", "free")
def free_bits(fn: Solution) -> Passed:
    """fn(kl, free): KL per image and dimension (N, D), allowance in nats per dimension.

    The result is one number, the penalty to minimise.
    """
    generator = seeded(fn.seed)
    kl = 2 * torch.rand(6, 4, generator=generator, dtype=torch.double)
    other_batch = 2 * torch.rand(9, 5, generator=generator, dtype=torch.double)
    _penalty_when_nothing_is_free(fn, kl)
    _penalty_of_unused_dimensions(fn)
    _penalty_of_the_batch_not_of_the_image(fn)
    for each in (kl, other_batch):
        _penalty_above_the_allowance(fn, each + 3)
        _penalty_does_not_mix_dimensions(fn, each)
        _gradient_of_the_penalty(fn, each)
    return Passed(
        "free_bits: the plain KL when nothing is free, no gain and no gradient below the "
        "allowance, compared after averaging over images"
    )


def _penalty_when_nothing_is_free(fn: Solution, kl: Tensor) -> None:
    plain = float(kl.sum(1).mean())
    need(
        abs(number(fn, kl, 0.0) - plain) < 1e-4,
        "With nothing free the penalty should be the plain KL of the batch: "
        "summed over dimensions, averaged over images.",
    )


def _penalty_of_unused_dimensions(fn: Solution) -> None:
    penalty = number(fn, torch.zeros(6, 4, dtype=torch.double), 0.5)
    need(
        abs(penalty) > 1e-6,
        "Four unused dimensions, each allowed 0.5 nats, cost 0 with you. "
        "Then to use less still saves something: 0 is less than the allowance. "
        "A dimension below it should cost as much as one that uses it up.",
    )
    need(
        abs(penalty - 2) < 1e-6,
        "Four unused dimensions, each allowed 0.5 nats, should cost 4 · 0.5 = 2; "
        f"yours cost {penalty:.3g}. "
        "The allowance holds for each dimension, not for their sum.",
    )


def _penalty_of_the_batch_not_of_the_image(fn: Solution) -> None:
    # one image far above the allowance and five below it, but the average below
    uneven = torch.tensor([[2.4], [0.0], [0.0], [0.0], [0.0], [0.0]], dtype=torch.double)
    penalty = number(fn, uneven, 0.5)
    need(
        abs(penalty - 0.9) > 1e-6,
        "A dimension uses 0.4 of the 0.5 nats that it is allowed, and costs 0.9 with you. "
        "The allowance is not added to the KL.",
    )
    need(
        abs(penalty - 0.5) < 1e-6,
        "One image uses 2.4 nats and five none, on average 0.4 of the 0.5 allowed, "
        f"so the penalty should be 0.5; yours is {penalty:.3g}. "
        "Average over images first, compare after that.",
    )


def _penalty_above_the_allowance(fn: Solution, kl: Tensor) -> None:
    need(
        abs(number(fn, kl, 0.5) - float(kl.sum(1).mean())) < 1e-4,
        "Dimensions above their allowance should cost their whole KL; "
        "yours cost something else. Nothing is subtracted.",
    )


def _penalty_does_not_mix_dimensions(fn: Solution, kl: Tensor) -> None:
    """Where some dimensions lie above the allowance, and some below."""
    free = float(kl.mean(0).median()) + 1e-3
    alone = sum(number(fn, kl[:, [d]], free) for d in range(kl.shape[1]))
    need(
        abs(number(fn, kl, free) - alone) < 1e-4,
        "The penalty of all dimensions should be the sum of what each costs alone; "
        "yours is not. Compare each dimension with the allowance by itself.",
    )


def _gradient_of_the_penalty(fn: Solution, kl: Tensor) -> None:
    means = kl.mean(0)
    # two dimensions below the allowance, the others above
    free = float(means.sort().values[1:3].mean())
    below = means < free
    above = means > free

    leaf = kl.clone().requires_grad_()
    penalty = tensor(fn, leaf, free, shape=(), hint="Return one number for the batch.")
    need(
        penalty.requires_grad,
        "No gradient comes back from your penalty: "
        "is something detached, or turned into a Python number?",
    )
    (gradient,) = gradients(penalty, leaf)
    need(
        close(gradient[:, below], torch.zeros_like(gradient[:, below])),
        "A dimension below its allowance should have no gradient, but one reaches it.",
    )
    need(
        bool((gradient[:, above] > 0).all()),
        "A dimension above its allowance should be pushed down, in every image, "
        "but no gradient reaches it.",
    )
    per_nat = gradient[:, above].sum(0)
    need(
        close(per_nat, torch.ones_like(per_nat)),
        "One nat more in every image makes a dimension above its allowance cost one nat more, "
        f"but the gradient says {float(per_nat[0]):.3g}. Is a part of it detached?",
    )
