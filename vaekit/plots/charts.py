"""Lines: training curves, one quantity over another, rate against distortion."""
from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ..errors import pick
from .labels import label_points
from .style import LINES, figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# of another length than LINES: together they repeat after 56 series only
MARKERS = ("o", "s", "^", "D", "v", "<", ">", "P")
SPLIT_STYLES = {"train": "--", "validation": ":", "test": "-"}


class Columns(Protocol):
    """What `curves` needs of a History: named columns, one value per epoch."""

    @property
    def columns(self) -> list[str]: ...

    def __getitem__(self, column: str) -> list[float]: ...


def curves(
    histories: Columns | Mapping[str, Columns],
    *,
    term: str = "loss",
    title: str = "",
    ylabel: str = "nats per image",
) -> Figure:
    """Train (dashed), validation (dotted) and test (solid) curves of one term over epochs.

    Where there is no such term but several players have one each, as the losses of a GAN, each
    player gets its own curves.

    Args:
        histories: one History, or {"name": History, …}.
        term: of the objective, without its split: "loss", "kl", …
    Raises:
        UserError: a term that one of the histories does not have.
    """
    named = histories if isinstance(histories, Mapping) else {"": histories}
    wanted = []
    for name, history in named.items():
        for each in _terms(history, term):
            player = "" if each == term else each.removesuffix(f"_{term}")
            wanted.append((history, each, f"{name} {player}"))

    fig, ax = figure(6.5, 3.4)
    for (history, each, name), colour in zip(wanted, itertools.cycle(LINES)):
        _draw_splits(ax, history, each, name, colour)

    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(title=title, xlabel="epoch", ylabel=ylabel)
    if len(named) == 1:
        ax.legend()
    else:
        # several histories: beside the lines, not on them
        fig.legend(loc="outside right center", frameon=False)
    return fig


def lines(
    x: Sequence[float] | Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    log_x: bool = False,
    log_y: bool = False,
) -> Figure:
    """One line per named series over x.

    Args:
        log_x: a logarithmic axis of base 2, with a tick at each x.
        log_y: a logarithmic axis.
    """
    fig, ax = figure(6.5, 3.4)
    styles = zip(itertools.cycle(LINES), itertools.cycle(MARKERS))
    for (name, y), (colour, marker) in zip(series.items(), styles):
        ax.plot(x, y, marker + "-", color=colour, label=name)

    if log_x:
        ax.set_xscale("log", base=2)
        ax.set_xticks(list(x), [f"{value:g}" for value in x])
    if log_y:
        ax.set_yscale("log")
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return fig


def rate_distortion(
    series: Mapping[str, Mapping[object, tuple[float, float]]],
    *,
    title: str = "Rate and distortion",
    label: str = "",
) -> Figure:
    """Rate (KL) against distortion (reconstruction), nats per image.

    On the grey lines rate + distortion, the −ELBO, is the same.

    Args:
        series: {"here": {β: (rate, distortion), …}, …}.
        label: stands before the β that names each point of the first series.
    Source:
        Alemi et al. 2018 for the picture.
    """
    fig, ax = figure(6.5, 4)
    line = "-" if len(series) == 1 else ""
    styles = zip(itertools.cycle(LINES), itertools.cycle("osD^v"))
    for (name, points), (colour, marker) in zip(series.items(), styles):
        rates, distortions = zip(*sorted(points.values()))
        ax.plot(
            rates,
            distortions,
            marker + line,
            color=colour,
            label=name,
            clip_on=False,
            zorder=3,
        )
    ax.margins(x=0.12, y=0.08)
    ax.set(
        title=title,
        xlabel="rate: KL, nats per image",
        ylabel="distortion: −log p(x | z), nats per image",
        xlim=(0, ax.get_xlim()[1]),
    )
    if len(series) > 1:
        ax.legend()

    every_point = [point for points in series.values() for point in points.values()]
    _draw_equal_totals(ax, every_point)

    # names are placed by pixels: the layout must know where things are
    fig.draw_without_rendering()
    first = next(iter(series.values()))
    names = {f"{label}{key}": point for key, point in first.items()}
    label_points(ax, names, every_point)
    return fig


def _terms(history: Columns, term: str) -> list[str]:
    """`term`, if the history has it; else that of every player.

    Raises:
        UserError: no player has it either.
    """
    trained = [
        column.removeprefix("train_")
        for column in history.columns
        if column.startswith("train_")
    ]
    if term in trained:
        return [term]
    of_players = [each for each in trained if each.endswith(f"_{term}")]
    if not of_players:
        pick("term", term, trained)
    return of_players


def _draw_splits(ax: Axes, history: Columns, term: str, name: str, colour: str) -> None:
    """The curves of one term, one for each split that was recorded."""
    for split, style in SPLIT_STYLES.items():
        column = f"{split}_{term}"
        if column in history.columns:
            # without the gaps that an empty name leaves
            label = " ".join(f"{name} {split}".split())
            ax.plot(history["epoch"], history[column], style, color=colour, label=label)


def _draw_equal_totals(ax: Axes, points: Sequence[tuple[float, float]]) -> None:
    """Grey lines on which the sum of both coordinates is the same, over the range of `points`."""
    from matplotlib.ticker import MaxNLocator

    totals = [rate + distortion for rate, distortion in points]
    for total in MaxNLocator(6).tick_values(min(totals), max(totals)):
        ax.axline((0, total), slope=-1, color="0.88", linewidth=0.8, zorder=0)
