"""Image sets in memory: choices of their images, batches, and what is refused."""
import pytest
import torch

from vaekit import data
from vaekit.data import ImageSet
from vaekit.data.checks import as_floats
from vaekit.data.images import image_set
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
    (GREY, torch.tensor([0.0, 1.0]), r"labels must be a row y of whole numbers, .*float32"),
    (GREY, torch.tensor([True, False]), "labels must be a row y of whole numbers, .*bool"),
    (GREY, torch.zeros(2, dtype=torch.int64, device="meta"), "images lie on cpu, but y on meta"),
    (TOO_BRIGHT, ZERO, "got values from 255 to 255"),
    (GREY[:0], ZERO[:0], r"with at least one image, got x of shape \(0, 1, 2, 2\)"),
    (torch.zeros(1, 1, 0, 2), ZERO, r"got x of shape \(1, 1, 0, 2\)"),
])
def test_images_and_labels_that_do_not_fit_are_named(x, y, words):
    with pytest.raises(UserError, match=words):
        ImageSet(x, y)


@pytest.mark.parametrize("factors, names, words", [
    (torch.zeros(2, 3, dtype=torch.int64), (), "for 2 images and 0 names"),
    (torch.zeros(2, 1), ("size",), "factors must be whole numbers, .*torch.float32"),
    (None, ("size",), "factors must be whole numbers, .* got none for 2 images and 1 names"),
    (torch.zeros(2, 2, dtype=torch.int64), ("a", "a"), "factor_names must differ"),
])
def test_factors_that_do_not_fit_are_named(factors, names, words):
    labels = torch.zeros(2, dtype=torch.long)
    with pytest.raises(UserError, match=words):
        ImageSet(GREY, labels, factors=factors, factor_names=names)


def test_classes_of_the_same_name_are_refused():
    with pytest.raises(UserError, match=r"classes must differ from one another, got \('a', 'a'\)"):
        ImageSet(GREY, torch.zeros(2, dtype=torch.long), ("a", "a"))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int32])
def test_labels_of_any_integer_dtype_become_int64(dtype):
    images = ImageSet(GREY, torch.tensor([3, 7], dtype=dtype))
    assert images.y.dtype == torch.int64
    assert images.y.tolist() == [3, 7]


def test_a_plain_tensor_has_no_labels():
    images = data.as_image_set(GREY)
    assert not images.labelled
    assert images.y.shape == (2, 0)
    assert repr(images) == "ImageSet(images: 2 images of 1×2×2, no labels)"
    assert len(images.first(1)) == 1
    assert [labels for _, labels in images.batches(1)] == [None, None]


def test_a_set_with_classes_or_attributes_is_labelled(digits):
    assert digits[0].labelled
    assert ImageSet(GREY, torch.tensor([[1], [0]]), ("hat",)).labelled


@pytest.mark.parametrize("choose", [lambda s: s.only("0"), lambda s: s.per_class(1)])
def test_images_without_labels_cannot_be_chosen_by_class(choose):
    with pytest.raises(UserError, match="these images have no labels; make an ImageSet with y"):
        choose(data.as_image_set(GREY))


def test_a_choice_of_no_class_is_refused(digits):
    with pytest.raises(UserError, match="classes must hold at least one of 0, 1, .*got none"):
        digits[0].only()


def test_a_class_without_images_is_named(digits):
    images = digits[0].first(1)
    other = str((images.y.item() + 1) % 10)
    with pytest.raises(UserError, match=f"only {other} leaves no image of the 1 of digits"):
        images.only(other)


@pytest.mark.parametrize("index, words", [
    (torch.tensor([2]), "index must choose among 2 images"),
    (torch.tensor([True]), "index must choose among 2 images"),
    (torch.tensor([0.0]), "index must be a slice, positions"),
    (torch.tensor([[0]]), "index must be a slice, positions"),
    (torch.tensor([1], dtype=torch.uint8), "index must be a slice, positions"),
    (torch.zeros(1, dtype=torch.int64, device="meta"), "index lies on meta, but the images on cpu"),
    (slice("a", None), "index must choose among 2 images, got slice"),
])
def test_an_index_that_is_none_is_named(index, words):
    images = data.as_image_set(GREY)
    with pytest.raises(UserError, match=words):
        images.images(index)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, float("nan"), float("inf"), 0.001])
def test_a_share_that_leaves_a_side_empty_is_named(digits, share):
    with pytest.raises(UserError, match="needs images on both sides, but a share of"):
        digits[0].first(20).split(share)


def test_the_device_of_a_set_is_named_where_there_is_none(digits):
    with pytest.raises(UserError, match="unknown device 'moon'"):
        digits[0].to("moon")


@pytest.mark.parametrize("x, words", [
    (torch.tensor([0.5, float("nan")]), r"images must lie in \[0, 1\]"),
    (torch.zeros(3, dtype=torch.uint8), "images must be float in .*uint8"),
    (torch.zeros(0, 1, 2, 2), "images must be at least one image, got shape"),
])
def test_check_images_names_what_is_no_image(x, words):
    with pytest.raises(UserError, match=words):
        data.check_images(x)


@pytest.mark.parametrize("size, words", [
    (0, "batch_size must be ≥ 1, got 0"),
    (2.5, "size of ImageSet.batches must be int, got float 2.5"),
])
def test_a_batch_size_that_is_none_is_named_before_the_first_batch(digits, size, words):
    with pytest.raises(UserError, match=words):
        digits[0].batches(size)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("convert", [data.as_tensor, as_floats])
def test_images_of_any_float_dtype_become_float32(convert, dtype):
    images = GREY.to(dtype)
    assert convert(images).dtype == torch.float32
    assert torch.equal(convert(images), images.float())


@pytest.mark.parametrize("convert", [data.as_tensor, as_floats])
def test_stored_pixels_become_float32(convert):
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(3, 1, 1, 1)
    found = convert(pixels)
    torch.testing.assert_close(found, torch.tensor([0, 0.2, 1]).reshape(3, 1, 1, 1))
    assert pixels.flatten().tolist() == [0, 51, 255]


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
@pytest.mark.parametrize("convert", [data.as_tensor, as_floats])
def test_images_of_another_dtype_are_refused(convert, dtype):
    with pytest.raises(UserError, match="images must be float in .*, got torch"):
        convert(GREY.to(dtype))


def test_as_tensor_takes_images_only():
    assert torch.equal(data.as_tensor(GREY), GREY)
    with pytest.raises(UserError, match=r"images have shape \(N, C, H, W\)"):
        data.as_tensor(GREY[0])


def test_an_unknown_class_is_named():
    with pytest.raises(UserError, match="unknown class 'Trousers'.*Did you mean 'Trouser'"):
        data.load("fashion").only("Trousers")


def rows(images: ImageSet) -> list[tuple]:
    """Each image's pixels and label, as a tuple that can be sorted."""
    return [(*x.flatten().tolist(), y.item()) for x, y in zip(images.x, images.y)]


def test_names_may_be_given_as_a_list():
    factors = torch.zeros(2, 1, dtype=torch.int64)
    images = ImageSet(
        GREY,
        torch.tensor([0, 1]),
        ["a", "b"],
        factors=factors,
        factor_names=["size"],
    )
    assert images.classes == ("a", "b")
    assert images.factor_names == ("size",)


def test_a_slice_that_runs_backwards_is_named():
    images = data.as_image_set(GREY)
    with pytest.raises(UserError, match="must choose among 2 images, got slice.*step must be"):
        images.images(slice(None, None, -1))


@pytest.mark.parametrize("read", [
    data.check_images,
    data.as_image_set,
    data.as_tensor,
    lambda x: image_set("images", x),
    lambda x: ImageSet(x, torch.tensor([0, 1])),
])
@pytest.mark.parametrize("x, words", [
    (GREY.to_sparse(), r"images must be a dense tensor, got sparse_coo; use .to_dense\(\)"),
    (GREY.byte().to_sparse(), r"use .to_dense\(\)"),
    (torch.nested.nested_tensor(list(GREY)), "must be one dense tensor, got a nested one; use"),
])
def test_images_that_are_not_stored_value_by_value_are_named(read, x, words):
    with pytest.raises(UserError, match=words):
        read(x)
