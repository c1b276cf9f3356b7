"""Oracles: areas in closed form, centres of mass, and the same outline drawn by counting points."""
import math

import pytest
import torch

from vaekit import data
from vaekit.data import shapes
from vaekit.errors import UserError

PINNED = [[1, 2, 17, 14, 6], [2, 1, 19, 13, 2], [0, 3, 1, 7, 11]]          # the first three
UPRIGHT = torch.tensor([[shape, scale, 0, 7, 8] for shape in range(3) for scale in range(6)])


def test_the_set_is_what_load_promises():
    train, test = data.load("shapes"), data.load("shapes", "test")
    assert train.x.shape == (10_000, 1, 28, 28) and train.x.dtype == torch.uint8 and test.x.shape == (2_000, 1, 28, 28)
    assert train.classes == test.classes == shapes.SHAPES == data.SOURCES["shapes"].classes
    assert train.factors.shape == (10_000, 5) and train.factors.dtype == torch.int64 and train.factor_names == tuple(shapes.FACTORS)
    assert torch.equal(train.y, train.factors[:, 0])
    for column, size in zip(train.factors.T, shapes.FACTORS.values()):
        assert column.bincount().shape == (size,) and column.bincount().min() > 0.8 * 10_000 / size, "every value, about equally often"
    again = data.load("shapes", limit=50)
    assert torch.equal(again.x, train.x[:50]) and torch.equal(again.factors, train.factors[:50])


def test_factors_stay_with_their_images():
    images = shapes.shapes(200)
    for part in (images.first(30), images.only("heart"), images.to("cpu")):
        assert torch.equal(shapes.draw_shapes(part.factors), part.x) and part.factor_names == images.factor_names
    assert set(images.only("heart").factors[:, 0].tolist()) == {2}


def test_no_test_image_is_in_any_training_set():
    def keys(images):
        return set(map(bytes, images.x.flatten(1).numpy()))
    train, test = shapes.shapes(20_000, "train", seed=3), shapes.shapes(5_000, "test", seed=4)
    assert len(keys(train)) == 20_000 and len(keys(test)) == 5_000, "different factors, different images"
    assert not keys(train) & keys(test)
    everything = torch.cat([shapes.shapes(shapes.TOTAL - shapes.TEST).factors, shapes.shapes(None, "test").factors])
    assert len(everything.unique(dim=0)) == shapes.TOTAL == 92_160


def test_the_same_seed_gives_the_same_images_on_every_machine():
    assert torch.equal(shapes.shapes(10, seed=1).x, shapes.shapes(10, seed=1).x)
    assert not torch.equal(shapes.shapes(10, seed=1).factors, shapes.shapes(10, seed=2).factors)
    assert torch.equal(shapes.shapes(100).factors[:10], shapes.shapes(10).factors)
    assert shapes.shapes(3).factors.tolist() == PINNED


def test_index_counts_through_the_factors():
    factors = shapes.shape_factors(torch.tensor([0, 1, 16, 92_159]))
    assert factors.tolist() == [[0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [2, 5, 19, 15, 15]]


def test_areas_are_the_shapes_own():
    area = shapes.draw_shapes(UPRIGHT).float().div(255).sum((1, 2, 3)).view(3, 6)
    radius = torch.linspace(*shapes.RADIUS, 6)
    unit = (4 * shapes.SIDE**2, math.pi * math.prod(shapes.AXES), (4 + math.pi) * shapes.HALF**2)
    for drawn, one in zip(area, unit):
        torch.testing.assert_close(drawn, one * radius**2, rtol=0.02, atol=0)


@pytest.mark.parametrize("shape", range(3))
def test_turning_changes_neither_area_nor_place(shape):
    turned = shapes.draw_shapes(torch.tensor([[shape, 5, r, 4, 9] for r in range(20)])).float()
    torch.testing.assert_close(turned.sum((1, 2, 3)), turned[0].sum().expand(20), rtol=0.015, atol=0)
    pixel = torch.arange(28) + 0.5
    across = (turned.sum((1, 2)) * pixel).sum(1) / turned.sum((1, 2, 3))
    assert (across - (8 + 4 * 0.8)).abs().max() < 0.1, "x is where the centre of mass is"


def test_x_moves_right_and_y_moves_down_by_whole_steps():
    far = shapes.draw_shapes(torch.tensor([[1, 2, 0, 0, 0], [1, 2, 0, 5, 0], [1, 2, 0, 0, 5]])).int()     # five steps are four pixels
    assert (far[1].roll(-4, 2) - far[0]).abs().max() <= 1 and (far[2].roll(-4, 1) - far[0]).abs().max() <= 1
    right_way_up = shapes.draw_shapes(torch.tensor([[2, 5, 0, 7, 7]]))[0, 0].float()
    assert (right_way_up > 0).sum(1)[:14].max() > (right_way_up > 0).sum(1)[-12:].max(), "a heart's tip points down"


def test_edges_are_smooth_and_right():
    """Against counting 16×16 points in each pixel: the share covered, to a third at worst and a twentieth on average over the edge."""
    factors = torch.tensor([[shape, scale, r, 3, 12] for shape in range(3) for scale in (0, 5) for r in (0, 3, 11)])
    drawn = shapes.draw_shapes(factors)
    x = drawn.float() / 255
    counted = torch.stack([_counted(one) for one in factors])
    assert (x[:, 0] - counted).abs().max() < 0.3
    edge = (counted > 0) & (counted < 1)
    assert (x[:, 0] - counted).abs()[edge].mean() < 0.05
    assert drawn.unique().numel() > 50, "grey edges, not a staircase"


def test_nothing_is_cut_off():
    corners = torch.tensor([[shape, 5, r, x, y] for shape in range(3) for r in range(20) for x in (0, 15) for y in (0, 15)])
    middle = corners.clone()
    middle[:, 3:] = 7
    area, whole = (shapes.draw_shapes(f).float().sum((1, 2, 3)) for f in (corners, middle))
    torch.testing.assert_close(area, whole, rtol=0.015, atol=0)


def test_the_order_of_rows_is_kept():
    factors = shapes.shape_factors(torch.tensor([80_000, 5, 40_000, 7]))
    assert torch.equal(shapes.draw_shapes(factors), torch.cat([shapes.draw_shapes(one[None]) for one in factors]))


@pytest.mark.parametrize("call, words", [
    (lambda: shapes.shapes(10, "validation"), "unknown split 'validation'"),
    (lambda: shapes.shapes(0), "n must be ≥ 1, got 0"),
    (lambda: shapes.shapes(20_000, "test"), "18,432 different test images, got n = 20,000"),
    (lambda: shapes.shape_factors(torch.tensor([92_160])), "whole numbers in 0 … 92159"),
    (lambda: shapes.shape_factors(torch.tensor([0.5])), "whole numbers in 0 … 92159"),
    (lambda: shapes.draw_shapes(torch.zeros(2, 4, dtype=torch.long)), r"shape \(n, 5\), got torch.int64 of shape \(2, 4\)"),
    (lambda: shapes.draw_shapes(torch.zeros(2, 5)), "whole numbers of shape"),
    (lambda: shapes.draw_shapes(torch.tensor([[3, 0, 0, 0, 0]])), "shape must lie in 0 … 2, got values from 3 to 3"),
    (lambda: shapes.draw_shapes(torch.tensor([[0, 0, -1, 0, 0]])), "rotation must lie in 0 … 19, got values from -1"),
    (lambda: data.ImageSet(torch.zeros(2, 1, 2, 2), torch.zeros(2, dtype=torch.long), factors=torch.zeros(2, 3)), "for 2 images and 0 names"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


def _counted(factors) -> torch.Tensor:
    """The share of 16×16 points in each pixel that lie inside, by the shapes' own equations."""
    shape, scale, rotation, x, y = factors.tolist()
    radius = 3.5 + scale * 4 / 5
    angle = (math.pi / 2, math.pi, 2 * math.pi)[shape] * rotation / 20
    points = (torch.arange(28 * 16) + 0.5) / 16
    right, up = ((points - 8 - 0.8 * x) / radius).expand(448, 448), -((points - 8 - 0.8 * y) / radius)[:, None].expand(448, 448)
    u, v = math.cos(angle) * right + math.sin(angle) * up, math.cos(angle) * up - math.sin(angle) * right
    if shape == 0:
        inside = (u.abs() < 0.75) & (v.abs() < 0.75)
    elif shape == 1:
        inside = u**2 + (v / 0.6) ** 2 < 1
    else:
        h = 0.55
        v = v + 0.4431 * h
        lobes = [(u - side * h * math.sqrt(0.5)) ** 2 + (v - h * math.sqrt(0.5)) ** 2 < h**2 for side in (-1, 1)]
        inside = (u.abs() + v.abs() < h * math.sqrt(2)) | lobes[0] | lobes[1]
    return torch.nn.functional.avg_pool2d(inside.float()[None, None], 16)[0, 0]

