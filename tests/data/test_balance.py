"""Two attributes made independent. Oracles: the table by hand, and φ of what is drawn."""
import pytest
import torch
from support.attributes import NAMES, attribute_set, correlated

from vaekit import data
from vaekit.errors import UserError

# 40 with both, 10 with the first alone, 10 with the second alone, 40 with neither
Y = correlated(40, 10, 10, 40)
IMAGES = attribute_set(Y)
PAIR = ("Eyeglasses", "Smiling")


def phi(y, weights=None):
    """The correlation of the first two columns, of weighted images."""
    weights = torch.ones(len(y)) if weights is None else weights
    table = y[:, :2].double().T
    return torch.corrcoef(table.repeat_interleave(weights.round().long(), 1))[0, 1].item()


def test_a_weight_is_what_independence_expects_over_what_there_is():
    weights = data.balanced_weights(IMAGES, *PAIR)
    # 25 of 100 are expected of each combination
    expected = [25 / 40] * 40 + [25 / 10] * 20 + [25 / 40] * 40
    torch.testing.assert_close(weights, torch.tensor(expected, dtype=torch.double))


def test_weighted_the_attributes_are_independent_and_as_frequent_as_before():
    images = attribute_set(correlated(70, 5, 15, 10))
    y = images.y.double()
    weights = data.balanced_weights(images, *PAIR)
    assert weights.mean().item() == pytest.approx(1)
    first, second = y[:, 0], y[:, 1]
    share = (weights * first).mean()
    torch.testing.assert_close(share, first.mean())
    torch.testing.assert_close((weights * second).mean(), second.mean())
    torch.testing.assert_close((weights * first * second).mean(), first.mean() * second.mean())


def test_images_drawn_by_these_weights_are_uncorrelated():
    drawn = data.resample(IMAGES, data.balanced_weights(IMAGES, *PAIR), n=1000)
    assert phi(IMAGES.y) == pytest.approx(0.6)
    assert abs(phi(drawn.y)) < 0.02
    assert drawn.y[:, 0].double().mean().item() == pytest.approx(0.5, abs=0.01)


def test_an_image_comes_as_often_as_its_weight_rounded_down_or_up():
    weights = data.balanced_weights(IMAGES, *PAIR)
    x = torch.arange(100).div(255).reshape(100, 1, 1, 1)
    numbered = data.ImageSet(x, Y, NAMES)
    drawn = data.resample(numbered, weights)
    times = (drawn.x.flatten() * 255).round().long().bincount(minlength=100)
    assert (times >= weights.floor()).all()
    assert (times <= weights.ceil()).all()


def test_images_labels_and_factors_stay_together():
    factors = torch.arange(100)[:, None]
    x = torch.arange(100).div(255).reshape(100, 1, 1, 1)
    images = data.ImageSet(x, Y, NAMES, "drawn", factors, ("number",))
    drawn = data.resample(images, torch.rand(100), n=30)
    position = drawn.factors.flatten()
    assert len(drawn) == 30
    assert drawn.name == "drawn, resampled"
    assert torch.equal(drawn.x, x[position])
    assert torch.equal(drawn.y, Y[position])


def test_equal_weights_take_every_image_once():
    x = torch.arange(100).div(255).reshape(100, 1, 1, 1)
    drawn = data.resample(data.ImageSet(x, Y, NAMES), torch.ones(100))
    assert torch.equal(drawn.x.flatten().sort().values, x.flatten())
    assert not torch.equal(drawn.x, x)


def test_a_weight_of_0_is_never_drawn():
    weights = torch.ones(100)
    weights[:99] = 0
    drawn = data.resample(IMAGES, weights, n=7)
    assert torch.equal(drawn.y, Y[99:].expand(7, -1))


def test_the_same_seed_draws_the_same():
    weights = torch.rand(100)
    first = data.resample(IMAGES, weights, seed=3)
    assert torch.equal(first.y, data.resample(IMAGES, weights, seed=3).y)
    assert not torch.equal(first.y, data.resample(IMAGES, weights, seed=4).y)


WITH_CLASSES = data.ImageSet(IMAGES.x, Y[:, 0], NAMES)
ONES = torch.ones(100)


@pytest.mark.parametrize("call, words", [
    (
        lambda: data.balanced_weights(WITH_CLASSES, *PAIR),
        r"images must have attributes, y of shape \(N, A\), got ImageSet",
    ),
    (
        lambda: data.balanced_weights(IMAGES, "Smiling", "Glasses"),
        "unknown attribute 'Glasses'; choose one of .*Did you mean 'Eyeglasses'",
    ),
    (lambda: data.balanced_weights(IMAGES, "Bald", "Bald"), "two attributes, got 'Bald' twice"),
    (
        lambda: data.balanced_weights(attribute_set(correlated(40, 0, 10, 40)), *PAIR),
        "no image of 90 has Eyeglasses = 1 and Smiling = 0",
    ),
    (lambda: data.resample(IMAGES, ONES[:3]), "weights must be float, one for each of 100 images"),
    (lambda: data.resample(IMAGES, ONES.long()), "weights must be float"),
    (lambda: data.resample(IMAGES, ONES * 0), "weights must be finite, at least 0 and not all 0"),
    (lambda: data.resample(IMAGES, -ONES), "weights must be finite, at least 0"),
    (lambda: data.resample(IMAGES, ONES / 0), "weights must be finite, at least 0"),
    (lambda: data.resample(IMAGES, ONES, n=0), "n must be ≥ 1, got 0"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
