"""The formulae behind FID and KID, against closed forms, scipy, torchmetrics, and loops."""
import pytest
import torch
from support.feature_distances import fid_by_scipy
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from vaekit.device import seeded
from vaekit.metrics.feature_distances import (
    frechet,
    gaussian,
    kernel,
    mixture,
    mmd_influences,
)


@pytest.fixture
def features(generator):
    """n vectors of 4 features, normal within [0, 1]."""

    def make(n, mean=0.5, std=0.08):
        return (mean + std * torch.randn(n, 4, generator=generator)).clamp(0, 1)

    return make


def test_frechet_of_known_gaussians():
    # commuting covariances: the distance is ‖μ − μ′‖² + Σ (σ − σ′)², in any basis
    noise = torch.randn(5, 5, dtype=torch.double, generator=seeded(1))
    basis = torch.linalg.qr(noise).Q
    a = torch.tensor([1.0, 2, 3, 4, 5]).double()
    b = torch.tensor([2.0, 2, 1, 7, 5]).double()
    mean = torch.arange(5).double()

    cov_a = basis @ a.square().diag() @ basis.T
    cov_b = basis @ b.square().diag() @ basis.T
    value = frechet((mean, cov_a), (mean + 2, cov_b))
    assert value.item() == pytest.approx(5 * 4 + (a - b).square().sum().item(), rel=1e-9)


def test_frechet_is_scipys_matrix_root(features):
    # few images: n or n − 1 in the covariance shows
    x = features(60).double()
    y = features(30, 0.55, 0.1).double()
    value = frechet(gaussian(x), gaussian(y))
    assert value.item() == pytest.approx(fid_by_scipy(x, y), rel=1e-6)


def test_resampled_fid_is_torchmetrics_on_the_same_resample(features):
    x = features(50).double()
    y = features(40, 0.55).double()
    x = x[torch.randint(50, (50,))]

    through = nn.Identity()
    through.num_features = 4
    oracle = FrechetInceptionDistance(through).set_dtype(torch.float64)
    oracle.update(x, real=True)
    oracle.update(y, real=False)
    value = frechet(gaussian(x), gaussian(y))
    assert value.item() == pytest.approx(oracle.compute().item(), rel=1e-9)


def test_a_mixtures_moments_are_those_of_both_samples_together(features):
    x = features(60).double()
    y = features(30, 0.7).double()
    # a third of the rows are y
    both = torch.cat([x, y])
    centred = both - both.mean(0)
    covariance = centred.T @ centred / 90

    def moments(sample):
        return sample.mean(0), torch.cov(sample.T, correction=0)

    mean, cov = mixture(moments(x), moments(y), 1 / 3)
    torch.testing.assert_close(mean, both.mean(0))
    torch.testing.assert_close(cov, covariance)


def weighted_mmd(x, y, weights):
    """The squared MMD, pairs of an item with itself included; the x have weights."""
    w = weights / weights.sum()
    v = torch.full((len(y),), 1 / len(y), dtype=torch.double)
    return w @ kernel(x, x) @ w - 2 * w @ kernel(x, y) @ v + v @ kernel(y, y) @ v


@pytest.mark.parametrize("item", [0, 57, 129])
def test_influences_are_the_slope_of_the_mmd(features, item):
    # more than one block of rows
    x = features(130, 0.4).double()
    y = features(115, 0.6).double()
    weights = torch.ones(130, dtype=torch.double, requires_grad=True)
    weighted_mmd(x, y, weights).backward()

    of_x, _ = mmd_influences(x, y)
    of_y, _ = mmd_influences(y, x)
    slope = weights.grad[item].item()
    assert (of_x[item] - of_x.mean()).item() == pytest.approx(slope, rel=1e-3, abs=1e-8)
    # either sample may stand first
    torch.testing.assert_close(mmd_influences(y, x)[1], of_x)
    torch.testing.assert_close(mmd_influences(x, y)[1], of_y)
