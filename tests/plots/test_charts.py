"""Curves and planes: every line and point where the numbers say, named without covering it."""
import math
from itertools import combinations
from typing import ClassVar

import numpy as np
import pytest
import torch
from support.figures import texts

from vaekit import plots
from vaekit.errors import UserError

# S1, Table 1: (rate, distortion)
REPORT = {
    "z = 1, β = 1": (4.22, 156.82),
    "z = 2, β = 1": (6.80, 137.70),
    "z = 64, β = 1": (23.80, 76.23),
    "z = 64, β = 0.1": (77.68, 59.18),
    "z = 64, β = 0.5": (34.30, 69.50),
    "z = 64, β = 2": (15.46, 87.29),
    "z = 64, β = 10": (3.69, 143.37),
}
HERE = {name: (rate * 1.04, distortion * 0.99) for name, (rate, distortion) in REPORT.items()}


@pytest.fixture
def plane():
    return plots.rate_distortion({"here": HERE, "report": REPORT}, title="plane")


def labels(lines):
    return [line.get_label() for line in lines]


def test_curves_show_train_and_test(trained):
    ax = plots.curves(trained.history, term="kl", title="KL").axes[0]
    assert labels(ax.lines) == ["train", "test"]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), trained.history["test_kl"])
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel() == "nats per image"


def test_curves_of_several_histories_are_named(trained):
    ax = plots.curves({"a": trained.history, "b": trained.history}).axes[0]
    assert labels(ax.lines) == ["a train", "a test", "b train", "b test"]


def test_more_histories_than_colours_are_all_drawn(trained):
    histories = {f"run {number}": trained.history for number in range(9)}
    ax = plots.curves(histories).axes[0]
    names = [f"{name} {split}" for name in histories for split in ("train", "test")]
    assert labels(ax.lines) == names


@pytest.mark.parametrize("number", [1, 2])
def test_a_misspelled_term_is_named(trained, number):
    histories = {f"run {i}": trained.history for i in range(number)}
    words = "unknown term 'recontruction'; .*Did you mean 'reconstruction'"
    with pytest.raises(UserError, match=words):
        plots.curves(histories, term="recontruction")


def test_more_series_than_styles_are_all_drawn_and_differ():
    series = {f"z = {number}": [number, number + 1] for number in range(20)}
    ax = plots.lines([1, 2], series, title="", xlabel="x", ylabel="y").axes[0]
    assert labels(ax.lines) == list(series)
    styles = {(line.get_color(), line.get_marker()) for line in ax.lines}
    assert len(styles) == 20


def test_more_planes_than_markers_are_all_drawn():
    series = {f"run {number}": {1: (number + 1, 100 - number)} for number in range(9)}
    ax = plots.rate_distortion(series).axes[0]
    assert labels(ax.lines)[:9] == list(series)


def test_lines_have_a_tick_at_each_x_of_a_logarithmic_axis():
    series = {"up": [1, 2, 3], "down": [3, 2, 1]}
    fig = plots.lines([1, 4, 16], series, title="", xlabel="x", ylabel="y", log_x=True)
    ax = fig.axes[0]
    assert labels(ax.lines) == ["up", "down"]
    assert texts(ax.get_xticklabels()) == ["1", "4", "16"]


def test_rate_distortion_puts_each_point(plane):
    ax = plane.axes[0]
    for line, points in zip(ax.lines, (HERE, REPORT)):
        assert sorted(zip(*line.get_data())) == sorted(points.values())
        assert line.get_linestyle() == "None"
    assert texts(ax.get_legend().get_texts()) == ["here", "report"]
    assert ax.get_xlim()[0] == 0


def test_rate_distortion_names_the_points_of_the_first_series(plane):
    notes = {note.get_text(): tuple(note.xy) for note in plane.axes[0].texts}
    assert notes == HERE


def test_names_in_the_plane_cover_nothing_and_are_not_cut_off(plane):
    plane.draw_without_rendering()
    ax = plane.axes[0]
    inside = ax.get_window_extent()
    boxes = [note.get_window_extent() for note in ax.texts]
    dots = [ax.transData.transform(point) for point in [*HERE.values(), *REPORT.values()]]

    assert len(boxes) == 7
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    for box in boxes:
        assert not [dot for dot in dots if box.contains(*dot)], "no name covers a point"
        assert inside.x0 <= box.x0
        assert box.x1 <= inside.x1


def test_rate_distortion_of_one_series_is_a_line_without_a_legend():
    points = {2.0: (15.46, 87.29), 0.1: (77.68, 59.18), 10.0: (3.69, 143.37)}
    ax = plots.rate_distortion({"β-VAE": points}, label="β = ").axes[0]
    assert ax.get_legend() is None
    assert ax.lines[0].get_linestyle() == "-"
    assert list(ax.lines[0].get_xdata()) == [3.69, 15.46, 77.68]
    assert set(texts(ax.texts)) == {"β = 2.0", "β = 0.1", "β = 10.0"}


def test_on_the_grey_lines_rate_and_distortion_have_the_same_sum():
    points = {2.0: (15.46, 87.29), 0.1: (77.68, 59.18), 10.0: (3.69, 143.37)}
    ax = plots.rate_distortion({"β-VAE": points}).axes[0]
    grey = ax.lines[1:]
    assert {line.get_slope() for line in grey} == {-1}

    # they reach from the smallest sum of the points to the largest
    totals = [line.get_xy1()[1] for line in grey]
    assert len(totals) >= 3
    assert min(totals) <= 102.75
    assert max(totals) >= 147.06


NAMES = {"title": "", "xlabel": "", "ylabel": ""}


@pytest.mark.parametrize("kind", [tuple, np.array, torch.tensor])
def test_lines_take_any_kind_of_numbers(kind):
    fig = plots.lines(kind([1.0, 2.0]), {"a": kind([3.0, 4.0])}, **NAMES)
    assert list(fig.axes[0].lines[0].get_xdata()) == [1, 2]
    assert list(fig.axes[0].lines[0].get_ydata()) == [3, 4]


@pytest.mark.parametrize(
    "x, series, settings, words",
    [
        ([], {"a": []}, {}, "x and series must hold at least one value each, got 0 of x"),
        ([1], {}, {}, "got 1 of x and 0 series"),
        ([1, 2], {"a": [1]}, {}, "series must hold one value for each of 2 x, got 1 in 'a'"),
        ([math.inf], {"a": [1]}, {}, "x must be finite, got inf"),
        ([0, 1], {"a": [1, 2]}, {"log_x": True}, "x must be > 0, got 0"),
        (["a"], {"a": [1]}, {"log_x": True}, "x must be a number > 0, got 'a'"),
        ([1, 2], {"a": [1, 0]}, {"log_y": True}, "series 'a' must be > 0 on a logarithmic axis"),
        (np.zeros((2, 2)), {"a": [1, 0]}, {}, r"x must have shape \(N,\), got \(2, 2\)"),
    ],
)
def test_lines_that_cannot_be_drawn_are_named(x, series, settings, words):
    with pytest.raises(UserError, match=words):
        plots.lines(x, series, **NAMES, **settings)


@pytest.mark.parametrize(
    "series, words",
    [
        ({}, "series must hold at least one, got none"),
        ({"a": {}}, "series 'a' must hold at least one point, got none"),
        ({"a": {1: (math.nan, 1)}}, "each rate of series 'a' must be finite, got nan"),
        ({"a": {1: (1, math.inf)}}, "each distortion of series 'a' must be finite, got inf"),
    ],
)
def test_planes_that_cannot_be_drawn_are_named(series, words):
    with pytest.raises(UserError, match=words):
        plots.rate_distortion(series)


class NoEpochs:
    columns: ClassVar = []


@pytest.mark.parametrize(
    "histories, words",
    [
        ({}, "histories must hold at least one History, got none"),
        (3, "histories must be a History, or several by name, got int 3"),
        ({"a": None}, r"histories\['a'\] must be a History, .*got NoneType None"),
        (NoEpochs(), "histories is empty: it has no epochs to draw; train first"),
    ],
)
def test_histories_that_cannot_be_drawn_are_named(histories, words):
    with pytest.raises(UserError, match=words):
        plots.curves(histories)


WORDS = {"title": "", "xlabel": "x", "ylabel": "y"}


def test_a_gap_that_is_none_is_refused_every_time():
    for _ in range(30):
        with pytest.raises(UserError, match="series of lines must be"):
            plots.lines([1, 2], {"a": [1, None]}, **WORDS)


@pytest.mark.parametrize(
    "y",
    [
        np.array([1j, 2]),
        torch.tensor([1j, 2]),
        [torch.tensor(1j), 2],
        [torch.ones(1), 2],
        np.array(["1", "2"]),
    ],
)
def test_values_that_are_no_real_numbers_are_refused(y):
    with pytest.raises(UserError, match="series 'a' must hold real numbers, got "):
        plots.lines([1, 2], {"a": y}, **WORDS)


def test_complex_numbers_in_a_list_are_refused():
    with pytest.raises(UserError, match="series of lines must be"):
        plots.lines([1, 2], {"a": [1j, 2]}, **WORDS)


def test_lines_take_tensors_as_numbers_and_numbers_as_names():
    x = [torch.tensor(1), torch.tensor(2.0)]
    ax = plots.lines(x, {2: [torch.tensor(3.0), 4], 0.5: [1, 2]}, **WORDS).axes[0]
    assert labels(ax.lines) == ["2", "0.5"]
    assert list(ax.lines[0].get_xdata()) == [1, 2]
    assert list(ax.lines[0].get_ydata()) == [3, 4]


def test_rate_distortion_takes_points_as_lists():
    ax = plots.rate_distortion({"a": {1: [4, 100], 2: [3, 110]}}).axes[0]
    assert list(ax.lines[0].get_xdata()) == [3, 4]
    assert list(ax.lines[0].get_ydata()) == [110, 100]


@pytest.mark.parametrize("point", [[1.0], (1.0, 2.0, 3.0)])
def test_a_point_that_is_no_pair_is_named(point):
    with pytest.raises(UserError, match=r"each point of series 'a' must be \(rate, distortion\)"):
        plots.rate_distortion({"a": {1: point}})
