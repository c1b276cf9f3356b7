"""A bar that shows how far training is: in a terminal tqdm's, in a notebook one line of text.

The notebook's line needs no widgets, and stays in the saved notebook as what training came to:
"471 steps, 11 s, train 55.3, test 103.1".
"""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from ..errors import UserError

# of the notebook's line
WIDTH = 24
SECONDS_BETWEEN_UPDATES = 0.2


class Bar:
    """What `fit` tells of its progress; this one shows nothing."""

    def update(self) -> None:
        """One step is done."""

    def show(self, losses: Mapping[str, float]) -> None:
        """An epoch is done, with these losses."""

    def close(self, completed: bool) -> None:
        """Training has ended: as it should, or by an error or Ctrl-C."""

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(completed=kind is None)


# makes a bar of one's own: (steps of the whole training, those done before) → Bar
MakeBar = Callable[[int, int], Bar]


def progress_bar(total: int, initial: int, shown: bool | str | MakeBar) -> Bar:
    """A bar for the place where it is shown.

    Nothing is shown where the environment sets TQDM_DISABLE.

    Args:
        total: steps of the whole training.
        initial: those that were done before, by an interrupted run.
        shown: False for none; a text is its label; a function makes another bar.
    Raises:
        UserError: an empty label.
    """
    if isinstance(shown, str) and not shown.strip():
        raise UserError(f"progress must be True, False or a label, got {shown!r}")
    if not shown or os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):
        return Bar()
    if callable(shown):
        return shown(total, initial)
    label = " ".join(shown.split()) if isinstance(shown, str) else ""
    if _is_notebook():
        return _NotebookBar(total, initial, label)
    return _TerminalBar(total, initial, label)


def _is_notebook() -> bool:
    """Whether this process is the kernel of a notebook, which then has IPython imported."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_ipython() if get_ipython else None
    return getattr(shell, "kernel", None) is not None


class _TerminalBar(Bar):
    """tqdm's, which vanishes at the end."""

    def __init__(self, total: int, initial: int, label: str):
        from tqdm import tqdm

        self.bar = tqdm(
            total=total,
            initial=initial,
            desc=label or "training",
            unit="step",
            leave=False,
            # tqdm's own default is what the variable said when it was imported
            disable=False,
        )

    def update(self) -> None:
        self.bar.update()

    def show(self, losses: Mapping[str, float]) -> None:
        self.bar.set_postfix({name: f"{value:.4g}" for name, value in losses.items()})

    def close(self, completed: bool) -> None:
        self.bar.close()


class _NotebookBar(Bar):
    """One line of text below the cell, which is rewritten, and at the end sums up."""

    def __init__(self, total: int, initial: int, label: str):
        self.total = total
        self.initial = initial
        self.done = initial
        self.label = label
        self.losses = ""
        self.start = time.monotonic()
        self.shown_at = self.start
        self.handle: Any = None

    def __enter__(self) -> Bar:
        from IPython.display import display

        self.handle = display(_plain(self._running()), raw=True, display_id=True)
        return self

    def update(self) -> None:
        self.done += 1
        now = time.monotonic()
        if now - self.shown_at >= SECONDS_BETWEEN_UPDATES:
            self.shown_at = now
            self._rewrite(self._running())

    def show(self, losses: Mapping[str, float]) -> None:
        # train_loss 55.31 → train 55.31, and a player's: train_generator_loss → train generator
        parts = []
        for name, value in losses.items():
            parts.append(f"{name.removesuffix('_loss').replace('_', ' ')} {value:.4g}")
        self.losses = ", ".join(parts)

    def close(self, completed: bool) -> None:
        of_total = "" if completed else f" of {self.total:,}"
        steps = f"{self.done:,}{of_total} steps"
        if self.initial:
            steps += f" ({self.initial:,} of them before)"
        state = "" if completed else "stopped after "
        self._rewrite(self._line(state + steps))

    def _running(self) -> str:
        filled = WIDTH * self.done // self.total
        picture = "█" * filled + "░" * (WIDTH - filled)
        percent = 100 * self.done // self.total
        return self._line(f"{picture} {percent} %, {self.done:,} of {self.total:,} steps")

    def _line(self, begin: str) -> str:
        """(label:) begin, seconds, losses."""
        seconds = f"{time.monotonic() - self.start:.0f} s"
        parts = [begin, seconds, self.losses] if self.losses else [begin, seconds]
        line = ", ".join(parts)
        return f"{self.label}: {line}" if self.label else line

    def _rewrite(self, line: str) -> None:
        if self.handle is not None:
            self.handle.update(_plain(line), raw=True)


def _plain(text: str) -> dict[str, str]:
    return {"text/plain": text}
