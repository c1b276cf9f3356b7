"""Scores side by side: as a table, and as intervals in a figure."""
from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .. import plots
from ..errors import UserError
from ..plots.text import plain, plain_names, with_formulae
from .score import Score, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEAD = ("", "metric", "value", "95 % interval", "floor", "n", "features")


class Table:
    """Scores by row (a model, say) and column (a metric).

    It shows itself as Markdown in a notebook; `str()` gives the Markdown, too.

    Args:
        rows: the scores of each row, by the row's name.
    Raises:
        UserError: no rows, or a row without a score.
    """

    def __init__(self, rows: Mapping[str, Sequence[Score]]):
        self.rows = {name: list(scores) for name, scores in rows.items()}
        if not self.rows or not all(self.rows.values()):
            raise UserError("a table needs at least one score in each row, got none")

    def __str__(self) -> str:
        lines = []
        for name, scores in self.rows.items():
            for score in scores:
                lines.append([name, *_cells(score)])
        return str(plots.table(HEAD, lines))

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return str(self)

    def figure(self, *, title: str = "") -> Figure:
        """One panel per metric: value and interval of each row, and the floor as a dashed line."""
        metrics = self._metrics()
        width = 1 + 3.2 * len(metrics)
        height = 1.2 + 0.35 * len(self.rows)
        fig, axes = plots.figure(width, height, columns=len(metrics), squeeze=False, sharey=True)

        for ax, metric, colour in zip(axes[0], metrics, itertools.cycle(plots.LINES)):
            self._draw_panel(ax, metric, colour)

        # the first row on top, as in the table
        axes[0][0].invert_yaxis()
        fig.suptitle(with_formulae(title))
        return fig

    def _metrics(self) -> list[str]:
        """The names of the metrics, in the order in which they first occur."""
        names = [score.metric for scores in self.rows.values() for score in scores]
        return list(dict.fromkeys(names))

    def _draw_panel(self, ax: Axes, metric: str, colour: str) -> None:
        shown = []
        for y, scores in enumerate(self.rows.values()):
            for score in scores:
                if score.metric == metric:
                    _draw_score(ax, score, y, colour)
                    shown.append(score)

        first = shown[0]
        ax.set_title(plain(f"{metric} ({first.better} is better)"))
        ax.set_yticks(range(len(self.rows)), plain_names(self.rows))
        if first.floor is not None:
            ax.set_xlabel(plain(f"dashed: {first.floor_name}"))
        ax.margins(y=0.2)


def table(rows: Mapping[str, Score | Sequence[Score]] | Sequence[Score]) -> Table:
    """Scores as a table.

    Args:
        rows: scores by name, table({"VAE": [fid, kid], "GAN": fid}), or without: table([fid, kid]).
    Raises:
        UserError: no rows, or a row without a score.
    """
    if not isinstance(rows, Mapping):
        return Table({"": list(rows)})

    named = {}
    for name, scores in rows.items():
        named[name] = [scores] if isinstance(scores, Score) else scores
    return Table(named)


def _cells(score: Score) -> list[str]:
    """A score in the columns of `HEAD`, without the row's name."""
    metric = f"{score.metric}, {score.unit}" if score.unit else score.metric
    floor = "" if score.floor is None else short(score.floor)
    return [
        metric,
        short(score.value),
        f"{short(score.low)} … {short(score.high)}",
        floor,
        f"{score.n:,}",
        f"{score.features} {score.weights}".strip(),
    ]


def _draw_score(ax: Axes, score: Score, y: int, colour: str) -> None:
    ax.plot([score.low, score.high], [y, y], "-", color=colour, linewidth=2)
    ax.plot(score.value, y, "o", color=colour)
    if score.floor is not None:
        floor = [score.floor, score.floor]
        ax.plot(floor, [y - 0.4, y + 0.4], "--", color="black", linewidth=1)
