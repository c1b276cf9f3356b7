"""The oracle is scikit-image, called directly."""
import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from support.scores import check_interval

from vaekit import data, metrics
from vaekit.errors import UserError


@pytest.fixture
def pair(generator):
    """n images and their noisy copies."""

    def make(channels=1, n=6):
        x = torch.rand(n, channels, 12, 12, generator=generator) * 0.5
        noise = 0.1 * torch.rand(x.shape, generator=generator)
        return x, (x + noise).clamp(0, 1)

    return make


def by_scikit_image(x, y, **settings):
    """The mean over pairs of grey images, as scikit-image's own example calls it."""
    values = []
    for a, b in zip(x, y):
        values.append(structural_similarity(a[0].numpy(), b[0].numpy(), **settings))
    return np.mean(values)


def test_grey_is_scikit_image(pair):
    x, y = pair()
    expected = by_scikit_image(x.double(), y.double(), data_range=1.0)
    assert metrics.ssim(x, y).value == pytest.approx(expected, abs=1e-9)


def test_colour_is_scikit_image_over_channels(pair):
    x, y = pair(channels=3)
    each = []
    for a, b in zip(x, y):
        a = a.permute(1, 2, 0).double().numpy()
        b = b.permute(1, 2, 0).double().numpy()
        each.append(structural_similarity(a, b, data_range=1.0, channel_axis=2))
    assert metrics.ssim(x, y).value == pytest.approx(np.mean(each), abs=1e-9)


@pytest.mark.parametrize("wrong", [2.0, 0.6, 255.0])
def test_another_data_range_would_give_another_score(pair, wrong):
    # faint images that differ: there the constants, which scale with the range, weigh most
    x, _ = pair()
    x = 0.1 * x
    y = x.roll(1, 0)
    other = by_scikit_image(x, y, data_range=wrong)
    assert abs(metrics.ssim(x, y).value - other) > 0.01


@pytest.mark.parametrize("seed", range(20))
def test_floor_pairs_each_image_with_another(seed):
    # four images far apart: only an image with itself scores near 1, so a floor that pairs an
    # image with itself would show
    greys = torch.tensor([0.0, 0.3, 0.6, 1.0])
    x = greys.reshape(4, 1, 1, 1).expand(4, 1, 8, 8)
    assert metrics.ssim(x, x, seed=seed).floor < 0.9


def test_floor_lies_below_the_score(pair):
    x, y = pair(n=20)
    score = metrics.ssim(x, y)
    assert score.floor < score.low
    check_interval(score)
    assert "another real image" in score.note


def test_score_is_complete_and_repeats_itself(pair):
    x, y = pair(n=20)
    score = metrics.ssim(x, y)
    assert score.metric == "SSIM"
    assert score.n == 20
    assert score.better == "higher"
    assert repr(score) == repr(metrics.ssim(x, y))
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
    as_floats = x.float() / 255
    assert metrics.ssim(as_set, y).value == metrics.ssim(as_floats, y).value


BLACK = torch.zeros(2, 1, 8, 8)


@pytest.mark.parametrize(
    "x, y, words",
    [
        (
            BLACK,
            torch.zeros(3, 1, 8, 8),
            r"one shape; got \(2, 1, 8, 8\) and \(3, 1, 8, 8\)",
        ),
        (
            torch.zeros(2, 1, 6, 9),
            torch.zeros(2, 1, 6, 9),
            "7×7 window, so images must be at least that large, got 6×9",
        ),
        (
            BLACK,
            torch.full((2, 1, 8, 8), 1.5),
            r"\[0, 1\], got values from 1.5 to 1.5",
        ),
        (
            -torch.ones(2, 1, 8, 8),
            BLACK,
            r"\[0, 1\], got values from -1",
        ),
        (
            torch.full((2, 1, 8, 8), float("nan")),
            BLACK,
            "got values from nan",
        ),
        (
            torch.zeros(8, 8),
            torch.zeros(8, 8),
            r"x must be images of shape \(N, C, H, W\)",
        ),
        (
            torch.zeros(0, 1, 8, 8),
            torch.zeros(0, 1, 8, 8),
            "N ≥ 1",
        ),
        (
            BLACK.numpy(),
            BLACK,
            "got ndarray",
        ),
    ],
)
def test_bad_input_is_named(x, y, words):
    with pytest.raises(UserError, match=words):
        metrics.ssim(x, y)
