"""Nearest neighbours by brute force, and copies of training images that are found."""
import math
from dataclasses import replace

import pytest
import torch
from support.scores import check_interval

from vaekit.data import shapes
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics import memorisation
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


def grey_images(n, seed, shape=(1, 28, 28)):
    """Images of whole grey levels, 0 … 255, as float."""
    levels = torch.randint(256, (n, *shape), generator=seeded(seed))
    return levels.float() / 255


def one_level_off(images, pixels=1):
    """The images with so many pixels one grey level brighter, or darker where they are white."""
    levels = (images * 255).round().flatten(1)
    step = torch.where(levels[:, :pixels] < 255, 1.0, -1.0)
    levels[:, :pixels] += step
    return (levels / 255).reshape(images.shape)


@pytest.mark.parametrize("place", ["first", "last"])
def test_an_exact_copy_wins_over_a_decoy_one_grey_level_off(place):
    """In float32, |a|² + |b|² − 2ab is off by more than the (1/255)² that tells them apart."""
    images = grey_images(200, seed=1)
    decoys = one_level_off(images)
    order = [decoys, images] if place == "last" else [images, decoys]
    distances, index = nearest(images, torch.cat(order))
    assert distances.tolist() == [0.0] * 200
    assert index.tolist() == list(range(200, 400) if place == "last" else range(200))


def test_of_decoys_the_nearer_one_is_found():
    images = grey_images(100, seed=2)
    farther = one_level_off(images, pixels=3)
    nearer = one_level_off(images, pixels=2)
    distances, index = nearest(images, torch.cat([farther, nearer]))
    assert index.tolist() == list(range(100, 200))
    torch.testing.assert_close(distances, torch.full((100,), math.sqrt(2) / 255))


def test_the_smallest_step_of_float32_is_no_copy():
    images = grey_images(50, seed=3)
    decoys = images.clone()
    decoys[:, 0, 0, 0] = decoys[:, 0, 0, 0].nextafter(torch.tensor(0.5))
    distances, index = nearest(images, torch.cat([decoys, images]))
    assert index.tolist() == list(range(50, 100))
    alone, _ = nearest(images, decoys)
    assert alone.min() > 0
    assert distances.max() == 0


def test_of_equal_images_the_first_counts():
    image = grey_images(1, seed=4)
    _, index = nearest(image.expand(30, -1, -1, -1), image.expand(500, -1, -1, -1))
    assert index.tolist() == [0] * 30


def test_products_of_fewer_bits_find_the_same(monkeypatch):
    images = grey_images(60, seed=5)
    among = torch.cat([one_level_off(images), images])
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: "high")
    distances, index = nearest(images, among)
    assert distances.max() == 0
    assert index.tolist() == list(range(60, 120))


def test_memory_changes_nothing_even_where_all_images_are_near():
    images = (0.5 + 1e-4 * grey_images(40, seed=6)).clamp(0, 1)
    among = (0.5 + 1e-4 * grey_images(90, seed=7)).clamp(0, 1)
    brute = torch.stack([(one - among).double().flatten(1).norm(dim=1) for one in images])
    for memory_mb in (64, 1e-2, 1e-9):
        distances, index = nearest(images, among, memory_mb=memory_mb)
        torch.testing.assert_close(distances, brute.min(1).values.float())
        assert torch.equal(index, brute.argmin(1))


@pytest.mark.parametrize("memory_mb", [1, 4])
def test_memory_is_respected(monkeypatch, memory_mb):
    sizes = []
    block = memorisation._nearest_of_block

    def watched(x, y):
        sizes.append(max(len(x) * len(y), y.numel()))
        return block(x, y)

    monkeypatch.setattr(memorisation, "_nearest_of_block", watched)
    nearest(grey_images(300, seed=8), grey_images(2000, seed=9), memory_mb=memory_mb)
    assert max(sizes) * 8 <= memory_mb * 2**20 / 4


@pytest.mark.parametrize("change", ["none", "one rounding", "a third of a grey level"])
def test_held_out_copies_are_counted_after_rounding(change):
    train = grey_images(100, seed=10, shape=SHAPE)
    copies = {
        "none": train[:50],
        # the product with 1 / 255 rounds otherwise than the quotient
        "one rounding": (train[:50] * 255).round() * (1 / 255),
        "a third of a grey level": (train[:50] + 0.3 / 255).clamp(max=1),
    }[change]
    samples = grey_images(10, seed=11, shape=SHAPE)
    with pytest.raises(UserError, match="50 of 50 held-out images are in the training set"):
        nearest_neighbours(samples, train, copies)


def test_held_out_images_one_grey_level_off_are_no_copies():
    train = grey_images(100, seed=12, shape=SHAPE)
    samples = grey_images(10, seed=13, shape=SHAPE)
    score = nearest_neighbours(samples, train, one_level_off(train[:50]))
    assert score.floor == pytest.approx(1 / 255, rel=1e-5)


@pytest.mark.parametrize(
    "change, words",
    [
        (dict(images=IMAGES * math.nan), "got values from nan"),
        (dict(among=IMAGES * 3), r"must lie in \[0, 1\]"),
        (dict(images=IMAGES[:0]), "N ≥ 1"),
        (dict(memory_mb=0), "memory_mb must be > 0, got 0"),
        (dict(memory_mb=math.inf), "memory_mb must be > 0, got inf"),
    ],
)
def test_nearest_names_bad_input(change, words):
    settings = dict(images=IMAGES, among=IMAGES)
    settings.update(change)
    with pytest.raises(UserError, match=words):
        nearest(**settings)


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
    assert honest.reference.startswith("600 images ")
    assert honest.better == "neither"
    with pytest.raises(UserError, match="neither more nor less is better.*held-out images"):
        honest.beats(replace(copies, n=100))
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
