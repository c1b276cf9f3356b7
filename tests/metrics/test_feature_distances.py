"""The formulae behind FID and KID, against closed forms, scipy, torchmetrics, and loops."""
import pytest
import torch
from support.feature_distances import fid_by_scipy, mmd_by_loops
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from vaekit.device import seeded
from vaekit.metrics.feature_distances import frechet, gaussian, kernel, mmd


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


def test_resampled_kid_with_each_image_once_is_the_unbiased_mmd(features):
    # more than one block of rows
    x = features(130, 0.4)
    y = features(115, 0.6)
    value = mmd(x, y, torch.ones(130, 1), torch.ones(115, 1))
    assert value.item() == pytest.approx(mmd_by_loops(x, y), rel=1e-4)


def test_resampled_kid_leaves_out_an_image_with_its_own_copy():
    x = torch.tensor([[1.0], [2.0], [4.0]])
    y = torch.tensor([[3.0], [5.0]])
    # 1, 1, 2: only the four ordered pairs of 1 with 2 count
    times = torch.tensor([[2.0], [1.0], [0.0]])
    value = mmd(x, y, times, torch.ones(2, 1))

    between = kernel(x, y)
    mean_between = (2 * between[0].sum() + between[1].sum()) / 6
    expected = kernel(x, x)[0, 1] + kernel(y, y)[0, 1] - 2 * mean_between
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
