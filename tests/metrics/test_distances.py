"""FID and KID as scores: their values, intervals and floors, and what they refuse.

Oracles: the closed form for known Gaussians, scipy's matrix root, the MMD written as loops
(tests/support/feature_distances.py), and repeated draws.
"""
import math

import numpy as np
import pytest
import torch
from support.feature_distances import fid_by_scipy, mmd_by_loops
from support.scores import check_interval, check_interval_around
from torch import nn

from vaekit import data, metrics
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics import distances, feature_distances


class Pixels(nn.Module):
    """Each pixel is a feature: what goes in is known."""

    def forward(self, x):
        return x.flatten(1)


def fid(real, fake, **settings):
    return metrics.fid(real, fake, features=Pixels(), **settings)


def kid(real, fake, **settings):
    return metrics.kid(real, fake, features=Pixels(), **settings)


@pytest.fixture
def images(generator):
    """n images of 2×2 pixels, normal within [0, 1]."""

    def make(n, mean=0.5, std=0.08):
        noise = torch.randn(n, 1, 2, 2, generator=generator)
        return (mean + std * noise).clamp(0, 1)

    return make


def test_fid_of_known_gaussians(images):
    real = images(20_000, 0.4, 0.05)
    fake = images(20_000, 0.6, 0.10)
    score = fid(real, fake, resamples=10)
    assert score.value == pytest.approx(4 * 0.2**2 + 4 * 0.05**2, rel=0.02)
    check_interval(score)


def test_fid_is_scipys_matrix_root(images):
    # few images: n or n − 1 in the covariance shows
    x = images(60)
    y = images(30, 0.55, 0.1)
    assert fid(x, y, resamples=2).value == pytest.approx(fid_by_scipy(x, y), rel=1e-6)


@pytest.mark.parametrize("n", [12, 25])
def test_kid_is_the_unbiased_mmd(images, n):
    x = images(n, 0.4)
    y = images(n, 0.6)
    assert kid(x, y, resamples=2).value == pytest.approx(mmd_by_loops(x, y), rel=1e-6)


def test_kid_of_more_images_is_the_mean_over_subsets(images, monkeypatch):
    monkeypatch.setattr(feature_distances, "SUBSET", 40)
    x = images(300, 0.4)
    y = images(200, 0.6)

    values = {}
    for subsets in (1, 100):
        monkeypatch.setattr(feature_distances, "SUBSETS", subsets)
        scores = [kid(x, y, resamples=2, floor=False, seed=seed) for seed in range(12)]
        values[subsets] = [score.value for score in scores]
    assert np.mean(values[100]) == pytest.approx(mmd_by_loops(x, y), rel=0.01)
    # the mean of 100 varies a tenth as much
    assert np.std(values[100]) < 0.3 * np.std(values[1])


@pytest.fixture(scope="module")
def kids_of_real_against_real():
    """KID of 150 pairs of sets, 15 uniform images each."""
    g = seeded(5)
    draws = []
    for _ in range(150):
        first = torch.rand(15, 1, 2, 2, generator=g)
        second = torch.rand(15, 1, 2, 2, generator=g)
        draws.append(kid(first, second, resamples=2, floor=False).value)
    return draws


def standard_error(draws):
    return np.std(draws) / math.sqrt(len(draws))


def test_kid_of_real_against_real_averages_zero(kids_of_real_against_real):
    draws = kids_of_real_against_real
    assert abs(np.mean(draws)) < 3 * standard_error(draws)
    # what is never negative cannot average 0
    assert min(draws) < 0


def test_the_bias_of_kid_would_show_in_that_average(kids_of_real_against_real):
    """The biased estimate pairs each image with itself."""
    x = torch.rand(4000, 4, generator=seeded(6))
    of_pairs = feature_distances.kernel(x, x)
    with_itself = of_pairs.diagonal().mean()
    with_all = of_pairs.mean()
    bias = (with_itself - with_all).item() * 2 / 15
    assert bias > 5 * standard_error(kids_of_real_against_real)


def test_kid_interval_of_real_against_real_holds_zero(images):
    scores = [kid(images(60), images(60), floor=False) for _ in range(30)]
    held = sum(score.low <= 0 <= score.high for score in scores)
    assert held >= 26


def noisy_features(mean, generator):
    """120 images of 16 pixels: the bias of a resample is several times the spread of FID."""
    noise = torch.randn(120, 16, generator=generator, dtype=torch.double)
    return (0.05 * noise + mean).clamp(0, 1)


@pytest.fixture(scope="module")
def fids_of_noisy_images():
    """FID of 40 pairs of sets."""
    g = seeded(8)
    scores = []
    for _ in range(40):
        real = noisy_features(0.5, g).float().reshape(120, 1, 4, 4)
        fake = noisy_features(0.51, g).float().reshape(120, 1, 4, 4)
        scores.append(fid(real, fake, resamples=60, floor=False))
    return scores


def test_fid_interval_covers_the_mean_fid_of_this_size(fids_of_noisy_images):
    """An interval that is not shifted misses it."""
    g = seeded(7)
    values = []
    for _ in range(200):
        a = feature_distances.gaussian(noisy_features(0.5, g))
        b = feature_distances.gaussian(noisy_features(0.51, g))
        values.append(feature_distances.frechet(a, b))
    expected = torch.stack(values).mean().item()

    covering = sum(score.low <= expected <= score.high for score in fids_of_noisy_images)
    assert covering >= 35


def test_fid_interval_holds_its_score_and_nothing_below_zero(fids_of_noisy_images):
    for score in fids_of_noisy_images:
        check_interval_around(score)
        assert score.low >= 0


def test_fid_interval_is_about_four_standard_deviations_wide(fids_of_noisy_images):
    spread = np.std([score.value for score in fids_of_noisy_images])
    width = np.mean([score.high - score.low for score in fids_of_noisy_images])
    assert width > 2.5 * spread
    assert width < 8 * spread


@pytest.mark.parametrize("metric", [fid, kid])
def test_floor_is_real_against_other_real(metric, images):
    # real holds each image once, and the floor of a good metric is near what a perfect model gets
    real = images(400)
    perfect = images(100)
    poor = images(100, 0.7)

    score = metric(real, perfect)
    assert score.n == 100
    assert score.better == "lower"
    assert "floor" not in score.note
    assert score.reference.startswith("400 images ")
    width = score.high - score.low
    assert score.floor > score.low - width
    assert score.floor < score.high + width

    far = metric(real, poor)
    assert far.floor < far.low


def test_floor_takes_two_sets_without_a_common_image(images, monkeypatch):
    seen = []

    def record(real, fake):
        seen.append((real, fake))
        return 1.0

    monkeypatch.setattr(distances, "fid_of_features", record)
    fid(images(50), images(20), resamples=2)
    (_, fake), (rest, chosen) = seen
    assert len(fake) == 20
    assert len(chosen) == 20
    assert len(rest) == 30
    assert len(torch.cat([rest, chosen]).unique(dim=0)) == 50


def test_floor_with_few_real_images_says_so(images):
    halves = fid(images(31), images(31), resamples=2)
    assert halves.floor is not None
    assert "floor 15 against 16" in halves.note

    none = fid(images(9), images(31), resamples=2)
    assert none.floor is None
    assert "no floor: it takes 10 real images" in none.note

    unwanted = fid(images(31), images(31), resamples=2, floor=False)
    assert unwanted.floor is None


@pytest.mark.parametrize("metric", [fid, kid])
def test_same_seed_same_score_and_the_global_generator_stays(metric, images, monkeypatch):
    monkeypatch.setattr(feature_distances, "SUBSET", 20)
    x = images(60)
    y = images(40, 0.55)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = metric(x, y, resamples=5)
    assert torch.equal(before, torch.random.get_rng_state())

    torch.manual_seed(2)
    assert repr(first) == repr(metric(x, y, resamples=5))


def test_score_names_the_features_and_their_weights(images):
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    score = metrics.fid(images(40), images(40), features=network, resamples=2)
    assert score.features == "Sequential"
    assert len(score.weights) == 8

    with torch.no_grad():
        network[1].bias.add_(1)
    changed = metrics.fid(images(40), images(40), features=network, resamples=2)
    assert changed.weights != score.weights


def test_image_sets_and_bytes_are_taken(images):
    x = (images(40) * 255).byte()
    y = images(40, 0.6)
    as_set = data.ImageSet(x, torch.zeros(40, dtype=torch.int64))
    as_floats = x.float() / 255
    assert fid(as_set, y, resamples=2).value == fid(as_floats, y, resamples=2).value


def noise(n, shape=(1, 2, 2)):
    return torch.rand(n, *shape, generator=seeded(n))


@pytest.mark.parametrize(
    "metric, real, fake, words",
    [
        (
            fid,
            noise(50),
            noise(4),
            "more images than features, got 4 fake images for 4 features: .*rank 3 at most.*kid",
        ),
        (fid, noise(4), noise(50), "got 4 real images for 4 features"),
        (kid, noise(50), noise(9), "at least 10 fake images, got 9"),
        (kid, noise(9), noise(50), "at least 10 real images, got 9"),
    ],
)
def test_too_few_images_are_refused(metric, real, fake, words):
    with pytest.raises(UserError, match=words):
        metric(real, fake)


@pytest.mark.parametrize("metric", [fid, kid])
@pytest.mark.parametrize(
    "real, fake, words",
    [
        (
            noise(50),
            noise(50, (1, 3, 3)),
            r"one shape \(C, H, W\), got \(1, 2, 2\) and \(1, 3, 3\)",
        ),
        (
            noise(50),
            2 * noise(50),
            r"must lie in \[0, 1\]",
        ),
        (
            noise(50) - 0.5,
            noise(50),
            r"must lie in \[0, 1\]",
        ),
        (
            noise(50),
            noise(50) * float("nan"),
            "got values from nan",
        ),
        (
            noise(50),
            torch.full((50, 1, 2, 2), 0.3),
            "all 50 fake images have the same features.*collapsed",
        ),
        (
            noise(1).expand(50, -1, -1, -1),
            noise(50),
            "all 50 real images have the same features",
        ),
        (
            noise(50),
            [1, 2],
            "fake of .id must be Tensor or ImageSet, got list",
        ),
        (
            noise(50),
            noise(50)[0],
            r"fake must be images of shape \(N, C, H, W\)",
        ),
    ],
)
def test_bad_input_is_named(metric, real, fake, words):
    with pytest.raises(UserError, match=words):
        metric(real, fake)


@pytest.mark.parametrize("metric", [fid, kid])
def test_too_few_resamples_are_refused(metric, images):
    with pytest.raises(UserError, match="resamples must be ≥ 2, got 1"):
        metric(images(50), images(50), resamples=1)
