"""A choice of images as one value: what each field keeps, and in which order they work."""
from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from vaekit import data
from vaekit.data import Selection
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


def test_limit_counts_before_the_classes_choose(digits):
    train, _, _ = Selection("digits", limit=100, classes=("3",)).load()
    assert same_images(train, digits[0].first(100).only("3"))
    assert len(train) < 20


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


@pytest.mark.parametrize("selection, words", [
    (Selection("fashon"), "unknown data set 'fashon'.*Did you mean 'fashion'"),
    (Selection("digits", limit=0), "limit must be ≥ 1, got 0"),
    (Selection("digits", test_limit=0), "limit must be ≥ 1, got 0"),
    (Selection("digits", per_class=0), "number must be ≥ 1, got 0"),
    (Selection("digits", classes=("ten",)), "unknown class 'ten'"),
    (Selection("digits", validation=1.5), "a validation split needs images on both sides"),
    (Selection("mnist", root="/nowhere/at/all"), "root names /nowhere/at/all"),
])
def test_bad_choices_are_named(selection, words):
    with pytest.raises(UserError, match=words):
        selection.load()
