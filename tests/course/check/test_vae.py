"""Checks of the ELBO's parts (lab 02).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from support.checks import passes, refuses
from torch.distributions import Bernoulli, Normal, kl_divergence

from vaekit import losses
from vaekit.course import check
from vaekit.course.answers import answers
from vaekit.device import seeded
from vaekit.models import vae


def nll(p, x):
    return -(x * p.log() + (1 - x) * (1 - p).log()).flatten(1).sum(1)


def effective_beta(weight, pixels, latents):
    return losses.effective_beta(weight, pixels=pixels, latents=latents)


def scale(log_var):
    return (0.5 * log_var).exp()


def one_draw(mean, log_var):
    return mean + scale(log_var) * torch.randn_like(mean)


def nll_of_one(p, x):
    return -(x * p.log() + (1 - x) * torch.log1p(-p)).sum()


@pytest.mark.parametrize("checker, solution", [
    (check.gaussian_kl, losses.gaussian_kl),
    (check.gaussian_kl, lambda m, v: losses.gaussian_kl(m.double(), v.double())),
    (check.gaussian_kl, lambda m, v: kl_divergence(Normal(m, scale(v)), Normal(0.0, 1.0))),
    (check.reparameterize, vae.reparameterize),
    (check.reparameterize, lambda m, v: Normal(m, scale(v)).rsample()),
    (check.reparameterize, lambda m, v: m - v.exp().sqrt() * torch.randn(m.shape)),
    (check.reparameterize, lambda m, v: m.double() + scale(v.double()) * torch.randn_like(m)),
    (check.bernoulli_nll, nll),
    (check.bernoulli_nll, lambda p, x: nll(p.double(), x.double())),
    (
        check.bernoulli_nll,
        lambda p, x: F.binary_cross_entropy(p, x, reduction="none").sum((1, 2, 3)),
    ),
    # unusual ways to the same
    (check.gaussian_kl, lambda m, v: 0.5 * (m.square() + torch.expm1(v) - v)),
    (check.gaussian_kl, lambda m, v: -0.5 * (1 + v - m * m - v.exp())),
    (
        check.gaussian_kl,
        lambda m, v: -scale(v).log() + (scale(v).square() + m.square()) / 2 - 0.5,
    ),
    (check.gaussian_kl, lambda m, v: torch.stack([losses.gaussian_kl(*row) for row in zip(m, v)])),
    (check.gaussian_kl, lambda m, v: F.mse_loss(m, 0 * m, reduction="none") / 2
     + (v.exp() - v - 1) / 2),
    (check.reparameterize, lambda m, v: torch.addcmul(m, scale(v), torch.randn(m.size()))),
    (check.reparameterize, torch.vmap(one_draw, randomness="different")),
    (check.reparameterize, lambda m, v: torch.normal(0.0, 1.0, m.shape).mul(scale(v)).add(m)),
    (
        check.reparameterize,
        lambda m, v: m + torch.special.ndtri(torch.rand_like(m).clamp(1e-6, 1 - 1e-6)) * scale(v),
    ),
    (check.bernoulli_nll, lambda p, x: torch.stack([nll_of_one(*pair) for pair in zip(p, x)])),
    (
        check.bernoulli_nll,
        lambda p, x: -Bernoulli(p, validate_args=False).log_prob(x).sum((1, 2, 3)),
    ),
    (
        check.bernoulli_nll,
        lambda p, x: losses.bernoulli_nll(p.log() - (1 - p).log(), x),
    ),
    (
        check.bernoulli_nll,
        lambda p, x: -(torch.xlogy(x, p) + torch.special.xlog1py(1 - x, -p)).sum((-3, -2, -1)),
    ),
    (
        check.bernoulli_nll,
        lambda p, x: -torch.einsum("nchw->n", x * p.log() + (1 - x) * (1 - p).log()),
    ),
    (check.effective_beta, lambda w, p, k: w / (k / p)),
    (check.effective_beta, lambda w, p, k: Fraction(w) * p / k),
    (check.effective_beta, lambda w, p, k: np.array([w * p / k])),
    (check.effective_beta, effective_beta),
    (check.effective_beta, lambda w, p, k: torch.tensor(w * p / k)),
    (check.effective_beta, lambda w, p, k: np.float32(w) * p / k),
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
    (lambda m, v: 0.5 * (m + v.exp() - 1 - v), "Is the mean squared"),
    (lambda m, v: losses.gaussian_kl(v, m), "mean and log_var not swapped"),
    (lambda m, v: 0.5 * (m**2 + v - 1 - v.log()), "logarithm of 0 or of a negative number"),
    (
        lambda m, v: kl_divergence(Normal(0.0, 1.0), Normal(m, scale(v))),
        "how far the prior is from the posterior",
    ),
    (lambda m, v: losses.gaussian_kl(m, v).detach(), "no gradient reaches mean"),
    (torch.no_grad()(losses.gaussian_kl), "no gradient reaches mean"),
    (lambda m, v: losses.gaussian_kl(m.detach(), v), "no gradient reaches mean"),
    (lambda m, v: losses.gaussian_kl(m, v.detach()), "no gradient reaches log_var"),
    (
        lambda m, v: (m**2 + v.exp().detach() - 1 - v) / 2,
        "gradient by log_var is not how they change",
    ),
    (lambda m, v: losses.gaussian_kl(m, v).mean(0).expand_as(m), "200,000 samples"),
])
def test_a_wrong_kl(wrong, words):
    refuses(check.gaussian_kl, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (lambda m, v: m + v.exp() * torch.randn_like(m), "log σ² as if it were log σ"),
    (lambda m, v: m + v * torch.randn_like(m), r"spread is (1\.9|2\.0)"),
    (lambda m, v: m, "Every sample equals its mean: where is the noise"),
    (lambda m, v: m + scale(v), "equal, and the same again at a second call: where is the noise"),
    (lambda m, v: m + scale(v) * torch.randn(2), "All images of the batch got the same noise"),
    (lambda m, v: m + scale(v) * torch.randn(1), "All images of the batch got the same noise"),
    (lambda m, v: v + scale(m) * torch.randn_like(m), "Are the two arguments swapped"),
    (lambda m, v: scale(v) * torch.randn_like(m), "whatever the mean"),
    (lambda m, v: m * scale(v) * torch.randn_like(m), "whatever the mean"),
    (lambda m, v: m + torch.randn_like(m), "that of the noise alone.*Does log_var enter"),
    (lambda m, v: m + (2 * v).exp() * torch.randn_like(m), r"right mean, .*spread is 5\d\."),
    (lambda m, v: m.mean(0) + scale(v) * torch.randn_like(m), "mean for each image"),
    (lambda m, v: m + scale(v.mean(0)) * torch.randn_like(m), "log_var for each image"),
    (torch.no_grad()(vae.reparameterize), "no_grad"),
    (lambda m, v: Normal(m, scale(v)).sample(), "A random generator passes none on"),
    (lambda m, v: m + scale(v) * torch.rand_like(m), "Gaussian, or uniform"),
    (
        lambda m, v: m + scale(v) * (torch.rand_like(m) - 0.5) * math.sqrt(12),
        "Is the noise Gaussian",
    ),
    (
        lambda m, v: torch.normal(m, scale(v)).detach(),
        "right, but no gradient reaches mean or log_var",
    ),
    (
        lambda m, v: torch.normal(m, scale(v)),
        "right, but no gradient reaches mean or log_var.*generator passes none on",
    ),
    (
        lambda m, v: m + scale(v).detach() * torch.randn_like(m),
        "No gradient reaches log_var",
    ),
    (
        lambda m, v: m.detach() + scale(v) * torch.randn_like(m),
        "No gradient reaches the mean: is it detached",
    ),
    (
        lambda m, v: m + scale(v) * torch.randn(m.shape[0], 1),
        "two dimensions got the same noise",
    ),
    (
        lambda m, v: m + scale(v) * torch.randn(m.shape, generator=seeded(1)),
        "fresh noise every time",
    ),
    (
        lambda m, v: one_draw(m, v) + m.mean() - m.mean().detach(),
        "Moving the mean by 1|of one image moves with the mean or log_var of another",
    ),
    (
        lambda m, v: one_draw(m, v) + v.sum(0) - v.sum(0).detach(),
        "of one image moves with the mean or log_var of another",
    ),
    (
        lambda m, v: m + (2 * scale(v) - scale(v).detach()) * torch.randn_like(m),
        "do not move with log_var",
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
        "only white pixels cost something",
    ),
    (lambda p, x: nll(p.sigmoid(), x), "if 0.5 were a logit"),
    (lambda p, x: losses.bernoulli_nll(p, x), "if 0.5 were a logit"),
    (lambda p, x: nll(x, p), "logarithm of 0"),
    (
        lambda p, x: F.binary_cross_entropy(x, p, reduction="none").sum((1, 2, 3)),
        "of the probability, not that of x",
    ),
    (lambda p, x: nll(p, x.round()), "is x used as it is"),
    (lambda p, x: -(x * p - (1 - x) * p.log()).flatten(1).sum(1), "yours cost"),
    (
        lambda p, x: (p - x).square().flatten(1).sum(1),
        "25 fair coins should cost",
    ),
    (lambda p, x: nll(p, x).detach(), "no gradient reaches the probabilities"),
    (lambda p, x: nll(p.detach(), x), "no gradient reaches the probabilities"),
    (
        lambda p, x: -(x * p.log() + (1 - x) * (1 - p.detach()).log()).sum((1, 2, 3)),
        "their gradient is not how they change",
    ),
    (lambda p, x: nll(p, x) / p.shape[1], "mean of what its channels cost alone"),
    (lambda p, x: nll(p[:, :1], x[:, :1]), "Is every channel counted"),
    (lambda p, x: nll(p, x) + nll(p, x).mean() * (len(p) == 3), "same alone as in a batch"),
])
def test_a_wrong_bernoulli_nll(wrong, words):
    refuses(check.bernoulli_nll, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (lambda w, p, k: w, "do not pull in the same direction"),
    (lambda w, p, k: w * p, "do not pull in the same direction"),
    (lambda w, p, k: w * k / p, "do not pull in the same direction"),
    (lambda w, p, k: p / k, "do not pull in the same direction"),
    (lambda w, p, k: w * (p - k), "do not pull in the same direction"),
    (lambda w, p, k: -w * p / k, "It should be above 0"),
    (lambda w, p, k: None, "Your function returns nothing"),
])
def test_a_wrong_effective_beta(wrong, words):
    refuses(check.effective_beta, wrong, words)


@pytest.mark.parametrize("name", ["gaussian_kl", "reparameterize", "bernoulli_nll"])
@pytest.mark.parametrize("seed", [1, 17])
def test_the_reference_passes_with_other_random_inputs(name, seed):
    assert repr(getattr(check, name)(answers()[name], seed=seed)).startswith("✓ ")


def test_a_check_moves_no_later_random_number():
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    check.reparameterize(vae.reparameterize)
    assert torch.equal(torch.rand(1), expected)
