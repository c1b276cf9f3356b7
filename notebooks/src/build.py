"""Make the notebooks from their .py twins: the same cells, executed from a clean kernel.

Nothing in them differs from run to run.

Usage: python notebooks/src/build.py [01_autoencoder …]      all if none is named
"""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from vaekit.course.labs import QUIET

TWINS = Path(__file__).parent
LABS = TWINS.parent
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    # Colab then offers one
    "accelerator": "GPU",
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def main(names: Sequence[str]) -> None:
    """Build the named labs, or all of them, and say how long each took."""
    # progress bars are for people who wait
    os.environ["TQDM_DISABLE"] = "1"
    # the committed outputs are those of the built-in data
    os.environ.pop("VAEKIT_DATA", None)

    # the start page shows pictures of the others, so it comes last
    twins = sorted(TWINS.glob("[0-9][0-9]_*.py"))
    for twin in (*twins[1:], twins[0]):
        if not names or twin.stem in names:
            start = time.perf_counter()
            target = build(twin)
            print(f"{target.name}: {time.perf_counter() - start:.0f} s")


def build(twin: Path) -> Path:
    """Execute one twin and write its notebook; raises if a cell does."""
    notebook = from_twin(twin)
    client = NotebookClient(
        notebook,
        timeout=600,
        resources={"metadata": {"path": str(LABS)}},
        record_timing=False,
        store_widget_state=False,
        extra_arguments=QUIET,
    )
    client.execute()

    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            # a view without its kernel shows as an error
            output.get("data", {}).pop(WIDGET_VIEW, None)
    # the kernel has added its own
    notebook.metadata = nbformat.from_dict(METADATA)

    target = LABS / f"{twin.stem}.ipynb"
    nbformat.write(notebook, target)
    return target


def from_twin(twin: Path) -> nbformat.NotebookNode:
    """The twin's cells as a notebook without outputs.

    Ids go by position, so that a rebuild changes only what changed.
    """
    notebook = jupytext.read(twin)
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags")
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


if __name__ == "__main__":
    main(sys.argv[1:])
