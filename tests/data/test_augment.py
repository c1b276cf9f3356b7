"""Changed copies of training images."""
import pytest
import torch

from vaekit.data.augment import AUGMENTATIONS, jitter, mirror


@pytest.mark.parametrize("shift", [1, 3])
def test_jitter_moves_the_whole_batch_by_at_most_shift(shift):
    x = torch.zeros(8, 1, 11, 11)
    x[..., 5, 5] = 1
    places = set()
    torch.manual_seed(0)
    for _ in range(600):
        moved = jitter(x, shift=shift)
        assert moved.shape == x.shape and moved.sum() == 8 and torch.equal(moved[0], moved[7])
        places.add(tuple((moved[0, 0].nonzero()[0] - 5).tolist()))
    assert places == {(a, b) for a in range(-shift, shift + 1) for b in range(-shift, shift + 1)}


def test_jitter_mirrors_about_half_of_the_images_if_asked():
    x = torch.zeros(400, 1, 7, 7)
    x[..., 1] = 1                                              # no shift by one takes it out
    mirrored = jitter(x, shift=1, flip=True)[..., 2, :].squeeze(1)
    right = (mirrored[:, 4:].sum(1) > mirrored[:, :3].sum(1)).float().mean()
    assert 0.35 < right < 0.65
    assert bool((jitter(x, shift=0)[..., 1] == 1).all()), "no mirror unless asked"


def test_mirror_turns_about_half_of_the_images_and_leaves_the_rest():
    x = torch.rand(400, 3, 4, 5)
    y = mirror(x)
    turned = (y == x.flip(3)).flatten(1).all(1)
    assert torch.equal(y[~turned], x[~turned]) and 150 < turned.sum() < 250


def test_what_is_offered_by_name_brings_no_black_rim_in():
    x = torch.rand(50, 3, 8, 8) * 0.5 + 0.5
    for name, change in AUGMENTATIONS.items():
        copies = [change(x) for _ in range(10)]
        assert all(copy.shape == x.shape and copy.min() >= 0.5 for copy in copies), name
        assert not all(torch.equal(copy, copies[0]) for copy in copies), name
