"""What a classifier reads. Oracles: planted attributes, counts by hand, scikit-learn, scipy."""
import pytest
import torch
from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score
from support.attributes import NAMES, Reader, attribute_set, images_of, planted
from support.scores import check_interval_around
from torch import nn

from vaekit import metrics
from vaekit.data import ImageSet
from vaekit.errors import UserError
from vaekit.models import AttributeClassifier, Classifier

ASKED = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 0], [1, 0, 0]])
# the second image has lost its first attribute, the last one has won the third
MADE = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 1, 0], [1, 0, 1]])


def test_attributes_are_read_as_they_were_planted():
    y = planted(1203)
    assert torch.equal(metrics.read_attributes(Reader(), images_of(y)), y)


def test_the_shipped_kind_of_classifier_is_read():
    torch.manual_seed(0)
    model = AttributeClassifier(3, (3, 16, 16))
    x = torch.rand(7, 3, 16, 16)
    assert torch.equal(metrics.read_attributes(model, x), model.classify(x))


def test_carried_counts_the_images_that_were_asked_to_have_it():
    found = metrics.carried(Reader(), images_of(MADE), ASKED, NAMES)
    assert found["Eyeglasses"].value == pytest.approx(2 / 3)
    assert found["Eyeglasses"].n == 3
    assert found["Smiling"].value == 1
    # no image was asked to be bald
    assert list(found) == ["Eyeglasses", "Smiling"]


def test_carried_counts_the_images_that_were_asked_to_be_without_it():
    found = metrics.carried(Reader(), images_of(MADE), ASKED, NAMES, present=False)
    assert found["Bald"].value == pytest.approx(3 / 4)
    assert found["Eyeglasses"].value == 1
    assert found["Eyeglasses"].n == 1


def test_the_interval_is_wilsons():
    found = metrics.carried(Reader(), images_of(MADE), ASKED, NAMES)["Eyeglasses"]
    expected = binomtest(2, 3).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-6)


def test_the_floor_is_what_is_read_in_real_images_that_have_it():
    real = attribute_set(planted(400))
    found = metrics.carried(Reader(blind=[0]), images_of(MADE), ASKED, NAMES, real=real)
    assert found["Eyeglasses"].floor == 0
    assert found["Smiling"].floor == 1
    without = metrics.carried(
        Reader(blind=[0]), images_of(MADE), ASKED, NAMES, real=real, present=False
    )
    assert without["Eyeglasses"].floor == 1


def test_generation_rates_stand_beside_what_is_read_in_real_images():
    real = attribute_set(planted(1000))
    y = planted(600, shares=(0.5, 0.6, 0.1), seed=1)
    # its answer to the third attribute is what it sees of the second
    found = metrics.generation_rates(Reader(fixed=[(1, 2)]), images_of(y), real)
    shares = y.double().mean(0)
    of_real = real.y.double().mean(0)
    assert found["Smiling"].value == pytest.approx(shares[1].item())
    assert found["Smiling"].floor == pytest.approx(of_real[1].item())
    assert found["Bald"].value == pytest.approx(shares[1].item())
    assert found["Bald"].floor == pytest.approx(of_real[1].item())
    assert found["Bald"].note == f"labelled in real images: {of_real[2].item():.3g}"
    assert found["Smiling"].low > found["Smiling"].floor
    check_interval_around(found["Eyeglasses"])


@pytest.mark.parametrize("reader", [Reader(), Reader(blind=[2]), Reader(fixed=[(1, 2)])])
def test_balanced_accuracy_is_that_of_scikit_learn(reader):
    images = attribute_set(planted(500))
    read = metrics.read_attributes(reader, images)
    for column, (name, score) in enumerate(metrics.balanced_accuracy(reader, images).items()):
        assert name == NAMES[column]
        expected = balanced_accuracy_score(images.y[:, column], read[:, column])
        assert score.value == pytest.approx(expected)
        assert 0 <= score.low <= score.value <= score.high <= 1


def test_who_never_sees_a_rare_attribute_is_at_chance():
    images = attribute_set(planted(500))
    assert metrics.balanced_accuracy(Reader(blind=[2]), images)["Bald"].value == 0.5


class Silent(nn.Module):
    def classify(self, x):
        return [0] * len(x)


IMAGES = images_of(MADE)
WITH_CLASSES = ImageSet(IMAGES, torch.tensor([0, 1, 2, 0]), NAMES)


@pytest.mark.parametrize("call, words", [
    (
        lambda: metrics.read_attributes(Silent(), IMAGES),
        r"classifier must give attributes, \(N, A\) of 0 and 1.*Silent gives list for 4 images",
    ),
    (
        lambda: metrics.read_attributes(Classifier(), torch.rand(2, 1, 28, 28)),
        r"classifier must give attributes.*Classifier gives \(2,\)",
    ),
    (
        lambda: metrics.read_attributes(nn.Identity(), IMAGES),
        "model must have classify, and Identity has no classify",
    ),
    (
        lambda: metrics.carried(Reader(), IMAGES, ASKED[:3], NAMES),
        "asked must have one row for each of 4 images and one column for each of 3 names",
    ),
    (
        lambda: metrics.carried(Reader(), IMAGES, ASKED * 2 - 1, NAMES),
        "attributes are 0 or 1, got -1",
    ),
    (
        lambda: metrics.carried(Reader(), IMAGES, ASKED * 0, NAMES),
        "asked must ask some image to have an attribute",
    ),
    (
        lambda: metrics.carried(Reader(), IMAGES, ASKED[:, :2], NAMES[:2]),
        "names must be one for each of 3 attributes that the classifier reads, got 2",
    ),
    (
        lambda: metrics.carried(
            Reader(), IMAGES, ASKED, NAMES, real=attribute_set(MADE, ("a", "b", "c"))
        ),
        "real must have the attributes of names",
    ),
    (
        lambda: metrics.generation_rates(Reader(), IMAGES, WITH_CLASSES),
        r"real must have attributes, y of shape \(N, A\), got ImageSet\(images: 4 images",
    ),
    (
        lambda: metrics.balanced_accuracy(Reader(), attribute_set(ASKED)),
        "'Bald' needs at least 1 images with it and without it, got 0 with and 4 without",
    ),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
