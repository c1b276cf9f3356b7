"""Lines: training curves, one quantity over another."""
from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Protocol

import numpy as np
from torch import Tensor

from ..errors import UserError, brief, finite, pick
from .style import LINES, figure
from .text import plain, with_formulae

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# of another length than LINES: together they repeat after 56 series only
MARKERS = ("o", "s", "^", "D", "v", "<", ">", "P")
# of the lines that others are compared with
DASHES = ("--", ":", "-.")
SPLIT_STYLES = {"train": "--", "validation": ":", "test": "-"}


# the values of a line; a tensor among them holds one number
Numbers = Sequence[float | Tensor] | np.ndarray | Tensor


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
        UserError: no histories, one without epochs, a term that one of them does not have.
    """
    named = histories if isinstance(histories, Mapping) else {"": histories}
    _check_histories(named)
    wanted = []
    for name, history in named.items():
        for each in _terms(history, term):
            player = "" if each == term else each.removesuffix(f"_{term}")
            wanted.append((history, each, f"{name} {player}"))

    fig, ax = figure(6.5, 3.4)
    for (history, each, name), colour in zip(wanted, itertools.cycle(LINES)):
        _draw_splits(ax, history, each, name, colour)

    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.set(title=with_formulae(title), xlabel="epoch", ylabel=with_formulae(ylabel))
    if len(named) == 1:
        ax.legend()
    else:
        # several histories: beside the lines, not on them
        fig.legend(loc="outside right center", frameon=False)
    return fig


def lines(
    x: Numbers | Sequence[str],
    series: Mapping[str | float, Numbers],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    log_x: bool = False,
    log_y: bool = False,
    reference: Mapping[str, float] | None = None,
) -> Figure:
    """One line per named series over x.

    Args:
        x: numbers, or names of what is compared.
        series: one value for each x, by the name of the line; NaN leaves a gap.
        reference: values to compare with, each a dashed horizontal line of that name.
        log_x: a logarithmic axis of base 2, with a tick at each x.
        log_y: a logarithmic axis.
    Raises:
        UserError: no x, no series, one of another length than x, x that is not finite, values
            that are no real numbers, on a logarithmic axis a value ≤ 0.
    """
    at = _listed("x", x)
    values = {name: _listed(f"series {name!r}", y) for name, y in series.items()}
    _check_lines(at, values, log_x, log_y)
    levels = {name: finite(f"reference {name!r}", y) for name, y in (reference or {}).items()}
    if isinstance(at[0], str):
        at = [plain(name) for name in at]

    fig, ax = figure(6.5, 3.4)
    styles = zip(itertools.cycle(LINES), itertools.cycle(MARKERS))
    for (name, y), (colour, marker) in zip(values.items(), styles):
        ax.plot(at, y, marker + "-", color=colour, label=plain(name))
    for (name, level), dashes in zip(levels.items(), itertools.cycle(DASHES)):
        ax.axhline(level, color="0.35", linestyle=dashes, label=plain(name))

    if log_x:
        ax.set_xscale("log", base=2)
        ax.set_xticks(at, [f"{value:g}" for value in at])
    if log_y:
        ax.set_yscale("log")
    ax.set(title=with_formulae(title), xlabel=with_formulae(xlabel), ylabel=with_formulae(ylabel))
    ax.legend()
    return fig


def _check_histories(histories: Mapping[str, Columns]) -> None:
    """Each is a history, and has epochs."""
    if not histories:
        raise UserError("histories must hold at least one History, got none")
    for name, history in histories.items():
        where = f"histories[{name!r}]" if name else "histories"
        if not hasattr(history, "columns"):
            raise UserError(
                f"{where} must be a History, or several by name, "
                f"got {type(history).__name__} {brief(history)}"
            )
        if not history.columns:
            raise UserError(f"{where} is empty: it has no epochs to draw; train first")


def _listed(what: str, values: Numbers | Sequence[str]) -> list:
    """The values of a sequence, an array or a tensor (N,)."""
    if isinstance(values, Sequence):
        return [value.tolist() if isinstance(value, Tensor) else value for value in values]
    if values.ndim != 1:
        raise UserError(f"{what} must have shape (N,), got {tuple(values.shape)}; choose a row")
    return values.tolist()


def _check_lines(x: list, series: dict[str | float, list], log_x: bool, log_y: bool) -> None:
    """One value for each x, and no value that its axis cannot show."""
    if not x or not series:
        raise UserError(
            "x and series must hold at least one value each, "
            f"got {len(x)} of x and {len(series)} series"
        )
    are_names = all(isinstance(value, str) for value in x) and not log_x
    for value in [] if are_names else x:
        finite("x", value, above=0 if log_x else None)

    for name, y in series.items():
        if len(y) != len(x):
            raise UserError(
                f"series must hold one value for each of {len(x)} x, got {len(y)} in {name!r}"
            )
        for value in y:
            if not isinstance(value, Real):
                raise UserError(f"series {name!r} must hold real numbers, got {brief(value)}")
        if log_y and not all(value > 0 or math.isnan(value) for value in y):
            raise UserError(
                f"series {name!r} must be > 0 on a logarithmic axis, got {brief(min(y))}"
            )


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
            label = plain(" ".join(f"{name} {split}".split()))
            ax.plot(history["epoch"], history[column], style, color=colour, label=label)
