"""Image sets in memory: choices of their images, batches, and what is refused."""
import pytest
import torch

from vaekit import data
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError


def test_first_and_only_choose_and_the_labels_keep_their_meaning(digits):
    images = digits[0].first(100)
    assert len(images) == 100
    assert len(images.first(5000)) == 100

    threes = images.only("3")
    assert set(threes.y.tolist()) == {3}
    assert threes.classes == images.classes


def test_batches_come_in_the_stored_order(digits):
    images = digits[0].first(100)
    labels = [y for _, y in images.batches(33)]
    assert torch.equal(torch.cat(labels), images.y)


def test_shuffled_batches_hold_every_image_once(digits):
    images = digits[0].first(100)
    batches = list(images.batches(33, shuffle=True, generator=seeded(1)))
    assert [len(y) for _, y in batches] == [33, 33, 33, 1]

    shuffled = torch.cat([y for _, y in batches])
    assert not torch.equal(shuffled, images.y)
    assert torch.equal(shuffled.sort().values, images.y.sort().values)


def test_per_class_takes_the_first_of_each_in_the_stored_order(digits):
    images = digits[0]
    few = images.per_class(4)
    for label in range(10):
        assert torch.equal(few.x[few.y == label], images.x[images.y == label][:4])
    assert "4 a class" in few.name
    assert few.y.tolist() != sorted(few.y.tolist())


def test_a_split_loses_and_doubles_nothing(digits):
    images = digits[0].first(200)
    rest, held_out = images.split(0.3, seed=1)
    assert len(rest) == 140
    assert len(held_out) == 60
    assert sorted(rows(rest) + rows(held_out)) == sorted(rows(images))


def test_the_seed_of_a_split_decides_which_images_are_held_out(digits):
    images = digits[0].first(200)
    _, held_out = images.split(0.3, seed=1)
    _, again = images.split(0.3, seed=1)
    _, other = images.split(0.3, seed=2)
    assert torch.equal(held_out.x, again.x)
    assert not torch.equal(held_out.x, other.x)


GREY = torch.zeros(2, 1, 2, 2)
TOO_BRIGHT = torch.full((1, 1, 2, 2), 255.0)
ZERO = torch.zeros(1, dtype=torch.int64)


@pytest.mark.parametrize("x, y, words", [
    (torch.zeros(3, 28, 28), torch.zeros(3), r"images have shape \(N, C, H, W\)"),
    (torch.zeros(3, 1, 2, 2), torch.zeros(2), "one label per image"),
    (GREY, torch.tensor([0, 10]), "labels must lie in 0 … 9, got 10 at position 1"),
    (GREY, torch.tensor([0, -1]), "labels must lie in 0 … 9, got -1 at position 1"),
    (TOO_BRIGHT, ZERO, "got values from 255 to 255"),
])
def test_images_and_labels_that_do_not_fit_are_named(x, y, words):
    with pytest.raises(UserError, match=words):
        ImageSet(x, y)


def test_factors_that_do_not_fit_are_named():
    with pytest.raises(UserError, match="for 2 images and 0 names"):
        ImageSet(GREY, torch.zeros(2, dtype=torch.long), factors=torch.zeros(2, 3))


@pytest.mark.parametrize("x, words", [
    (torch.tensor([0.5, float("nan")]), r"images must lie in \[0, 1\]"),
    (torch.zeros(3, dtype=torch.uint8), "images are float in .*uint8"),
])
def test_check_images_names_what_is_no_image(x, words):
    with pytest.raises(UserError, match=words):
        data.check_images(x)


@pytest.mark.parametrize("size, words", [
    (0, "batch_size must be ≥ 1, got 0"),
    (2.5, "batch_size must be a whole number, got 2.5"),
])
def test_a_batch_size_that_is_none_is_named(digits, size, words):
    with pytest.raises(UserError, match=words):
        list(digits[0].batches(size))


def test_an_unknown_class_is_named():
    with pytest.raises(UserError, match="unknown class 'Trousers'.*Did you mean 'Trouser'"):
        data.load("fashion").only("Trousers")


def rows(images: ImageSet) -> list[tuple]:
    """Each image's pixels and label, as a tuple that can be sorted."""
    return [(*x.flatten().tolist(), y.item()) for x, y in zip(images.x, images.y)]
