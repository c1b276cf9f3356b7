"""Latent diagnostics against three oracles.

The linear-Gaussian VAE, whose spectrum says which latents are used; brute force; codes by hand.
"""
import math

import pytest
import torch
from support.scores import check_interval, check_interval_around
from torch.distributions import MultivariateNormal, kl_divergence

from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.losses import gaussian_kl
from vaekit.metrics import latents
from vaekit.models import nets
from vaekit.models.linear_gaussian import LinearGaussian
from vaekit.models.vae import VAE

SPECTRUM = (3.0, 1.0, 0.5, 0.05, 0.0)
SHAPE = (1, 4, 4)


@pytest.fixture
def oracle():
    return LinearGaussian.from_spectrum(SPECTRUM, pixels=8)


@pytest.fixture
def vae():
    torch.manual_seed(0)
    encoder = nets.mlp_encoder(SHAPE, (16,))
    decoder = nets.mlp_decoder(3, (16,), SHAPE)
    return VAE(encoder, decoder, 3, SHAPE)


class Encoder:
    """A model that is only its posterior: the rows of x are the means, the variance is given."""

    likelihood = "none"

    def __init__(self, variance):
        self.variance = torch.as_tensor(variance)

    def posterior(self, x, c=None):
        return x, self.variance.log().expand_as(x).to(x.dtype)


def gaussian(n, d, seed=0):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.double)


def signal_to_noise():
    """s² / σ² of each latent of the oracle, whose σ is 1."""
    return torch.tensor(SPECTRUM, dtype=torch.double).square()


def test_active_units_follow_the_spectrum(oracle, generator):
    x = oracle.sample(4000, generator=generator)
    ratio = signal_to_noise()
    variance = latents.posterior_mean_variance(oracle, x)
    torch.testing.assert_close(variance, ratio / (ratio + 1), rtol=0.08, atol=1e-3)

    score = latents.active_units(oracle, x)
    assert score.value == 3
    assert score.low == 3
    assert score.high == 3
    assert score.n == 4000
    assert score.better == "higher"
    assert score.note == "of 5"
    assert latents.active_units(oracle, x, threshold=0.3).value == 2
    assert latents.active_units(oracle, x, threshold=0.95).value == 0


def test_kl_per_dimension_is_zero_where_nothing_is_encoded(oracle, generator):
    # more than one batch, and not a multiple of it
    x = oracle.sample(3500, generator=generator)
    kl = latents.kl_per_dimension(oracle, x)
    mean, log_var = oracle.posterior(x)
    torch.testing.assert_close(kl, gaussian_kl(mean, log_var).mean(0))

    # averaged over p(x), the KL of the true posterior is the mutual information, ½ log(1 + s²/σ²)
    information = 0.5 * signal_to_noise().log1p()
    torch.testing.assert_close(kl, information, rtol=0.05, atol=1e-3)


@pytest.mark.parametrize(
    "measure",
    [
        latents.kl_per_dimension,
        latents.posterior_mean_variance,
        lambda model, x: latents.aggregate_moments(model, x)[0],
    ],
)
def test_the_last_image_counts(vae, generator, measure):
    x = torch.rand(2500, *SHAPE, generator=generator)
    other = x.clone()
    other[-1] = 1.0
    assert not torch.equal(measure(vae, x), measure(vae, other))


def test_batches_change_nothing(vae, generator):
    x = torch.rand(2500, *SHAPE, generator=generator)
    whole = latents.posteriors(vae, x, batch_size=2500)
    parts = latents.posteriors(vae, x, batch_size=7)
    torch.testing.assert_close(whole, parts, atol=1e-5, rtol=1e-4)
    assert vae.training
    mean, _ = whole
    assert not mean.requires_grad

    stored = ImageSet((x * 255).byte(), torch.zeros(2500, dtype=torch.long), ("image",))
    stored_mean, _ = latents.posteriors(vae, stored)
    torch.testing.assert_close(stored_mean, mean, atol=0.02, rtol=0)


def test_the_true_posteriors_aggregate_is_the_prior(oracle):
    scores = []
    for seed in range(20):
        x = oracle.sample(500, generator=seeded(seed))
        score = latents.aggregate_posterior(oracle, x)
        check_interval(score)
        scores.append(score)

    # a matched model has its floor's value on average
    mean_value = sum(score.value for score in scores) / 20
    mean_floor = sum(score.floor for score in scores) / 20
    assert mean_value == pytest.approx(mean_floor, rel=0.2)
    assert max(score.value for score in scores) < 0.03


def test_the_aggregates_moments_are_those_of_its_samples():
    mixture = torch.tensor([[1.0, 0.5, 0], [0, 0.3, 0], [0, 0, 0.1]], dtype=torch.double)
    x = gaussian(3000, 3) @ mixture + 0.7
    variance = [0.2, 0.5, 2.0]
    std = torch.tensor(variance, dtype=torch.double).sqrt()
    z = x.repeat(100, 1) + std * gaussian(300_000, 3, seed=1)

    m, s = latents.aggregate_moments(Encoder(variance), x)
    torch.testing.assert_close(m, z.mean(0), atol=0.01, rtol=0)
    torch.testing.assert_close(s, torch.cov(z.T), atol=0.02, rtol=0)

    prior = MultivariateNormal(torch.zeros(3).double(), torch.eye(3).double())
    expected = kl_divergence(MultivariateNormal(m, s), prior)
    score = latents.aggregate_posterior(Encoder(variance), x)
    assert score.value == pytest.approx(expected.item())
    check_interval_around(score)
    assert score.value > 10 * score.floor


def test_collapsed_posteriors_match_the_prior_exactly():
    x = torch.zeros(10, 4)
    score = latents.aggregate_posterior(Encoder(1.0), x)
    assert score.value == 0
    assert score.low == 0
    assert score.high == 0
    assert score.floor == 0
    # samples of an unused dimension vary, its mean does not
    assert latents.active_units(Encoder(1.0), x).value == 0


IMAGES = torch.rand(4, *SHAPE, generator=seeded(0))


@pytest.mark.parametrize(
    "x, words",
    [
        (IMAGES[:1], "number of images must be ≥ 2, got 1"),
        (IMAGES * 3, r"must lie in \[0, 1\]"),
        (IMAGES * math.nan, r"must lie in \[0, 1\]"),
        (torch.rand(4, 1, 5, 5), r"images of shape \(N, 1, 4, 4\), got \(4, 1, 5, 5\)"),
    ],
)
def test_bad_images_are_named(vae, x, words):
    with pytest.raises(UserError, match=words):
        latents.kl_per_dimension(vae, x)


@pytest.mark.parametrize(
    "model, x, words",
    [
        (torch.nn.Linear(1, 1), IMAGES, "Linear has no posterior"),
        (Encoder(math.inf), torch.zeros(3, 2), "inf or NaN latents"),
    ],
)
def test_bad_models_are_named(model, x, words):
    with pytest.raises(UserError, match=words):
        latents.aggregate_posterior(model, x)


def test_a_threshold_of_zero_is_refused(vae):
    with pytest.raises(UserError, match="threshold must be > 0, got 0"):
        latents.active_units(vae, IMAGES, threshold=0)


def test_a_batch_size_of_zero_is_refused(vae):
    with pytest.raises(UserError, match="batch_size must be ≥ 1, got 0"):
        latents.posteriors(vae, IMAGES, batch_size=0)
