"""Probabilities of 256 grey levels: they sum to 1, and agree with scipy's densities."""
import numpy as np
import pytest
import torch
from scipy import stats

from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics import fit_level_scales, grey_bins, level_nll

ALL_LEVELS = (torch.arange(256) / 255).reshape(256, 1, 1, 1)


@pytest.mark.parametrize("shape", ["logistic", "gaussian"])
@pytest.mark.parametrize("predicted", [0.0, 0.3, 1.0, -0.4, 1.5])
@pytest.mark.parametrize("scale", [0.002, 0.05, 3.0])
def test_the_probabilities_of_the_levels_sum_to_one(shape, predicted, scale):
    bits = level_nll(ALL_LEVELS, torch.tensor(predicted), scale, shape=shape)
    assert float((2.0**-bits).sum()) == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("shape, law", [("logistic", stats.logistic), ("gaussian", stats.norm)])
def test_a_level_inside_has_the_probability_of_its_interval(shape, law):
    x = torch.tensor([100 / 255]).reshape(1, 1, 1, 1)
    bits = level_nll(x, torch.tensor(0.45), 0.1, shape=shape)
    edges = law.cdf(np.array([99.5, 100.5]) / 255, loc=0.45, scale=0.1)
    assert float(bits) == pytest.approx(-np.log2(np.diff(edges)[0]), rel=1e-6)


@pytest.mark.parametrize("shape, law", [("logistic", stats.logistic), ("gaussian", stats.norm)])
def test_white_owns_all_that_lies_above_it(shape, law):
    x = torch.ones(1, 1, 1, 1)
    bits = level_nll(x, torch.tensor(0.2), 0.15, shape=shape)
    # single precision of the arguments far out in the tail
    above = law.sf(254.5 / 255, loc=0.2, scale=0.15)
    assert float(bits) == pytest.approx(-np.log2(above), rel=1e-5)


def test_the_tails_keep_their_digits():
    black, white = torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)
    far_below = level_nll(black, torch.tensor(1.0), 0.04)
    far_above = level_nll(white, torch.tensor(0.0), 0.04)
    assert float(far_below) == pytest.approx(float(far_above), rel=1e-6)


def test_no_level_costs_infinitely_much():
    bits = level_nll(torch.ones(1, 1, 1, 1), torch.tensor(0.0), 1e-6)
    assert float(bits) == pytest.approx(12 * np.log2(10))


def test_the_fitted_scale_is_near_the_one_that_made_the_noise():
    predicted = torch.full((1, 1, 100, 100), 0.4)
    noise = torch.randn(predicted.shape, generator=seeded(0))
    x = ((predicted + 0.05 * noise).clamp(0, 1) * 255).round() / 255
    scale = fit_level_scales(x, predicted, shape="gaussian")[grey_bins(predicted)[0, 0, 0, 0]]
    # the scales that are tried lie a factor of 1.41 apart
    assert 0.05 / 1.2 < float(scale) < 0.05 * 1.2


def test_a_group_without_pixels_takes_the_scale_of_all():
    predicted = torch.full((1, 1, 50, 50), 0.4)
    x = ((predicted + 0.1 * torch.rand(predicted.shape, generator=seeded(0))) * 255).round() / 255
    scales = fit_level_scales(x, predicted)
    assert scales.unique().numel() == 1


def test_each_group_has_its_own_scale():
    predicted = torch.cat([torch.full((1, 1, 50, 50), 0.0), torch.full((1, 1, 50, 50), 0.6)])
    x = torch.cat([torch.zeros(1, 1, 50, 50), torch.rand(1, 1, 50, 50, generator=seeded(0))])
    scales = fit_level_scales(x, predicted)
    black, grey = grey_bins(predicted)[:, 0, 0, 0].tolist()
    assert scales[grey] > 50 * scales[black]


def test_what_is_refused():
    x = torch.zeros(2, 1, 2, 2)
    with pytest.raises(UserError, match="scale must be > 0"):
        level_nll(x, x, 0.0)
    with pytest.raises(UserError, match="scale must be finite and > 0 everywhere"):
        level_nll(x, x, torch.tensor([0.1, 0.0]))
    with pytest.raises(UserError, match=r"x: .*\[0, 1\]"):
        level_nll(x + 2, x, 0.1)
    with pytest.raises(UserError, match="unknown shape 'uniform'"):
        level_nll(x, x, 0.1, shape="uniform")
