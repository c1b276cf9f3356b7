"""The arguments of the lab runner that work, and the hostile values that are rightly accepted."""
import tempfile
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from support.hostile import ALL, Case, Exempt
from support.labs import write_lab

from vaekit.course import diagrams
from vaekit.course.output import OutputFolder
from vaekit.course.results import LabResult

# any text will do, also none, and also one that happens to be a folder's name
TEXT = ("empty text", "folder")
ALREADY_READ = "called by the runner, with a notebook that read_notebook has checked"
OF_THE_RUNNER = "called by the runner, with what it made itself"

RESULT = LabResult("01_lab", "A lab", 1.0, 3)


def folder():
    """A new folder, away from the one that a test may write to."""
    return Path(tempfile.mkdtemp())


def notebook():
    return new_notebook(cells=[new_markdown_cell("# A lab"), new_code_cell("1")])


def labs():
    """A folder with one lab."""
    return write_lab(folder(), "01_lab").parent


CASES = {
    "course.labs.run_all": Case(
        lambda: dict(
            names=["01"], out=folder(), parameters={}, notebooks=labs(), cell_timeout=60,
            report=None,
        ),
        accepts={"names": ("none", "empty list"), "parameters": ("none",)},
        words={"out": "output folder"},
    ),
    "course.labs.find": Case(
        lambda: dict(names=["01"], notebooks=labs()),
        accepts={"names": ("none", "empty list")},
    ),
    "course.notebooks.read_notebook": Case(
        lambda: dict(path=write_lab(folder(), "01_lab")),
        words={"path": "notebook"},
    ),
    "course.parameters.parse_parameters": Case(
        lambda: dict(pairs=["n=3"]),
        accepts={"pairs": ("empty list",)},
        words={"pairs": "parameter"},
    ),
    "course.results.summary": Case(lambda: dict(results=[RESULT])),
    "course.mathml.mathml": Case(
        lambda: dict(latex=r"\log p", is_block=True),
        accepts={"latex": ("folder",)},
    ),
    "course.mathml.set_aside": Case(lambda: dict(markdown="$x$"), accepts={"markdown": TEXT}),
    "course.mathml.put_back": Case(
        lambda: dict(html="text", formulas={}),
        accepts={"html": TEXT},
    ),
    "course.output.OutputFolder": Case(
        lambda: dict(folder=folder(), sources=[]),
        accepts={"folder": ("folder",)},
    ),
    "course.output.OutputFolder.check": Case(
        lambda: dict(self=OutputFolder(folder()), names=["a.html"]),
        accepts={"names": ("empty list",)},
    ),
    "course.output.OutputFolder.remove": Case(
        lambda: dict(self=OutputFolder(folder()), names=["a.html"]),
        accepts={"names": ("empty list",)},
    ),
    "course.output.OutputFolder.write": Case(
        lambda: dict(self=OutputFolder(folder()), name="a.html", content="text"),
        accepts={"content": TEXT},
        words={"name": "names"},
    ),
    "course.pages.write": Case(lambda: dict(notebook=notebook(), target=folder() / "a.ipynb")),
    "course.pages.render": Case(
        lambda: dict(notebook=notebook(), name="lab"),
        accepts={"name": TEXT, "error": ("folder",)},
    ),
    "course.pages.failure": Case(
        lambda: dict(name="lab", error="it is empty"),
        accepts={"name": TEXT, "error": TEXT},
    ),
    "course.pages.thumbnail": Case(lambda: dict(notebook=notebook())),
    "course.pages.index": Case(
        lambda: dict(results=[RESULT]),
        accepts={"results": ("empty list",)},
    ),
    "course.stills.decoded": Case(lambda: dict(picture="iVBORw=="), accepts={"*": ALL}),
    "course.kernel.execute": Exempt(OF_THE_RUNNER),
    "course.kernel.environment": Exempt(OF_THE_RUNNER),
    "course.kernel.silent_log": Exempt(OF_THE_RUNNER),
    "course.notebooks.write_text_of": Exempt(ALREADY_READ),
    "course.notebooks.code_cells": Exempt(ALREADY_READ),
    "course.notebooks.title": Exempt(ALREADY_READ),
    "course.parameters.check_parameters": Exempt(ALREADY_READ),
    "course.parameters.declared": Exempt(ALREADY_READ),
    "course.parameters.inject": Exempt(ALREADY_READ),
    "course.parameters.plain": Exempt(OF_THE_RUNNER),
    "course.stills.still_outputs": Exempt(ALREADY_READ),
    "course.stills.outputs_with_data": Exempt(ALREADY_READ),
    "course.results.LabResult": Exempt(OF_THE_RUNNER),
}

# each draws a picture, and takes nothing
CASES |= {
    f"course.diagrams.{name}": Case(dict)
    for name, value in vars(diagrams).items()
    if getattr(value, "__module__", "") == diagrams.__name__ and not name.startswith("_")
}
