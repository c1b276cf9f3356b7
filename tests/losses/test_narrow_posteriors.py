"""log q(z | x) of posteriors so narrow that float32 cannot hold z − μ, against float64."""
import math

import pytest
import torch
from torch.distributions import Normal

from vaekit import losses
from vaekit.device import seeded
from vaekit.models import VAE, nets
from vaekit.models.vae import VAEOutput

N = 6
D = 3
NARROW = [-20.0, -35.0, -60.0, -89.0, -150.0, -200.0, -1000.0]


def output(log_var, samples=1, seed=0):
    """A VAE's output in float32 with posteriors of this log-variance; images to go with it."""
    noise = seeded(seed)
    mean = 2 * torch.randn(N, D, generator=noise)
    log_var = log_var + torch.rand(N, D, generator=noise)
    epsilon = torch.randn(samples, N, D, generator=noise)
    z = mean + torch.exp(0.5 * log_var) * epsilon
    logits = torch.randn(samples, N, 1, 2, 2, generator=noise)
    x = torch.rand(N, 1, 2, 2, generator=noise)
    if samples == 1:
        logits, z, epsilon = logits[0], z[0], epsilon[0]
    parts = [part.requires_grad_() for part in (logits, mean, log_var)]
    return VAEOutput(*parts, z, epsilon), x


def log_q_of(out):
    """log q(z | x) per dimension, float64: the density of μ + σε at the noise itself."""
    log_of_noise = Normal(0.0, 1.0).log_prob(out.epsilon.double())
    return log_of_noise - 0.5 * out.log_var.double()


def log_p_of(out):
    z = out.mean.double() + torch.exp(0.5 * out.log_var.double()) * out.epsilon.double()
    return Normal(0.0, 1.0).log_prob(z).sum(-1)


@pytest.mark.parametrize("log_var", [-80.0, -88.0, -89.0, -177.0, -200.0, -1e3, -1e4])
def test_the_density_at_the_mean_is_finite_and_right(log_var):
    mean = torch.tensor([0.7, -3.0])
    log_var = torch.full((2,), log_var, requires_grad=True)
    found = losses.log_normal(mean, mean, log_var)
    torch.testing.assert_close(found, -0.5 * (log_var + math.log(2 * math.pi)))

    (slope,) = torch.autograd.grad(found.sum(), log_var)
    assert torch.equal(slope, torch.full((2,), -0.5))


@pytest.mark.parametrize("log_var, distance", [
    (-60.0, 1e-13),
    (-88.0, 1e-19),
    (-100.0, 1e-20),
    (-150.0, 1e-30),
    (-190.0, 1e-38),
    (60.0, 1e14),
])
def test_the_density_beside_the_mean_is_that_of_float64(log_var, distance):
    z = torch.tensor([distance])
    mean = torch.zeros(1)
    log_var = torch.tensor([log_var])
    std = torch.exp(0.5 * log_var.double())
    expected = Normal(mean.double(), std).log_prob(z.double())
    found = losses.log_normal(z, mean, log_var).double()
    torch.testing.assert_close(found, expected, rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("log_var", NARROW)
def test_far_from_the_mean_the_density_is_0_and_nothing_is_nan(log_var):
    z = torch.tensor([1.0], requires_grad=True)
    log_var = torch.tensor([log_var], requires_grad=True)
    density = losses.log_normal(z, torch.zeros(1), log_var)
    assert density.isfinite().all()
    assert density < -1e8

    # as beside a posterior that counts: this one has no weight
    mixture = torch.logsumexp(torch.cat([density, torch.zeros(1)]), 0)
    for slope in torch.autograd.grad(mixture, (z, log_var)):
        assert torch.equal(slope, torch.zeros(1))


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize("log_var", NARROW)
def test_importance_weighting_is_exact_and_has_a_gradient(log_var, samples):
    out, x = output(log_var, samples)
    log_q = log_q_of(out).sum(-1)
    logits = out.logits.double().reshape(samples, N, 1, 2, 2)
    nll = torch.stack([losses.bernoulli_nll(draw, x.double()) for draw in logits])
    log_weights = (log_p_of(out) - log_q).reshape(samples, N) - nll
    expected = math.log(samples) - torch.logsumexp(log_weights, 0)

    loss = losses.ImportanceWeighted(samples)(out, x)["loss"]
    torch.testing.assert_close(loss.double(), expected, rtol=1e-6, atol=1e-4)

    for gradient in torch.autograd.grad(loss.sum(), (out.logits, out.log_var)):
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0


@pytest.mark.parametrize("log_var", NARROW)
def test_tcvae_of_posteriors_that_do_not_overlap(log_var):
    """q(z) at z is the own posterior's share alone, 1 / images; so it is for each dimension."""
    images = 50
    out, x = output(log_var)
    terms = losses.beta_tcvae(out, x, images=images)
    log_q = log_q_of(out)
    expected = {
        "information": torch.full((N,), math.log(images)).double(),
        "correlation": log_q.sum(1) - math.log(images) - (log_q - math.log(images)).sum(1),
        "marginals": (log_q - math.log(images)).sum(1) - log_p_of(out),
    }
    for name, value in expected.items():
        torch.testing.assert_close(terms[name].double(), value, rtol=1e-6, atol=1e-4)

    for gradient in torch.autograd.grad(terms["loss"].sum(), (out.logits, out.log_var)):
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0


def test_without_the_noise_rounding_costs_what_the_noise_saves():
    """At log σ² = −35, z − μ of float32 is off by half a nat per dimension and more."""
    out, _ = output(-35.0)
    with_noise = losses.ImportanceWeighted(1)(out, torch.zeros(N, 1, 2, 2))["loss"]
    without = out._replace(epsilon=None)
    rounded = losses.ImportanceWeighted(1)(without, torch.zeros(N, 1, 2, 2))["loss"]
    assert (rounded - with_noise).abs().mean() / D > 0.3


@pytest.mark.parametrize("samples", [1, 4])
def test_a_vae_gives_the_noise_its_latents_are_made_of(samples):
    torch.manual_seed(0)
    shape = (1, 4, 4)
    model = VAE(nets.mlp_encoder(shape, (8,)), nets.mlp_decoder(D, (8,), shape), D, shape)
    out = model(torch.rand(5, *shape), samples=samples)
    expected = out.mean + torch.exp(0.5 * out.log_var) * out.epsilon
    assert out.epsilon.shape == out.z.shape
    torch.testing.assert_close(out.z, expected)
