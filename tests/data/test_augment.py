"""Changed copies of training images."""
from itertools import product

import pytest
import torch

from vaekit.data.augment import AUGMENTATIONS, jitter, mirror
from vaekit.errors import UserError


@pytest.mark.parametrize("shift", [1, 3])
def test_jitter_moves_the_whole_batch_by_at_most_shift(shift):
    x = torch.zeros(8, 1, 11, 11)
    x[..., 5, 5] = 1

    moves = set()
    torch.manual_seed(0)
    for _ in range(600):
        moved = jitter(x, shift=shift)
        assert moved.shape == x.shape
        assert moved.sum() == 8
        assert torch.equal(moved[0], moved[7])
        down, right = (moved[0, 0].nonzero()[0] - 5).tolist()
        moves.add((down, right))

    steps = range(-shift, shift + 1)
    assert moves == set(product(steps, steps))


def test_jitter_mirrors_about_half_of_the_images_with_flip():
    # a column that no shift by one moves out of the image
    x = torch.zeros(400, 1, 7, 7)
    x[..., 1] = 1

    rows = jitter(x, shift=1, flip=True)[:, 0, 2, :]
    is_right = rows[:, 4:].sum(1) > rows[:, :3].sum(1)
    share = is_right.float().mean()
    assert 0.35 < share < 0.65


def test_jitter_mirrors_nothing_by_default():
    x = torch.zeros(400, 1, 7, 7)
    x[..., 1] = 1
    assert bool((jitter(x, shift=0)[..., 1] == 1).all())


def test_mirror_turns_about_half_of_the_images_and_leaves_the_rest():
    x = torch.rand(400, 3, 4, 5)
    y = mirror(x)
    turned = (y == x.flip(3)).flatten(1).all(1)
    assert torch.equal(y[~turned], x[~turned])
    assert 150 < turned.sum() < 250


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_what_is_offered_by_name_brings_no_black_border_in(name):
    x = torch.rand(50, 3, 8, 8) * 0.5 + 0.5
    copies = [AUGMENTATIONS[name](x) for _ in range(10)]
    for copy in copies:
        assert copy.shape == x.shape
        assert copy.min() >= 0.5
    assert not all(torch.equal(copy, copies[0]) for copy in copies)


@pytest.mark.parametrize("options, words", [
    (dict(shift=-1), "shift must be ≥ 0, got -1"),
    (dict(shift=7), "shift must be ≤ 6, got 7"),
    (dict(shift=7, border="reflect"), "shift must be ≤ 6, got 7"),
    (dict(border="circular"), "unknown border 'circular'; choose one of constant, reflect"),
])
def test_options_out_of_range_are_named(options, words):
    with pytest.raises(UserError, match=words):
        jitter(torch.zeros(2, 1, 7, 9), **options)


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("x", [
    torch.zeros(1, 5, 5),
    torch.zeros(0, 1, 5, 5),
    torch.zeros(2, 1, 5, 5, dtype=torch.uint8),
])
def test_what_is_no_batch_of_images_is_refused(name, x):
    with pytest.raises(UserError, match=r"x must be float images of shape \(N, C, H, W\)"):
        AUGMENTATIONS[name](x)
