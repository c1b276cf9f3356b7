"""The VAE without a condition: its contract, its samples and its bound."""
import math

import pytest
import torch
from torch import nn

from vaekit import losses
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models import nets
from vaekit.models.vae import VAE, reparameterize

SHAPE = (1, 8, 8)


@pytest.fixture
def model():
    torch.manual_seed(0)
    encoder = nets.mlp_encoder(SHAPE, (16,))
    decoder = nets.mlp_decoder(3, (16,), SHAPE)
    return VAE(encoder, decoder, 3, SHAPE)


def test_reparameterize_has_the_right_moments_and_gradient(generator):
    n = 100_000
    mean = torch.full((n, 2), 1.5, requires_grad=True)
    log_var = torch.full((n, 2), -1.0, requires_grad=True)
    z = reparameterize(mean, log_var, generator=generator)
    assert z.mean().item() == pytest.approx(1.5, abs=0.01)
    assert z.std().item() == pytest.approx(math.exp(-0.5), abs=0.01)

    # E z² = μ² + σ², so dE/dμ = 2μ and dE/dlogσ² = σ², in each of two dimensions
    second_moment = z.square().sum() / n
    d_mean, d_log_var = torch.autograd.grad(second_moment, (mean, log_var))
    assert d_mean.sum().item() == pytest.approx(2 * 2 * 1.5, abs=0.05)
    assert d_log_var.sum().item() == pytest.approx(2 * math.exp(-1), abs=0.05)


def test_the_contract(model):
    x = torch.rand(5, *SHAPE)
    mean, log_var = model.posterior(x)
    assert mean.shape == (5, 3)
    assert log_var.shape == (5, 3)
    torch.testing.assert_close(model.encode(x), mean)
    torch.testing.assert_close(model.reconstruct(x), model.decode(mean).detach())


def test_samples_are_images_and_follow_the_generator(model, generator):
    samples = model.sample(7, generator=generator)
    assert samples.shape == (7, *SHAPE)
    assert not samples.requires_grad
    assert samples.min() >= 0
    assert samples.max() <= 1
    assert torch.equal(samples, model.sample(7, generator=seeded(0)))


def test_samples_come_from_the_prior(model):
    """A decoder that shows its latent shows the prior: mean 0, deviation 1, not uniform."""
    model.decoder = nn.Sequential(nn.Linear(3, 64, bias=False), nn.Unflatten(1, SHAPE))
    with torch.no_grad():
        model.decoder[0].weight.zero_()[0, 0] = 1.0
    first_pixels = model.sample(20_000, generator=seeded(3))[:, 0, 0, 0]
    z = torch.logit(first_pixels)
    assert z.mean().abs() < 0.03
    assert z.std().item() == pytest.approx(1, abs=0.03)
    assert (z.abs() > 2).float().mean().item() == pytest.approx(0.0455, abs=0.006)


def test_forward_samples_the_posterior_and_gives_logits(model):
    x = torch.rand(4, *SHAPE)
    with torch.no_grad():
        # σ ≈ 0: the sample is the mean
        model.to_log_var.bias.fill_(-60.0)
        output = model(x)
    torch.testing.assert_close(output.z, output.mean)
    torch.testing.assert_close(torch.sigmoid(output.logits), model.decode(output.z).detach())


def test_forward_does_not_read_the_labels_of_a_batch(model):
    x = torch.rand(2, *SHAPE)
    torch.manual_seed(1)
    without = model(x)
    torch.manual_seed(1)
    with_labels = model(x, torch.tensor([0, 1]))
    assert torch.equal(with_labels.logits, without.logits)
    assert torch.equal(with_labels.z, without.z)


def log_p_by_importance_sampling(model, x):
    """log p(x) of each image, from 20,000 draws of the prior."""
    z = torch.randn(20_000, 3, generator=seeded(6))
    logits = model.decoder(z)
    found = []
    for one in x:
        log_w = -losses.bernoulli_nll(logits, one.expand_as(logits))
        found.append(torch.logsumexp(log_w, 0) - math.log(len(z)))
    return torch.stack(found)


def test_the_elbo_is_below_the_log_likelihood(model):
    x = (torch.rand(3, *SHAPE, generator=seeded(5)) > 0.5).float()
    with torch.no_grad():
        draws = [losses.negative_elbo(model(x), x)["loss"] for _ in range(400)]
        bound = -torch.stack(draws).mean(0)
        log_p = log_p_by_importance_sampling(model, x)
    assert bool((bound < log_p).all())


def test_several_draws_differ_and_have_the_posteriors_moments(model):
    x = torch.rand(2, *SHAPE, generator=seeded(5))
    with torch.no_grad():
        model.to_log_var.bias.copy_(torch.tensor([-1.0, 0.0, 1.0]))
        output = model(x, samples=20_000)
        torch.testing.assert_close((output.mean, output.log_var), model.posterior(x))
    assert output.logits.shape == (20_000, 2, *SHAPE)
    assert output.z.shape == (20_000, 2, 3)
    assert output.mean.shape == (2, 3)
    assert output.log_var.shape == (2, 3)
    torch.testing.assert_close(output.logits[7], model.logits(output.z[7]).detach())

    std = (0.5 * output.log_var).exp()
    assert bool(((output.z.mean(0) - output.mean).abs() < 0.03 * std).all())
    assert bool(((output.z.std(0) / std - 1).abs() < 0.03).all())

    # each draw, and each image, has noise of its own
    noise = (output.z - output.mean) / std
    assert (noise[:-1] * noise[1:]).mean().abs() < 0.02
    assert (noise[:, 0] * noise[:, 1]).mean().abs() < 0.02


def test_several_draws_let_the_gradient_through(model):
    x = torch.rand(2, *SHAPE)
    loss = losses.ImportanceWeighted(4)(model(x, samples=4), x)["loss"]
    loss.sum().backward()
    for name, p in model.named_parameters():
        assert p.grad is not None, f"{name} has no gradient"
        assert p.grad.abs().sum() > 0, f"the gradient of {name} is 0"


def test_hidden_layers_follow_the_features():
    decoder = nets.mlp_decoder(3, (16,), SHAPE)
    model = VAE(nn.Flatten(), decoder, 3, SHAPE, hidden=(20, 10))
    linear = [layer for layer in model.joint if isinstance(layer, nn.Linear)]
    assert [layer.out_features for layer in linear] == [20, 10]
    assert linear[0].in_features == 64
    assert model.to_mean.in_features == 10
    assert model.to_log_var.in_features == 10

    x = torch.rand(4, *SHAPE)
    expected = model.to_mean(model.joint(x.flatten(1)))
    torch.testing.assert_close(model.encode(x), expected)


def test_a_hidden_width_is_checked():
    with pytest.raises(UserError, match="a hidden width must be ≥ 1, got 0"):
        VAE(nn.Flatten(), nets.mlp_decoder(3, (16,), SHAPE), 3, SHAPE, hidden=(0,))


@pytest.mark.parametrize(
    "latent_dim, words",
    [
        (0, "latent_dim must be ≥ 1, got 0"),
        (-2, "latent_dim must be ≥ 1, got -2"),
        (1.5, "latent_dim of VAE must be int, got float 1.5"),
    ],
)
def test_latent_dim_is_checked(latent_dim, words):
    encoder = nets.mlp_encoder(SHAPE, (16,))
    decoder = nets.mlp_decoder(3, (16,), SHAPE)
    with pytest.raises(UserError, match=words):
        VAE(encoder, decoder, latent_dim, SHAPE)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda m: m.sample(0), "n must be ≥ 1, got 0"),
        (lambda m: m(torch.rand(2, *SHAPE), samples=0), "samples must be ≥ 1, got 0"),
        (lambda m: m.encode(torch.tensor(0.5)), r"takes images of shape .* got \(\)"),
        (lambda m: m.decode(torch.tensor(0.5)), r"takes latents of shape .* got \(\)"),
    ],
)
def test_bad_input_is_named(model, call, words):
    with pytest.raises(UserError, match=words):
        call(model)
