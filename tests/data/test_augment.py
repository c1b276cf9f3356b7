"""Changed copies of training images."""
import math
from itertools import product

import pytest
import torch

from vaekit.data.augment import AUGMENTATIONS, jitter, mirror, soften
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


def test_soften_blurs_half_of_the_images_and_only_mirrors_the_rest():
    x = torch.rand(400, 3, 16, 12)
    y = soften(x)
    as_it_was = (y == x).flatten(1).all(1)
    mirrored = (y == x.flip(3)).flatten(1).all(1)
    assert int((as_it_was | mirrored).sum()) == 200
    assert 60 < int(mirrored.sum()) < 140


def test_soften_is_a_gaussian_blur_of_at_most_so_many_pixels():
    # of white noise, a blur of standard deviation s keeps 1 / (4 π s²) of the variance
    x = torch.rand(2, 1, 200, 200)
    kept = []
    for _ in range(60):
        blurred = soften(x, most=1.2)
        kept.append((blurred.var((1, 2, 3)) / x.var((1, 2, 3))).min().item())
    least = 1 / (4 * math.pi * 1.2**2)
    assert least * 0.9 < min(kept) < least * 1.6
    # and less at other times
    assert max(kept) > 0.9


def test_soften_leaves_a_single_image_sharp():
    x = torch.rand(1, 1, 9, 9)
    y = soften(x)
    assert torch.equal(y, x) or torch.equal(y, x.flip(3))


@pytest.mark.parametrize("x, most, words", [
    (torch.zeros(2, 1, 4, 9), 1.0, "x must be images of at least 5 pixels a side to be blurred"),
    (torch.zeros(2, 1, 9, 9), 0.0, "most must be > 0 and ≤ 1.5, got 0.0"),
    (torch.zeros(2, 1, 9, 9), 2.0, "most must be > 0 and ≤ 1.5, got 2.0"),
])
def test_what_cannot_be_softened_is_named(x, most, words):
    with pytest.raises(UserError, match=words):
        soften(x, most=most)


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
