"""Small labs for the tests of the lab runner."""
from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = 'n: int = 2  # images\nname: str = "a"\nrate: float = 0.5\nfast: bool = False'
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


def write_lab(folder: Path, name: str, *sources: str) -> Path:
    """folder/name.ipynb: a title, a parameters cell, and a code cell of each source."""
    folder.mkdir(parents=True, exist_ok=True)
    title = new_markdown_cell(f"# {name} · a lab")
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    cells = [new_code_cell(source) for source in sources]
    notebook = new_notebook(cells=[title, parameters, *cells], metadata={"kernelspec": PYTHON})
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path
