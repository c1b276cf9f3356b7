"""Attribute directions. Oracles: codes with planted directions, means by hand, numpy's fit."""
import numpy as np
import pytest
import torch
from support.attributes import NAMES, attribute_set, correlated, planted

from vaekit import explore
from vaekit.device import seeded
from vaekit.errors import UserError

Y = correlated(400, 100, 100, 400)
IMAGES = attribute_set(Y)
# what each attribute adds to a code of five numbers
PLANTED = torch.randn(3, 5, generator=seeded(0), dtype=torch.double)
CODES = Y.double() @ PLANTED + 0.1 * torch.randn(1000, 5, generator=seeded(1), dtype=torch.double)


def test_alone_it_is_the_difference_of_means():
    direction = explore.attribute_direction(CODES, IMAGES, "Smiling")
    smiling = Y[:, 1] == 1
    torch.testing.assert_close(direction, CODES[smiling].mean(0) - CODES[~smiling].mean(0))


def test_what_comes_along_is_in_the_difference_of_means():
    direction = explore.attribute_direction(CODES, IMAGES, "Smiling")
    # 400 of 500 smiling have glasses, 100 of 500 others do
    expected = PLANTED[1] + 0.6 * PLANTED[0]
    torch.testing.assert_close(direction, expected, atol=0.05, rtol=0)


def test_what_is_held_does_not_come_along():
    direction = explore.attribute_direction(CODES, IMAGES, "Smiling", hold=["Eyeglasses"])
    torch.testing.assert_close(direction, PLANTED[1], atol=0.05, rtol=0)


def test_one_held_attribute_is_the_average_over_its_groups():
    images = attribute_set(correlated(50, 20, 7, 30))
    codes = torch.randn(len(images), 4, generator=seeded(2), dtype=torch.double)
    smiling = images.y[:, 1] == 1
    total = torch.zeros(4, dtype=torch.double)
    weights = 0.0
    for group in (0, 1):
        inside = images.y[:, 0] == group
        n = int((inside & smiling).sum())
        m = int((inside & ~smiling).sum())
        weight = n * m / (n + m)
        difference = codes[inside & smiling].mean(0) - codes[inside & ~smiling].mean(0)
        total += weight * difference
        weights += weight
    direction = explore.attribute_direction(codes, images, "Smiling", hold=["Eyeglasses"])
    torch.testing.assert_close(direction, total / weights)


def test_several_held_attributes_are_a_least_squares_fit():
    y = planted(200)
    codes = torch.randn(200, 4, generator=seeded(2), dtype=torch.double)
    with_constant = np.column_stack([np.ones(200), y.numpy()])
    expected = np.linalg.lstsq(with_constant, codes.numpy(), rcond=None)[0][3]
    direction = explore.attribute_direction(codes, attribute_set(y), "Bald", hold=NAMES[:2])
    np.testing.assert_allclose(direction.numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_it_has_the_dtype_of_the_codes(dtype):
    codes = CODES.to(dtype)
    direction = explore.attribute_direction(codes, IMAGES, "Bald")
    assert direction.dtype == dtype
    assert direction.shape == (5,)


@pytest.mark.parametrize("call, words", [
    (
        lambda: explore.attribute_direction(CODES, IMAGES, "Smile"),
        "unknown attribute 'Smile'; choose one of .*Did you mean 'Smiling'",
    ),
    (
        lambda: explore.attribute_direction(CODES, IMAGES, "Bald", hold=["Bald"]),
        "hold must name other attributes than 'Bald', each once",
    ),
    (
        lambda: explore.attribute_direction(CODES[:9], IMAGES, "Bald"),
        "codes must be float, one row for each of 1000 images",
    ),
    (
        lambda: explore.attribute_direction(CODES / 0, IMAGES, "Bald"),
        "codes must be finite, got inf or NaN",
    ),
    (
        lambda: explore.attribute_direction(CODES[:40], attribute_set(Y[:40]), "Smiling"),
        "'Smiling' needs images with it and without it, got all of 40 with it",
    ),
    (
        lambda: explore.attribute_direction(
            CODES[:80], attribute_set(correlated(40, 0, 0, 40)), "Smiling", hold=["Eyeglasses"]
        ),
        "'Smiling' and hold = .'Eyeglasses'. determine one another in these 80 images",
    ),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
