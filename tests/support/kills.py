"""kill -9 at random moments, then the same command again: the same numbers, and nothing left."""
from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from vaekit.files import load_weights

from .command import run, start

# what differs between two runs of the same numbers
TIMES = "seconds"


@dataclass(frozen=True)
class Kill:
    """One run that was killed and taken up again.

    Attributes:
        seconds: after which it was killed.
        met: whether it still ran then.
        epochs: that its checkpoint held.
        fault: what was not as in a run that nobody disturbs; nothing if it is empty.
    """

    seconds: float
    met: bool
    epochs: int
    fault: str


def undisturbed(arguments: list[object], out: Path) -> float:
    """The run to compare with; how long it took, in seconds."""
    begin = time.perf_counter()
    result = run(*arguments, "--out", out)
    assert result.returncode == 0, result.stderr
    return time.perf_counter() - begin


def kill_and_go_on(
    arguments: list[object], out: Path, whole: Path, seconds: float
) -> Kill:
    """Kill a run after some seconds, start it again, and compare it with the whole one."""
    process = start([*arguments, "--out", out])
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()

    met = process.returncode == -signal.SIGKILL
    epochs = 0
    checkpoint = out / "checkpoint.safetensors"
    if checkpoint.exists():
        _, metadata = load_weights(checkpoint)
        epochs = len(json.loads(metadata["rows"]))

    result = run(*arguments, "--out", out)
    if result.returncode != 0 or result.stderr:
        return Kill(seconds, met, epochs, f"code {result.returncode}: {result.stderr}")
    return Kill(seconds, met, epochs, difference(out, whole))


def difference(a: Path, b: Path) -> str:
    """What is not the same in two folders of results, but for the times; nothing if empty."""
    names = [{each.name for each in folder.iterdir()} for folder in (a, b)]
    if names[0] != names[1]:
        return f"other files: {', '.join(sorted(names[0] ^ names[1]))}"

    weights = [load_weights(folder / "weights.safetensors")[0] for folder in (a, b)]
    for name, value in weights[0].items():
        if not torch.equal(value, weights[1][name]):
            return f"other values in {name}"

    rows = [json.loads((folder / "history.json").read_text()) for folder in (a, b)]
    for history in rows:
        for row in history:
            del row[TIMES]
    return "" if rows[0] == rows[1] else "another history"


def moments(times: int, latest: float, seed: int = 0) -> list[float]:
    """Random moments to kill at, in seconds after the start."""
    draw = random.Random(seed)
    return [draw.uniform(0.3, latest) for _ in range(times)]
