"""Oracles: the linear-Gaussian VAE, whose spectrum says which latents are used; brute force; codes made by hand."""
import math

import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from vaekit.data import ImageSet
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
    return VAE(nets.mlp_encoder(SHAPE, (16,)), nets.mlp_decoder(3, (16,), SHAPE), 3, SHAPE)


class Encoder:
    """A model that is only its posterior: the rows of x are the means, the variance is given."""

    likelihood = "none"

    def __init__(self, variance):
        self.variance = torch.as_tensor(variance)

    def posterior(self, x):
        return x, self.variance.log().expand_as(x).to(x.dtype)


def gaussian(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def test_active_units_follow_the_spectrum(oracle, generator):
    x = oracle.sample(4000, generator=generator)
    s = torch.tensor(SPECTRUM, dtype=torch.double).square()
    torch.testing.assert_close(latents.posterior_mean_variance(oracle, x), s / (s + 1), rtol=0.08, atol=1e-3)
    score = latents.active_units(oracle, x)
    assert (score.value, score.low, score.high, score.n, score.better, score.note) == (3, 3, 3, 4000, "higher", "of 5")
    assert latents.active_units(oracle, x, threshold=0.3).value == 2 and latents.active_units(oracle, x, threshold=0.95).value == 0


def test_kl_per_dimension_is_zero_where_nothing_is_encoded(oracle, generator):
    x = oracle.sample(3500, generator=generator)             # more than one batch, and not a multiple of it
    kl = latents.kl_per_dimension(oracle, x)
    torch.testing.assert_close(kl, gaussian_kl(*oracle.posterior(x)).mean(0))
    # averaged over p(x), the KL of the true posterior is the mutual information, ½ log(1 + s²/σ²)
    torch.testing.assert_close(kl, 0.5 * torch.tensor(SPECTRUM, dtype=torch.double).square().log1p(), rtol=0.05, atol=1e-3)


def test_every_batch_counts(vae, generator):
    x = torch.rand(2500, *SHAPE, generator=generator)
    other = x.clone()
    other[-1] = 1.0
    for measure in (latents.kl_per_dimension, latents.posterior_mean_variance, lambda m, x: latents.aggregate_moments(m, x)[0]):
        assert not torch.equal(measure(vae, x), measure(vae, other))
    whole, parts = latents.posteriors(vae, x, batch_size=2500), latents.posteriors(vae, x, batch_size=7)
    torch.testing.assert_close(whole, parts, atol=1e-5, rtol=1e-4)
    assert vae.training and not whole[0].requires_grad
    stored = ImageSet((x * 255).byte(), torch.zeros(2500, dtype=torch.long), ("image",))
    torch.testing.assert_close(latents.posteriors(vae, stored)[0], whole[0], atol=0.02, rtol=0)


def test_the_true_posteriors_aggregate_is_the_prior(oracle):
    values, floors = [], []
    for seed in range(20):
        score = latents.aggregate_posterior(oracle, oracle.sample(500, generator=torch.Generator().manual_seed(seed)))
        assert score.low <= score.value <= score.high
        values.append(score.value), floors.append(score.floor)
    assert sum(values) / 20 == pytest.approx(sum(floors) / 20, rel=0.2), "a matched model sits on its floor"
    assert max(values) < 0.03


def test_the_aggregates_moments_are_those_of_its_samples():
    x, variance = gaussian(3000, 3) @ torch.tensor([[1.0, 0.5, 0], [0, 0.3, 0], [0, 0, 0.1]], dtype=torch.double) + 0.7, [0.2, 0.5, 2.0]
    z = x.repeat(100, 1) + torch.tensor(variance, dtype=torch.double).sqrt() * gaussian(300_000, 3, 1)
    m, s = latents.aggregate_moments(Encoder(variance), x)
    torch.testing.assert_close(m, z.mean(0), atol=0.01, rtol=0)
    torch.testing.assert_close(s, torch.cov(z.T), atol=0.02, rtol=0)
    expected = kl_divergence(MultivariateNormal(m, s), MultivariateNormal(torch.zeros(3).double(), torch.eye(3).double()))
    score = latents.aggregate_posterior(Encoder(variance), x)
    assert score.value == pytest.approx(expected.item()) and score.low < score.value < score.high
    assert score.value > 10 * score.floor


def test_collapsed_posteriors_match_the_prior_exactly():
    score = latents.aggregate_posterior(Encoder(1.0), torch.zeros(10, 4))
    assert score.value == score.low == score.high == score.floor == 0
    assert latents.active_units(Encoder(1.0), torch.zeros(10, 4)).value == 0, "samples of an unused dimension vary, its mean does not"


IMAGES = torch.rand(4, *SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("call, words", [
    (lambda v: latents.active_units(v, IMAGES, threshold=0), "threshold must be > 0, got 0"),
    (lambda v: latents.active_units(v, IMAGES[:1]), "number of images must be ≥ 2, got 1"),
    (lambda v: latents.kl_per_dimension(v, IMAGES * 3), r"must lie in \[0, 1\]"),
    (lambda v: latents.kl_per_dimension(v, IMAGES * math.nan), r"must lie in \[0, 1\]"),
    (lambda v: latents.kl_per_dimension(v, torch.rand(4, 1, 5, 5)), r"images of shape \(N, 1, 4, 4\), got \(4, 1, 5, 5\)"),
    (lambda v: latents.kl_per_dimension(torch.nn.Linear(1, 1), IMAGES), "Linear has no posterior"),
    (lambda v: latents.aggregate_posterior(Encoder(math.inf), torch.zeros(3, 2)), "inf or NaN latents"),
])
def test_bad_input_is_named(vae, call, words):
    with pytest.raises(UserError, match=words):
        call(vae)
