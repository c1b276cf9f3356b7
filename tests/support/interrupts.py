"""Ctrl-C at random moments: what a command says then, and what it leaves behind."""
from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .command import start


@dataclass(frozen=True)
class Interruption:
    """One command that was interrupted: after how long, how it ended, what it said and left."""

    seconds: float
    code: int
    errors: str
    left: tuple[str, ...]

    @property
    def fault(self) -> str:
        """What a person would wonder about; nothing if it is empty."""
        if self.code not in (130, -signal.SIGINT):
            return f"exit code {self.code}"
        if len(self.errors.splitlines()) > 1 or "Traceback" in self.errors:
            return f"said {self.errors!r}"
        unknown = set(self.left) - {"checkpoint.safetensors"}
        return f"left {', '.join(sorted(unknown))}" if unknown else ""


def interrupt_at_random(
    arguments: Sequence[object],
    out: Path,
    *,
    times: int,
    earliest: float,
    latest: float,
    seed: int = 0,
) -> Iterator[Interruption]:
    """Start a command again and again, and send it Ctrl-C after a random time.

    Args:
        arguments: of vaekit; its results go to `out`.
        earliest, latest: in seconds after the start.
    """
    draw = random.Random(seed)
    for _ in range(times):
        seconds = draw.uniform(earliest, latest)
        process = start([*arguments, "--out", out])
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            # it was swallowed
            process.kill()
            process.communicate()
            errors = "went on as if nothing had happened"
        left = tuple(sorted(each.name for each in out.iterdir())) if out.exists() else ()
        yield Interruption(seconds, process.returncode, errors, left)
