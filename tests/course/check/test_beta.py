"""Checks of totals, schedules and free bits (lab 04).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import numpy as np
import pytest
import torch
from support.checks import passes, refuses

from vaekit import losses
from vaekit.course import check
from vaekit.models.vae import VAEOutput


def total(t, kl, beta):
    return t - beta * kl + kl


def cyclic(p, to, cycles, rise):
    return losses.Cyclic(to, cycles, rise)(p)


def cyclic_by_hand(p, to, cycles, rise):
    position = p * cycles - int(p * cycles)
    return to * min(position, rise) / rise


def free_bits(kl, free):
    return torch.maximum(kl.mean(0), torch.full_like(kl[0], free)).sum()


def free_bits_by_image(kl, free):
    return torch.where(kl.mean(0) > free, kl, free).sum(1).mean()


@pytest.mark.parametrize("checker, solution", [
    (check.comparable_total, total),
    (check.comparable_total, lambda t, kl, beta: torch.tensor(total(t, kl, beta))),
    (check.cyclic, cyclic),
    (check.comparable_total, lambda t, kl, beta: np.float64(total(t, kl, beta))),
    (check.comparable_total, lambda t, kl, beta: torch.tensor([total(t, kl, beta)])),
    (check.cyclic, cyclic_by_hand),
    (check.cyclic, lambda p, to, n, rise: torch.tensor(cyclic_by_hand(p, to, n, rise))),
    (check.cyclic, lambda p, to, n, rise: np.interp(p * n % 1, [0, rise], [0, to])),
    (check.free_bits, free_bits),
    (check.free_bits, free_bits_by_image),
    (check.free_bits, lambda kl, free: sum(torch.clamp(d.mean(), min=free) for d in kl.T)),
    (check.free_bits, lambda kl, free: free_bits(kl.float(), free)),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    passes(checker, solution)


def test_the_librarys_own_objective_is_what_the_free_bits_check_asks_for(generator):
    mean = torch.randn(8, 3, generator=generator)
    log_var = torch.randn(8, 3, generator=generator)
    x = torch.rand(8, 1, 2, 2, generator=generator)
    output = VAEOutput(torch.zeros(8, 1, 2, 2), mean, log_var, mean)

    terms = losses.free_bits(output, x, free=0.7)
    price = (terms["loss"] - terms["reconstruction"]).mean()
    expected = free_bits(losses.gaussian_kl(mean, log_var), 0.7)
    assert torch.isclose(price, expected, atol=1e-5)


@pytest.mark.parametrize("wrong, words", [
    (lambda t, kl, beta: t, "comes back unchanged"),
    (lambda t, kl, beta: t - beta * kl, "reconstruction term alone"),
    (lambda t, kl, beta: t - kl, "reconstruction term alone|At β = 1"),
    (lambda t, kl, beta: t / beta, "does not depend on β"),
    (lambda t, kl, beta: t + (beta - 1) * kl, "does not depend on β"),
    (lambda t, kl, beta: t + 1, "At β = 1 the total already is"),
    (lambda t, kl, beta: None, "returns nothing"),
])
def test_a_wrong_comparable_total(wrong, words):
    refuses(check.comparable_total, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (lambda p, to, cycles, rise: 1 - cyclic(p, to, cycles, rise), "start at weight 0"),
    (lambda p, to, cycles, rise: to * (p * cycles % 1) / rise, "Cut it off"),
    (
        lambda p, to, cycles, rise: to * (1 - abs(2 * (p * cycles % 1) - 1)),
        "should never fall",
    ),
    (
        lambda p, to, cycles, rise: 0.5 * cyclic(p, to, cycles, rise),
        "end of its first cycle",
    ),
    (
        lambda p, to, cycles, rise: cyclic(p, to, cycles, min(1, 1.5 * rise)),
        "straight line",
    ),
    (
        lambda p, to, cycles, rise: cyclic(p, to, cycles, rise) ** 2 / to,
        "straight line",
    ),
    (
        lambda p, to, cycles, rise: to * min(1, p * cycles / rise),
        "should repeat the first one",
    ),
    (
        lambda p, to, cycles, rise: cyclic(p, 1.0, cycles, rise),
        "end of its first cycle",
    ),
])
def test_a_wrong_cyclic_schedule(wrong, words):
    refuses(check.cyclic, wrong, words)


def pushes_back_up(kl, free):
    """The right price, but a gradient below the allowance."""
    missing = (free - kl.mean(0)).clamp(min=0).sum()
    return kl.mean(0).sum() + missing.detach()


@pytest.mark.parametrize("wrong, words", [
    (lambda kl, free: kl.sum(1).mean(), "each allowed 0.5 nats, cost 0 with you"),
    (lambda kl, free: (kl.mean(0) - free).clamp(min=0).sum(), "cost 0 with you"),
    (lambda kl, free: kl.clamp(min=free).sum(1).mean(), "Average over images first"),
    (lambda kl, free: kl.sum(1).mean().clamp(min=free), "should cost 4 · 0.5"),
    (lambda kl, free: kl.mean(0).clamp(min=free).mean(), "summed over dimensions"),
    (
        lambda kl, free: kl.mean(0).clamp(min=free).sum() * len(kl),
        "averaged over images",
    ),
    (lambda kl, free: kl.mean(0).clamp(max=free).sum(), "summed over dimensions"),
    (lambda kl, free: (kl.mean(0) + free).sum(), "The allowance is not added|cost 4"),
    (lambda kl, free: kl.clamp_(min=free).mean(0).sum(), "changes its argument kl in place"),
    (pushes_back_up, "should feel no force"),
    (lambda kl, free: free_bits(kl, free).detach(), "No gradient comes back"),
    (
        lambda kl, free: free_bits(kl, free).detach() + 0 * kl.sum(),
        "should feel the price",
    ),
    (lambda kl, free: free_bits(kl, free).item(), "Return a tensor, not float"),
    (lambda kl, free: kl.mean(0).clamp(min=free, max=3).sum(), "whole KL"),
])
def test_wrong_free_bits(wrong, words):
    refuses(check.free_bits, wrong, words)
