"""Sheets and rows of images: each one where it belongs, with its own name beside it."""
import numpy as np
import pytest
import torch
from support.figures import picture, texts

from vaekit import plots
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
