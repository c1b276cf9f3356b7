"""Make the notebooks from their .py twins: same cells, executed from a clean kernel, with nothing in them that differs from run to run.

Usage: python notebooks/build.py [01_autoencoder …]      all labs if none is named
"""
from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from vaekit.course.labs import QUIET

HERE = Path(__file__).parent
METADATA = {
    "accelerator": "GPU",                                   # Colab then offers one
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def build(twin: Path) -> Path:
    """Execute one twin and write its notebook; raises if a cell does."""
    notebook = from_twin(twin)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(HERE)}}, record_timing=False, store_widget_state=False,
                   extra_arguments=QUIET).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)     # a view without its kernel shows as an error
    notebook.metadata = nbformat.from_dict(METADATA)
    target = HERE / f"{twin.stem}.ipynb"
    nbformat.write(notebook, target)
    return target


def from_twin(twin: Path) -> nbformat.NotebookNode:
    """The twin's cells as a notebook without outputs; ids go by position, so that a rebuild changes only what changed."""
    notebook = jupytext.read(twin)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {})
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


if __name__ == "__main__":
    os.environ["TQDM_DISABLE"] = "1"                        # progress bars are for people who wait
    os.environ.pop("VAEKIT_DATA", None)                     # the committed outputs are those of the built-in data
    for twin in sorted((HERE / "src").glob("[0-9][0-9]_*.py")):
        if len(sys.argv) == 1 or twin.stem in sys.argv[1:]:
            start = time.perf_counter()
            print(f"{build(twin).name}: {time.perf_counter() - start:.0f} s")
