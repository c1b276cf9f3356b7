"""Oracles: the closed form for known Gaussians, scipy's matrix root, the MMD written as loops, and repeated draws."""
import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from vaekit import data, metrics
from vaekit.errors import UserError
from vaekit.metrics import distances


class Pixels(nn.Module):
    """Each pixel is a feature: what goes in is known."""

    def forward(self, x):
        return x.flatten(1)


@pytest.fixture
def images(generator):
    """n images of 2×2 pixels, normal within [0, 1]."""
    def make(n, mean=0.5, std=0.08):
        return (mean + std * torch.randn(n, 1, 2, 2, generator=generator)).clamp(0, 1)
    return make


def fid_by_scipy(x, y):
    x, y = (np.asarray(t.flatten(1).double()) for t in (x, y))
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * scipy.linalg.sqrtm(a @ b).real)


def mmd_by_loops(x, y):
    x, y = (t.flatten(1).double().tolist() for t in (x, y))

    def k(a, b):
        return (sum(p * q for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3

    def within(s):
        return sum(k(a, b) for i, a in enumerate(s) for j, b in enumerate(s) if i != j) / (len(s) * (len(s) - 1))

    return within(x) + within(y) - 2 * sum(k(a, b) for a in x for b in y) / (len(x) * len(y))


def test_frechet_of_known_gaussians():
    # commuting covariances: the distance is ‖μ − μ′‖² + Σ (σ − σ′)², in any basis
    basis = torch.linalg.qr(torch.randn(5, 5, dtype=torch.double, generator=torch.Generator().manual_seed(1)))[0]
    a, b = torch.tensor([1.0, 2, 3, 4, 5]).double(), torch.tensor([2.0, 2, 1, 7, 5]).double()
    mean = torch.arange(5).double()
    value = distances.frechet((mean, basis @ a.square().diag() @ basis.T), (mean + 2, basis @ b.square().diag() @ basis.T))
    assert value.item() == pytest.approx(5 * 4 + (a - b).square().sum().item(), rel=1e-9)


def test_fid_of_known_gaussians(images):
    score = metrics.fid(images(20_000, 0.4, 0.05), images(20_000, 0.6, 0.10), features=Pixels(), resamples=10)
    assert score.value == pytest.approx(4 * 0.2 ** 2 + 4 * 0.05 ** 2, rel=0.02)
    assert score.low <= score.value <= score.high


def test_fid_is_scipys_matrix_root(images):
    x, y = images(60), images(30, 0.55, 0.1)          # few images: n or n − 1 in the covariance shows
    assert metrics.fid(x, y, features=Pixels(), resamples=2).value == pytest.approx(fid_by_scipy(x, y), rel=1e-6)
    assert distances.frechet(*(distances.gaussian(t.flatten(1).double()) for t in (x, y))).item() == pytest.approx(fid_by_scipy(x, y), rel=1e-6)


def test_resampled_fid_is_torchmetrics_on_the_same_resample(images):
    x, y = images(50).flatten(1).double(), images(40, 0.55).flatten(1).double()
    x = x[torch.randint(50, (50,))]
    through = nn.Identity()
    through.num_features = 4
    oracle = FrechetInceptionDistance(through).set_dtype(torch.float64)
    oracle.update(x, real=True)
    oracle.update(y, real=False)
    assert distances.frechet(distances.gaussian(x), distances.gaussian(y)).item() == pytest.approx(oracle.compute().item(), rel=1e-9)


@pytest.mark.parametrize("n", [12, 25])
def test_kid_is_the_unbiased_mmd(images, n):
    x, y = images(n, 0.4), images(n, 0.6)
    assert metrics.kid(x, y, features=Pixels(), resamples=2).value == pytest.approx(mmd_by_loops(x, y), rel=1e-6)


def test_resampled_kid_with_each_image_once_is_the_unbiased_mmd(images):
    x, y = images(130, 0.4), images(115, 0.6)         # more than one block of rows
    value = distances.mmd(x.flatten(1), y.flatten(1), torch.ones(130, 1), torch.ones(115, 1))
    assert value.item() == pytest.approx(mmd_by_loops(x, y), rel=1e-4)


def test_resampled_kid_leaves_out_an_image_with_its_own_copy():
    x, y = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([[3.0], [5.0]])
    times = torch.tensor([[2.0], [1.0], [0.0]])       # 1, 1, 2: only the four ordered pairs of 1 with 2 count
    k = distances.kernel(x, x)
    k_xy = distances.kernel(x, y)
    expected = k[0, 1] + distances.kernel(y, y)[0, 1] - 2 * (2 * k_xy[0].sum() + k_xy[1].sum()) / 6
    assert distances.mmd(x, y, times, torch.ones(2, 1)).item() == pytest.approx(expected.item(), rel=1e-5)


def test_kid_of_more_images_is_the_mean_over_subsets(images, monkeypatch):
    monkeypatch.setattr(distances, "SUBSET", 40)
    x, y = images(300, 0.4), images(200, 0.6)
    values = {}
    for subsets in (1, 100):
        monkeypatch.setattr(distances, "SUBSETS", subsets)
        values[subsets] = [metrics.kid(x, y, features=Pixels(), resamples=2, floor=False, seed=seed).value for seed in range(12)]
    assert np.mean(values[100]) == pytest.approx(mmd_by_loops(x, y), rel=0.01)
    assert np.std(values[100]) < 0.3 * np.std(values[1])            # the mean of 100 wanders a tenth as far


def test_kid_of_real_against_real_averages_zero():
    g = torch.Generator().manual_seed(5)
    pairs = [[torch.rand(15, 1, 2, 2, generator=g) for _ in range(2)] for _ in range(150)]
    draws = [metrics.kid(*pair, features=Pixels(), resamples=2, floor=False).value for pair in pairs]
    mean, error = np.mean(draws), np.std(draws) / math.sqrt(len(draws))
    assert abs(mean) < 3 * error
    assert min(draws) < 0                             # what is never negative cannot average 0
    # the biased estimate, which pairs each image with itself, is many standard errors away: the test would see it
    x = torch.rand(4000, 4, generator=g)
    bias = (distances.kernel(x, x, own=True).mean() - distances.kernel(x, x).mean()).item() * 2 / 15
    assert bias > 5 * error


def test_kid_interval_of_real_against_real_holds_zero(images):
    held = sum(s.low <= 0 <= s.high for s in (metrics.kid(images(60), images(60), features=Pixels(), floor=False) for _ in range(30)))
    assert held >= 26


def test_fid_interval_covers_the_mean_fid_of_this_size():
    # 16 features and 120 images: the bias of a resample is several times the spread, so an interval that is not shifted misses
    g = torch.Generator().manual_seed(7)

    def draw():
        return [(0.05 * torch.randn(120, 16, generator=g, dtype=torch.double) + mean).clamp(0, 1) for mean in (0.5, 0.51)]

    expected = torch.stack([distances.frechet(*map(distances.gaussian, draw())) for _ in range(200)]).mean().item()
    scores = [metrics.fid(*(t.float().reshape(120, 1, 4, 4) for t in draw()), features=Pixels(), resamples=60, floor=False) for _ in range(40)]
    assert sum(s.low <= expected <= s.high for s in scores) >= 35
    assert all(0 <= s.low < s.value < s.high for s in scores)
    # and the interval is not wide for nothing: about 4 standard deviations of FID over draws
    spread = np.std([s.value for s in scores])
    assert 2.5 * spread < np.mean([s.high - s.low for s in scores]) < 8 * spread


@pytest.mark.parametrize("metric", [metrics.fid, metrics.kid])
def test_floor_is_real_against_other_real(metric, images):
    # real holds each image once, and the floor of a good metric is near what a perfect model gets
    real, perfect, poor = images(400), images(100), images(100, 0.7)
    score = metric(real, perfect, features=Pixels())
    assert score.n == 100 and score.better == "lower" and "floor" not in score.note and "reference 400" in score.note
    assert score.low - (score.high - score.low) < score.floor < score.high + (score.high - score.low)
    assert metric(real, poor, features=Pixels()).floor < metric(real, poor, features=Pixels()).low


def test_floor_takes_two_sets_without_a_common_image(images, monkeypatch):
    seen = []
    monkeypatch.setattr(distances, "_fid", lambda real, fake: seen.append((real, fake)) or 1.0)
    metrics.fid(images(50), images(20), features=Pixels(), resamples=2)
    (_, fake), (rest, chosen) = seen
    assert len(fake) == len(chosen) == 20 and len(rest) == 30
    assert len(torch.cat([rest, chosen]).unique(dim=0)) == 50


def test_floor_with_few_real_images_says_so(images):
    halves = metrics.fid(images(31), images(31), features=Pixels(), resamples=2)
    assert halves.floor is not None and "floor 15 against 16" in halves.note
    none = metrics.fid(images(9), images(31), features=Pixels(), resamples=2)
    assert none.floor is None and "no floor: it takes 10 real images" in none.note
    assert metrics.fid(images(31), images(31), features=Pixels(), resamples=2, floor=False).floor is None


@pytest.mark.parametrize("metric", [metrics.fid, metrics.kid])
def test_same_seed_same_score_and_the_global_generator_is_left_alone(metric, images, monkeypatch):
    monkeypatch.setattr(distances, "SUBSET", 20)
    x, y = images(60), images(40, 0.55)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = metric(x, y, features=Pixels(), resamples=5)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(2)
    assert repr(first) == repr(metric(x, y, features=Pixels(), resamples=5))


def test_score_names_the_features_and_their_weights(images):
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    score = metrics.fid(images(40), images(40), features=network, resamples=2)
    assert score.features == "Sequential" and len(score.weights) == 8
    with torch.no_grad():
        network[1].bias.add_(1)
    assert metrics.fid(images(40), images(40), features=network, resamples=2).weights != score.weights


def test_image_sets_and_bytes_are_taken(images):
    x, y = (images(40) * 255).byte(), images(40, 0.6)
    as_set = data.ImageSet(x, torch.zeros(40, dtype=torch.int64))
    assert metrics.fid(as_set, y, features=Pixels(), resamples=2).value == metrics.fid(x.float() / 255, y, features=Pixels(), resamples=2).value


def noise(n, *shape):
    return torch.rand(n, *(shape or (1, 2, 2)), generator=torch.Generator().manual_seed(n))


@pytest.mark.parametrize("metric, real, fake, words", [
    (metrics.fid, noise(50), noise(4), r"more images than features, got 4 fake images for 4 features: .*rank 3 at most.*kid"),
    (metrics.fid, noise(4), noise(50), "got 4 real images for 4 features"),
    (metrics.kid, noise(50), noise(9), "at least 10 fake images, got 9"),
    (metrics.kid, noise(9), noise(50), "at least 10 real images, got 9"),
    *[(metric, *bad) for metric in (metrics.fid, metrics.kid) for bad in [
        (noise(50), noise(50, 1, 3, 3), r"one shape \(C, H, W\), got \(1, 2, 2\) and \(1, 3, 3\)"),
        (noise(50), 2 * noise(50), r"must lie in \[0, 1\]"),
        (noise(50) - 0.5, noise(50), r"must lie in \[0, 1\]"),
        (noise(50), noise(50) * float("nan"), "got values from nan"),
        (noise(50), torch.full((50, 1, 2, 2), 0.3), "all 50 fake images have the same features.*collapsed"),
        (noise(1).expand(50, -1, -1, -1), noise(50), "all 50 real images have the same features"),
        (noise(50), [1, 2], "fake must be a tensor of images .* got list"),
        (noise(50), noise(50)[0], r"fake must be images of shape \(N, C, H, W\)"),
    ]],
])
def test_bad_input_is_named(metric, real, fake, words):
    with pytest.raises(UserError, match=words):
        metric(real, fake, features=Pixels())


def test_too_few_resamples_are_refused(images):
    for metric in (metrics.fid, metrics.kid):
        with pytest.raises(UserError, match="resamples must be ≥ 2, got 1"):
            metric(images(50), images(50), features=Pixels(), resamples=1)
