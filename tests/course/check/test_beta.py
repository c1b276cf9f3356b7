"""Checks of totals and free bits (lab 04).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from support.checks import passes, refuses

from vaekit import losses
from vaekit.course import check
from vaekit.models.vae import VAEOutput


def total(t, kl, beta):
    return t - beta * kl + kl


def free_bits(kl, free):
    return torch.maximum(kl.mean(0), torch.full_like(kl[0], free)).sum()


def free_bits_by_image(kl, free):
    return torch.where(kl.mean(0) > free, kl, free).sum(1).mean()


def free_bits_by_relu(kl, free):
    """λ, and what lies above it."""
    return (free + F.relu(kl.mean(0) - free)).sum()


def free_bits_in_a_loop(kl, free):
    penalty = kl.new_zeros(())
    for d in range(kl.shape[1]):
        average = kl[:, d].sum() / len(kl)
        penalty = penalty + (average if average > free else free)
    return penalty


RIGHT = pytest.mark.parametrize("checker, solution", [
    (check.comparable_total, total),
    (check.comparable_total, lambda t, kl, beta: torch.tensor(total(t, kl, beta))),
    (check.comparable_total, lambda t, kl, beta: np.float64(total(t, kl, beta))),
    (check.comparable_total, lambda t, kl, beta: torch.tensor([total(t, kl, beta)])),
    (check.free_bits, free_bits),
    (check.free_bits, free_bits_by_image),
    (check.free_bits, lambda kl, free: sum(torch.clamp(d.mean(), min=free) for d in kl.T)),
    (check.free_bits, lambda kl, free: free_bits(kl.float(), free)),
    # unusual ones
    (check.free_bits, free_bits_by_relu),
    (check.free_bits, free_bits_in_a_loop),
    (check.free_bits, lambda kl, free: kl.mean(0).where(kl.mean(0) > free, free).sum()),
])


@RIGHT
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    passes(checker, solution)


@RIGHT
@pytest.mark.parametrize("seed", [1, 2, 3, 2**32 - 1])
def test_the_right_answer_passes_with_any_seed_of_the_check(checker, solution, seed):
    assert repr(checker(solution, seed=seed)).startswith("✓")


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
    (lambda t, kl, beta: t - abs(beta - 1) * kl, "does not depend on β"),
    (lambda t, kl, beta: t / max(beta, 1e-9), "does not depend on β"),
    (lambda t, kl, beta: round(t + (1 - beta) * kl), "At β = 1 the total already is"),
])
def test_a_wrong_comparable_total(wrong, words):
    refuses(check.comparable_total, wrong, words)


def pushes_back_up(kl, free):
    """The right price, but a gradient below the allowance."""
    missing = (free - kl.mean(0)).clamp(min=0).sum()
    return kl.mean(0).sum() + missing.detach()


def half_of_the_gradient(kl, free):
    return (free_bits(kl, free) + free_bits(kl.detach(), free)) / 2


def gradient_of_one_image(kl, free):
    """The right penalty, pushed down in the first image only."""
    rest = kl.detach().clone()
    rest[0] = 0
    first = torch.cat([kl[:1], torch.zeros_like(kl[1:])])
    return free_bits(first + rest, free)


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
    (pushes_back_up, "should have no gradient"),
    (lambda kl, free: free_bits(kl, free).detach(), "No gradient comes back"),
    (
        lambda kl, free: free_bits(kl, free).detach() + 0 * kl.sum(),
        "should be pushed down",
    ),
    (lambda kl, free: free_bits(kl, free).item(), "Return a tensor, not float"),
    (lambda kl, free: kl.mean(0).clamp(min=free, max=3).sum(), "whole KL"),
    # the bug of the lab
    (lambda kl, free: kl.mean(0).clamp(max=free).sum(), "summed over dimensions"),
    # the right value, but the gradient of something else
    (half_of_the_gradient, "Is a part of it detached"),
    (gradient_of_one_image, "in every image"),
    (lambda kl, free: free_bits(kl, free).detach().requires_grad_(), "should be pushed down"),
    # all dimensions are paid as soon as one exceeds what is free
    (
        lambda kl, free: kl.mean(0).sum() if bool((kl.mean(0) > free).any())
        else free * torch.ones_like(kl[0]).sum() + 0 * kl.sum(),
        "what each costs alone",
    ),
    (lambda kl, free: kl.median(0).values.clamp(min=free).sum(), "averaged over images"),
])
def test_wrong_free_bits(wrong, words):
    refuses(check.free_bits, wrong, words)
