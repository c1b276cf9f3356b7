"""Rate against distortion: each model a point in the plane."""
from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import UserError, brief, finite
from .labels import label_points
from .style import LINES, figure
from .text import plain, with_formulae

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def rate_distortion(
    series: Mapping[str, Mapping[object, Sequence[float]]],
    *,
    title: str = "Rate and distortion",
    label: str = "",
) -> Figure:
    """Rate (KL) against distortion (reconstruction), nats per image.

    On a dashed line rate + distortion, the −ELBO, is the same: it is what the line meets on the
    left axis.

    Args:
        series: {"here": {β: (rate, distortion), …}, …}.
        label: stands before the β that names each point of the first series.
    Raises:
        UserError: no series, one without points, a point that is not two finite numbers.
    Source:
        Alemi et al. 2018 for the picture.
    """
    planes = _planes(series)
    fig, ax = figure(6.5, 4)
    _draw_series(ax, planes)
    ax.margins(x=0.12, y=0.08)
    ax.set(
        title=with_formulae(title),
        xlabel="rate: KL, nats per image",
        ylabel="distortion: −log p(x | z), nats per image",
        xlim=(0, ax.get_xlim()[1]),
    )
    if len(planes) > 1:
        ax.legend()

    every_point = [point for points in planes.values() for point in points.values()]
    _draw_equal_totals(ax, every_point)
    fig.legend(
        ax.lines[-1:],
        ["rate + distortion is the same along a dashed line"],
        loc="outside lower right",
        frameon=False,
        fontsize=9,
    )

    # names are placed by pixels: the layout must know where things are
    fig.draw_without_rendering()
    first = next(iter(planes.values()))
    names = {plain(f"{label}{key}"): point for key, point in first.items()}
    label_points(ax, names, every_point)
    return fig


def _draw_series(
    ax: Axes, planes: Mapping[str, Mapping[object, tuple[float, float]]]
) -> None:
    """The points of each series in a colour of its own; those of a single one are joined."""
    line = "-" if len(planes) == 1 else ""
    styles = zip(itertools.cycle(LINES), itertools.cycle("osD^v"))
    for (name, points), (colour, marker) in zip(planes.items(), styles):
        rates, distortions = zip(*sorted(points.values()))
        ax.plot(
            rates,
            distortions,
            marker + line,
            color=colour,
            label=plain(name),
            clip_on=False,
            zorder=3,
        )


def _planes(
    series: Mapping[str, Mapping[object, Sequence[float]]]
) -> dict[str, dict[object, tuple[float, float]]]:
    """The points of each series as pairs, checked to be two finite numbers each."""
    if not series:
        raise UserError("series must hold at least one, got none")
    planes: dict[str, dict[object, tuple[float, float]]] = {}
    for name, points in series.items():
        planes[name] = {}
        if not points:
            raise UserError(f"series {name!r} must hold at least one point, got none")
        for key, point in points.items():
            if len(point) != 2:
                raise UserError(
                    f"each point of series {name!r} must be (rate, distortion), "
                    f"got {brief(point)} for {brief(key)}"
                )
            rate = finite(f"each rate of series {name!r}", point[0])
            distortion = finite(f"each distortion of series {name!r}", point[1])
            planes[name][key] = (rate, distortion)
    return planes


def _draw_equal_totals(ax: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Dashed lines on which the sum of both coordinates is the same, over that of `points`."""
    from matplotlib.ticker import MaxNLocator

    totals = [rate + distortion for rate, distortion in points]
    for total in MaxNLocator(6).tick_values(min(totals), max(totals)):
        ax.axline((0, total), slope=-1, color="0.7", linewidth=0.8, linestyle="--", zorder=0)
