"""The bootstrap against the textbook's interval of a mean."""
import pytest
import torch

from vaekit import metrics
from vaekit.errors import UserError


def test_bootstrap_of_a_mean_is_the_textbook_interval(generator):
    x = torch.randn(400, generator=generator)
    low, high = metrics.bootstrap(lambda index: x[index].mean().item(), 400, resamples=4000)
    mean = x.mean().item()
    half = 1.96 * x.std().item() / 20
    assert low == pytest.approx(mean - half, abs=0.1 * half)
    assert high == pytest.approx(mean + half, abs=0.1 * half)


def mean_index(index):
    return index.double().mean().item()


def test_bootstrap_repeats_itself():
    first = metrics.bootstrap(mean_index, 50, seed=3)
    assert metrics.bootstrap(mean_index, 50, seed=3) == first
    assert metrics.bootstrap(mean_index, 50, seed=4) != first


def test_bootstrap_checks_its_settings():
    with pytest.raises(UserError, match="resamples must be ≥ 2"):
        metrics.bootstrap(mean_index, 5, resamples=1)
    with pytest.raises(UserError, match="n must be ≥ 1"):
        metrics.bootstrap(mean_index, 0)
