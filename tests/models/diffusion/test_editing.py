"""Encoding, inpainting and redrawing, with the best possible network for Gaussian data."""
import pytest
import torch
from support.diffusion import COVARIANCE, MEAN, SMALL, gaussian_model, small_model, woken

from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models.diffusion import inpaint, invert, redraw


def images(n=64, seed=0):
    """Draws of the Gaussian data, in [0, 1]."""
    root = torch.linalg.cholesky(COVARIANCE)
    noise = torch.randn(n, 3, generator=seeded(seed), dtype=torch.double)
    x0 = MEAN + noise @ root.T
    return ((x0.clamp(-1, 1) + 1) / 2).float().reshape(n, 1, 1, 3)


def there_and_back(model, x, steps, iterations):
    x_T = invert(model, x, steps=steps, iterations=iterations)
    back = model.sample(len(x), x_T=x_T, steps=steps, clip=False)
    return float((back - x).abs().max())


@pytest.mark.parametrize("target", ["v", "epsilon"])
def test_encoding_comes_back_when_the_steps_are_small(target):
    assert there_and_back(gaussian_model(target, "linear"), images(), 1000, 1) < 0.02


def test_iterations_solve_each_step_exactly():
    model = gaussian_model(schedule="linear")
    once = there_and_back(model, images(), 20, 1)
    often = there_and_back(model, images(), 20, 60)
    assert often < 1e-3 < once


def test_codes_of_the_data_are_standard_normal():
    x_T = invert(gaussian_model(schedule="linear"), images(4000), steps=1000, iterations=5)
    assert float(x_T.mean()) == pytest.approx(0, abs=0.06)
    assert float(x_T.std()) == pytest.approx(1, abs=0.06)


def known(*pixels):
    return torch.tensor(pixels).reshape(1, 1, 1, 3)


def test_inpainting_keeps_what_is_known():
    x = images(8)
    filled = inpaint(gaussian_model(), x, known(True, False, False), steps=10)
    torch.testing.assert_close(filled[..., 0], x[..., 0])


def test_inpainting_does_not_read_what_is_unknown():
    x = images(8)
    spoilt = x.clone()
    spoilt[..., 1:] = torch.rand(8, 1, 1, 2, generator=seeded(1))
    first, second = (
        inpaint(gaussian_model(), each, known(True, False, False), steps=10, generator=seeded(2))
        for each in (x, spoilt)
    )
    assert torch.equal(first, second)


def slope(filled, x):
    """By how much the second pixel follows the first."""
    first = x[..., 0].flatten() - x[..., 0].mean()
    return float((first * filled[..., 1].flatten()).sum() / first.square().sum())


def test_repeating_makes_the_parts_agree():
    """The second pixel should follow the first with the slope 0.015 / 0.030."""
    x = images(4000)
    slopes = {}
    for repeats in (1, 10):
        filled = inpaint(
            gaussian_model(), x, known(True, False, False), steps=50, repeats=repeats,
            generator=seeded(3),
        )
        slopes[repeats] = slope(filled, x)
    assert abs(slopes[10] - 0.5) < 0.1
    assert abs(slopes[10] - 0.5) < abs(slopes[1] - 0.5)


def test_redrawing_a_little_changes_little_and_redrawing_much_forgets():
    white = torch.ones(4000, 1, 1, 3)
    distances = []
    for strength in (0.01, 0.5, 1.0):
        drawn = redraw(gaussian_model(), white, strength=strength, steps=50, generator=seeded(0))
        distances.append(float((drawn - white).abs().mean()))
    assert distances[0] < 0.1
    assert distances == sorted(distances)
    # at the end it is a draw of the data
    means = drawn.mean((0, 1, 2)).double()
    torch.testing.assert_close(means, (MEAN + 1) / 2, atol=0.01, rtol=0)


@pytest.mark.parametrize("edit", [
    lambda model, x, c: invert(model, x, c, steps=2),
    lambda model, x, c: inpaint(model, x, x > 0.5, c, steps=2, repeats=2, generator=seeded(0)),
    lambda model, x, c: redraw(model, x, c, steps=2, eta=1.0, generator=seeded(0)),
])
def test_the_condition_and_the_mode_of_the_model(edit):
    model = small_model(steps=4, ema=None).train()
    woken(model.network)
    x = torch.rand(2, *SMALL, generator=seeded(0))
    dark, bright = edit(model, x, 0), edit(model, x, 1)
    assert not torch.equal(dark, bright)
    assert model.training


def test_what_is_refused():
    model, x = gaussian_model(steps=5), images(2)
    with pytest.raises(UserError, match=r"images must be of this model's shape \(N, 1, 1, 3\)"):
        invert(model, torch.rand(2, 1, 3, 3))
    with pytest.raises(UserError, match="iterations must be ≥ 1, got 0"):
        invert(model, x, steps=2, iterations=0)
    with pytest.raises(UserError, match="known must be of bool"):
        inpaint(model, x, torch.ones(1, 1, 1, 3), steps=2)
    with pytest.raises(UserError, match="known must broadcast to the images' shape"):
        inpaint(model, x, torch.ones(1, 1, 1, 4, dtype=torch.bool), steps=2)
    with pytest.raises(UserError, match="strength must be > 0 and ≤ 1, got 0"):
        redraw(model, x, strength=0.0, steps=2)
    with pytest.raises(UserError, match="steps must be ≤ 5, got 6"):
        redraw(model, x, steps=6)
