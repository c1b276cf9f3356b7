"""Oracles: torch.distributions, Monte Carlo, finite differences."""
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence

from vaekit import losses
from vaekit.errors import UserError
from vaekit.models.vae import VAEOutput


def test_gaussian_kl_is_the_closed_form_and_monte_carlo(generator):
    mean, log_var = torch.randn(4, 3, generator=generator), torch.randn(4, 3, generator=generator)
    kl = losses.gaussian_kl(mean, log_var)
    q, p = Normal(mean, (0.5 * log_var).exp()), Normal(0.0, 1.0)
    torch.testing.assert_close(kl, kl_divergence(q, p))
    z = mean + (0.5 * log_var).exp() * torch.randn(200_000, 4, 3, generator=generator)
    torch.testing.assert_close(kl, (q.log_prob(z) - p.log_prob(z)).mean(0), atol=0.05, rtol=0.05)


@given(st.floats(-5, 5), st.floats(-8, 4))
def test_gaussian_kl_is_never_negative(mean, log_var):
    assert losses.gaussian_kl(torch.tensor([[mean]], dtype=torch.float64), torch.tensor([[log_var]], dtype=torch.float64)).item() >= -1e-12


def test_gaussian_kl_gradient_against_finite_differences(generator):
    mean, log_var = (torch.randn(2, 3, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(losses.gaussian_kl, (mean, log_var))


def test_bernoulli_nll_is_the_log_probability_summed_over_pixels(generator):
    logits, x = 3 * torch.randn(5, 2, 4, 4, generator=generator), (torch.rand(5, 2, 4, 4, generator=generator) > 0.5).float()
    expected = -Bernoulli(logits=logits).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(losses.bernoulli_nll(logits, x), expected)


def test_bernoulli_nll_survives_extreme_logits():
    x = torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2)
    logits = torch.tensor([200.0, -200.0]).reshape(1, 1, 1, 2)
    assert losses.bernoulli_nll(logits, x).item() == pytest.approx(400)


def test_bernoulli_nll_of_grey_pixels_is_least_at_their_entropy():
    x = torch.full((1, 1, 2, 2), 0.3)
    entropy = -4 * (0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    at_truth = losses.bernoulli_nll(torch.logit(x), x).item()
    assert at_truth == pytest.approx(entropy, rel=1e-5)
    assert all(losses.bernoulli_nll(torch.logit(x + d), x).item() > at_truth for d in (-0.1, 0.1))


def test_squared_error_is_a_gaussian_nll_of_variance_one_half(generator):
    a, b = torch.rand(3, 1, 5, 5, generator=generator), torch.rand(3, 1, 5, 5, generator=generator)
    constant = 25 * 0.5 * math.log(math.pi)
    expected = -Normal(a, math.sqrt(0.5)).log_prob(b).sum((1, 2, 3)) - constant
    torch.testing.assert_close(losses.squared_error(a, b), expected)


@settings(deadline=None)
@given(st.floats(0, 20))
def test_negative_elbo_adds_up(beta):
    g = torch.Generator().manual_seed(1)
    logits, x = torch.randn(4, 1, 3, 3, generator=g), torch.rand(4, 1, 3, 3, generator=g)
    mean, log_var = torch.randn(4, 2, generator=g), torch.randn(4, 2, generator=g)
    terms = losses.negative_elbo(VAEOutput(logits, mean, log_var, mean), x, beta=beta)
    assert all(value.shape == (4,) for value in terms.values())
    torch.testing.assert_close(terms["loss"], terms["reconstruction"] + beta * terms["kl"])
    torch.testing.assert_close(terms["kl"], losses.gaussian_kl(mean, log_var).sum(1))


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 12), st.floats(0.01, 10))
def test_effective_beta_gives_a_parallel_gradient(pixels, latents, weight):
    g = torch.Generator().manual_seed(2)
    theta = torch.randn(5, generator=g, dtype=torch.float64, requires_grad=True)
    cost = (torch.randn(pixels, 5, generator=g, dtype=torch.float64) @ theta).square()
    kl = (torch.randn(latents, 5, generator=g, dtype=torch.float64) @ theta).square()
    beta = losses.effective_beta(weight, pixels=pixels, latents=latents)
    averaged = torch.autograd.grad(cost.mean() + weight * kl.mean(), theta, retain_graph=True)[0]
    summed = torch.autograd.grad(cost.sum() + beta * kl.sum(), theta)[0]
    torch.testing.assert_close(averaged * pixels, summed)


def test_effective_beta_of_the_conventions_in_the_wild():
    assert losses.effective_beta(1.0, pixels=784, latents=200) == pytest.approx(3.92)
    assert losses.effective_beta(pixels=784) == 784                       # mean BCE + summed KL
    assert losses.effective_beta(1e-5, pixels=3 * 64 * 48) == pytest.approx(0.09216)
    # the table of its docstring
    assert losses.effective_beta(1) == 1
    assert losses.effective_beta(latents=64) == pytest.approx(0.016, abs=5e-4) and losses.effective_beta(pixels=784, latents=64) == 12.25
    in_the_report = [losses.effective_beta(weight, pixels=9216) for weight in (1e-3, 1e-4, 1e-5, 1e-6)]
    assert in_the_report == pytest.approx([9.2, 0.92, 0.092, 0.0092], rel=5e-3)


@pytest.mark.parametrize("pixel_mean, latent_mean, weight", [(False, False, 1.0), (True, False, 1.0), (False, True, 1.0), (True, True, 1.0),
                                                             (True, False, 1e-3)])
def test_a_vae_written_otherwise_has_the_gradient_of_the_elbo_at_that_beta(pixel_mean, latent_mean, weight):
    """The whole loss as people write it, with torch's own reductions, against `negative_elbo`."""
    g = torch.Generator().manual_seed(3)
    images, pixels, latents = 5, 3 * 4 * 4, 6
    x = torch.rand(images, 3, 4, 4, generator=g, dtype=torch.double)
    logits, mean, log_var = (torch.randn(shape, generator=g, dtype=torch.double, requires_grad=True)
                             for shape in (x.shape, (images, latents), (images, latents)))
    bce = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="mean" if pixel_mean else "sum") / (1 if pixel_mean else images)
    kl = -0.5 * (1 + log_var - mean.square() - log_var.exp())
    written = bce + weight * (kl.mean() if latent_mean else kl.sum() / images)
    counts = {"pixels": pixels if pixel_mean else 1, "latents": latents if latent_mean else 1}
    ours = losses.negative_elbo(VAEOutput(logits, mean, log_var, mean), x, beta=losses.effective_beta(weight, **counts))["loss"].mean()
    expected = [gradient * counts["pixels"] for gradient in torch.autograd.grad(written, (logits, mean, log_var))]
    torch.testing.assert_close(list(torch.autograd.grad(ours, (logits, mean, log_var))), expected)


@pytest.mark.parametrize("call, words", [
    (lambda: losses.effective_beta(-1), "weight must be ≥ 0, got -1"),
    (lambda: losses.effective_beta(math.nan), "weight must be ≥ 0, got nan"),
    (lambda: losses.effective_beta(1, pixels=0), "≥ 1; got 0 and 1"),
    (lambda: losses.negative_elbo(None, torch.zeros(1), beta=-0.5), "beta must be ≥ 0, got -0.5"),
    (lambda: losses.bernoulli_nll(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 2.0)), r"\[0, 1\], got values from 2 to 2"),
    (lambda: losses.bernoulli_nll(torch.zeros(1, 1, 2, 2), -torch.ones(1, 1, 2, 2)), r"\[0, 1\], got values from -1 to -1"),
    (lambda: losses.bernoulli_nll(torch.zeros(2, 1, 2, 2), torch.zeros(1, 1, 2, 2)), r"shape of its image, got \(2, 1, 2, 2\) for \(1, 1, 2, 2\)"),
    (lambda: losses.squared_error(torch.zeros(2, 1, 2, 2), torch.zeros(2, 1, 2, 1)), "shape of its image"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
