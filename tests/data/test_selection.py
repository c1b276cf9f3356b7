"""A choice of images as one value: what each field keeps, and in which order they work."""
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import torch

from vaekit import data
from vaekit.data import Selection, drawn
from vaekit.errors import UserError


def same_images(left: data.ImageSet, right: data.ImageSet) -> bool:
    """Same pixels, labels and name."""
    if left.name != right.name:
        return False
    return torch.equal(left.x, right.x) and torch.equal(left.y, right.y)


def test_a_name_alone_is_the_whole_set(digits):
    train, validation, test = Selection("digits").load()
    assert same_images(train, digits[0])
    assert validation is None
    assert same_images(test, digits[1])


def test_limit_shortens_the_training_set_only(digits):
    train, _, test = Selection("digits", limit=70).load()
    assert same_images(train, digits[0].first(70))
    assert same_images(test, digits[1])


def test_test_limit_shortens_the_test_set_only(digits):
    train, _, test = Selection("digits", test_limit=30).load()
    assert same_images(train, digits[0])
    assert same_images(test, digits[1].first(30))


def test_classes_choose_in_both_sets_and_keep_the_labels(digits):
    train, _, test = Selection("digits", classes=("3", "8")).load()
    assert same_images(train, digits[0].only("3", "8"))
    assert same_images(test, digits[1].only("3", "8"))
    assert set(test.y.tolist()) == {3, 8}
    assert train.classes == digits[0].classes


def test_limit_counts_the_images_of_the_chosen_classes(digits):
    train, _, _ = Selection("digits", limit=50, classes=("3",)).load()
    assert same_images(train, digits[0].only("3").first(50))
    assert len(train) == 50


def test_per_class_counts_within_the_limit(digits):
    train, _, _ = Selection("digits", limit=60, classes=("3", "8"), per_class=20).load()
    assert same_images(train, digits[0].only("3", "8").first(60).per_class(20))


def test_test_limit_counts_after_the_classes_have_chosen(digits):
    _, _, test = Selection("digits", classes=("3",), test_limit=20).load()
    assert same_images(test, digits[1].only("3").first(20))
    assert len(test) == 20


def test_per_class_takes_of_the_chosen_training_images(digits):
    train, _, test = Selection("digits", classes=("3", "8"), per_class=5).load()
    assert same_images(train, digits[0].only("3", "8").per_class(5))
    assert len(train) == 10
    assert same_images(test, digits[1].only("3", "8"))


def test_validation_is_held_out_of_what_was_chosen(digits):
    selection = Selection("digits", per_class=10, validation=0.2)
    train, validation, test = selection.load(seed=3)
    rest, held_out = digits[0].per_class(10).split(0.2, seed=3)
    assert same_images(train, rest)
    assert same_images(validation, held_out)
    assert same_images(test, digits[1])


def test_the_seed_decides_which_images_are_held_out():
    selection = Selection("digits", limit=200, validation=0.3)
    _, default, _ = selection.load()
    _, again, _ = selection.load(seed=0)
    _, other, _ = selection.load(seed=1)
    assert torch.equal(default.x, again.x)
    assert not torch.equal(default.x, other.x)


def test_root_is_where_the_file_is_looked_for(write_npz):
    train, _, test = Selection("mnist", root=write_npz()).load()
    assert len(train) == 20
    assert len(test) == 10


def test_a_selection_is_a_value():
    selection = Selection("digits", limit=70)
    assert selection == Selection("digits", limit=70)
    assert selection != replace(selection, limit=80)
    with pytest.raises(FrozenInstanceError):
        selection.limit = 80


@pytest.mark.parametrize("choice, words", [
    (dict(name="fashon"), "unknown data set 'fashon'.*Did you mean 'fashion'"),
    (dict(limit=0), "^limit must be ≥ 1, got 0"),
    (dict(test_limit=0), "^test_limit must be ≥ 1, got 0"),
    (dict(per_class=0), "^per_class must be ≥ 1, got 0"),
    (dict(classes=("ten",)), "unknown class 'ten'"),
    (dict(classes="38"), r"classes of Selection must be Sequence\[str\], got str '38'"),
    (dict(validation=1.5), "validation must be > 0 and < 1, got 1.5"),
    (dict(validation=float("nan")), "validation must be > 0 and < 1, got nan"),
    (dict(name="mnist", root="/nowhere/at/all"), "root names '/nowhere/at/all'"),
    (dict(root=""), "root names '', which is not a folder"),
    (dict(size=(8, 8)), r"size \(8, 8\) cannot be chosen: the images of digits are 28×28"),
    (dict(name="faces", size=(0, 8)), "the height in size must be ≥ 1, got 0"),
    (dict(name="faces", size=(8, 2_000)), "the width in size must be ≤ 1024, got 2000"),
    (dict(attributes=("Young",)), "digits has classes and no attributes, got attributes 'Young'"),
    (dict(name="faces", attributes=("Yung",)), "unknown attribute 'Yung'.*Did you mean 'Young'"),
    (dict(name="faces", attributes=("Young", "Young")), "attributes must differ"),
    (dict(name="celeba", classes=("Young",)), "celeba has attributes and no classes, got 'Young'"),
])
def test_bad_choices_are_named_when_they_are_made(choice, words):
    with pytest.raises(UserError, match=words):
        Selection(**{"name": "digits"} | choice)


def test_a_validation_share_of_too_few_images_is_named():
    selection = Selection("digits", limit=2, validation=0.1)
    words = "a validation split needs images on both sides, but a share of 0.1 of 2 leaves none"
    with pytest.raises(UserError, match=words):
        selection.load()


def test_classes_without_images_are_named(write_npz):
    folder = write_npz(y_train=np.zeros(20, np.uint8))
    words = "only 3 leaves no image of the 20 of mnist; choose other classes"
    with pytest.raises(UserError, match=words):
        Selection("mnist", folder, classes=("3",)).load()


def test_size_and_attributes_are_those_of_all_three_sets(monkeypatch):
    monkeypatch.setattr(drawn, "NUMBER", {"train": 40, "test": 10})
    names = ("Young", "Eyeglasses")
    selection = Selection("faces", validation=0.25, size=(32, 32), attributes=names)
    sets = selection.load()
    assert [len(images) for images in sets] == [30, 10, 10]
    for images in sets:
        assert images.shape == (3, 32, 32)
        assert images.classes == names
        assert images.y.shape == (len(images), 2)
