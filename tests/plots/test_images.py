"""Sheets and rows of images: each one where it belongs, with its own name beside it."""
import math

import numpy as np
import pytest
import torch
from support.figures import picture, texts

from vaekit import plots
from vaekit.data import ImageSet
from vaekit.errors import UserError

LONG_NAMES = (
    "z = 1, β = 1",
    "z = 2, β = 1",
    "z = 64, β = 1",
    "z = 64, β = 0.1",
    "z = 64, β = 0.5",
    "z = 64, β = 2",
    "z = 64, β = 10",
)


def test_sheet_puts_images_row_by_row():
    images = torch.arange(6.0).reshape(6, 1, 1, 1).expand(6, 1, 4, 4) / 10
    shown = picture(plots.sheet(images, columns=3, title="six"))

    pitch = 4 + plots.PAD
    inside = plots.PAD + 1
    centres = [
        [shown[inside + row * pitch, inside + column * pitch, 0] for column in range(3)]
        for row in range(2)
    ]
    np.testing.assert_allclose(centres, [[0, 0.1, 0.2], [0.3, 0.4, 0.5]], atol=1e-6)


def test_compare_labels_its_rows():
    rows = {"original": torch.zeros(3, 1, 4, 4), "copy": torch.ones(3, 1, 4, 4)}
    fig = plots.compare(rows, title="two", ticks=["a", "b", "c"])
    ax = fig.axes[0]
    assert texts(ax.get_yticklabels()) == ["original", "copy"]
    assert texts(ax.get_xticklabels()) == ["a", "b", "c"]

    original, copy = ax.get_yticks()
    assert picture(fig)[int(original), plots.PAD + 1, 0] == 0, "a label stands beside its row"
    assert picture(fig)[int(copy), plots.PAD + 1, 0] == 1, "a label stands beside its row"


def test_ticks_stand_below_the_middle_of_their_images():
    images = torch.rand(3, 1, 4, 6)
    ax = plots.compare({"row": images}, ticks=["a", "b", "c"]).axes[0]
    middle = plots.PAD + 6 / 2
    pitch = 6 + plots.PAD
    assert list(ax.get_xticks()) == [middle, middle + pitch, middle + 2 * pitch]


def test_long_names_of_rows_are_not_cut_off():
    fig = plots.compare({name: torch.rand(10, 1, 28, 28) for name in LONG_NAMES}, title="rows")

    # as any display or file does, once
    fig.draw_without_rendering()
    starts = [label.get_window_extent().x0 for label in fig.axes[0].get_yticklabels()]
    assert min(starts) > 0


def test_images_outside_0_1_are_refused():
    with pytest.raises(UserError, match=r"images must lie in \[0, 1\]"):
        plots.sheet(torch.full((2, 1, 4, 4), 2.0))


def test_a_sheet_needs_a_column():
    with pytest.raises(UserError, match="columns must be ≥ 1, got 0"):
        plots.sheet(torch.rand(2, 1, 4, 4), columns=0)


def test_rows_of_unequal_length_are_refused():
    rows = {"a": torch.rand(2, 1, 4, 4), "b": torch.rand(3, 1, 4, 4)}
    with pytest.raises(UserError, match="rows of equal length, got {'a': 2, 'b': 3}"):
        plots.compare(rows)


def test_a_sheet_takes_a_set_of_images():
    x = torch.rand(6, 1, 4, 4)
    images = ImageSet(x, torch.zeros(6).long())
    assert np.array_equal(picture(plots.sheet(images)), picture(plots.sheet(x)))


def test_a_sheet_takes_stored_pixels():
    pixels = torch.arange(96, dtype=torch.uint8).reshape(6, 1, 4, 4)
    assert np.array_equal(picture(plots.sheet(pixels)), picture(plots.sheet(pixels / 255)))


def test_rows_may_be_sets_of_images():
    x = torch.rand(3, 1, 4, 4)
    images = ImageSet((x * 255).byte(), torch.zeros(3).long())
    shown = picture(plots.compare({"set": images, "tensor": images.images()}))
    middle = len(shown) // 2
    assert np.array_equal(shown[plots.PAD : middle], shown[middle + 1 : -1])


@pytest.mark.parametrize(
    "images, words",
    [
        (torch.zeros(0, 1, 4, 4), r"images must be .* with N ≥ 1, got \(0, 1, 4, 4\)"),
        (torch.zeros(1, 4, 4), r"images must be images of shape \(N, C, H, W\)"),
        (torch.zeros(2, 2, 4, 4), "images must be grey or in colour, 1 or 3 channels, got 2"),
        (torch.zeros(2, 1, 4, 4).long(), "divide uint8 pixels by 255"),
        (torch.full((2, 1, 4, 4), math.nan), "images must lie in .*nan"),
        ([1, 2], "images of sheet must be Tensor or ImageSet, got list"),
    ],
)
def test_what_is_no_picture_is_refused(images, words):
    with pytest.raises(UserError, match=words):
        plots.sheet(images)


@pytest.mark.parametrize("scale", [0, -1, math.inf, math.nan, 10**30])
def test_a_scale_that_gives_no_picture_is_refused(scale):
    with pytest.raises(UserError, match="scale"):
        plots.sheet(torch.rand(2, 1, 4, 4), scale=scale)


def test_more_images_than_a_picture_can_show_are_refused():
    words = "1,000 images side by side at scale = 0.62 are larger .*; show fewer images"
    with pytest.raises(UserError, match=words):
        plots.sheet(torch.rand(10_000, 1, 1, 1))


@pytest.mark.parametrize(
    "rows, settings, words",
    [
        ({}, {}, "rows must hold at least one row of images, got none"),
        ({"a": torch.zeros(0, 1, 4, 4)}, {}, "the images of row 'a' must be .* N ≥ 1"),
        (
            {"a": torch.rand(2, 1, 4, 4), "b": torch.rand(2, 1, 5, 5)},
            {},
            r"rows of images of one shape, got {'a': \(1, 4, 4\), 'b': \(1, 5, 5\)}",
        ),
        (
            {"a": torch.rand(2, 1, 4, 4)},
            {"ticks": ["x"]},
            "ticks must be one name for each of 2 columns, got 1",
        ),
    ],
)
def test_rows_that_make_no_picture_are_refused(rows, settings, words):
    with pytest.raises(UserError, match=words):
        plots.compare(rows, **settings)
