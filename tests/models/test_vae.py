import math

import pytest
import torch

from vaekit import losses
from vaekit.errors import UserError
from vaekit.models import nets
from vaekit.models.vae import VAE, reparameterize

SHAPE = (1, 8, 8)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return VAE(nets.mlp_encoder(SHAPE, (16,)), nets.mlp_decoder(3, (16,), SHAPE), 3, SHAPE)


def test_reparameterize_has_the_right_moments_and_gradient(generator):
    mean, log_var = torch.full((100_000, 2), 1.5, requires_grad=True), torch.full((100_000, 2), -1.0, requires_grad=True)
    z = reparameterize(mean, log_var, generator=generator)
    assert z.mean().item() == pytest.approx(1.5, abs=0.01) and z.std().item() == pytest.approx(math.exp(-0.5), abs=0.01)
    d_mean, d_log_var = torch.autograd.grad(z.square().sum() / 100_000, (mean, log_var))
    # E z² = μ² + σ², so dE/dμ = 2μ and dE/dlogσ² = σ², in each of two dimensions
    assert d_mean.sum().item() == pytest.approx(2 * 2 * 1.5, abs=0.05) and d_log_var.sum().item() == pytest.approx(2 * math.exp(-1), abs=0.05)


def test_the_contract(model, generator):
    x = torch.rand(5, *SHAPE)
    mean, log_var = model.posterior(x)
    assert mean.shape == log_var.shape == (5, 3)
    torch.testing.assert_close(model.encode(x), mean)
    torch.testing.assert_close(model.reconstruct(x), model.decode(mean).detach())
    samples = model.sample(7, generator=generator)
    assert samples.shape == (7, *SHAPE) and not samples.requires_grad and samples.min() >= 0 and samples.max() <= 1
    assert torch.equal(samples, model.sample(7, generator=torch.Generator().manual_seed(0))), "same generator, same samples"


def test_samples_come_from_the_prior(model):
    """With a decoder that reports its latent, the samples are the prior: mean 0, standard deviation 1, not uniform."""
    model.decoder = torch.nn.Sequential(torch.nn.Linear(3, 64, bias=False), torch.nn.Unflatten(1, SHAPE))
    with torch.no_grad():
        model.decoder[0].weight.zero_()[0, 0] = 1.0
    z = torch.logit(model.sample(20_000, generator=torch.Generator().manual_seed(3))[:, 0, 0, 0])
    assert z.mean().abs() < 0.03 and z.std().item() == pytest.approx(1, abs=0.03)
    assert (z.abs() > 2).float().mean().item() == pytest.approx(0.0455, abs=0.006)


def test_forward_samples_the_posterior_and_gives_logits(model):
    x = torch.rand(4, *SHAPE)
    with torch.no_grad():
        model.to_log_var.bias.fill_(-60.0)                       # σ ≈ 0: the sample is the mean
        output = model(x)
    torch.testing.assert_close(output.z, output.mean)
    torch.testing.assert_close(torch.sigmoid(output.logits), model.decode(output.z).detach())


def test_the_elbo_is_below_the_log_likelihood(model):
    """Importance sampling from the prior estimates log p(x); the ELBO must lie below it."""
    with torch.no_grad():
        x = (torch.rand(3, *SHAPE, generator=torch.Generator().manual_seed(5)) > 0.5).float()
        bound = -torch.stack([losses.negative_elbo(model(x), x)["loss"] for _ in range(400)]).mean(0)
        z = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(6))
        logits = model.decoder(z)
        log_p = torch.stack([torch.logsumexp(-losses.bernoulli_nll(logits, one.expand_as(logits)), 0) - math.log(len(z)) for one in x])
    assert bool((bound < log_p).all())


def test_several_draws_differ_and_have_the_posteriors_moments(model):
    x = torch.rand(2, *SHAPE, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        model.to_log_var.bias.copy_(torch.tensor([-1.0, 0.0, 1.0]))
        output = model(x, samples=20_000)
    assert output.logits.shape == (20_000, 2, *SHAPE) and output.z.shape == (20_000, 2, 3) and output.mean.shape == output.log_var.shape == (2, 3)
    torch.testing.assert_close((output.mean, output.log_var), model.posterior(x))
    std = (0.5 * output.log_var).exp()
    assert bool(((output.z.mean(0) - output.mean).abs() < 0.03 * std).all() and ((output.z.std(0) / std - 1).abs() < 0.03).all())
    noise = (output.z - output.mean) / std
    assert (noise[:-1] * noise[1:]).mean().abs() < 0.02 and (noise[:, 0] * noise[:, 1]).mean().abs() < 0.02, "each draw has noise of its own"
    torch.testing.assert_close(output.logits[7], model.logits(output.z[7]).detach())


def test_several_draws_let_the_gradient_through(model):
    x = torch.rand(2, *SHAPE)
    losses.ImportanceWeighted(4)(model(x, samples=4), x)["loss"].sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.parameters())


def test_hidden_layers_follow_the_features():
    model = VAE(torch.nn.Flatten(), nets.mlp_decoder(3, (16,), SHAPE), 3, SHAPE, hidden=(20, 10))
    assert [layer.out_features for layer in model.joint if isinstance(layer, torch.nn.Linear)] == [20, 10]
    assert (model.joint[0].in_features, model.to_mean.in_features, model.to_log_var.in_features) == (64, 10, 10)
    x = torch.rand(4, *SHAPE)
    torch.testing.assert_close(model.encode(x), model.to_mean(model.joint(x.flatten(1))))
    with pytest.raises(UserError, match="a hidden width must be ≥ 1, got 0"):
        VAE(torch.nn.Flatten(), nets.mlp_decoder(3, (16,), SHAPE), 3, SHAPE, hidden=(0,))


@pytest.mark.parametrize("latent_dim, words", [(0, "latent_dim must be ≥ 1, got 0"), (-2, "latent_dim must be ≥ 1, got -2"), (1.5, "whole number")])
def test_latent_dim_is_checked(latent_dim, words):
    with pytest.raises(UserError, match=words):
        VAE(nets.mlp_encoder(SHAPE, (16,)), nets.mlp_decoder(3, (16,), SHAPE), latent_dim, SHAPE)


def test_counts_are_checked(model):
    with pytest.raises(UserError, match="n must be ≥ 1, got 0"):
        model.sample(0)
    with pytest.raises(UserError, match="samples must be ≥ 1, got 0"):
        model(torch.rand(2, *SHAPE), samples=0)
