"""How much memory the kernel of each lab holds: at its peak, and when its last cell has run.

Each lab runs from its source, in a kernel of its own, with the settings of binder/start. Torch's
builds differ by more than most labs use themselves, so the file keeps the rows of other builds: run
this with each. The first row is a kernel that has only loaded what every lab loads.

Needs Linux, whose /proc tells the numbers. Writes results/memory.json.

Usage: python benchmarks/memory.py [--cells] [01 …]      all labs if none is named
"""
from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jupytext
import measured
import nbformat
import torch
from nbclient import NotebookClient

from vaekit.course.labs import QUIET
from vaekit.files import read_json

LABS = Path(__file__).parents[1] / "notebooks"
FILE = measured.RESULTS / "memory.json"
# as binder/start has them
SETTINGS = {
    "GOMP_SPINCOUNT": "1000",
    "OMP_NUM_THREADS": "2",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "4194304",
    "MALLOC_TRIM_THRESHOLD_": "16777216",
}
# a cell that changes the memory by so many MB is told with --cells
JUMP = 10

FLOOR = "imports alone"
IMPORTS = """
from vaekit import data, explore, losses, metrics, models, plots, recipes, training
from vaekit.course import check

import torch

# the first optimiser loads torch's compiler, the first picture torchvision
torch.optim.Adam([torch.zeros(1, requires_grad=True)])
plots.sheet(torch.zeros(1, 1, 28, 28))
"""


def main(arguments: Sequence[str]) -> None:
    os.environ.update(SETTINGS, TQDM_DISABLE="1")
    # the labs' numbers are those of the built-in data
    os.environ.pop("VAEKIT_DATA", None)
    show_cells = "--cells" in arguments
    wanted = [each for each in arguments if not each.startswith("-")]

    notebooks = {FLOOR: nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(IMPORTS)])}
    for twin in sorted((LABS / "src").glob("[0-9][0-9]_*.py")):
        notebooks[twin.stem] = jupytext.read(twin)

    for name, notebook in notebooks.items():
        if not wanted or name.startswith(tuple(wanted)):
            row = {"lab": name, "torch": torch.__version__, **memory_of(notebook, show_cells)}
            print(row, flush=True)
            keep(row)


def memory_of(notebook: Any, show_cells: bool) -> dict[str, float]:
    """Run a notebook: the resident memory of its kernel, in MB of 2²⁰ bytes."""
    client = NotebookClient(
        notebook,
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(LABS)}},
        extra_arguments=QUIET,
    )
    found: list[dict[str, float]] = []

    def after_cell(cell: Any, **_: Any) -> None:
        if cell.cell_type != "code":
            return
        found.append(resident(client.km.provisioner.pid))
        before = found[-2]["end_mb"] if len(found) > 1 else 0
        change = found[-1]["end_mb"] - before
        if show_cells and abs(change) >= JUMP:
            print(f"  {change:+5.0f} MB by the cell that ends with {last_line(cell.source)}")

    client.on_cell_executed = after_cell
    client.execute()
    return found[-1]


def resident(process: int) -> dict[str, float]:
    """Its peak so far, what it holds now, and how much of that is pages of files.

    Pages of files are the libraries' code: the system can drop them and read them again.
    """
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    facts = dict(line.split(":", 1) for line in lines)
    names = {"peak_mb": "VmHWM", "end_mb": "VmRSS", "files_mb": "RssFile"}
    # "VmRSS:	  159744 kB"
    return {ours: round(int(facts[name].split()[0]) / 1024, 1) for ours, name in names.items()}


def last_line(source: str) -> str:
    """The last line of a cell, shortened."""
    return source.strip().splitlines()[-1].strip()[:60]


def keep(row: measured.Row) -> None:
    """Put a row into the file, in place of that of the same lab and build."""
    rows = read_json(FILE)["rows"] if FILE.exists() else []
    same = ("torch", "lab")
    others = [old for old in rows if any(old[name] != row[name] for name in same)]
    # the floor before the labs, whose names begin with numbers
    in_order = sorted([*others, row], key=lambda each: (each["lab"] != FLOOR, each["lab"]))
    settings = " ".join(f"{name}={value}" for name, value in SETTINGS.items())
    note = f"MB of 2**20 bytes; a machine of {os.cpu_count()} cores; kernels with {settings}"
    measured.save(FILE, in_order, "python benchmarks/memory.py", note=note)


if __name__ == "__main__":
    main(sys.argv[1:])
