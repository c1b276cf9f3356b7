"""A VAE of Gaussian pixels: its density, and what is measured with it."""
import math

import pytest
import torch
from torch.distributions import Normal

from vaekit import metrics
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics.latents import posteriors
from vaekit.models import VAE, GaussianVAE, nets

SHAPE = (1, 8, 8)


def model(kind=GaussianVAE):
    torch.manual_seed(0)
    encoder = nets.mlp_encoder(SHAPE, (16,))
    return kind(encoder, nets.mlp_decoder(3, (16,), SHAPE), 3, SHAPE).eval()


def images(n=6):
    return torch.rand(n, *SHAPE, generator=seeded(1))


def test_the_density_is_that_of_a_normal_distribution_of_variance_one_half():
    vae = model()
    x = images()
    z = torch.randn(6, 3, generator=seeded(2))
    oracle = Normal(vae.decode(z), math.sqrt(0.5)).log_prob(x).flatten(1).sum(1)
    assert torch.allclose(vae.log_likelihood(x, z), oracle, rtol=1e-5)


def test_a_perfect_reconstruction_has_the_largest_density():
    vae = model()
    z = torch.zeros(1, 3)
    best = vae.log_likelihood(vae.decode(z), z)
    assert best.item() == pytest.approx(-0.5 * 64 * math.log(math.pi), rel=1e-6)


def test_the_two_likelihoods_share_all_else():
    gaussian = model()
    bernoulli = model(VAE)
    x = images()
    assert torch.equal(gaussian.encode(x), bernoulli.encode(x))
    assert torch.equal(gaussian.reconstruct(x), bernoulli.reconstruct(x))
    assert gaussian.settings != bernoulli.settings


def test_one_latent_per_image_is_needed():
    with pytest.raises(UserError, match="one latent z per image x is needed, got 2 and 6"):
        model().log_likelihood(images(), torch.zeros(2, 3))


def test_bytes_are_measured_as_the_pixels_they_are():
    """As of every model of images, though its likelihood is no Bernoulli's."""
    vae = model()
    pixels = (images() * 255).round().to(torch.uint8)
    floats = pixels.float() / 255
    mean, _ = posteriors(vae, pixels)
    expected, _ = posteriors(vae, floats)
    assert torch.equal(mean, expected)


def test_its_nll_has_no_entropy_beneath_it():
    score = metrics.nll(model(), images(), 3)
    assert math.isfinite(score.value)
    assert score.floor is None


def test_images_outside_0_1_are_refused():
    with pytest.raises(UserError, match="0"):
        metrics.nll(model(), 2 * images(), 3)
