"""The labs as the tests read them: the source of each, and the notebook that was built from it."""
from __future__ import annotations

import functools
import importlib.util
from types import ModuleType

import jupytext
import nbformat
from conftest import REPO
from nbformat import NotebookNode

FOLDER = REPO / "notebooks"
SOURCES = FOLDER / "src"

ALL = sorted(path.stem for path in SOURCES.glob("[0-9][0-9]_*.py"))
# the start page leads to the labs and is none
LABS = [name for name in ALL if name != "00_start"]
# the latent explorer is for play: it trains nothing, and its questions have no solutions to write
PLAY = ["10_latent_explorer"]
TAUGHT = [name for name in LABS if name not in PLAY]


@functools.cache
def builder() -> ModuleType:
    """notebooks/src/build.py: a script, not a module of the package."""
    spec = importlib.util.spec_from_file_location("build", SOURCES / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@functools.cache
def source(name: str) -> list[NotebookNode]:
    """The cells of a lab as they are written, without outputs."""
    cells: list[NotebookNode] = jupytext.read(SOURCES / f"{name}.py").cells
    return cells


@functools.cache
def built(name: str) -> list[NotebookNode]:
    """The cells of a lab as it was committed, with outputs."""
    path = FOLDER / f"{name}.ipynb"
    assert path.exists(), f"{name} is not built; run python notebooks/src/build.py {name}"
    cells: list[NotebookNode] = nbformat.read(path, 4).cells
    return cells


def is_code(cell: NotebookNode) -> bool:
    return bool(cell.cell_type == "code")


def first_words(cell: NotebookNode, most: int = 60) -> str:
    """How to find a cell: the beginning of its text."""
    return " ".join(cell.source.split())[:most]


def written(cell: NotebookNode) -> str:
    """All the text in a cell's output, also that inside of diagrams."""
    parts = []
    for output in cell.get("outputs", []):
        shown = output.get("data", {})
        kinds = ("text/plain", "text/markdown", "text/html", "image/svg+xml")
        parts += [output.get("text", ""), *(shown.get(kind, "") for kind in kinds)]
    return "\n".join(parts)
