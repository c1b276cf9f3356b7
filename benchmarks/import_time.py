"""What `import vaekit` costs beyond `import torch`, each time in a fresh interpreter.

Usage: python benchmarks/import_time.py
"""
from __future__ import annotations

import subprocess
import sys
from statistics import median

TIMES = 7

LINES = {
    "import vaekit": "import vaekit",
    "the models and the loop": (
        "from vaekit import data, losses, models, recipes, training; "
        "from vaekit.course import check"
    ),
    "a lab's import line": (
        "from vaekit import data, explore, losses, models, plots, recipes, training; "
        "from vaekit.course import check"
    ),
}

TIMER = """
import time, torch
start = time.perf_counter()
{line}
print(time.perf_counter() - start)
"""


def seconds_of(line: str) -> float:
    """How long the line takes in a new interpreter that has torch already."""
    program = TIMER.format(line=line)
    return float(subprocess.check_output([sys.executable, "-c", program]))


def main() -> None:
    for name, line in LINES.items():
        seconds = [seconds_of(line) for _ in range(TIMES)]
        spread = f"{min(seconds):.3f} … {max(seconds):.3f}"
        print(
            f"{name:26} {median(seconds):.3f} s beyond torch (median of {TIMES}, {spread})"
        )


if __name__ == "__main__":
    main()
