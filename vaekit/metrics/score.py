"""A score never travels bare: value, 95 % interval, n, the feature network it was seen through, and its floor."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import UserError, at_least, pick


@dataclass(frozen=True, repr=False, eq=False)
class Score:
    """One measured number with what is needed to read it.

    Attributes:
        metric: what was measured: "FID", "KID", "SSIM", …
        value, low, high: the score and its bootstrap 95 % interval.
        n: number of images the score was computed from.
        floor: the same metric, real against real, at the same n; what a perfect model would get. None if it has no such meaning.
        floor_name: what the floor is, where it is not real against real.
        features, weights: name of the feature network and the first digits of its weights' sha256, where one is used.
        unit: "nats per image", "bits per dimension", … ; empty if there is none.
        better: "lower" or "higher".
        note: what a reader must know before comparing.
    """

    metric: str
    value: float
    low: float
    high: float
    n: int
    floor: float | None = None
    floor_name: str = "real against real"
    features: str = ""
    weights: str = ""
    unit: str = ""
    better: str = "lower"
    note: str = ""

    def __post_init__(self):
        pick("direction", self.better, ("lower", "higher"))

    def __float__(self) -> float:
        return self.value

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else repr(self)

    def __repr__(self) -> str:
        facts = [f"n = {self.n:,}"]
        facts += [] if self.floor is None else [f"floor {_short(self.floor)}"]
        facts += [f"features {self.features} {self.weights}".rstrip()] if self.features else []
        facts += [self.note] if self.note else []
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.metric} {_short(self.value)} [{_short(self.low)}, {_short(self.high)}]{unit} ({'; '.join(facts)})"

    def __lt__(self, other: Score) -> bool:
        return self.value < self._comparable(other).value

    def __gt__(self, other: Score) -> bool:
        return self.value > self._comparable(other).value

    def beats(self, other: Score) -> bool:
        """True only if this score is better and the two intervals do not overlap.

        Raises:
            UserError: the scores cannot be compared: other metrics, other features, or other n (FID's bias depends on it).
        """
        self._comparable(other)
        return self.high < other.low if self.better == "lower" else self.low > other.high

    def _comparable(self, other: Score) -> Score:
        for what in ("metric", "features", "weights", "n", "unit"):
            mine, theirs = getattr(self, what), getattr(other, what)
            if mine != theirs:
                raise UserError(f"these scores do not compare: {what} is {mine!r} for one and {theirs!r} for the other")
        return other


def bootstrap(statistic: Callable[[Tensor], float], n: int, *, resamples: int = 200, seed: int = 0) -> tuple[float, float]:
    """The 95 % percentile interval of statistic(index) over resamples of n items, drawn with replacement.

    Args:
        statistic: maps an index (n,) into the items to the score of that resample.
    Source: Efron & Tibshirani 1993, chapter 13.
    """
    generator = torch.Generator().manual_seed(seed)
    at_least("n", n, 1)
    return interval(torch.tensor([statistic(torch.randint(n, (n,), generator=generator)) for _ in range(at_least("resamples", resamples, 2))]))


def interval(values: Tensor) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles of (R,) resampled scores."""
    low, high = values.double().quantile(torch.tensor([0.025, 0.975], dtype=torch.double)).tolist()
    return low, high


def times_drawn(n: int, resamples: int, generator: torch.Generator) -> Tensor:
    """How often each of n items occurs in each resample, (n, resamples): what a statistic of pairs needs instead of an index."""
    return torch.stack([torch.randint(n, (n,), generator=generator).bincount(minlength=n) for _ in range(resamples)], 1)


class Table:
    """Scores by row (a model, say) and column (a metric); shows itself as Markdown in a notebook, `str()` gives it too."""

    def __init__(self, rows: Mapping[str, Sequence[Score]]):
        self.rows = {name: list(scores) for name, scores in rows.items()}
        if not self.rows or not all(self.rows.values()):
            raise UserError("a table needs at least one score in each row")

    def __str__(self) -> str:
        head = ["", "metric", "value", "95 % interval", "floor", "n", "features"]
        lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        for name, scores in self.rows.items():
            for s in scores:
                floor = "" if s.floor is None else _short(s.floor)
                metric, interval = s.metric + (f", {s.unit}" if s.unit else ""), f"{_short(s.low)} … {_short(s.high)}"
                cells = [name, metric, _short(s.value), interval, floor, f"{s.n:,}", f"{s.features} {s.weights}".strip()]
                lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return str(self)

    def figure(self, *, title: str = ""):
        """One panel a metric: value and interval of each row, and the floor as a dashed line."""
        from ..plots import LINES, figure

        metrics = list(dict.fromkeys(s.metric for scores in self.rows.values() for s in scores))
        fig, axes = figure(1 + 3.2 * len(metrics), 1.2 + 0.35 * len(self.rows), columns=len(metrics), squeeze=False, sharey=True)
        for ax, metric, colour in zip(axes[0], metrics, LINES * len(metrics)):
            for y, scores in enumerate(self.rows.values()):
                for s in (s for s in scores if s.metric == metric):
                    ax.plot([s.low, s.high], [y, y], "-", color=colour, linewidth=2)
                    ax.plot(s.value, y, "o", color=colour)
                    if s.floor is not None:
                        ax.plot([s.floor] * 2, [y - 0.4, y + 0.4], "--", color="black", linewidth=1)
            first = next(s for scores in self.rows.values() for s in scores if s.metric == metric)
            ax.set(title=f"{metric} ({first.better} is better)", yticks=range(len(self.rows)), yticklabels=list(self.rows),
                   xlabel="" if first.floor is None else f"dashed: {first.floor_name}")
            ax.margins(y=0.2)
        axes[0][0].invert_yaxis()
        fig.suptitle(title)
        return fig


def table(rows: Mapping[str, Score | Sequence[Score]] | Sequence[Score]) -> Table:
    """Scores as a table: table([score, …]) or table({"VAE": [fid, kid], "GAN": [fid, kid]})."""
    if isinstance(rows, Mapping):
        return Table({name: [s] if isinstance(s, Score) else s for name, s in rows.items()})
    return Table({"": list(rows)})


def _short(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
