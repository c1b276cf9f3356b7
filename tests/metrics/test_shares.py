"""The interval of a share. Oracles: scipy, and how often it holds the truth."""
import pytest
import torch
from scipy.stats import binomtest

from vaekit import metrics
from vaekit.device import seeded
from vaekit.errors import UserError


@pytest.mark.parametrize("k, n", [(0, 1), (0, 50), (1, 3), (45, 50), (50, 50), (930, 1000)])
def test_it_is_the_interval_of_scipy(k, n):
    expected = binomtest(k, n).proportion_ci(method="wilson")
    assert metrics.wilson_interval(k / n, n) == pytest.approx(expected, abs=1e-6)


def test_it_holds_the_truth_nineteen_times_in_twenty():
    hits = torch.rand(2000, 60, generator=seeded(0)) < 0.9
    held = 0
    for share in hits.double().mean(1).tolist():
        low, high = metrics.wilson_interval(share, 60)
        held += low <= 0.9 <= high
    assert 0.93 <= held / 2000 <= 0.97


@pytest.mark.parametrize("share, n, words", [
    (1.5, 10, "share must be ≥ 0 and ≤ 1, got 1.5"),
    (0.5, 0, "n must be > 0, got 0"),
])
def test_bad_input_is_named(share, n, words):
    with pytest.raises(UserError, match=words):
        metrics.wilson_interval(share, n)
