"""Image sets whose images have attributes instead of a class."""
import pytest
import torch

from vaekit.data import ImageSet, as_image_set
from vaekit.data.images import check_attributes
from vaekit.device import seeded
from vaekit.errors import UserError

NAMES = ("smiling", "glasses", "hat")


@pytest.fixture
def faces():
    g = seeded(0)
    x = torch.randint(0, 256, (7, 3, 4, 4), generator=g, dtype=torch.uint8)
    y = torch.randint(0, 2, (7, 3), generator=g)
    return ImageSet(x, y, NAMES, "faces")


def test_attributes_are_shown_in_place_of_classes(faces):
    assert repr(faces) == "ImageSet(faces: 7 images of 3×4×4, 3 attributes)"
    assert len(faces) == 7


def test_attributes_are_kept_row_by_row(faces):
    labels = [y for _, y in faces.batches(3)]
    assert [y.shape for y in labels] == [(3, 3), (3, 3), (1, 3)]
    assert torch.equal(torch.cat(labels), faces.y)

    few = faces.first(2)
    assert torch.equal(few.y, faces.y[:2])
    assert few.classes == NAMES
    assert torch.equal(faces.to("cpu").y, faces.y)
    assert as_image_set(faces) is faces


def test_shuffled_batches_keep_each_image_with_its_row(faces):
    row_of = {}
    for image, row in zip(faces.images(), faces.y):
        row_of[as_key(image)] = row.tolist()

    shuffled = list(faces.batches(3, shuffle=True, generator=seeded(1)))
    for x, y in shuffled:
        for image, row in zip(x, y):
            assert row_of[as_key(image)] == row.tolist()
    assert not torch.equal(torch.cat([y for _, y in shuffled]), faces.y)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.float32])
def test_zeros_and_ones_of_any_type_are_attributes(faces, dtype):
    images = ImageSet(faces.x, faces.y.to(dtype), NAMES)
    assert torch.equal(images.y.long(), faces.y)


def test_a_single_attribute_is_a_column():
    images = ImageSet(torch.zeros(2, 1, 2, 2), torch.tensor([[1], [0]]), ("hat",))
    assert repr(images).endswith("1 attributes)")


def test_as_many_images_as_classes_are_no_attributes():
    images = ImageSet(torch.zeros(10, 1, 2, 2), torch.arange(10))
    assert "10 classes" in repr(images)


X = torch.zeros(2, 1, 2, 2)


@pytest.mark.parametrize("y, words", [
    ([[1, -1, 1], [0, 0, 0]], "attributes are 0 or 1, got -1; CelebA's −1 means 0"),
    # in the last row and column
    ([[0, 1, 1], [0, 0, 2]], "attributes are 0 or 1, got 2"),
    ([[0, 1, 0.5], [0, 0, 0]], "attributes are 0 or 1, got 0.5"),
    ([[0, 1, torch.nan], [0, 0, 0]], "attributes are 0 or 1, got nan"),
])
def test_another_value_than_0_and_1_is_named(y, words):
    with pytest.raises(UserError, match=words):
        ImageSet(X, torch.tensor(y), NAMES)


@pytest.mark.parametrize("shape, words", [
    ((2, 2), r"one label per image is needed: 2 images, labels y of shape \(2, 2\)"),
    ((3, 3), r"2 images, labels y of shape \(3, 3\)"),
    ((2, 3, 1), r"labels y of shape \(2, 3, 1\)"),
])
def test_attributes_of_another_shape_are_named(shape, words):
    with pytest.raises(UserError, match=words):
        ImageSet(X, torch.zeros(shape), NAMES)


def test_images_with_attributes_cannot_be_chosen_by_class():
    images = ImageSet(X, torch.zeros(2, 3), NAMES)
    with pytest.raises(UserError, match="an image with attributes has no single class"):
        images.only("hat")


def test_some_attributes_are_kept_in_the_order_of_their_names(faces):
    chosen = faces.with_attributes("hat", "smiling")
    assert chosen.classes == ("hat", "smiling")
    assert torch.equal(chosen.y, faces.y[:, [2, 0]])
    assert torch.equal(chosen.x, faces.x)
    assert chosen.name == "faces, attributes hat, smiling"


@pytest.mark.parametrize("names, words", [
    ((), "attributes must hold at least one of smiling, glasses, hat, got none"),
    (("beard",), "unknown attribute 'beard'; choose one of smiling, glasses, hat"),
    (("hat", "hat"), "attributes must differ from one another"),
])
def test_attributes_that_are_none_of_the_set_are_named(faces, names, words):
    with pytest.raises(UserError, match=words):
        faces.with_attributes(*names)


@pytest.mark.parametrize("y, classes, words", [
    (torch.tensor([0, 1]), NAMES, "images has the classes smiling, glasses, hat, and no attr"),
    (torch.zeros(2, 0, dtype=torch.int64), (), "images has no labels, and no attributes"),
])
def test_images_without_attributes_say_what_they_have(y, classes, words):
    with pytest.raises(UserError, match=words):
        ImageSet(X, y, classes).with_attributes("hat")


def test_check_attributes_names_the_first_other_value():
    with pytest.raises(UserError, match="attributes are 0 or 1, got 3"):
        check_attributes(torch.tensor([0.0, 3.0]))


def as_key(image: torch.Tensor) -> tuple[float, ...]:
    return tuple(image.flatten().tolist())
