from dataclasses import replace

import pytest
import torch

from vaekit.data import shapes
from vaekit.errors import UserError
from vaekit.metrics import memorisation

SHAPE = (1, 4, 4)
IMAGES = torch.rand(4, *SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("memory_mb", [64, 1e-3])
def test_nearest_is_brute_force(generator, memory_mb):
    a, b = torch.rand(30, 1, 6, 6, generator=generator), torch.rand(50, 1, 6, 6, generator=generator)
    brute = torch.stack([(one - b).square().flatten(1).sum(1).sqrt() for one in a])
    distances, index = memorisation.nearest(a, b, memory_mb=memory_mb)
    torch.testing.assert_close(distances, brute.min(1).values)
    assert torch.equal(index, brute.argmin(1))


def test_a_copy_of_a_grey_image_lies_at_distance_zero(generator):
    """A matrix product finds the neighbour, but leaves |a|² + |b|² − 2ab a little above 0."""
    b = torch.rand(300, 1, 28, 28, generator=generator)
    assert memorisation.nearest(b[:40], b)[0].tolist() == [0.0] * 40


def test_copies_are_told_from_new_images():
    train, test, fresh = shapes.shapes(600), shapes.shapes(100, "test"), shapes.shapes(200, "test").images()[100:]
    copies = memorisation.nearest_neighbours(train.images(slice(50)), train, test)
    honest = memorisation.nearest_neighbours(fresh, train, test)
    assert copies.value == copies.high == 0
    assert copies.floor == honest.floor == pytest.approx(memorisation.nearest(test.images(), train.images())[0].median().item())
    assert honest.floor > 1 and honest.low <= honest.value <= honest.high and honest.value == pytest.approx(honest.floor, rel=0.15)
    assert (honest.n, honest.note, honest.better) == (100, "600 training images", "higher") and honest.beats(replace(copies, n=100))
    assert memorisation.nearest_neighbours(fresh, train).floor is None


@pytest.mark.parametrize("call, words", [
    (lambda: memorisation.nearest_neighbours(IMAGES, torch.rand(4, 1, 5, 5)), r"one shape, got \(1, 4, 4\) and \(1, 5, 5\)"),
    (lambda: memorisation.nearest_neighbours(IMAGES[:1], IMAGES), "number of samples must be ≥ 2, got 1"),
    (lambda: memorisation.nearest_neighbours(IMAGES * 2, IMAGES), r"must lie in \[0, 1\]"),
    (lambda: memorisation.nearest_neighbours(IMAGES, IMAGES, IMAGES[:3]), "3 of 3 held-out images are in the training set"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
