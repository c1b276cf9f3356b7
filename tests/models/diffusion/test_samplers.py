"""Samplers: with the best possible network they must give back the data's distribution.

The data are Gaussian, so mean and covariance say it all, for DDPM, DDIM and what lies between.
"""
import math

import pytest
import torch
from support.diffusion import COVARIANCE, MEAN, SHAPE, LinearNetwork, gaussian_model
from torch import nn

from vaekit.device import seeded
from vaekit.models.diffusion import (
    Diffusion,
    cumulative,
    sampling,
    step,
    times,
    to_images,
    to_signed,
)
from vaekit.models.diffusion.samplers import step_noise


def double(value):
    return torch.tensor(value, dtype=torch.double)


@pytest.mark.parametrize("t, s", [(1000, 999), (500, 499), (800, 200), (2, 1)])
def test_a_step_with_eta_1_is_the_posterior_of_the_joint_gaussian(t, s):
    """q(x_s | x_t, x_0) by conditioning.

    Given x_0, x_s and x_t are jointly Gaussian with covariance √(ᾱ_t / ᾱ_s) (1 − ᾱ_s).
    """
    alpha_bar = cumulative("linear", 1000).tolist()
    now = alpha_bar[t]
    after = alpha_bar[s]
    x0 = double(0.7)
    x_t = double(-0.4)

    slope = math.sqrt(now / after) * (1 - after) / (1 - now)
    mean = (math.sqrt(after) * x0 + slope * (x_t - math.sqrt(now) * x0)).item()
    variance = (1 - after) - slope**2 * (1 - now)
    assert step_noise(now, after, 1.0) ** 2 == pytest.approx(variance, rel=1e-9)

    at_0 = step(x_t, x0, now, after, 1.0, double(0.0)).item()
    at_1 = step(x_t, x0, now, after, 1.0, double(1.0)).item()
    assert at_0 == pytest.approx(mean, rel=1e-9)
    assert at_1 == pytest.approx(mean + math.sqrt(variance), rel=1e-9)


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_a_step_leads_from_one_marginal_to_the_next(eta):
    """√ᾱ_t x_0 + √(1 − ᾱ_t) ε becomes √ᾱ_s x_0 + noise of variance 1 − ᾱ_s, whatever η is."""
    now = 0.3
    after = 0.8
    zero = torch.zeros(())
    one = torch.ones(())
    of_x0 = step(math.sqrt(now) * one, one, now, after, eta, zero).item()
    of_eps = step(math.sqrt(1 - now) * one, zero, now, after, eta, zero).item()
    of_z = step(zero, zero, now, after, eta, one).item()

    assert of_x0 == pytest.approx(math.sqrt(after), rel=1e-6)
    assert of_eps**2 + of_z**2 == pytest.approx(1 - after, rel=1e-6)
    assert (of_z > 0) == (eta > 0)


@pytest.mark.parametrize(
    "total, steps, expected",
    [
        (1000, 4, [1000, 750, 500, 250]),
        (1000, 3, [1000, 667, 333]),
        (1000, 1, [1000]),
        (10, 10, list(range(10, 0, -1))),
    ],
)
def test_times_run_down_from_the_end(total, steps, expected):
    assert times(total, steps) == expected


@pytest.mark.parametrize("total, steps", [(1000, 50), (1000, 333), (7, 5)])
def test_times_are_evenly_apart(total, steps):
    strides = -torch.tensor([*times(total, steps), 0]).diff()
    assert len(strides) == steps
    assert strides.sum() == total
    assert strides.min() >= 1
    assert strides.max() <= math.ceil(total / steps) + 1


def affine_map(model, steps):
    """A and b of x_T ↦ x_0 = A x_T + b, which DDIM is for Gaussian data."""
    starts = torch.cat([torch.zeros(1, 3), torch.eye(3)]).double().reshape(4, *SHAPE)
    *_, last = model.trajectory(starts, steps=steps, clip=False)
    ends = last.x0.flatten(1)
    b = ends[0]
    a = (ends[1:] - b).T
    return a, b


@pytest.mark.parametrize("target", ["v", "epsilon"])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_ddim_converges_to_the_gaussian_of_the_data(target, schedule):
    """Without noise on the way, the samples' mean and covariance b and A Aᵀ need no sampling.

    Along each axis of the covariance, of variance λ, a step multiplies by the regression of
    √ᾱ_s x_0 + √(1 − ᾱ_s) ε on √ᾱ_t x_0 + √(1 − ᾱ_t) ε. The square of all factors' product tends
    to λ as 1 / steps.
    """
    model = gaussian_model(target, schedule)
    eigenvalues, axes = torch.linalg.eigh(COVARIANCE)
    errors = {}
    for steps in (10, 50, 250, 1000):
        a, b = affine_map(model, steps)
        torch.testing.assert_close(b, MEAN, atol=1e-3, rtol=0)

        path = model.alpha_bar[[*times(1000, steps), 0]]
        now = path[:-1, None]
        after = path[1:, None]
        shared = (now * after).sqrt() * eigenvalues + ((1 - now) * (1 - after)).sqrt()
        factors = shared / (now * eigenvalues + 1 - now)
        covariance = axes * factors.prod(0).square() @ axes.T
        torch.testing.assert_close(a @ a.T, covariance, rtol=1e-8, atol=1e-9)

        errors[steps] = ((a @ a.T - COVARIANCE).norm() / COVARIANCE.norm()).item()

    assert errors[1000] < 0.02
    assert errors[250] / errors[1000] == pytest.approx(4, rel=0.1)
    assert errors[50] / errors[250] == pytest.approx(5, rel=0.2)


@pytest.mark.parametrize(
    "steps, eta, bias",
    [
        (1000, 1.0, 0.02),
        (100, 1.0, 0.12),
        (100, 0.0, 0.08),
        (250, 0.5, 0.04),
    ],
)
def test_samples_have_the_mean_and_covariance_of_the_data(steps, eta, bias):
    n = 5_000
    images = gaussian_model().sample(n, steps=steps, eta=eta, clip=False, generator=seeded(2))
    x = to_signed(images).flatten(1).double()
    assert x.mean(0).tolist() == pytest.approx(MEAN.tolist(), abs=4 * math.sqrt(0.03 / n))

    # the standard error of a covariance's estimate
    variances = COVARIANCE.diagonal()
    spread = (COVARIANCE.square() + torch.outer(variances, variances)).sqrt() / math.sqrt(n)
    errors = (x.T.cov() - COVARIANCE).abs()
    allowed = 4 * spread + bias * COVARIANCE.norm()
    assert bool((errors < allowed).all()), errors / COVARIANCE.norm()


@pytest.mark.parametrize("eta", [0.0, 0.7])
def test_the_samples_are_a_function_of_the_seed(eta):
    model = gaussian_model()
    images = model.sample(5, steps=10, eta=eta, generator=seeded(3))
    again = model.sample(5, steps=10, eta=eta, generator=seeded(3))
    other = model.sample(5, steps=10, eta=eta, generator=seeded(4))
    assert torch.equal(images, again)
    assert not torch.equal(images, other)


def test_noise_on_the_way_changes_the_samples():
    model = gaussian_model()
    without = model.sample(5, steps=10, eta=0.0, generator=seeded(3))
    with_noise = model.sample(5, steps=10, eta=0.7, generator=seeded(3))
    assert not torch.equal(without, with_noise)


def test_ddim_samples_are_a_function_of_the_noise_and_draw_nothing_on_the_way():
    model = gaussian_model()
    x_T = torch.randn(5, *SHAPE, generator=seeded(3))
    expected = model.sample(5, steps=10, eta=0.0, generator=seeded(3))
    torch.manual_seed(8)
    assert torch.equal(model.sample(5, steps=10, x_T=x_T), expected)
    assert torch.equal(torch.randn(1), torch.randn(1, generator=seeded(8)))


def test_the_trajectory_walks_step_by_step_to_the_sample():
    model = gaussian_model()
    x_T = torch.randn(4, *SHAPE, generator=seeded(0))
    path = list(model.trajectory(x_T, steps=5))
    assert [each.t for each in path] == times(1000, 5)
    assert torch.equal(path[0].x_t, x_T)

    for one, following in zip(path, path[1:]):
        torch.testing.assert_close(one.x0, model.denoise(one.x_t, one.t, clip=True))
        now = model.alpha_bar[one.t].item()
        after = model.alpha_bar[following.t].item()
        torch.testing.assert_close(following.x_t, step(one.x_t, one.x0, now, after, 0.0))

    images = model.sample(4, steps=5, x_T=x_T)
    assert torch.equal(to_images(path[-1].x0), images)
    assert images.dtype == torch.float32
    assert not images.requires_grad


def test_clipping_keeps_the_estimate_among_images():
    model = gaussian_model(schedule="linear")
    # no image has such pixels
    model.network.mean = torch.tensor([3.0, 0.0, 0.0], dtype=torch.double)
    x_t = torch.zeros(1, *SHAPE)
    assert model.denoise(x_t, 900).max() > 2
    assert model.denoise(x_t, 900, clip=True).max() == 1

    x_T = torch.randn(3, *SHAPE)
    for each in model.trajectory(x_T, steps=3):
        assert each.x0.abs().max() <= 1
    free = [each.x0.max() for each in model.trajectory(x_T, steps=3, clip=False)]
    assert max(free) > 2
    assert model.sample(3, steps=3, clip=False).max() == 1


def test_sampling_serves_any_denoiser():
    """The walk itself knows nothing of models: a denoiser that always gives 2 arrives at 2."""
    path = sampling(
        lambda x, t: torch.full_like(x, 2.0),
        torch.zeros(1, 1, 1, 1),
        cumulative("linear", 10),
        steps=10,
    )
    *_, last = path
    assert last.x0.item() == 2
    assert last.t == 1


@pytest.mark.parametrize("total, steps", [(100, 50), (20, 20)])
def test_steps_left_out_are_50_or_all(total, steps):
    model = gaussian_model(steps=total)
    x_T = torch.randn(2, *SHAPE)
    assert len(list(model.trajectory(x_T))) == steps
    assert torch.equal(model.sample(2, x_T=x_T), model.sample(2, x_T=x_T, steps=steps))


class Convolving(LinearNetwork):
    """A network that takes no number of another type than its weights'."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(1, 1, 1)

    def forward(self, x, t, code=None):
        return super().forward(self.convolution(x), t)


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64])
def test_noise_of_another_type_is_taken_as_the_weights_are(dtype):
    model = Diffusion(Convolving(), SHAPE)
    x_T = torch.ones(2, *SHAPE, dtype=dtype)
    expected = model.sample(2, x_T=x_T.float(), steps=2)
    assert torch.equal(model.sample(2, x_T=x_T, steps=2), expected)
