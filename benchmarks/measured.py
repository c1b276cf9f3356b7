"""What a benchmark measured, as JSON: the tables of RESULTS.md are made from these files."""
from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch

from vaekit.files import atomic
from vaekit.metrics import Score

RESULTS = Path(__file__).parents[1] / "results"

Row = Mapping[str, Any]


def save(path: Path, rows: Sequence[Row], command: str, *, note: str = "") -> Path:
    """Write the rows, one per line, and what made them.

    Args:
        path: the file, in `RESULTS` as a rule.
        rows: names and plain values, in full precision.
        command: what was typed, see `command_line`.
        note: what a reader must know beside that.
    Raises:
        UserError: the folder cannot be made or written.
        ValueError: a value that JSON does not have, as NaN.
    """
    made_by = {
        "command": command,
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "note": note,
    }
    facts = [f" {_json(name)}: {_json(value)}" for name, value in made_by.items()]
    lines = [f"  {_json(row)}" for row in rows]
    listed = ' "rows": [\n' + ",\n".join(lines) + "\n ]"
    text = "{\n" + ",\n".join([*facts, listed]) + "\n}\n"

    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def score_row(model: str, score: Score) -> dict[str, Any]:
    """A score as a row: all but how it is explained to a reader."""
    return {
        "model": model,
        "metric": score.metric,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "floor": score.floor,
        "n": score.n,
        "features": score.features,
        "weights": score.weights,
        "reference": score.reference,
        "unit": score.unit,
        "better": score.better,
    }


def value_row(
    model: str, metric: str, value: float, n: int, *, unit: str = "", better: str = "lower"
) -> dict[str, Any]:
    """A number without an interval as a row of the same form: a time, say."""
    return {
        "model": model,
        "metric": metric,
        "value": value,
        "low": None,
        "high": None,
        "floor": None,
        "n": n,
        "features": "",
        "weights": "",
        "reference": "",
        "unit": unit,
        "better": better,
    }


def command_line() -> str:
    """What was typed to run this benchmark, from the repository's root."""
    script = Path(sys.argv[0]).name
    return shlex.join(["python", f"benchmarks/{script}", *sys.argv[1:]])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
