"""Samples of a class that differ as real images do, too little, or too much."""
import pytest
import torch
from torch import nn

from vaekit import metrics
from vaekit.data.images import ImageSet
from vaekit.errors import UserError
from vaekit.metrics.features import FeatureNetwork

PIXELS = FeatureNetwork("pixels", "abcdef0123456789", 4, nn.Flatten())


def images_of(y, spread, seed, by_class=0.0):
    """Four pixels around ½, each class moved by `by_class`."""
    noise = torch.rand(len(y), 1, 2, 2, generator=torch.Generator().manual_seed(seed)) - 0.5
    return 0.5 + spread * noise + by_class * (y.reshape(-1, 1, 1, 1) - 1)


Y = torch.arange(600) % 3
REAL = ImageSet(images_of(Y, 0.2, 0, by_class=0.3), Y, ("a", "b", "c"))


def variety(images, labels=Y, real=REAL, **how):
    return metrics.class_variety(images, labels, real, features=PIXELS, **how)


def test_it_is_the_mean_over_all_pairs_of_a_class():
    images = images_of(Y, 0.1, 1)[:60]
    def by_hand(x, y):
        classes = [[(a - b).norm().item() for i, a in enumerate(x[y == c]) for j, b in enumerate(x[y == c]) if i < j] for c in range(3)]
        return sum(sum(pairs) / len(pairs) for pairs in classes) / 3
    score = metrics.class_variety(images, Y[:60], REAL.first(90), features=PIXELS)
    assert score.value == pytest.approx(by_hand(images, Y[:60]) / by_hand(REAL.x[:90], REAL.y[:90]), rel=1e-6)
    assert (score.n, score.floor, score.better, score.features, score.weights) == (60, 1.0, "higher", "pixels", "abcdef01")
    assert "the real images" in score.floor_name and "90 real images" in repr(score)


def test_as_real_half_as_much_none_and_other_classes():
    assert variety(images_of(Y, 0.2, 1, by_class=0.3)).value == pytest.approx(1, abs=0.05)       # where the classes lie does not matter
    assert variety(images_of(Y, 0.1, 1)).value == pytest.approx(0.5, abs=0.03)
    collapsed = variety(torch.full((600, 1, 2, 2), 0.3))
    assert (collapsed.value, collapsed.low, collapsed.high) == (0, 0, 0)
    deaf = variety(REAL.x, torch.randint(3, (600,), generator=torch.Generator().manual_seed(0)))
    assert deaf.value > 2                                                                       # samples of all classes under one label


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    scores = [variety(images_of(Y, 0.2, seed), real=ImageSet(images_of(Y, 0.2, 500 + seed), Y, ("a", "b", "c"))) for seed in range(60)]
    assert 51 <= sum(s.low < 1 < s.high for s in scores) <= 60                                  # 57 are expected
    assert sum(s.low < 0.95 or s.high > 1.05 for s in scores) < 10                              # and it is no empty statement


def test_same_seed_same_interval_and_every_asked_class_counts_the_same():
    x = images_of(Y, 0.1, 1)
    assert repr(variety(x)) == repr(variety(x)) != repr(variety(x, seed=1))
    uneven = torch.cat([torch.zeros(500), torch.ones(100)]).long()
    x = torch.cat([images_of(uneven[:500], 0.2, 1), images_of(uneven[500:], 0.1, 2)])
    assert variety(x, uneven).value == pytest.approx(0.75, abs=0.05)


def test_five_of_a_class_are_enough():
    few = variety(REAL.x[:15], Y[:15], resamples=2000)
    assert 0 <= few.low < few.value < few.high < 3 and few.high - few.low > 0.1


@pytest.mark.parametrize("call, words", [
    (lambda: variety(REAL.x, Y[:5]), "one whole-numbered label an image is needed: 600 images, labels torch.int64 of shape .5,."),
    (lambda: variety(REAL.x, Y / 2), "one whole-numbered label"),
    (lambda: variety(REAL.x[:12], Y[:12]), "it needs 5 samples of each class, got 4 of class 0"),
    (lambda: variety(REAL.x, real=REAL.first(14)), "needs 5 real images of each class, got 4 of class 2"),
    (lambda: variety(torch.rand(600, 1, 3, 3)), r"one shape \(C, H, W\), got \(1, 3, 3\) and \(1, 2, 2\)"),
    (lambda: variety(REAL.x + 1), "0, 1"),
    (lambda: variety(REAL.x, resamples=1), "resamples must be ≥ 2"),
    (lambda: variety(REAL.x, real=ImageSet(REAL.x * 0, Y, ("a", "b", "c"))), "all real images of each class have the same features"),
    (lambda: variety(REAL.x, real=ImageSet(REAL.x, torch.ones(600, 2).long(), ("a", "b"))), "the attributes of"),
])
def test_wrong_calls(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_resamples_of_five_copies_are_left_out():
    one = ImageSet(images_of(Y[:5] * 0, 0.2, 0), Y[:5] * 0, ("a",))
    for seed in range(200):                                   # one resample of 625 holds a single image, five times
        score = metrics.class_variety(images_of(Y[:30] * 0, 0.2, 1), Y[:30] * 0, one, features=PIXELS, resamples=10, seed=seed)
        assert 0 < score.low <= score.high < float("inf")
