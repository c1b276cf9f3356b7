"""Image sets whose images have attributes instead of a class."""
import pytest
import torch

from vaekit.data import ImageSet, as_image_set
from vaekit.data.images import check_attributes
from vaekit.errors import UserError

NAMES = ("smiling", "glasses", "hat")


@pytest.fixture
def faces():
    g = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (7, 3, 4, 4), generator=g, dtype=torch.uint8)
    return ImageSet(x, torch.randint(0, 2, (7, 3), generator=g), NAMES, "faces")


def test_attributes_are_kept_row_by_row(faces):
    assert repr(faces) == "ImageSet(faces: 7 images of 3×4×4, 3 attributes)" and len(faces) == 7
    batches = list(faces.batches(3))
    assert [y.shape for _, y in batches] == [(3, 3), (3, 3), (1, 3)]
    assert torch.equal(torch.cat([y for _, y in batches]), faces.y)
    few = faces.first(2)
    assert torch.equal(few.y, faces.y[:2]) and few.classes == NAMES and torch.equal(faces.to("cpu").y, faces.y)
    assert as_image_set(faces) is faces


def test_shuffled_batches_keep_each_image_with_its_row(faces):
    rows = {tuple(image.flatten().tolist()): row.tolist() for image, row in zip(faces.images(), faces.y)}
    shuffled = list(faces.batches(3, shuffle=True, generator=torch.Generator().manual_seed(1)))
    assert all(rows[tuple(image.flatten().tolist())] == row.tolist() for x, y in shuffled for image, row in zip(x, y))
    assert not torch.equal(torch.cat([y for _, y in shuffled]), faces.y)


@pytest.mark.parametrize("kind", [torch.int64, torch.uint8, torch.bool, torch.float32])
def test_any_type_of_zeros_and_ones_will_do(faces, kind):
    assert torch.equal(ImageSet(faces.x, faces.y.to(kind), NAMES).y.long(), faces.y)


def test_attributes_need_not_be_as_many_as_images_or_two():
    one = ImageSet(torch.zeros(2, 1, 2, 2), torch.tensor([[1], [0]]), ("hat",))
    assert repr(one).endswith("1 attributes)")
    assert "10 classes" in repr(ImageSet(torch.zeros(10, 1, 2, 2), torch.arange(10)))


X = torch.zeros(2, 1, 2, 2)


@pytest.mark.parametrize("call, words", [
    (lambda: ImageSet(X, torch.tensor([[1, -1, 1], [0, 0, 0]]), NAMES), "attributes are 0 or 1, got -1; CelebA's −1 means 0"),
    (lambda: ImageSet(X, torch.tensor([[0, 1, 1], [0, 0, 2]]), NAMES), "attributes are 0 or 1, got 2"),         # in a last column, far down
    (lambda: ImageSet(X, torch.tensor([[0, 1, 0.5], [0, 0, 0]]), NAMES), "attributes are 0 or 1, got 0.5"),
    (lambda: ImageSet(X, torch.tensor([[0, 1, torch.nan], [0, 0, 0]]), NAMES), "attributes are 0 or 1, got nan"),
    (lambda: ImageSet(X, torch.zeros(2, 2), NAMES), r"one label an image is needed: 2 images, labels of shape \(2, 2\)"),
    (lambda: ImageSet(X, torch.zeros(3, 3), NAMES), r"2 images, labels of shape \(3, 3\)"),
    (lambda: ImageSet(X, torch.zeros(2, 3, 1), NAMES), r"labels of shape \(2, 3, 1\)"),
    (lambda: ImageSet(X, torch.zeros(2, 3), NAMES).only("hat"), "an image with attributes has no single class"),
    (lambda: check_attributes(torch.tensor([0.0, 3.0])), "attributes are 0 or 1, got 3"),
])
def test_bad_attributes_are_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
