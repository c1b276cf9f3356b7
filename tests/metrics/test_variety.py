"""Samples of a class that differ as real images do, too little, or too much."""
import math

import pytest
import torch
from support.scores import check_interval_around
from torch import nn

from vaekit import metrics
from vaekit.data.images import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics.features import FeatureNetwork

PIXELS = FeatureNetwork("pixels", "abcdef0123456789", 4, nn.Flatten())
CLASSES = ("a", "b", "c")


def images_of(y, spread, seed, by_class=0.0):
    """Four pixels around ½, each class moved by `by_class`."""
    noise = torch.rand(len(y), 1, 2, 2, generator=seeded(seed)) - 0.5
    shift = by_class * (y.reshape(-1, 1, 1, 1) - 1)
    return 0.5 + spread * noise + shift


Y = torch.arange(600) % 3
REAL = ImageSet(images_of(Y, 0.2, 0, by_class=0.3), Y, CLASSES)


def variety(images, labels=Y, real=REAL, **settings):
    return metrics.class_variety(images, labels, real, features=PIXELS, **settings)


def by_hand(x, y):
    """The mean distance of two images of one class, averaged over the classes."""
    means = []
    for label in range(3):
        of_class = x[y == label]
        distances = []
        for i, a in enumerate(of_class):
            for b in of_class[i + 1:]:
                distances.append((a - b).norm().item())
        means.append(sum(distances) / len(distances))
    return sum(means) / 3


def test_it_is_the_mean_over_all_pairs_of_a_class():
    images = images_of(Y, 0.1, 1)[:60]
    score = variety(images, Y[:60], REAL.first(90))
    expected = by_hand(images, Y[:60]) / by_hand(REAL.x[:90], REAL.y[:90])
    assert score.value == pytest.approx(expected, rel=1e-6)
    assert score.n == 60
    assert score.floor == 1.0
    assert score.better == "neither"
    assert score.features == "pixels"
    assert score.weights == "abcdef01"
    assert "the real images" in score.floor_name
    assert "reference 90 images" in repr(score)


def test_it_does_not_matter_where_the_classes_lie():
    score = variety(images_of(Y, 0.2, 1, by_class=0.3))
    assert score.value == pytest.approx(1, abs=0.05)


def test_half_the_spread_is_half_the_variety():
    assert variety(images_of(Y, 0.1, 1)).value == pytest.approx(0.5, abs=0.03)


def test_one_image_many_times_has_none():
    collapsed = variety(torch.full((600, 1, 2, 2), 0.3))
    assert collapsed.value == 0
    assert collapsed.low == 0
    assert collapsed.high == 0


def test_samples_of_all_classes_under_one_label_have_too_much():
    labels = torch.randint(3, (600,), generator=seeded(0))
    assert variety(REAL.x, labels).value > 2


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    scores = []
    for seed in range(60):
        real = ImageSet(images_of(Y, 0.2, 500 + seed), Y, CLASSES)
        scores.append(variety(images_of(Y, 0.2, seed), real=real))

    # 57 are expected
    covering = sum(score.low < 1 < score.high for score in scores)
    assert covering >= 51
    # and it is no empty statement
    wide = sum(score.low < 0.95 or score.high > 1.05 for score in scores)
    assert wide < 10


def test_same_seed_same_interval():
    x = images_of(Y, 0.1, 1)
    assert repr(variety(x)) == repr(variety(x))
    assert repr(variety(x)) != repr(variety(x, seed=1))


def test_every_requested_class_counts_the_same():
    many = torch.zeros(500).long()
    few = torch.ones(100).long()
    x = torch.cat([images_of(many, 0.2, 1), images_of(few, 0.1, 2)])
    assert variety(x, torch.cat([many, few])).value == pytest.approx(0.75, abs=0.05)


def test_five_of_a_class_are_enough():
    few = variety(REAL.x[:15], Y[:15], resamples=2000)
    check_interval_around(few)
    assert few.low >= 0
    assert few.high < 3
    assert few.high - few.low > 0.1


@pytest.mark.parametrize(
    "images, labels, words",
    [
        (
            REAL.x,
            Y[:5],
            "one whole-numbered label per image is needed: "
            "600 images, labels torch.int64 of shape .5,.",
        ),
        (
            REAL.x,
            Y / 2,
            "one whole-numbered label",
        ),
        (
            REAL.x[:12],
            Y[:12],
            "it needs 5 samples of each class, got 4 of class 0",
        ),
        (
            torch.rand(600, 1, 3, 3),
            Y,
            r"one shape \(C, H, W\), got \(1, 3, 3\) and \(1, 2, 2\)",
        ),
        (
            REAL.x + 1,
            Y,
            "0, 1",
        ),
    ],
)
def test_bad_samples_are_named(images, labels, words):
    with pytest.raises(UserError, match=words):
        variety(images, labels)


@pytest.mark.parametrize(
    "real, words",
    [
        (
            REAL.first(14),
            "needs 5 real images of each class, got 4 of class 2",
        ),
        (
            ImageSet(REAL.x * 0, Y, CLASSES),
            "all real images of each class have the same features",
        ),
        (
            ImageSet(REAL.x, torch.ones(600, 2).long(), ("a", "b")),
            "the attributes of",
        ),
    ],
)
def test_bad_real_images_are_named(real, words):
    with pytest.raises(UserError, match=words):
        variety(REAL.x, real=real)


def test_a_single_resample_is_refused():
    with pytest.raises(UserError, match="resamples must be ≥ 2"):
        variety(REAL.x, resamples=1)


@pytest.mark.parametrize("seed", range(200))
def test_resamples_of_five_copies_are_left_out(seed):
    # one resample of 625 holds a single image, five times
    five = torch.zeros(5).long()
    thirty = torch.zeros(30).long()
    real = ImageSet(images_of(five, 0.2, 0), five, ("a",))
    score = variety(images_of(thirty, 0.2, 1), thirty, real, resamples=10, seed=seed)
    assert score.low > 0
    assert score.low <= score.high
    assert math.isfinite(score.high)
