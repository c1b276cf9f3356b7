"""Bias amplification. Oracles: planted correlations, scikit-learn, Fisher's interval."""
import math

import pytest
import torch
from sklearn.metrics import matthews_corrcoef
from support.attributes import NAMES, Reader, attribute_set, correlated, images_of, planted

from vaekit import metrics
from vaekit.errors import UserError

# φ = 0.6 and φ = 0.8, both attributes of half of the images
TRAIN = correlated(400, 100, 100, 400)
STRONGER = correlated(450, 50, 50, 450)
REAL = attribute_set(TRAIN)


def amplification(generated, reader=None, real=REAL, **settings):
    reader = Reader() if reader is None else reader
    images = images_of(generated)
    return metrics.bias_amplification(reader, images, real, "Eyeglasses", "Smiling", **settings)


@pytest.mark.parametrize("y", [TRAIN, STRONGER, planted(300), correlated(1, 30, 50, 2)])
def test_phi_is_the_matthews_correlation(y):
    assert metrics.phi(y[:, 0], y[:, 1]) == pytest.approx(matthews_corrcoef(y[:, 0], y[:, 1]))


def test_a_planted_amplification_is_found():
    found = amplification(STRONGER)
    assert found.labelled.value == pytest.approx(0.6)
    assert found.read.value == pytest.approx(0.6)
    assert found.generated.value == pytest.approx(0.8)
    assert found.amplification.value == pytest.approx(0.2)
    assert 0.1 < found.amplification.low < 0.2 < found.amplification.high < 0.3


def test_a_model_that_repeats_the_data_amplifies_nothing():
    found = amplification(TRAIN)
    assert found.amplification.value == pytest.approx(0)
    assert found.amplification.low < 0 < found.amplification.high


def test_a_weaker_correlation_is_negative():
    found = amplification(correlated(300, 200, 200, 300))
    assert found.amplification.value == pytest.approx(0.2 - 0.6)
    assert found.amplification.high < 0


def test_the_readers_own_mistakes_are_not_counted():
    """It says of the second attribute what it sees of the third, in real and generated images."""
    found = amplification(TRAIN, Reader(fixed=[(2, 1)]))
    assert found.labelled.value == pytest.approx(0.6)
    assert found.read.value == pytest.approx(metrics.phi(TRAIN[:, 0], TRAIN[:, 2]), abs=1e-9)
    assert found.amplification.value == pytest.approx(0)


def test_the_interval_of_phi_agrees_with_the_large_sample_formula():
    # Bishop, Fienberg & Holland 1975, for equal margins: var φ = (1 − φ²) / n
    found = amplification(STRONGER, resamples=4000).generated
    half = 1.96 * math.sqrt((1 - 0.8**2) / 1000)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.08)


def test_the_same_seed_gives_the_same_interval():
    first = amplification(STRONGER, seed=2).amplification
    again = amplification(STRONGER, seed=2).amplification
    assert (first.low, first.high) == (again.low, again.high)


@pytest.mark.parametrize("call, words", [
    (
        lambda: amplification(TRAIN, Reader(blind=[1])),
        "'Smiling' must occur in some of the real images, as read,.* got none of 1000 with it",
    ),
    (
        lambda: amplification(correlated(5, 0, 5, 0)),
        "'Smiling' must occur in some of the generated images, as read,.* got all of 10",
    ),
    (
        lambda: metrics.bias_amplification(Reader(), images_of(TRAIN), REAL, "Bald", "Balb"),
        "unknown attribute 'Balb'; choose one of .*Did you mean 'Bald'",
    ),
    (
        lambda: metrics.bias_amplification(Reader(), images_of(TRAIN), REAL, "Bald", "Bald"),
        "first and second must be two attributes, got 'Bald' twice",
    ),
    (
        lambda: metrics.bias_amplification(
            Reader(), images_of(TRAIN), attribute_set(TRAIN[:, :2], NAMES[:2]), *NAMES[:2]
        ),
        "classifier must read the 2 attributes of real, got 3",
    ),
    (
        lambda: metrics.phi(torch.ones(4), torch.tensor([0, 1, 1, 0])),
        "'first' must occur in some of the images and be absent in others, got all of 4",
    ),
    (
        lambda: metrics.phi(torch.tensor([0, 1]), torch.tensor([0, 1, 1])),
        r"second must be one attribute of N images",
    ),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
