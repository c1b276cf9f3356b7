"""How much of the image is left after each step: the schedules against their formulas."""
import math

import pytest
import torch

from vaekit.models.diffusion import cumulative


def test_the_linear_schedule_is_the_product_of_its_steps():
    alpha_bars = cumulative("linear", 1000).tolist()
    assert alpha_bars[0] == 1
    kept = 1.0
    for t, alpha_bar in enumerate(alpha_bars[1:], start=1):
        beta = 1e-4 + (0.02 - 1e-4) * (t - 1) / 999
        kept *= 1 - beta
        assert alpha_bar == pytest.approx(kept, rel=1e-9)


def test_the_cosine_schedule_is_its_formula_until_the_last_step_is_held_back():
    f = [math.cos((t / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(1001)]
    alpha_bar = cumulative("cosine", 1000).tolist()
    expected = [each / f[0] for each in f[:1000]]
    assert alpha_bar[:1000] == pytest.approx(expected, rel=1e-6)
    assert alpha_bar[1000] == pytest.approx(alpha_bar[999] * 0.001, rel=1e-9), "β = 0.999, not 1"


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
@pytest.mark.parametrize("steps", [20, 1000, 4000])
def test_schedules_fall_from_1_to_almost_0(schedule, steps):
    alpha_bar = cumulative(schedule, steps)
    assert alpha_bar.shape == (steps + 1,)
    assert alpha_bar.dtype == torch.double
    assert alpha_bar[0] == 1
    assert bool((alpha_bar.diff() < 0).all())
    assert 0 < alpha_bar[-1] < 1e-4
