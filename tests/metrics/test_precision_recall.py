"""Precision and recall: their values, intervals and floors, and what they refuse.

Oracles: the definition written as loops, scikit-learn's nearest neighbours, and clouds whose
overlap is known.
"""
import math

import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from support.scores import check_interval
from torch import nn

from vaekit import metrics
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics.feature_network import FeatureNetwork

PIXELS = FeatureNetwork("pixels", "abcdef0123456789", 4, nn.Flatten())
BOTH = pytest.mark.parametrize("score", [metrics.precision, metrics.recall])


def images(n, seed=0, low=0.2, high=0.4):
    """n images of 2×2 pixels, uniform between two greys."""
    return low + (high - low) * torch.rand(n, 1, 2, 2, generator=seeded(seed))


def precision(real, fake, **settings):
    return metrics.precision(real, fake, features=PIXELS, **settings)


def recall(real, fake, **settings):
    return metrics.recall(real, fake, features=PIXELS, **settings)


def share_by_loops(points, centres, k):
    """The share of points in a ball around some centre, which reaches its k-th nearest centre."""
    count = 0
    for point in points:
        found = False
        for i, centre in enumerate(centres):
            others = [math.dist(centre, each) for j, each in enumerate(centres) if j != i]
            found = found or math.dist(point, centre) <= sorted(others)[k - 1]
        count += found
    return count / len(points)


def listed(x):
    return x.double().flatten(1).tolist()


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_both_are_the_definition_as_loops(k):
    real = images(17)
    fake = images(23, 1, 0.25, 0.5)
    expected = share_by_loops(listed(fake), listed(real), k)
    assert 0 < expected < 1
    assert precision(real, fake, neighbours=k).value == pytest.approx(expected)
    expected = share_by_loops(listed(real), listed(fake), k)
    assert 0 < expected < 1
    assert recall(real, fake, neighbours=k).value == pytest.approx(expected)


def test_the_balls_are_those_of_scikit_learn():
    # more than are compared at a time
    real = images(700).double().flatten(1)
    fake = images(1100, 1, 0.3, 0.45).double().flatten(1)
    radii = NearestNeighbors(n_neighbors=4).fit(real.numpy()).kneighbors()[0][:, 2]
    within = torch.cdist(fake, real) <= torch.from_numpy(radii)
    expected = within.any(1).double().mean().item()
    assert 0.1 < expected < 0.9
    score = precision(real.float().view(-1, 1, 2, 2), fake.float().view(-1, 1, 2, 2))
    # a point on the rim falls on either side
    assert score.value == pytest.approx(expected, abs=2 / 1100)


def test_recall_is_precision_with_the_roles_exchanged():
    real, fake = images(60), images(40, 1, 0.3, 0.45)
    assert recall(real, fake, floor=False).value == precision(fake, real, floor=False).value


def test_sets_far_apart_share_nothing():
    real, fake = images(50), images(50, 1, 0.7, 0.9)
    assert precision(real, fake).value == 0
    assert recall(real, fake).value == 0


def test_a_copy_of_the_reference_has_both():
    real = images(50)
    assert precision(real, real.clone()).value == 1
    assert recall(real, real.clone()).value == 1


def test_few_images_repeated_keep_precision_and_lose_recall():
    real = images(400)
    repeated = images(400, 1)[torch.arange(400) % 5]
    assert precision(real, repeated).value > 0.5
    assert recall(real, repeated).value < 0.1


def test_the_rim_of_a_ball_belongs_to_it():
    """Among five copies of one image the third-nearest is at distance 0, and so is a copy."""
    real = torch.cat([images(1).expand(5, 1, 2, 2), images(5, 1, 0.7, 0.9)])
    fake = torch.cat([images(1).expand(6, 1, 2, 2), images(2, 2, 0.0, 0.1)])
    assert precision(real, fake, floor=False).value == 6 / 8


def test_half_of_the_data_has_all_precision_and_half_the_recall():
    both = torch.cat([images(300), images(300, 1, 0.7, 0.9)])
    half = images(600, 2)
    assert precision(both, half).value > 0.9
    assert recall(both, half).value == pytest.approx(0.5, abs=0.05)


def test_half_noise_has_half_the_precision():
    real = images(600)
    half = torch.cat([images(300, 1), images(300, 2, 0.7, 0.9)])
    assert precision(real, half).value == pytest.approx(0.5, abs=0.06)
    assert recall(real, half).value > 0.85


@BOTH
def test_the_floor_is_real_against_real_at_the_same_n(score):
    real = images(300)
    found = score(real, images(150, 1), features=PIXELS)
    order = torch.randperm(300, generator=seeded(0))
    chosen, rest = real[order[:150]], real[order[150:]]
    expected = score(rest, chosen, features=PIXELS, floor=False)
    assert found.floor == expected.value
    assert found.note == ""


@BOTH
def test_a_floor_at_another_n_is_told(score):
    found = score(images(100), images(90, 1), features=PIXELS)
    assert found.note == "floor 50 against 50"


@BOTH
def test_no_floor_where_there_are_too_few(score):
    found = score(images(7), images(90, 1), features=PIXELS)
    assert found.floor is None
    assert found.note == "no floor: it takes 8 real images"


@BOTH
def test_the_interval_holds_the_share_of_all_that_could_be_drawn(score):
    """The images that give the balls stay; the others are drawn again."""
    balls = images(60)

    def found(n, seed):
        others = images(n, seed, 0.25, 0.5)
        pair = (balls, others) if score is metrics.precision else (others, balls)
        return score(*pair, features=PIXELS, floor=False)

    truth = found(20_000, 1).value
    assert 0.1 < truth < 0.9
    scores = [found(50, seed) for seed in range(2, 302)]
    held = sum(each.low <= truth <= each.high for each in scores) / len(scores)
    assert held >= 0.92
    widths = torch.tensor([each.high - each.low for each in scores])
    values = torch.tensor([each.value for each in scores])
    assert widths.mean() < 1.2 * 3.92 * values.std()


def test_the_interval_has_a_width_where_none_or_all_are_inside():
    real = images(50)
    none = precision(real, images(50, 1, 0.7, 0.9))
    assert none.low == none.value == 0
    assert 0.05 < none.high < 0.1
    all_of_them = precision(real, real.clone())
    assert all_of_them.high == all_of_them.value == 1
    assert 0.9 < all_of_them.low < 0.95


@BOTH
def test_more_is_better_and_k_is_told(score):
    found = score(images(50), images(40, 1), features=PIXELS, neighbours=5)
    check_interval(found)
    assert found.better == "higher"
    assert found.metric.endswith("(k = 5)")
    assert found.n == 40
    assert found.reference.startswith("50 images ")
    assert (found.features, found.weights) == ("pixels", "abcdef01")
    assert score(images(50), images(40, 1), features=PIXELS).metric == score.__name__


@BOTH
@pytest.mark.parametrize("real, fake, settings, words", [
    (3, 40, {}, "more than 3 real images, got 3"),
    (40, 3, {}, "more than 3 fake images, got 3"),
    (40, 8, {"neighbours": 8}, "more than 8 fake images, got 8"),
    (40, 40, {"neighbours": 0}, "neighbours must be"),
    (40, 40, {"seed": -1}, "seed must be"),
])
def test_what_they_refuse(score, real, fake, settings, words):
    with pytest.raises(UserError, match=words):
        score(images(real), images(fake, 1), features=PIXELS, **settings)


@BOTH
def test_a_collapsed_generator_is_refused(score):
    with pytest.raises(UserError, match="all 40 fake images have the same features"):
        score(images(40), images(1, 1).expand(40, 1, 2, 2), features=PIXELS)
