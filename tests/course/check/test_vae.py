"""Checks of the ELBO's parts (lab 02).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import math

import pytest
import torch
from support.checks import passes, refuses

from vaekit import losses
from vaekit.course import check
from vaekit.device import seeded
from vaekit.models import vae


def nll(p, x):
    return -(x * p.log() + (1 - x) * (1 - p).log()).flatten(1).sum(1)


def effective_beta(weight, pixels, latents):
    return losses.effective_beta(weight, pixels=pixels, latents=latents)


def scale(log_var):
    return (0.5 * log_var).exp()


@pytest.mark.parametrize("checker, solution", [
    (check.gaussian_kl, losses.gaussian_kl),
    (check.reparameterize, vae.reparameterize),
    (check.bernoulli_nll, nll),
    (check.effective_beta, effective_beta),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    passes(checker, solution)


@pytest.mark.parametrize("wrong, words", [
    (lambda m, v: -losses.gaussian_kl(m, v), "never negative"),
    (lambda m, v: 2 * losses.gaussian_kl(m, v), "Monte Carlo|200,000 samples"),
    (lambda m, v: losses.gaussian_kl(m, 2 * v), "200,000 samples|never negative"),
    (lambda m, v: losses.gaussian_kl(m, v).sum(1), "Keep one value per dimension"),
    (lambda m, v: losses.gaussian_kl(m, v) + 0.5, "exactly 0"),
    (lambda m, v: 0.5 * (m.exp() - m + v.exp() - v - 2), "as far from the prior"),
])
def test_a_wrong_kl(wrong, words):
    refuses(check.gaussian_kl, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (lambda m, v: m + v.exp() * torch.randn_like(m), "log σ² as if it were log σ"),
    (lambda m, v: m + v * torch.randn_like(m), r"spread is (1\.9|2\.0)"),
    (lambda m, v: m, "where is the noise"),
    (lambda m, v: m + scale(v) * torch.rand_like(m), "Gaussian, or uniform"),
    (
        lambda m, v: m + scale(v) * (torch.rand_like(m) - 0.5) * math.sqrt(12),
        "Is the noise Gaussian",
    ),
    (
        lambda m, v: torch.normal(m, scale(v)).detach(),
        "No gradient reaches mean or log_var",
    ),
    (
        lambda m, v: m + scale(v).detach() * torch.randn_like(m),
        "No gradient reaches log_var",
    ),
    (
        lambda m, v: m.detach() + scale(v) * torch.randn_like(m),
        "Moving the mean by 1",
    ),
    (
        lambda m, v: m + scale(v) * torch.randn(m.shape[0], 1),
        "two dimensions got the same noise",
    ),
    (
        lambda m, v: m + scale(v) * torch.randn(m.shape, generator=seeded(1)),
        "fresh noise every time",
    ),
])
def test_a_wrong_reparameterization(wrong, words):
    refuses(check.reparameterize, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (lambda p, x: nll(p, x) / 25, "You averaged over pixels"),
    (lambda p, x: nll(p, x) / math.log(2), "That is bits"),
    (lambda p, x: -nll(p, x), "Check the sign"),
    (
        lambda p, x: -(x * p.log()).flatten(1).sum(1),
        "25 fair coins should cost|Do pixels at 0 cost",
    ),
    (
        lambda p, x: (p - x).square().flatten(1).sum(1),
        "25 fair coins should cost",
    ),
])
def test_a_wrong_bernoulli_nll(wrong, words):
    refuses(check.bernoulli_nll, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (lambda w, p, k: w, "do not pull in the same direction"),
    (lambda w, p, k: w * p, "do not pull in the same direction"),
    (lambda w, p, k: w * k / p, "do not pull in the same direction"),
    (lambda w, p, k: None, "Return a number, not NoneType"),
])
def test_a_wrong_effective_beta(wrong, words):
    refuses(check.effective_beta, wrong, words)
