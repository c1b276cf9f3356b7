"""With the best possible network for Gaussian data, DDPM and DDIM must give back the data's mean and covariance."""
import itertools
import math

import pytest
import torch
from test_process import COVARIANCE, MEAN, SHAPE, Linear, conditional, gaussian
from torch import nn

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


def test_a_step_with_eta_1_is_the_posterior_of_the_joint_gaussian():
    """q(x_s | x_t, x_0) by conditioning: given x_0, x_s and x_t are jointly Gaussian with covariance √(ᾱ_t / ᾱ_s) (1 − ᾱ_s)."""
    alpha_bar = cumulative("linear", 1000).tolist()
    x0, x_t = torch.tensor(0.7, dtype=torch.double), torch.tensor(-0.4, dtype=torch.double)
    for t, s in [(1000, 999), (500, 499), (800, 200), (2, 1)]:
        now, after = alpha_bar[t], alpha_bar[s]
        slope = math.sqrt(now / after) * (1 - after) / (1 - now)
        mean, variance = math.sqrt(after) * x0 + slope * (x_t - math.sqrt(now) * x0), (1 - after) - slope**2 * (1 - now)
        assert step_noise(now, after, 1.0) ** 2 == pytest.approx(variance, rel=1e-9)
        drawn = [step(x_t, x0, now, after, 1.0, torch.tensor(z, dtype=torch.double)).item() for z in (0.0, 1.0)]
        assert drawn == pytest.approx([mean.item(), mean.item() + math.sqrt(variance)], rel=1e-9)


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_a_step_leads_from_one_marginal_to_the_next(eta):
    """x_t = √ᾱ_t x_0 + √(1 − ᾱ_t) ε must become √ᾱ_s x_0 + noise of variance 1 − ᾱ_s, whatever η is."""
    now, after = 0.3, 0.8
    zero, one = torch.zeros(()), torch.ones(())
    of_x0 = step(math.sqrt(now) * one, one, now, after, eta, zero)
    of_eps, of_z = step(math.sqrt(1 - now) * one, zero, now, after, eta, zero), step(zero, zero, now, after, eta, one)
    assert of_x0.item() == pytest.approx(math.sqrt(after), rel=1e-6)
    assert of_eps.item() ** 2 + of_z.item() ** 2 == pytest.approx(1 - after, rel=1e-6)
    assert (of_z.item() > 0) == (eta > 0)


def test_times_run_from_the_end_in_even_strides():
    assert times(1000, 4) == [1000, 750, 500, 250] and times(1000, 1) == [1000] and times(10, 10) == list(range(10, 0, -1))
    for total, steps in [(1000, 50), (1000, 333), (7, 5)]:
        strides = -torch.tensor([*times(total, steps), 0]).diff()
        assert len(strides) == steps and strides.sum() == total and 1 <= strides.min() <= strides.max() <= math.ceil(total / steps) + 1


@pytest.mark.parametrize("target, schedule", list(itertools.product(("v", "epsilon"), ("linear", "cosine"))))
def test_ddim_converges_to_the_gaussian_it_was_told(target, schedule):
    """Without noise on the way x_T ↦ x_0 is affine, A x_T + b: the samples' mean and covariance, b and A Aᵀ, need no sampling.

    Along each axis of the covariance, of variance λ, a step multiplies by the regression of √ᾱ_s x_0 + √(1 − ᾱ_s) ε on √ᾱ_t x_0 + √(1 − ᾱ_t) ε. The
    square of all factors' product tends to λ as 1 / steps.
    """
    model, errors = gaussian(target, schedule), []
    eigenvalues, axes = torch.linalg.eigh(COVARIANCE)
    for steps in (10, 50, 250, 1000):
        starts = torch.cat([torch.zeros(1, 3), torch.eye(3)]).double().reshape(4, *SHAPE)
        *_, last = model.trajectory(starts, steps=steps, clip=False)
        b, a = last.x0[0].flatten(), (last.x0[1:] - last.x0[0]).flatten(1).T
        torch.testing.assert_close(b, MEAN, atol=1e-3, rtol=0)
        path = model.alpha_bar[[*times(1000, steps), 0]]
        now, after = path[:-1, None], path[1:, None]
        factors = ((now * after).sqrt() * eigenvalues + ((1 - now) * (1 - after)).sqrt()) / (now * eigenvalues + 1 - now)
        torch.testing.assert_close(a @ a.T, axes * factors.prod(0).square() @ axes.T, rtol=1e-8, atol=1e-9)
        errors.append(((a @ a.T - COVARIANCE).norm() / COVARIANCE.norm()).item())
    assert errors[3] < 0.02 and errors[2] / errors[3] == pytest.approx(4, rel=0.1) and errors[1] / errors[2] == pytest.approx(5, rel=0.2)


@pytest.mark.parametrize("steps, eta, bias", [(1000, 1.0, 0.02), (100, 1.0, 0.12), (100, 0.0, 0.08), (250, 0.5, 0.04)])
def test_samples_have_the_mean_and_covariance_of_the_data(steps, eta, bias):
    n, generator = 5_000, torch.Generator().manual_seed(2)
    x = to_signed(gaussian().sample(n, steps=steps, eta=eta, clip=False, generator=generator)).flatten(1).double()
    assert x.mean(0).tolist() == pytest.approx(MEAN.tolist(), abs=4 * math.sqrt(0.03 / n))
    errors = (x.T.cov() - COVARIANCE).abs()
    spread = (COVARIANCE.square() + torch.outer(COVARIANCE.diagonal(), COVARIANCE.diagonal())).sqrt() / math.sqrt(n)    # of a covariance's estimate
    assert bool((errors < 4 * spread + bias * COVARIANCE.norm()).all()), errors / COVARIANCE.norm()


def test_the_samples_are_a_function_of_the_noise_and_the_seed():
    model = gaussian()
    draw = {eta: [model.sample(5, steps=10, eta=eta, generator=torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)] for eta in (0.0, 0.7)}
    for first, again, other in draw.values():
        assert torch.equal(first, again) and not torch.equal(first, other)
    assert not torch.equal(draw[0.0][0], draw[0.7][0])
    x_T = torch.randn(5, *SHAPE, generator=torch.Generator().manual_seed(3))
    torch.manual_seed(8)
    assert torch.equal(model.sample(5, steps=10, x_T=x_T), draw[0.0][0])
    assert torch.equal(torch.randn(1), torch.randn(1, generator=torch.Generator().manual_seed(8))), "DDIM draws nothing on the way"


def test_the_trajectory_ends_in_the_sample():
    model, x_T = gaussian(), torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(0))
    walk = list(model.trajectory(x_T, steps=5))
    assert [each.t for each in walk] == times(1000, 5) and torch.equal(walk[0].x_t, x_T)
    for one, following in zip(walk, walk[1:]):
        torch.testing.assert_close(one.x0, model.denoise(one.x_t, one.t, clip=True))
        torch.testing.assert_close(following.x_t, step(one.x_t, one.x0, model.alpha_bar[one.t].item(), model.alpha_bar[following.t].item(), 0.0))
    assert torch.equal(to_images(walk[-1].x0), model.sample(4, steps=5, x_T=x_T))
    assert model.sample(4, steps=5, x_T=x_T).dtype == torch.float32 and not model.sample(2).requires_grad


def test_clipping_keeps_the_estimate_among_images():
    model = gaussian(schedule="linear")
    model.network.mean = torch.tensor([3.0, 0.0, 0.0], dtype=torch.double)                     # no image has such pixels
    x_t = torch.zeros(1, *SHAPE)
    assert model.denoise(x_t, 900).max() > 2 and model.denoise(x_t, 900, clip=True).max() == 1
    assert all(each.x0.abs().max() <= 1 for each in model.trajectory(torch.randn(3, *SHAPE), steps=3))
    assert max(each.x0.max() for each in model.trajectory(torch.randn(3, *SHAPE), steps=3, clip=False)) > 2
    assert model.sample(3, steps=3, clip=False).max() == 1


def test_many_images_are_denoised_part_by_part_to_the_same_end():
    model = conditional()
    x_T, c = torch.randn(1100, *SHAPE), torch.arange(1100) % 3
    whole = model.eval().sample(1100, c, steps=3, x_T=x_T, guidance=1.5, clip=False)
    assert {len(code) for code in model.average.network.codes[1:]} == {1024, 152}, "512 images, told and untold, and the rest"
    for part in (slice(0, 5), slice(509, 515), slice(1095, 1100)):
        torch.testing.assert_close(whole[part], model.sample(len(x_T[part]), c[part], steps=3, x_T=x_T[part], guidance=1.5, clip=False))


def test_sampling_serves_any_denoiser():
    """The walk itself knows nothing of models: a denoiser that always answers 2 arrives at 2."""
    *_, last = sampling(lambda x, t: torch.full_like(x, 2.0), torch.zeros(1, 1, 1, 1), cumulative("linear", 10), steps=10)
    assert last.x0.item() == 2 and last.t == 1


@pytest.mark.parametrize("total, asked", [(100, 50), (20, 20)])
def test_steps_left_out_are_50_or_all(total, asked):
    noise, model = torch.randn(2, *SHAPE), gaussian(steps=total)
    assert len(list(model.trajectory(noise))) == asked
    assert torch.equal(model.sample(2, x_T=noise), model.sample(2, x_T=noise, steps=asked))


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64])
def test_noise_of_another_type_is_taken_as_the_weights_are(dtype):
    class Convolving(Linear):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv2d(1, 1, 1)                             # takes no number of another type than its weights'

        def forward(self, x, t, code=None):
            return super().forward(self.convolution(x), t)

    model, x_T = Diffusion(Convolving(), SHAPE), torch.ones(2, *SHAPE, dtype=dtype)
    assert torch.equal(model.sample(2, x_T=x_T, steps=2), model.sample(2, x_T=x_T.float(), steps=2))
