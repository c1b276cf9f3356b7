"""How often each score's 95 % interval holds what it is about, over 1,000 simulated sets.

The sets are those of tests/metrics/test_coverage.py. Writes results/coverage.json. `--truths`
computes the constants of tests/support/coverage.py again instead.

Usage: python benchmarks/coverage.py [--sets 1000] [--truths]
"""
from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import measured
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import coverage
from support.coverage import Case

WHOLE = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=WHOLE)
    parser.add_argument("--truths", action="store_true")
    parser.add_argument("--out", type=Path, help="a folder in place of results/")
    chosen = parser.parse_args()
    if chosen.truths:
        print_truths(chosen.sets)
        return

    start = time.perf_counter()
    rows = [row(case, chosen.sets) for case in coverage.CASES]
    seconds = time.perf_counter() - start
    print(f"{seconds:.0f} s")
    # a trial with fewer sets replaces no result
    default = measured.RESULTS if chosen.sets >= WHOLE else None
    folder = chosen.out or default
    if folder is not None:
        note = f"{chosen.sets:,} sets each"
        path = folder / "coverage.json"
        measured.save(path, rows, measured.command_line(), note=note)


def row(case: Case, sets: int) -> dict[str, Any]:
    """How often the intervals of a case hold its truth, and how wide they are.

    The width is measured by 3.92 standard deviations of the scores: 1 would just do.
    """
    scores = coverage.scores_of(case, sets)
    values = torch.tensor([score.value for score in scores]).double()
    widths = torch.tensor([score.high - score.low for score in scores]).double()
    found = {
        "score": case.name,
        "about": case.about,
        "n": case.n,
        "sets": sets,
        "truth": case.truth,
        "coverage": coverage.share_held(scores, case.truth),
        "relative_width": (widths.mean() / (3.92 * values.std())).item(),
        "promised": "yes" if case.covers else "no",
    }
    print(found, flush=True)
    return found


def print_truths(sets: int) -> None:
    for case in coverage.CASES:
        if case.simulated:
            mean, error = coverage.expected(case, sets)
            print(f"{case.name}, n = {case.n}: {mean:.5g} ± {error:.2g}", flush=True)


if __name__ == "__main__":
    main()
