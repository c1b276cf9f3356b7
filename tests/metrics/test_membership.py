"""Membership. Oracles: scikit-learn's AUC, all pairs by hand, normal errors in closed form."""
import math

import pytest
import torch
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from support.scores import check_interval_around

from vaekit import metrics
from vaekit.device import seeded
from vaekit.errors import UserError


def errors(n, mean=0.0, seed=0):
    return mean + torch.randn(n, generator=seeded(seed), dtype=torch.double)


def sklearn_auc(members, others):
    is_member = [1] * len(members) + [0] * len(others)
    # the better it is reconstructed, the more it looks like a member
    return roc_auc_score(is_member, -torch.cat([members, others]))


@pytest.mark.parametrize("members, others", [
    (errors(200), errors(300, 0.5, seed=1)),
    # ties, within a side and between both
    (errors(200).round(), errors(90, 0.5, seed=1).round()),
    (torch.ones(5, dtype=torch.double), torch.ones(7, dtype=torch.double)),
])
def test_it_is_the_auc_of_scikit_learn(members, others):
    found = metrics.membership(members, others)
    assert found.value == pytest.approx(sklearn_auc(members, others))


def test_training_images_reconstructed_better_leak():
    score = metrics.membership(errors(1000), errors(1000, 1.0, seed=1))
    # P(one normal below another, a standard deviation apart)
    assert score.value == pytest.approx(norm.cdf(1 / math.sqrt(2)), abs=0.03)
    assert score.low > 0.7
    check_interval_around(score)


def test_nothing_leaks_where_both_are_alike():
    score = metrics.membership(errors(500), errors(500, seed=2))
    assert score.low < 0.5 < score.high
    assert score.floor == 0.5


def test_the_interval_is_delongs_where_many_images_are_compared():
    members = errors(400)
    others = errors(300, 0.7, seed=1)
    score = metrics.membership(members, others)
    # DeLong et al. 1988, by all pairs
    wins = (members[:, None] < others).double()
    half = 1.96 * math.sqrt(wins.mean(1).var() / 400 + wins.mean(0).var() / 300)
    assert score.high - score.low == pytest.approx(2 * half, rel=0.02)


@pytest.mark.parametrize("mean", [0.0, 1.0, 2.5])
def test_the_interval_holds_the_truth_nineteen_times_in_twenty(mean):
    truth = norm.cdf(mean / math.sqrt(2))
    held = 0
    for seed in range(400):
        score = metrics.membership(errors(40, seed=2 * seed), errors(30, mean, seed=2 * seed + 1))
        held += score.low <= truth <= score.high
    assert 0.92 <= held / 400 <= 0.98


def test_all_apart_still_has_an_interval():
    score = metrics.membership(errors(20), errors(20, 100.0))
    assert score.value == 1
    assert score.high == 1
    assert 0.8 < score.low < 0.95


def test_samples_that_are_copies_give_their_originals_away():
    members = torch.rand(40, 3, 8, 8, generator=seeded(0))
    others = torch.rand(40, 3, 8, 8, generator=seeded(1))
    samples = (members + 0.01).clamp(0, 1)
    assert metrics.membership_by_samples(samples, members, others).value == 1

    fresh = torch.rand(40, 3, 8, 8, generator=seeded(2))
    score = metrics.membership_by_samples(fresh, members, others)
    assert score.low < 0.5 < score.high


ONE = torch.ones(1)
TWO = torch.ones(2)


@pytest.mark.parametrize("members, others, words", [
    (ONE, TWO, "the number of members must be ≥ 2, got 1"),
    (TWO, ONE, "the number of others must be ≥ 2, got 1"),
    (TWO.long(), TWO, r"members must be a float tensor \(N,\), one per image"),
    (TWO, TWO[:, None], r"others must be a float tensor \(N,\), one per image"),
    (TWO, TWO * math.nan, "others must be finite, got NaN or inf"),
])
def test_bad_input_is_named(members, others, words):
    with pytest.raises(UserError, match=words):
        metrics.membership(members, others)
