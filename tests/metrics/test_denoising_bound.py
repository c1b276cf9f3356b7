"""The bound of a diffusion model, where the data are Gaussian and everything is known.

The best denoiser of Gaussian data gives each L_t in closed form, and the entropy of the data gives
−log p(x) of a perfect model: the bound may not be below it.
"""
import math

import pytest
import torch
from support.diffusion import small_model, woken
from torch import nn

from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics import denoising_bound, fit_variances, step_weights
from vaekit.models.diffusion import Diffusion, cumulative

SHAPE = (1, 4, 4)
# of the data in [−1, 1], around 0: black and white are five standard deviations away
SPREAD = 0.2


class BestForSpread(nn.Module):
    """v of the mean of x_0 given x_t, for pixels from N(0, SPREAD²)."""

    def __init__(self, steps, factor=1.0):
        super().__init__()
        self.alpha_bar = cumulative("cosine", steps)
        self.factor = factor

    def forward(self, x, t, cond=None):
        kept = self.alpha_bar[t][:, None, None, None]
        x_t = x.double()
        x0 = self.factor * kept.sqrt() * SPREAD**2 * x_t / (kept * SPREAD**2 + 1 - kept)
        return ((kept.sqrt() * x_t - x0) / (1 - kept).sqrt()).to(x.dtype)


def model(steps=200, factor=1.0):
    return Diffusion(BestForSpread(steps, factor), SHAPE, steps=steps, ema=None)


def images(n=400, seed=0):
    x0 = SPREAD * torch.randn(n, *SHAPE, generator=seeded(seed))
    return ((x0.clamp(-1, 1) + 1) / 2 * 255).round() / 255


def entropy():
    """Of a pixel's level, in bits: the density times the width 2/255 of a level."""
    return math.log2(SPREAD * math.sqrt(2 * math.pi * math.e) * 255 / 2)


def closed_form_steps(steps):
    """Σ L_t per pixel, in bits, for the best denoiser."""
    alpha_bar = cumulative("cosine", steps)
    now = alpha_bar[2:]
    # Var(x_0 | x_t) / (1 − ᾱ_t)
    error = SPREAD**2 / (now * SPREAD**2 + 1 - now)
    return float((step_weights(alpha_bar) * error).sum() / math.log(2))


def test_the_steps_cost_what_the_closed_form_says():
    bound = denoising_bound(model(), images(2000), draws=64)
    assert float(bound.steps.mean()) == pytest.approx(closed_form_steps(200), rel=0.01)


def test_the_prior_costs_what_torch_says():
    bound = denoising_bound(model(steps=3), images(50), draws=1)
    kept = float(cumulative("cosine", 3)[-1])
    x0 = 2 * images(50).double() - 1
    found = torch.distributions.Normal(kept**0.5 * x0, (1 - kept) ** 0.5)
    kl = torch.distributions.kl_divergence(found, torch.distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(bound.prior, kl.flatten(1).mean(1).double() / math.log(2))


@pytest.mark.parametrize("fitted", [False, True])
def test_the_bound_lies_above_the_entropy(fitted):
    best = model(steps=1000)
    variances = fit_variances(best, images(200, seed=1), draws=32) if fitted else None
    bound = denoising_bound(best, images(400), draws=32, variances=variances)
    excess = float(bound.total.mean()) - entropy()
    # the images are a sample: their own mean −log p has a standard error of 0.009 bits
    assert excess > -0.03


def test_fitted_variances_close_the_gap():
    """The best Gaussian steps of Gaussian data leave no gap but for the last one's."""
    best = model(steps=1000)
    variances = fit_variances(best, images(400, seed=1), draws=64)
    fixed = denoising_bound(best, images(400), draws=64)
    fitted = denoising_bound(best, images(400), draws=64, variances=variances)
    assert float(fixed.total.mean()) - entropy() > 0.3
    assert float(fitted.total.mean()) - entropy() < 0.1


def test_a_worse_denoiser_costs_more():
    better = denoising_bound(model(), images(), draws=16).total.mean()
    worse = denoising_bound(model(factor=0.5), images(), draws=16).total.mean()
    assert float(worse) > float(better) + 0.05


def test_more_draws_change_the_mean_little():
    few = denoising_bound(model(), images(1000), draws=4).total.mean()
    many = denoising_bound(model(), images(1000), draws=64, seed=1).total.mean()
    assert float(few) == pytest.approx(float(many), abs=0.03)


def test_the_weights_are_half_the_differences_of_the_signal_to_noise_ratios():
    alpha_bar = cumulative("linear", 7)
    ratio = alpha_bar / (1 - alpha_bar)
    halves = (ratio[1:-1] - ratio[2:]) / 2 * (1 - alpha_bar[2:])
    torch.testing.assert_close(step_weights(alpha_bar), halves)


def test_the_same_seed_gives_the_same_number():
    first = denoising_bound(model(), images(20), draws=2, seed=3)
    again = denoising_bound(model(), images(20), draws=2, seed=3)
    other = denoising_bound(model(), images(20), draws=2, seed=4)
    assert torch.equal(first.total, again.total)
    assert not torch.equal(first.total, other.total)


def test_a_conditional_model_reads_the_labels():
    conditional = small_model(steps=4, ema=None)
    woken(conditional.network)
    x = torch.rand(6, 1, 8, 8, generator=seeded(0))
    bounds = []
    for label in (0, 1):
        labelled = ImageSet(x, torch.full((6,), label), ("dark", "bright"))
        bounds.append(denoising_bound(conditional, labelled, draws=2).total)
    assert not torch.equal(*bounds)
    with pytest.raises(UserError, match="pass an ImageSet, which has labels"):
        denoising_bound(conditional, x)


def test_what_is_refused():
    with pytest.raises(UserError, match="draws must be ≥ 1, got 0"):
        denoising_bound(model(), images(2), draws=0)
    with pytest.raises(UserError, match=r"images must be of this model's shape \(N, 1, 4, 4\)"):
        denoising_bound(model(), torch.rand(2, 1, 5, 5))
    with pytest.raises(UserError, match="the model's steps must be ≥ 2, got 1"):
        denoising_bound(model(steps=1), images(2))
    with pytest.raises(UserError, match="alpha_bar must fall"):
        step_weights(torch.tensor([1.0, 0.5, 0.6]))
