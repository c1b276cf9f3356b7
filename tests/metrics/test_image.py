"""The oracle is scikit-image, called directly."""
import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from vaekit import data, metrics
from vaekit.errors import UserError


@pytest.fixture
def pair(generator):
    def make(channels=1, n=6):
        x = torch.rand(n, channels, 12, 12, generator=generator) * 0.5
        return x, (x + 0.1 * torch.rand(x.shape, generator=generator)).clamp(0, 1)
    return make


def test_grey_is_scikit_image(pair):
    x, y = pair()
    each = [structural_similarity(a[0].numpy().astype(float), b[0].numpy().astype(float), data_range=1.0) for a, b in zip(x, y)]
    assert metrics.ssim(x, y).value == pytest.approx(np.mean(each), abs=1e-9)


def test_colour_is_scikit_image_over_channels(pair):
    x, y = pair(channels=3)
    each = [structural_similarity(a.permute(1, 2, 0).numpy().astype(float), b.permute(1, 2, 0).numpy().astype(float), data_range=1.0, channel_axis=2)
            for a, b in zip(x, y)]
    assert metrics.ssim(x, y).value == pytest.approx(np.mean(each), abs=1e-9)


@pytest.mark.parametrize("wrong", [2.0, 0.6, 255.0])
def test_another_data_range_would_give_another_score(pair, wrong):
    x = 0.1 * pair()[0]                 # faint images that differ: there the constants, which scale with the range, weigh most
    y = x.roll(1, 0)
    each = [structural_similarity(a[0].numpy(), b[0].numpy(), data_range=wrong) for a, b in zip(x, y)]
    assert abs(metrics.ssim(x, y).value - np.mean(each)) > 0.01


def test_floor_pairs_each_image_with_another(pair):
    # four images far apart: only an image with itself scores near 1, so a floor with fixed points would show
    x = torch.stack([torch.full((1, 8, 8), v) for v in (0.0, 0.3, 0.6, 1.0)])
    assert all(metrics.ssim(x, x, seed=seed).floor < 0.9 for seed in range(20))
    score = metrics.ssim(*pair(n=20))
    assert score.floor < score.low <= score.value <= score.high and "another real image" in score.note


def test_score_is_complete_and_repeats_itself(pair):
    x, y = pair(n=20)
    score = metrics.ssim(x, y)
    assert (score.metric, score.n, score.better) == ("SSIM", 20, "higher") and repr(score) == repr(metrics.ssim(x, y))
    assert metrics.ssim(x, y, floor=False).floor is None
    assert metrics.ssim(x[:1], y[:1]).floor is None


def test_constant_and_equal_images_score_one(pair):
    constant = torch.full((3, 1, 8, 8), 0.4)
    assert metrics.ssim(constant, constant).value == pytest.approx(1)
    x, _ = pair()
    assert metrics.ssim(x, x).value == pytest.approx(1)


def test_bytes_and_image_sets_are_read_as_images(pair):
    x, y = pair(n=5)
    x = (x * 255).byte()
    as_set = data.ImageSet(x, torch.zeros(5, dtype=torch.int64))
    assert metrics.ssim(as_set, y).value == metrics.ssim(x.float() / 255, y).value


@pytest.mark.parametrize("x, y, words", [
    (torch.zeros(2, 1, 8, 8), torch.zeros(3, 1, 8, 8), r"one shape; got \(2, 1, 8, 8\) and \(3, 1, 8, 8\)"),
    (torch.zeros(2, 1, 6, 9), torch.zeros(2, 1, 6, 9), "7×7 window, so images must be at least that large, got 6×9"),
    (torch.zeros(2, 1, 8, 8), torch.full((2, 1, 8, 8), 1.5), r"\[0, 1\], got values from 1.5 to 1.5"),
    (-torch.ones(2, 1, 8, 8), torch.zeros(2, 1, 8, 8), r"\[0, 1\], got values from -1"),
    (torch.full((2, 1, 8, 8), float("nan")), torch.zeros(2, 1, 8, 8), "got values from nan"),
    (torch.zeros(8, 8), torch.zeros(8, 8), r"x must be images of shape \(N, C, H, W\)"),
    (torch.zeros(0, 1, 8, 8), torch.zeros(0, 1, 8, 8), "N ≥ 1"),
    (np.zeros((2, 1, 8, 8)), torch.zeros(2, 1, 8, 8), "got ndarray"),
])
def test_bad_input_is_named(x, y, words):
    with pytest.raises(UserError, match=words):
        metrics.ssim(x, y)
