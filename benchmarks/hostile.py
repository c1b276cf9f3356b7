"""How many hostile values every public function was given, and how each ended, per room.

Writes results/hostile.json.

Usage: python benchmarks/hostile.py
"""
from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import measured

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.hostile import Case, cases_of, public_functions, rooms, walk  # noqa: E402

ENDS = ("accepted", "refused", "fault")


def main() -> None:
    rows = []
    for room in rooms():
        row = {"room": room, **count(room)}
        rows.append(row)
        print(row)
    measured.save(ROOT / "results" / "hostile.json", rows, measured.command_line())


def count(room: str) -> dict[str, int]:
    """Functions walked over and exempt, and the ends of all calls."""
    functions = public_functions(room)
    ends: Counter[str] = Counter()
    walked = 0
    for name, case in cases_of(room).items():
        if not isinstance(case, Case):
            continue
        walked += 1
        for outcome in walk(functions[name], case):
            ends["fault" if outcome.is_fault else outcome.how] += 1
    return {
        "functions": walked,
        "exempt": len(functions) - walked,
        "values": ends.total(),
        **{end: ends[end] for end in ENDS},
    }


if __name__ == "__main__":
    main()
