"""Kill a process again and again while it writes, and read what it leaves.

Usage: python tests/fuzz/kills.py [KILLS]
"""
from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from vaekit import files

# 16 MB, so that a write lasts long enough to be hit
WEIGHTS = 4_000_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kills", nargs="?", type=int, default=30)
    kills = parser.parse_args().kills

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        counts = kill_often(kills, Path(folder))
    print(", ".join(f"{count} {what}" for what, count in counts.items()))


def kill_often(kills: int, folder: Path, seed: int = 0) -> Counter[str]:
    """Kill so many writers: half of them at random moments, half in the middle of a write.

    Returns:
        The number of kills, how many of them hit a file that was half-written, and how many files
        were read whole afterwards.
    Raises:
        UserError, AssertionError: a file that is not whole, or something that was left behind.
    """
    moments = random.Random(seed)
    counts = Counter({"kills": 0, "hit a file half-written": 0, "files read whole": 0})
    write(folder, 0)
    for number in range(kills):
        writer = os.fork()
        if writer == 0:
            write_without_end(folder, start=number * 10**6)
        time.sleep(moments.uniform(0.05, 0.3))
        if number % 2:
            wait_for_a_write(folder)
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)

        counts["kills"] += 1
        counts["hit a file half-written"] += any(folder.glob(".vaekit-*"))
        counts["files read whole"] += check(folder)
    return counts


def wait_for_a_write(folder: Path) -> None:
    """Until a file is there that is being written; at most a second."""
    end = time.monotonic() + 1
    while time.monotonic() < end and not any(folder.glob(".vaekit-*")):
        time.sleep(0.0001)


def write_without_end(folder: Path, start: int) -> None:
    with files.locked(folder):
        number = start
        while True:
            write(folder, number)
            number += 1


def write(folder: Path, number: int) -> None:
    """Two files, each of which holds the number of its writing throughout."""
    tensors = {"w": torch.full((WEIGHTS,), number, dtype=torch.int32)}
    files.save_weights(folder / "weights.safetensors", tensors, {"number": str(number)})
    row = {"number": number, "again": [number] * 20_000}
    files.write_json(folder / "row.json", row, sealed=True)


def check(folder: Path) -> int:
    """Read what was left; the number of whole files. The next run finds nothing else."""
    with files.locked(folder):
        left = {file.name for file in folder.iterdir()} - {".vaekit.lock"}
    assert left == {"weights.safetensors", "row.json"}, left
    assert not (folder / ".vaekit.lock").exists()

    tensors, notes = files.load_weights(folder / "weights.safetensors")
    assert bool((tensors["w"] == int(notes["number"])).all())
    row = files.read_json(folder / "row.json", sealed=True)
    assert row["again"] == [row["number"]] * 20_000
    return len(left)


if __name__ == "__main__":
    sys.exit(main())
