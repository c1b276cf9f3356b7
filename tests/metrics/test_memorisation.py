"""Nearest neighbours by brute force, and copies of training images that are found."""
from dataclasses import replace

import pytest
import torch
from support.scores import check_interval

from vaekit.data import shapes
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics.memorisation import nearest, nearest_neighbours

SHAPE = (1, 4, 4)
IMAGES = torch.rand(4, *SHAPE, generator=seeded(0))


@pytest.mark.parametrize("memory_mb", [64, 1e-3])
def test_nearest_is_brute_force(generator, memory_mb):
    a = torch.rand(30, 1, 6, 6, generator=generator)
    b = torch.rand(50, 1, 6, 6, generator=generator)
    brute = torch.stack([(one - b).square().flatten(1).sum(1).sqrt() for one in a])
    distances, index = nearest(a, b, memory_mb=memory_mb)
    torch.testing.assert_close(distances, brute.min(1).values)
    assert torch.equal(index, brute.argmin(1))


def test_a_copy_of_a_grey_image_lies_at_distance_zero(generator):
    """A matrix product finds the neighbour, but leaves |a|² + |b|² − 2ab a little above 0."""
    b = torch.rand(300, 1, 28, 28, generator=generator)
    distances, _ = nearest(b[:40], b)
    assert distances.tolist() == [0.0] * 40


def test_copies_are_told_apart_from_new_images():
    train = shapes.shapes(600)
    test = shapes.shapes(100, "test")
    fresh = shapes.shapes(200, "test").images()[100:]
    copies = nearest_neighbours(train.images(slice(50)), train, test)
    honest = nearest_neighbours(fresh, train, test)

    assert copies.value == 0
    assert copies.high == 0

    distances, _ = nearest(test.images(), train.images())
    assert honest.floor == pytest.approx(distances.median().item())
    assert copies.floor == honest.floor
    assert honest.floor > 1
    check_interval(honest)
    assert honest.value == pytest.approx(honest.floor, rel=0.15)

    assert honest.n == 100
    assert honest.note == "600 training images"
    assert honest.better == "higher"
    assert honest.beats(replace(copies, n=100))
    assert nearest_neighbours(fresh, train).floor is None


@pytest.mark.parametrize(
    "samples, train, held_out, words",
    [
        (
            IMAGES,
            torch.rand(4, 1, 5, 5),
            None,
            r"one shape, got \(1, 4, 4\) and \(1, 5, 5\)",
        ),
        (
            IMAGES[:1],
            IMAGES,
            None,
            "number of samples must be ≥ 2, got 1",
        ),
        (
            IMAGES * 2,
            IMAGES,
            None,
            r"must lie in \[0, 1\]",
        ),
        (
            IMAGES,
            IMAGES,
            IMAGES[:3],
            "3 of 3 held-out images are in the training set",
        ),
    ],
)
def test_bad_input_is_named(samples, train, held_out, words):
    with pytest.raises(UserError, match=words):
        nearest_neighbours(samples, train, held_out)
