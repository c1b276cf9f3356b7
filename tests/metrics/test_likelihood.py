"""Bounds on the likelihood against two oracles.

The linear-Gaussian VAE, whose log p(x) is known; then a real VAE, against its prior's samples.
"""
import math

import numpy as np
import pytest
import torch
from support.likelihoods import SHAPE, black_and_white, spectral_oracle, vae_of_16_pixels
from support.scores import check_interval

from vaekit import losses
from vaekit.data import ImageSet, checks
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics.likelihood import (
    bernoulli_entropy,
    bits_per_dimension,
    importance_bound,
    importance_weights,
    log_mean_exp,
    nll,
)
from vaekit.metrics.score import Score
from vaekit.models.linear_gaussian import LinearGaussian

PIXELS = 16


class Inattentive(LinearGaussian):
    """It calls its likelihood Bernoulli's and looks at no value, as a VAE on a GPU does not."""

    likelihood = "Bernoulli"


class Clumsy(LinearGaussian):
    """The oracle with an encoder that is off: shifted by 0.3, and twice too wide."""

    def posterior(self, x, c=None):
        mean, log_var = super().posterior(x, c)
        return mean + 0.3, log_var + math.log(4)


@pytest.fixture
def oracle():
    return spectral_oracle()


@pytest.fixture
def clumsy():
    return Clumsy.from_spectrum([2.0, 1.0, 0.5], pixels=8)


@pytest.fixture
def vae():
    return vae_of_16_pixels()


@pytest.fixture
def images():
    return black_and_white()


def elbo_of(model, x):
    mean, log_var = model.posterior(x)
    return model.elbo(x, mean, log_var)


def test_with_the_true_posterior_all_weights_are_log_p(oracle, generator):
    x = oracle.sample(20, generator=generator)
    log_p = oracle.log_prob(x)
    torch.testing.assert_close(importance_weights(oracle, x, 7), log_p.expand(7, 20))
    for k in (1, 2, 50):
        torch.testing.assert_close(importance_bound(oracle, x, k), log_p)
    assert nll(oracle, x, 3).value == pytest.approx(-log_p.mean().item(), abs=1e-9)


def test_elbo_below_bound_below_log_p_and_rising_with_k(clumsy, generator):
    x = clumsy.sample(200, generator=generator)
    log_p = clumsy.log_prob(x).mean().item()
    elbo = elbo_of(clumsy, x).mean().item()
    bounds = [importance_bound(clumsy, x, k).mean().item() for k in (1, 4, 16, 64, 256)]

    # k = 1 estimates the ELBO; one log-weight varies by about 4 nats
    assert bounds[0] == pytest.approx(elbo, abs=0.8)
    assert bounds == sorted(bounds)
    assert len(set(bounds)) == len(bounds)
    assert elbo + 0.3 < bounds[1]
    assert bounds[-1] < log_p + 0.03

    # the truth, with enough samples
    many = importance_bound(clumsy, x, 3000).mean().item()
    assert many == pytest.approx(log_p, abs=0.01)


def test_the_mean_log_weight_is_the_elbo(clumsy, generator):
    x = clumsy.sample(10, generator=generator)
    estimate = importance_weights(clumsy, x, 20_000).mean(0)
    torch.testing.assert_close(estimate, elbo_of(clumsy, x), atol=0.12, rtol=0)


def test_a_vae_agrees_with_sampling_from_its_prior(vae, images):
    z = torch.randn(100_000, 2, generator=seeded(7))
    expected = []
    with torch.no_grad():
        logits = vae.decoder(z)
        for x in images:
            log_p_x = -losses.bernoulli_nll(logits, x.expand_as(logits))
            expected.append(log_mean_exp(log_p_x.double()))
    bound = importance_bound(vae, images, 5000)
    torch.testing.assert_close(bound, torch.stack(expected), atol=0.05, rtol=0)


def test_the_score_says_how_to_read_it(vae, images):
    score = nll(vae, images, 50)
    assert score.metric == "NLL (k = 50)"
    assert score.unit == "nats per image"
    assert score.n == 6
    assert score.better == "lower"
    check_interval(score)
    assert score.low < score.high
    assert score.value == pytest.approx(-importance_bound(vae, images, 50).mean().item())
    # black and white pixels can be predicted exactly
    assert score.floor == 0
    with pytest.raises(UserError, match="metric is 'NLL"):
        score.beats(nll(vae, images, 51))


def test_the_floor_is_the_entropy_of_grey_pixels(vae):
    grey = torch.full((2, *SHAPE), 0.3)
    entropy = PIXELS * -(0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    assert nll(vae, grey, 20).floor == pytest.approx(entropy, rel=1e-5)

    three_pixels = torch.tensor([[0.0, 1.0, 0.5]])
    assert bernoulli_entropy(three_pixels).item() == pytest.approx(math.log(2))


def test_a_decoder_that_knows_the_image_reaches_the_floor(vae):
    grey = torch.full((2, *SHAPE), 0.3)
    with torch.no_grad():
        last = vae.decoder[-2]
        last.weight.zero_()
        last.bias.fill_(math.log(0.3 / 0.7))
        for head in (vae.to_mean, vae.to_log_var):
            head.weight.zero_()
            head.bias.zero_()
    score = nll(vae, grey, 20)
    assert score.value == pytest.approx(score.floor, rel=1e-5)


def test_a_density_has_no_floor(oracle, generator):
    x = oracle.sample(5, generator=generator)
    assert nll(oracle, x, 2).floor is None


def test_bits_per_dimension(vae, images):
    nats = nll(vae, images, 10)
    bits = nll(vae, images, 10, unit="bits per dimension")
    scale = 1 / PIXELS / math.log(2)
    assert bits.unit == "bits per dimension"
    assert bits.value == pytest.approx(nats.value * scale)
    assert bits.low == pytest.approx(nats.low * scale)
    assert bits.high == pytest.approx(nats.high * scale)

    # a fair coin per pixel is one bit per pixel
    coins = PIXELS * math.log(2)
    fair = Score(metric="NLL", value=coins, low=0, high=0, n=2, unit="nats per image")
    assert bits_per_dimension(fair, PIXELS).value == pytest.approx(1)


@pytest.fixture
def rows(vae):
    """How many latents each call of `log_likelihood` was given."""
    calls = []

    class Watched(type(vae)):
        def log_likelihood(self, x, z, c=None):
            calls.append(len(z))
            return super().log_likelihood(x, z, c)

    vae.__class__ = Watched
    return calls


def test_memory_is_respected_and_changes_nothing(vae, images, rows):
    wide = importance_bound(vae, images, 5000)
    rows.clear()

    # a quarter MiB, 8 float32 per pixel
    limit = 0.25 * 2**20 / (32 * PIXELS)
    narrow = importance_bound(vae, images, 5000, memory_mb=0.25)
    torch.testing.assert_close(narrow, wide, atol=1e-5, rtol=0)
    assert max(rows) <= limit
    assert sum(rows) == 6 * 5000

    rows.clear()
    importance_bound(vae, images, 100, memory_mb=0.25)
    assert max(rows) <= limit
    assert sum(rows) == 600


def test_the_seed_decides_and_images_do_not_disturb_each_other(vae, images):
    torch.manual_seed(1)
    first = importance_bound(vae, images, 5)
    torch.manual_seed(2)
    again = importance_bound(vae, images, 5)
    torch.testing.assert_close(again, first, atol=0, rtol=0)
    assert not torch.equal(importance_bound(vae, images, 5, seed=1), first)

    fewer = importance_bound(vae, images[:4], 5)
    torch.testing.assert_close(fewer, first[:4], atol=1e-5, rtol=0)

    # two equal images draw two noises
    twins = images[:1].expand(2, -1, -1, -1)
    weights = importance_weights(vae, twins, 3)
    assert len(weights.unique(dim=1)[0]) == 2


def test_any_memory_and_any_seed_will_do(vae, images):
    wide = importance_bound(vae, images, 5)
    torch.testing.assert_close(importance_bound(vae, images, 5, memory_mb=1e30), wide)
    assert importance_bound(vae, images, 5, seed=2**63 - 1).isfinite().all()


def test_evaluation_mode_without_gradient_and_back(vae, images):
    vae.train()
    assert not importance_weights(vae, images, 2).requires_grad
    assert vae.training

    stored = ImageSet((images * 255).byte(), torch.zeros(6, dtype=torch.long), ("image",))
    assert nll(vae, stored, 2).value == nll(vae, images, 2).value


def test_images_are_read_once(vae, images):
    reads = []

    class Watched(ImageSet):
        def images(self, index=slice(None)):
            reads.append(index)
            return super().images(index)

    nll(vae, Watched(images, torch.zeros(6, dtype=torch.long)), 2)
    assert len(reads) == 1


@pytest.mark.parametrize("measure", [nll, importance_bound, importance_weights])
def test_values_are_checked_once(vae, images, monkeypatch, measure):
    checked = []

    def count(x, what):
        checked.append(len(x))
        return x

    monkeypatch.setattr(checks, "check_images", count)
    measure(vae, images, 2)
    assert checked == [6]


@pytest.mark.parametrize("measure", [nll, importance_bound, importance_weights])
def test_values_are_checked_where_the_model_does_not_look(generator, measure):
    model = Inattentive.from_spectrum([2.0, 1.0], pixels=8)
    x = torch.rand(5, 8, generator=generator, dtype=torch.double)
    measure(model, x, 2)
    with pytest.raises(UserError, match=r"must lie in \[0, 1\], got values from"):
        measure(model, x - 0.5, 2)


def test_a_density_takes_any_finite_value(oracle, generator):
    x = oracle.sample(5, generator=generator)
    assert x.min() < 0
    nll(oracle, x, 2)
    x[3, 2] = math.nan
    with pytest.raises(UserError, match="images must be finite, got NaN or inf"):
        nll(oracle, x, 2)


def test_log_mean_exp_does_not_leave_the_logarithm():
    tiny = torch.full((5, 2), -2000.0)
    assert log_mean_exp(tiny).tolist() == pytest.approx([-2000, -2000])
    w = torch.rand(6, 3, dtype=torch.double)
    torch.testing.assert_close(log_mean_exp(w.log()), w.mean(0).log())
    torch.testing.assert_close(log_mean_exp(w.log(), 1), w.mean(1).log())


@pytest.mark.parametrize(
    "k, seed", [(np.uint8(200), 1), (3, np.int64(2**61)), (3, np.int32(5000)), (np.int8(100), 0)]
)
@pytest.mark.filterwarnings("error")
def test_numpys_numbers_count_as_pythons(vae, images, k, seed):
    expected = importance_weights(vae, images, int(k), seed=int(seed))
    assert torch.equal(importance_weights(vae, images, k, seed=seed), expected)
    found = nll(vae, images, k, seed=seed)
    same = nll(vae, images, int(k), seed=int(seed))
    assert (found.metric, found.value, found.low, found.high) == (
        same.metric,
        same.value,
        same.low,
        same.high,
    )
