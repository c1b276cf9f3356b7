"""Oracles: torch.distributions, Monte Carlo, finite differences."""
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from vaekit import losses
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.losses import terms as losses_terms
from vaekit.models.vae import VAEOutput


def test_gaussian_kl_is_the_closed_form_and_monte_carlo(generator):
    mean = torch.randn(4, 3, generator=generator)
    log_var = torch.randn(4, 3, generator=generator)
    kl = losses.gaussian_kl(mean, log_var)

    std = (0.5 * log_var).exp()
    posterior = Normal(mean, std)
    prior = Normal(0.0, 1.0)
    torch.testing.assert_close(kl, kl_divergence(posterior, prior))

    z = mean + std * torch.randn(200_000, 4, 3, generator=generator)
    estimate = (posterior.log_prob(z) - prior.log_prob(z)).mean(0)
    torch.testing.assert_close(kl, estimate, atol=0.05, rtol=0.05)


@given(st.floats(-5, 5), st.floats(-8, 4))
def test_gaussian_kl_is_never_negative(mean, log_var):
    mean = torch.tensor([[mean]], dtype=torch.double)
    log_var = torch.tensor([[log_var]], dtype=torch.double)
    assert losses.gaussian_kl(mean, log_var).item() >= -1e-12


def test_gaussian_kl_gradient_against_finite_differences(generator):
    like = dict(generator=generator, dtype=torch.double, requires_grad=True)
    mean = torch.randn(2, 3, **like)
    log_var = torch.randn(2, 3, **like)
    assert torch.autograd.gradcheck(losses.gaussian_kl, (mean, log_var))


def test_bernoulli_nll_is_the_log_probability_summed_over_pixels(generator):
    logits = 3 * torch.randn(5, 2, 4, 4, generator=generator)
    x = (torch.rand(5, 2, 4, 4, generator=generator) > 0.5).float()
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
    for error in (-0.1, 0.1):
        assert losses.bernoulli_nll(torch.logit(x + error), x).item() > at_truth


def test_bernoulli_nll_does_not_read_the_values_of_a_tensor_on_another_device(monkeypatch):
    """Reading them would make every training step wait for the GPU."""
    monkeypatch.setattr(losses_terms, "can_be_read_freely", lambda tensor: False)
    monkeypatch.setattr(losses_terms, "check_range", pytest.fail)
    x = torch.full((2, 1, 3, 3), 0.5)
    nll = losses.bernoulli_nll(torch.zeros_like(x), x)
    torch.testing.assert_close(nll, torch.full((2,), 9 * math.log(2)))


def test_squared_error_is_a_gaussian_nll_of_variance_one_half(generator):
    a = torch.rand(3, 1, 5, 5, generator=generator)
    b = torch.rand(3, 1, 5, 5, generator=generator)
    constant = 25 * 0.5 * math.log(math.pi)
    expected = -Normal(a, math.sqrt(0.5)).log_prob(b).sum((1, 2, 3)) - constant
    torch.testing.assert_close(losses.squared_error(a, b), expected)


@settings(deadline=None)
@given(st.floats(0, 20))
def test_negative_elbo_adds_up(beta):
    generator = seeded(1)
    logits = torch.randn(4, 1, 3, 3, generator=generator)
    x = torch.rand(4, 1, 3, 3, generator=generator)
    mean = torch.randn(4, 2, generator=generator)
    log_var = torch.randn(4, 2, generator=generator)

    terms = losses.negative_elbo(VAEOutput(logits, mean, log_var, mean), x, beta=beta)
    assert all(value.shape == (4,) for value in terms.values())
    torch.testing.assert_close(terms["loss"], terms["reconstruction"] + beta * terms["kl"])
    torch.testing.assert_close(terms["kl"], losses.gaussian_kl(mean, log_var).sum(1))


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(1, 12), st.floats(0.01, 10))
def test_effective_beta_gives_a_parallel_gradient(pixels, latents, weight):
    like = dict(generator=seeded(2), dtype=torch.double)
    theta = torch.randn(5, requires_grad=True, **like)
    cost = (torch.randn(pixels, 5, **like) @ theta).square()
    kl = (torch.randn(latents, 5, **like) @ theta).square()

    averaged = cost.mean() + weight * kl.mean()
    beta = losses.effective_beta(weight, pixels=pixels, latents=latents)
    summed = cost.sum() + beta * kl.sum()

    of_averaged = torch.autograd.grad(averaged, theta, retain_graph=True)[0]
    of_summed = torch.autograd.grad(summed, theta)[0]
    torch.testing.assert_close(of_averaged * pixels, of_summed)


def test_effective_beta_of_the_conventions_in_the_wild():
    assert losses.effective_beta(1.0, pixels=784, latents=200) == pytest.approx(3.92)
    # mean BCE + summed KL
    assert losses.effective_beta(pixels=784) == 784

    # the table of its docstring
    assert losses.effective_beta(1) == 1
    assert losses.effective_beta(latents=64) == pytest.approx(0.016, abs=5e-4)
    assert losses.effective_beta(pixels=784, latents=64) == 12.25


@pytest.mark.parametrize("weight, beta", [
    (1e-3, 2.304),
    (1e-4, 0.2304),
    (1e-5, 0.02304),
    (1e-6, 0.002304),
])
def test_effective_beta_of_the_report_on_faces(weight, beta):
    """S2: a squared error averaged over 64·48·3 values in [−1, 1], plus λ times a summed KL."""
    found = losses.effective_beta(weight, pixels=64 * 48 * 3, width=2)
    assert found == pytest.approx(beta)


@pytest.mark.parametrize("pixel_mean, latent_mean, weight", [
    (False, False, 1.0),
    (True, False, 1.0),
    (False, True, 1.0),
    (True, True, 1.0),
    (True, False, 1e-3),
])
def test_a_vae_written_otherwise_has_the_gradient_of_the_elbo_at_that_beta(
    pixel_mean, latent_mean, weight
):
    """The whole loss as people write it, with torch's own reductions, against `negative_elbo`."""
    images = 5
    pixels = 3 * 4 * 4
    latents = 6
    like = dict(generator=seeded(3), dtype=torch.double)
    x = torch.rand(images, 3, 4, 4, **like)
    logits = torch.randn(x.shape, requires_grad=True, **like)
    mean = torch.randn(images, latents, requires_grad=True, **like)
    log_var = torch.randn(images, latents, requires_grad=True, **like)

    # as written
    if pixel_mean:
        bce = binary_cross_entropy_with_logits(logits, x, reduction="mean")
    else:
        bce = binary_cross_entropy_with_logits(logits, x, reduction="sum") / images
    kl_each = -0.5 * (1 + log_var - mean.square() - log_var.exp())
    kl = kl_each.mean() if latent_mean else kl_each.sum() / images
    written = bce + weight * kl

    # the same with everything summed
    averaged_pixels = pixels if pixel_mean else 1
    averaged_latents = latents if latent_mean else 1
    beta = losses.effective_beta(weight, pixels=averaged_pixels, latents=averaged_latents)
    output = VAEOutput(logits, mean, log_var, mean)
    ours = losses.negative_elbo(output, x, beta=beta)["loss"].mean()

    parts = (logits, mean, log_var)
    expected = [averaged_pixels * gradient for gradient in torch.autograd.grad(written, parts)]
    torch.testing.assert_close(list(torch.autograd.grad(ours, parts)), expected)


@pytest.mark.parametrize("low, high, weight", [
    (0.0, 1.0, 1e-3),
    (-1.0, 1.0, 1e-3),
    (-1.0, 1.0, 1e-5),
    (-0.5, 0.5, 1e-3),
    (0.0, 255.0, 2.0),
])
def test_a_squared_error_of_another_range_has_the_gradient_of_ours_at_that_beta(low, high, weight):
    """The loss written out in the images' own range, against ours, in [0, 1]."""
    images = 5
    pixels = 3 * 4 * 4
    like = dict(generator=seeded(4), dtype=torch.double)
    x = torch.rand(images, 3, 4, 4, **like)
    x_hat = torch.rand(x.shape, **like).requires_grad_()
    mean = torch.randn(images, 6, requires_grad=True, **like)
    log_var = torch.randn(images, 6, requires_grad=True, **like)
    kl_each = -0.5 * (1 + log_var - mean.square() - log_var.exp())
    kl = kl_each.sum() / images

    # as written: the same images, stretched to [low, high]
    width = high - low
    x_stretched = low + width * x
    x_hat_stretched = low + width * x_hat
    written = mse_loss(x_hat_stretched, x_stretched) + weight * kl

    beta = losses.effective_beta(weight, pixels=pixels, width=width)
    ours = losses.squared_error(x_hat, x).mean() + beta * kl

    parts = (x_hat, mean, log_var)
    of_written = torch.autograd.grad(written, parts, retain_graph=True)
    expected = [pixels / width**2 * gradient for gradient in of_written]
    torch.testing.assert_close(list(torch.autograd.grad(ours, parts)), expected)


def test_the_beta_of_a_squared_error_is_twice_the_variance_of_the_gaussian_it_stands_for(generator):
    like = dict(generator=generator, dtype=torch.double)
    x = torch.rand(4, 1, 5, 5, **like)
    x_hat = torch.rand(4, 1, 5, 5, **like)
    kl = torch.rand(4, **like)
    beta = losses.effective_beta(1e-5, pixels=64 * 48 * 3, width=2)

    variance = beta / 2
    nll = -Normal(x_hat, math.sqrt(variance)).log_prob(x).sum((1, 2, 3))
    constant = 25 * 0.5 * math.log(2 * math.pi * variance)
    negative_elbo = nll - constant + kl
    ours = losses.squared_error(x_hat, x) + beta * kl
    torch.testing.assert_close(negative_elbo * beta, ours)


ZEROS = torch.zeros(1, 1, 2, 2)
TWO_IMAGES = torch.zeros(2, 1, 2, 2)


@pytest.mark.parametrize("call, words", [
    (lambda: losses.effective_beta(-1), "weight must be ≥ 0, got -1"),
    (lambda: losses.effective_beta(math.nan), "weight must be ≥ 0, got nan"),
    (lambda: losses.effective_beta(1, pixels=0), "pixels must be ≥ 1, got 0"),
    (lambda: losses.effective_beta(1, width=0), "width must be > 0, got 0"),
    (lambda: losses.effective_beta(1, width=-2.0), "width must be > 0, got -2"),
    (lambda: losses.effective_beta(1, width=math.nan), "width must be > 0, got nan"),
    (lambda: losses.effective_beta(1, width=math.inf), "width must be > 0, got inf"),
    (
        lambda: losses.negative_elbo(None, torch.zeros(1), beta=-0.5),
        "beta must be ≥ 0, got -0.5",
    ),
    (
        lambda: losses.bernoulli_nll(ZEROS, torch.full_like(ZEROS, 2.0)),
        r"\[0, 1\], got values from 2 to 2",
    ),
    (
        lambda: losses.bernoulli_nll(ZEROS, -torch.ones_like(ZEROS)),
        r"\[0, 1\], got values from -1 to -1",
    ),
    (
        lambda: losses.bernoulli_nll(TWO_IMAGES, ZEROS),
        r"logits must have the shape of x, got \(2, 1, 2, 2\) for \(1, 1, 2, 2\)",
    ),
    (
        lambda: losses.squared_error(TWO_IMAGES, torch.zeros(2, 1, 2, 1)),
        "x_hat must have the shape of x",
    ),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
