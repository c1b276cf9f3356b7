"""The bootstrap against the textbook's interval of a mean."""
import pytest
import torch
from scipy import stats

from vaekit import metrics
from vaekit.device import seeded
from vaekit.errors import UserError


def test_bootstrap_of_a_mean_is_the_textbook_interval(generator):
    x = torch.randn(400, generator=generator)
    low, high = metrics.bootstrap(lambda index: x[index].mean().item(), 400, resamples=4000)
    mean = x.mean().item()
    half = 1.96 * x.std().item() / 20
    assert low == pytest.approx(mean - half, abs=0.1 * half)
    assert high == pytest.approx(mean + half, abs=0.1 * half)


# of five items, 200 resamples do not reach as far; without the stretch it would be 0.63 and 0.91
@pytest.mark.parametrize("n, tolerance", [(5, 0.25), (20, 0.03)])
def test_few_items_give_an_interval_as_wide_as_students(n, tolerance):
    widths = []
    expected = []
    for seed in range(200):
        x = torch.randn(n, generator=seeded(seed))
        low, high = metrics.bootstrap(lambda index, x=x: x[index].mean().item(), n, seed=seed)
        widths.append(high - low)
        expected.append(2 * stats.t.ppf(0.975, n - 1) * x.std().item() / n**0.5)
    assert sum(widths) / sum(expected) == pytest.approx(1, abs=tolerance)


def test_the_interval_stays_within_what_resamples_can_give():
    share = torch.tensor([1.0, 1, 1, 1, 0])
    low, high = metrics.bootstrap(lambda index: share[index].mean().item(), 5)
    assert low >= 0
    assert high == 1


def test_one_item_has_no_spread():
    assert metrics.bootstrap(mean_index, 1) == (0, 0)


def mean_index(index):
    return index.double().mean().item()


def test_bootstrap_repeats_itself():
    first = metrics.bootstrap(mean_index, 50, seed=3)
    assert metrics.bootstrap(mean_index, 50, seed=3) == first
    assert metrics.bootstrap(mean_index, 50, seed=4) != first


def test_bootstrap_checks_its_settings():
    with pytest.raises(UserError, match="resamples must be ≥ 2"):
        metrics.bootstrap(mean_index, 5, resamples=1)
    with pytest.raises(UserError, match="seed must be ≥ 0"):
        metrics.bootstrap(mean_index, 5, seed=-1)
    with pytest.raises(UserError, match="n must be ≥ 1"):
        metrics.bootstrap(mean_index, 0)
