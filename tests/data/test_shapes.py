"""Oracles: areas in closed form, centres of mass, and the same outline drawn by counting points."""
import math
from itertools import product

import pytest
import torch
from torch.nn import functional as F

from vaekit import data
from vaekit.data import shapes
from vaekit.errors import UserError

# the first three images
PINNED = [[1, 2, 17, 14, 6], [2, 1, 19, 13, 2], [0, 3, 1, 7, 11]]

# every shape at every scale, not turned, near the middle
UPRIGHT = torch.tensor([[shape, scale, 0, 7, 8] for shape in range(3) for scale in range(6)])


def test_the_set_is_what_load_promises():
    train = data.load("shapes")
    assert train.x.shape == (10_000, 1, 28, 28)
    assert train.x.dtype == torch.uint8
    assert train.factors.shape == (10_000, 5)
    assert train.factors.dtype == torch.int64
    assert train.factor_names == tuple(shapes.FACTORS)
    assert torch.equal(train.y, train.factors[:, 0])

    test = data.load("shapes", "test")
    assert test.x.shape == (2_000, 1, 28, 28)
    assert train.classes == shapes.SHAPES
    assert test.classes == shapes.SHAPES
    assert data.SOURCES["shapes"].classes == shapes.SHAPES


def test_every_value_of_a_factor_comes_about_equally_often():
    factors = data.load("shapes").factors
    for column, size in zip(factors.T, shapes.FACTORS.values()):
        counts = column.bincount()
        assert counts.shape == (size,)
        assert counts.min() > 0.8 * 10_000 / size


def test_a_limit_takes_the_first_images_and_their_factors():
    whole = data.load("shapes")
    few = data.load("shapes", limit=50)
    assert torch.equal(few.x, whole.x[:50])
    assert torch.equal(few.factors, whole.factors[:50])


def test_factors_stay_with_their_images():
    images = shapes.shapes(200)
    for part in (images.first(30), images.only("heart"), images.to("cpu")):
        assert torch.equal(shapes.draw_shapes(part.factors), part.x)
        assert part.factor_names == images.factor_names
    assert set(images.only("heart").factors[:, 0].tolist()) == {2}


def test_no_test_image_is_in_any_training_set():
    train = pixels(shapes.shapes(20_000, "train", seed=3))
    test = pixels(shapes.shapes(5_000, "test", seed=4))
    assert not train & test

    # different factors, different images
    assert len(train) == 20_000
    assert len(test) == 5_000


def test_both_splits_together_are_all_there_is():
    train = shapes.shapes(shapes.TOTAL - shapes.TEST).factors
    test = shapes.shapes(None, "test").factors
    assert len(torch.cat([train, test]).unique(dim=0)) == shapes.TOTAL
    assert shapes.TOTAL == 92_160


def test_the_same_seed_gives_the_same_images_on_every_machine():
    one = shapes.shapes(10, seed=1)
    assert torch.equal(one.x, shapes.shapes(10, seed=1).x)
    assert not torch.equal(one.factors, shapes.shapes(10, seed=2).factors)
    assert torch.equal(shapes.shapes(100).factors[:10], shapes.shapes(10).factors)
    assert shapes.shapes(3).factors.tolist() == PINNED


def test_index_counts_through_the_factors():
    factors = shapes.shape_factors(torch.tensor([0, 1, 16, 92_159]))
    assert factors.tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 0, 1, 0],
        [2, 5, 19, 15, 15],
    ]


def test_areas_are_the_shapes_own():
    area = white_area(shapes.draw_shapes(UPRIGHT)).view(3, 6)
    radius = torch.linspace(*shapes.RADIUS, 6)

    # in closed form, at a radius of 1
    square = 4 * shapes.SIDE**2
    ellipse = math.pi * math.prod(shapes.AXES)
    heart = (4 + math.pi) * shapes.HALF**2

    for drawn, at_radius_1 in zip(area, (square, ellipse, heart)):
        torch.testing.assert_close(drawn, at_radius_1 * radius**2, rtol=0.02, atol=0)


@pytest.mark.parametrize("shape", range(3))
def test_turning_changes_neither_area_nor_place(shape):
    factors = torch.tensor([[shape, 5, rotation, 4, 9] for rotation in range(20)])
    turned = shapes.draw_shapes(factors).float()
    area = turned.sum((1, 2, 3))
    torch.testing.assert_close(area, area[0].expand(20), rtol=0.015, atol=0)

    # x is where the centre of mass is: position 4, in steps of 0.8 pixels from pixel 8
    pixel = torch.arange(28) + 0.5
    across = (turned.sum((1, 2)) * pixel).sum(1) / area
    assert (across - (8 + 4 * 0.8)).abs().max() < 0.1


def test_x_moves_right_and_y_moves_down_by_whole_steps():
    # five steps are four pixels
    factors = torch.tensor([[1, 2, 0, 0, 0], [1, 2, 0, 5, 0], [1, 2, 0, 0, 5]])
    start, right, down = shapes.draw_shapes(factors).int()
    assert (right.roll(-4, 2) - start).abs().max() <= 1
    assert (down.roll(-4, 1) - start).abs().max() <= 1


def test_the_tip_of_a_heart_points_down():
    heart = shapes.draw_shapes(torch.tensor([[2, 5, 0, 7, 7]]))[0, 0]
    width = (heart > 0).sum(1)
    assert width[:14].max() > width[-12:].max()


def test_edges_are_smooth_and_right():
    """Against 16×16 points counted in each pixel.

    The share covered is right to a third at worst, and to a twentieth on average over the edge.
    """
    choices = product(range(3), (0, 5), (0, 3, 11))
    factors = torch.tensor([[shape, scale, turn, 3, 12] for shape, scale, turn in choices])
    drawn = shapes.draw_shapes(factors)
    counted = torch.stack([counted_coverage(image_factors) for image_factors in factors])

    error = (drawn[:, 0] / 255 - counted).abs()
    edge = (counted > 0) & (counted < 1)
    assert error.max() < 0.3
    assert error[edge].mean() < 0.05

    # grey edges, not a staircase
    assert drawn.unique().numel() > 50


def test_nothing_is_cut_off():
    corners = torch.tensor([
        [shape, 5, rotation, x, y]
        for shape, rotation, x, y in product(range(3), range(20), (0, 15), (0, 15))
    ])
    middle = corners.clone()
    middle[:, 3:] = 7

    area = white_area(shapes.draw_shapes(corners))
    whole = white_area(shapes.draw_shapes(middle))
    torch.testing.assert_close(area, whole, rtol=0.015, atol=0)


def test_the_order_of_rows_is_kept():
    factors = shapes.shape_factors(torch.tensor([80_000, 5, 40_000, 7]))
    one_by_one = [shapes.draw_shapes(row[None]) for row in factors]
    assert torch.equal(shapes.draw_shapes(factors), torch.cat(one_by_one))


@pytest.mark.parametrize("arguments, words", [
    ({"n": 10, "split": "validation"}, "unknown split 'validation'"),
    ({"n": 0}, "n must be ≥ 1, got 0"),
    ({"seed": -1}, "seed must be ≥ 0, got -1"),
    ({"seed": 2**32}, "seed must be ≤ 4294967295, got 4294967296"),
    ({"n": 20_000, "split": "test"}, "18,432 different test images, got n = 20,000"),
])
def test_a_set_that_cannot_be_had_is_named(arguments, words):
    with pytest.raises(UserError, match=words):
        shapes.shapes(**arguments)


@pytest.mark.parametrize("index, words", [
    (torch.tensor([5, 92_160]), "index must lie in 0 … 92159, got values from 5 to 92160"),
    (torch.tensor([-1]), "index must lie in 0 … 92159, got values from -1 to -1"),
    (torch.tensor([0.5]), "index must be a row of whole numbers, .*float32"),
    (torch.tensor([True]), "index must be a row of whole numbers, .*bool"),
    (torch.tensor(5), r"index must be a row of whole numbers, got of shape \(\)"),
])
def test_an_index_out_of_range_is_named(index, words):
    with pytest.raises(UserError, match=words):
        shapes.shape_factors(index)


@pytest.mark.parametrize("factors, words", [
    (
        torch.zeros(2, 4, dtype=torch.long),
        r"shape \(n, 5\), got of shape \(2, 4\)",
    ),
    (
        torch.zeros(2, 5),
        "whole numbers of shape",
    ),
    (
        torch.tensor([[3, 0, 0, 0, 0]]),
        "shape must lie in 0 … 2, got values from 3 to 3",
    ),
    (
        torch.tensor([[0, 0, -1, 0, 0]]),
        "rotation must lie in 0 … 19, got values from -1",
    ),
])
def test_factors_that_cannot_be_drawn_are_named(factors, words):
    with pytest.raises(UserError, match=words):
        shapes.draw_shapes(factors)


def pixels(images: data.ImageSet) -> set[bytes]:
    """The different images of a set."""
    return set(map(bytes, images.x.flatten(1).numpy()))


def white_area(x: torch.Tensor) -> torch.Tensor:
    """Pixels that are covered, (N,)."""
    return x.float().div(255).sum((1, 2, 3))


def counted_coverage(factors: torch.Tensor) -> torch.Tensor:
    """The share of 16×16 points in each pixel that lie inside, by the shapes' own equations."""
    shape, scale, rotation, x, y = factors.tolist()
    radius = 3.5 + scale * 4 / 5
    symmetry = (math.pi / 2, math.pi, 2 * math.pi)[shape]
    angle = symmetry * rotation / 20

    # the points as the shape sees them: from its centre, in radii, turned
    points = (torch.arange(28 * 16) + 0.5) / 16
    right = ((points - 8 - 0.8 * x) / radius).expand(448, 448)
    up = -((points - 8 - 0.8 * y) / radius)[:, None].expand(448, 448)
    u = math.cos(angle) * right + math.sin(angle) * up
    v = math.cos(angle) * up - math.sin(angle) * right

    inside = (in_square, in_ellipse, in_heart)[shape]
    return F.avg_pool2d(inside(u, v).float()[None, None], 16)[0, 0]


def in_square(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return (u.abs() < 0.75) & (v.abs() < 0.75)


def in_ellipse(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return u**2 + (v / 0.6) ** 2 < 1


def in_heart(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    half = 0.55
    v = v + 0.4431 * half
    inside = u.abs() + v.abs() < half * math.sqrt(2)
    for side in (-1, 1):
        across = u - side * half * math.sqrt(0.5)
        along = v - half * math.sqrt(0.5)
        inside = inside | (across**2 + along**2 < half**2)
    return inside
