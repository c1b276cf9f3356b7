"""Oracle: the linear-Gaussian VAE, whose log p(x) is known. Then a real VAE, against sampling from the prior."""
import math

import pytest
import torch

from vaekit import losses
from vaekit.data import ImageSet
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
from vaekit.models import nets
from vaekit.models.linear_gaussian import LinearGaussian
from vaekit.models.vae import VAE

SHAPE = (1, 4, 4)


class Clumsy(LinearGaussian):
    """The oracle with an encoder that is off: shifted by 0.3, and twice too wide."""

    def posterior(self, x):
        mean, log_var = super().posterior(x)
        return mean + 0.3, log_var + math.log(4)


@pytest.fixture
def oracle():
    return LinearGaussian.from_spectrum([2.0, 1.0, 0.5], pixels=8)


@pytest.fixture
def clumsy():
    return Clumsy.from_spectrum([2.0, 1.0, 0.5], pixels=8)


@pytest.fixture
def vae():
    torch.manual_seed(0)
    return VAE(nets.mlp_encoder(SHAPE, (16,)), nets.mlp_decoder(2, (16,), SHAPE), 2, SHAPE).eval()


@pytest.fixture
def images(generator):
    return (torch.rand(6, *SHAPE, generator=generator) > 0.5).float()


def test_with_the_true_posterior_all_weights_are_log_p(oracle, generator):
    x = oracle.sample(20, generator=generator)
    log_p = oracle.log_prob(x)
    torch.testing.assert_close(importance_weights(oracle, x, 7), log_p.expand(7, 20))
    for k in (1, 2, 50):
        torch.testing.assert_close(importance_bound(oracle, x, k), log_p)
    assert nll(oracle, x, 3).value == pytest.approx(-log_p.mean().item(), abs=1e-9)


def test_elbo_below_bound_below_log_p_and_rising_with_k(clumsy, generator):
    x = clumsy.sample(200, generator=generator)
    log_p, elbo = clumsy.log_prob(x).mean().item(), clumsy.elbo(x, *clumsy.posterior(x)).mean().item()
    bounds = [importance_bound(clumsy, x, k).mean().item() for k in (1, 4, 16, 64, 256)]
    assert bounds[0] == pytest.approx(elbo, abs=0.8), "k = 1 estimates the ELBO"                 # one log-weight varies by about 4 nats
    assert all(a < b for a, b in zip(bounds, bounds[1:])), bounds
    assert elbo + 0.3 < bounds[1] and bounds[-1] < log_p + 0.03
    assert importance_bound(clumsy, x, 3000).mean().item() == pytest.approx(log_p, abs=0.01), "the truth, with enough samples"


def test_the_mean_log_weight_is_the_elbo(clumsy, generator):
    x = clumsy.sample(10, generator=generator)
    torch.testing.assert_close(importance_weights(clumsy, x, 20_000).mean(0), clumsy.elbo(x, *clumsy.posterior(x)), atol=0.12, rtol=0)


def test_a_vae_agrees_with_sampling_from_its_prior(vae, images):
    z = torch.randn(100_000, 2, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        logits = vae.decoder(z)
        expected = torch.stack([log_mean_exp(-losses.bernoulli_nll(logits, one.expand_as(logits)).double()) for one in images])
    torch.testing.assert_close(importance_bound(vae, images, 5000), expected, atol=0.05, rtol=0)


def test_the_score_says_how_to_read_it(vae, images):
    score = nll(vae, images, 50)
    assert (score.metric, score.unit, score.n, score.better) == ("NLL (k = 50)", "nats per image", 6, "lower")
    assert score.low <= score.value <= score.high and score.low < score.high
    assert score.value == pytest.approx(-importance_bound(vae, images, 50).mean().item())
    assert score.floor == 0, "black and white pixels can be predicted exactly"
    with pytest.raises(UserError, match="metric is 'NLL"):
        score.beats(nll(vae, images, 51))


def test_the_floor_is_the_entropy_of_grey_pixels(vae):
    grey = torch.full((2, *SHAPE), 0.3)
    entropy = 16 * -(0.3 * math.log(0.3) + 0.7 * math.log(0.7))
    assert nll(vae, grey, 20).floor == pytest.approx(entropy, rel=1e-5)
    assert bernoulli_entropy(torch.tensor([[0.0, 1.0, 0.5]])).item() == pytest.approx(math.log(2))
    with torch.no_grad():                                   # a decoder that knows the image reaches the floor
        vae.decoder[-2].weight.zero_()
        vae.decoder[-2].bias.fill_(math.log(0.3 / 0.7))
        vae.to_mean.weight.zero_(), vae.to_mean.bias.zero_(), vae.to_log_var.weight.zero_(), vae.to_log_var.bias.zero_()
    assert nll(vae, grey, 20).value == pytest.approx(entropy, rel=1e-5)


def test_a_density_has_no_floor(oracle, generator):
    assert nll(oracle, oracle.sample(5, generator=generator), 2).floor is None


def test_bits_per_dimension(vae, images):
    nats, bits = nll(vae, images, 10), nll(vae, images, 10, unit="bits per dimension")
    assert bits.unit == "bits per dimension" and bits.value == pytest.approx(nats.value / 16 / math.log(2))
    assert (bits.low, bits.high) == pytest.approx((nats.low / 16 / math.log(2), nats.high / 16 / math.log(2)))
    fair = Score("NLL", 16 * math.log(2), 0, 0, 2, unit="nats per image")
    assert bits_per_dimension(fair, 16).value == pytest.approx(1), "a fair coin a pixel is one bit a pixel"


def test_memory_is_respected_and_changes_nothing(vae, images):
    rows = []

    class Watched(type(vae)):
        def log_likelihood(self, x, z):
            rows.append(len(z))
            return super().log_likelihood(x, z)

    vae.__class__ = Watched
    wide = importance_bound(vae, images, 5000)
    limit = 0.25 * 2**20 / (32 * 16)                         # a quarter MiB, 8 float32 a pixel, 16 pixels
    rows.clear()
    torch.testing.assert_close(importance_bound(vae, images, 5000, memory_mb=0.25), wide, atol=1e-5, rtol=0)
    assert max(rows) <= limit and sum(rows) == 6 * 5000
    rows.clear()
    importance_bound(vae, images, 100, memory_mb=0.25)
    assert max(rows) <= limit and sum(rows) == 600


def test_the_seed_decides_and_images_do_not_disturb_each_other(vae, images):
    torch.manual_seed(1)
    first = importance_bound(vae, images, 5)
    torch.manual_seed(2)
    torch.testing.assert_close(importance_bound(vae, images, 5), first, atol=0, rtol=0)
    assert not torch.equal(importance_bound(vae, images, 5, seed=1), first)
    torch.testing.assert_close(importance_bound(vae, images[:4], 5), first[:4], atol=1e-5, rtol=0)
    assert len(importance_weights(vae, images[:1].expand(2, -1, -1, -1), 3).unique(dim=1)[0]) == 2, "two images draw two noises"


def test_evaluation_mode_without_gradient_and_back(vae, images):
    vae.train()
    assert not importance_weights(vae, images, 2).requires_grad and vae.training
    stored = ImageSet((images * 255).byte(), torch.zeros(6, dtype=torch.long), ("image",))
    assert nll(vae, stored, 2).value == nll(vae, images, 2).value


def test_log_mean_exp_does_not_leave_the_logarithm():
    assert log_mean_exp(torch.full((5, 2), -2000.0)).tolist() == pytest.approx([-2000, -2000])
    w = torch.rand(6, 3, dtype=torch.double)
    torch.testing.assert_close(log_mean_exp(w.log()), w.mean(0).log())
    torch.testing.assert_close(log_mean_exp(w.log(), 1), w.mean(1).log())


@pytest.mark.parametrize("change, words", [
    (dict(k=0), "k must be ≥ 1, got 0"),
    (dict(k=2.5), "k must be a whole number"),
    (dict(unit="bits"), "unknown unit 'bits'; choose one of nats per image, bits per dimension"),
    (dict(memory_mb=0), "memory_mb must be > 0, got 0"),
    (dict(x=torch.zeros(1, *SHAPE)), "number of images must be ≥ 2, got 1"),
    (dict(x=torch.zeros(3, 1, 5, 5)), r"images of shape \(N, 1, 4, 4\), got \(3, 1, 5, 5\)"),
    (dict(x=torch.full((3, *SHAPE), 2.0)), r"must lie in \[0, 1\], got values from 2 to 2"),
    (dict(x=torch.full((3, *SHAPE), math.nan)), "hold inf or NaN"),
    (dict(x=torch.zeros(3, *SHAPE, dtype=torch.uint8)), "divide uint8 pixels by 255"),
    (dict(model=torch.nn.Linear(1, 1)), "Linear has no posterior.*use a VAE"),
])
def test_bad_input_is_named(vae, images, change, words):
    with pytest.raises(UserError, match=words):
        nll(**(dict(model=vae, x=images, k=3) | change))


def test_a_model_that_ran_away_is_named(vae, images):
    with torch.no_grad():
        vae.to_log_var.bias.fill_(math.inf)
    with pytest.raises(UserError, match="likelihood of inf or NaN.*lower lr"):
        nll(vae, images, 3)


def test_bits_are_made_from_nats_once():
    with pytest.raises(UserError, match="this score is in 'bits per dimension'"):
        bits_per_dimension(Score("NLL", 1, 1, 1, 2, unit="bits per dimension"), 4)
