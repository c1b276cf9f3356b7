"""Errors by attribute. Oracles: planted gaps, and the closed form of Welch, by scipy."""
import pytest
import torch
from scipy.stats import ttest_ind
from support.attributes import NAMES, attribute_set, planted
from support.scores import check_interval_around

from vaekit import metrics
from vaekit.device import seeded
from vaekit.errors import UserError

Y = planted(1500)
IMAGES = attribute_set(Y)
NOISE = torch.randn(1500, generator=seeded(1), dtype=torch.double)
# images with the third attribute are worse by 2
ERRORS = 10 + NOISE + 2.0 * Y[:, 2]


def test_means_are_those_inside_and_outside():
    gap = metrics.error_by_attribute(ERRORS, IMAGES)["Bald"]
    has_it = Y[:, 2] == 1
    assert gap.inside.value == pytest.approx(ERRORS[has_it].mean().item())
    assert gap.outside.value == pytest.approx(ERRORS[~has_it].mean().item())
    assert gap.difference.value == pytest.approx(gap.inside.value - gap.outside.value)
    assert gap.inside.n == int(has_it.sum())


def test_a_planted_gap_is_found_and_no_other():
    gaps = metrics.error_by_attribute(ERRORS, IMAGES)
    assert gaps["Bald"].difference.low > 1.5
    assert gaps["Bald"].difference.high < 2.5
    for name in ("Eyeglasses", "Smiling"):
        assert gaps[name].difference.low < 0 < gaps[name].difference.high


@pytest.mark.parametrize("column, name", list(enumerate(NAMES)))
def test_the_interval_agrees_with_welchs(column, name):
    gap = metrics.error_by_attribute(ERRORS, IMAGES, resamples=4000)[name].difference
    has_it = Y[:, column] == 1
    welch = ttest_ind(ERRORS[has_it], ERRORS[~has_it], equal_var=False).confidence_interval()
    width = welch.high - welch.low
    assert gap.low == pytest.approx(welch.low, abs=0.08 * width)
    assert gap.high == pytest.approx(welch.high, abs=0.08 * width)


def test_the_interval_of_a_small_group_holds_the_truth():
    """Of 12 with the attribute and 100 without, and no difference: about 95 % hold 0."""
    y = torch.zeros(112, 3, dtype=torch.int64)
    y[:12] = 1
    images = attribute_set(y)
    generator = seeded(3)
    held = 0
    for _ in range(300):
        errors = torch.randn(112, generator=generator)
        difference = metrics.error_by_attribute(errors, images, resamples=200)["Bald"].difference
        held += difference.low <= 0 <= difference.high
    assert 0.91 <= held / 300 <= 0.99


def test_the_same_seed_gives_the_same_numbers():
    first = metrics.error_by_attribute(ERRORS, IMAGES, seed=4)["Bald"].difference
    again = metrics.error_by_attribute(ERRORS, IMAGES, seed=4)["Bald"].difference
    other = metrics.error_by_attribute(ERRORS, IMAGES, seed=5)["Bald"].difference
    assert (first.low, first.high) == (again.low, again.high)
    assert first.low != other.low
    check_interval_around(first)


def test_float16_errors_are_measured_exactly():
    half = ERRORS.half()
    found = metrics.error_by_attribute(half, IMAGES)["Bald"].inside.value
    assert found == pytest.approx(half.double()[Y[:, 2] == 1].mean().item())


ONE_BALD = torch.tensor([[0, 1, 1], [1, 0, 0], [1, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize("errors, y, words", [
    (ERRORS[:5], Y, r"errors must be a float tensor \(N,\), one for each of 1500 images"),
    (ERRORS.long(), Y, "errors must be a float tensor"),
    (ERRORS[:, None], Y, "errors must be a float tensor"),
    (ERRORS / 0, Y, "errors must be finite, got NaN or inf"),
    (ERRORS[:4], ONE_BALD, "'Bald' needs at least 2 images with it and without it, got 1 with"),
])
def test_bad_input_is_named(errors, y, words):
    with pytest.raises(UserError, match=words):
        metrics.error_by_attribute(errors, attribute_set(y))
