"""How far training is, for a file or a pipe: a few whole lines, where no bar can move."""
from __future__ import annotations

import time
from collections.abc import Mapping

from ..training.progress import Bar
from .output import tell

# at most so many seconds pass without a line
LONGEST_SILENCE = 60


class Lines(Bar):
    """A line for each tenth of the training, and after each minute without one.

    Args:
        total: steps of the whole training.
        initial: those that were done before, by an interrupted run.
    """

    def __init__(self, total: int, initial: int):
        self.total = total
        self.done = initial
        self.losses = ""
        self.start = time.monotonic()
        self.told_at = self.start
        self.tenth = self._tenths()

    def update(self) -> None:
        """One step is done."""
        self.done += 1
        if time.monotonic() - self.told_at >= LONGEST_SILENCE:
            self._tell()

    def show(self, losses: Mapping[str, float]) -> None:
        """An epoch is done, with these losses."""
        parts = []
        for name, value in losses.items():
            parts.append(f"{name.removesuffix('_loss').replace('_', ' ')} {value:.4g}")
        self.losses = ", ".join(parts)
        if self._tenths() > self.tenth:
            self._tell()

    def _tenths(self) -> int:
        return 10 * self.done // self.total

    def _tell(self) -> None:
        self.told_at = time.monotonic()
        self.tenth = self._tenths()
        seconds = f"{self.told_at - self.start:.0f} s"
        steps = f"{100 * self.done // self.total} % of {self.total:,} steps"
        tell(", ".join(filter(None, [f"training, {steps}", seconds, self.losses])))
