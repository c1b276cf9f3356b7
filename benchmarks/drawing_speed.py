"""How many faces a second one core draws, at both usual sizes; the best of several turns.

Usage: python benchmarks/drawing_speed.py [n]
"""
from __future__ import annotations

import os
import sys
import time

import measured
import torch

from vaekit.data.faces import draw_faces, face_factors

SIZES = ((64, 48), (64, 64))
TURNS = 8


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2_048
    torch.set_num_threads(1)
    factors = face_factors(n)
    rows = []
    for size in SIZES:
        what = f"faces of {size[0]}×{size[1]}"
        seconds = min(timed(factors, size) for _ in range(TURNS))
        print(f"{what}: {n / seconds:,.0f} images a second")
        rows.append(
            measured.value_row(what, "images a second", round(n / seconds), n, unit="images/s")
        )
    load = os.getloadavg()[0]
    note = f"one core, best of {TURNS} turns; load of the machine at the end {load:.1f}"
    measured.save(measured.RESULTS / "drawing.json", rows, measured.command_line(), note=note)


def timed(factors: torch.Tensor, size: tuple[int, int]) -> float:
    start = time.perf_counter()
    draw_faces(factors, size)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
