"""Run the labs, one after the other, and make a page of results."""
from __future__ import annotations

import copy
import importlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError, at_least, brief
from ..files import locked
from . import pages
from .kernel import QUIET, execute
from .notebooks import Notebook, code_cells, read_notebook, title, write_text_of
from .output import OutputFolder
from .parameters import check_parameters, inject, parse_parameters
from .results import LabResult, summary

__all__ = ["QUIET", "LabResult", "find", "parse_parameters", "run_all", "summary"]

# the labs beside the package, where it is a clone's
OWN_NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

# what this needs of the extra "labs"
TOOLS = ("nbformat", "nbclient", "nbconvert", "ipykernel", "latex2mathml")

A_WEEK = 7 * 24 * 60 * 60
INDEX = "index.html"


def run_all(
    names: str | Iterable[object] | None = None,
    *,
    out: str | Path = "build/labs",
    parameters: Mapping[str, Any] | None = None,
    notebooks: str | Path | None = None,
    cell_timeout: int = 600,
    report: Callable[[str], object] | None = None,
) -> list[LabResult]:
    """Run labs one after the other. A lab that fails does not stop the others.

    Into `out` go the executed notebooks, their HTML, a thumbnail of each, and an index.html. What
    an earlier run left there of the same labs is replaced, and nothing else is overwritten.

    Args:
        names: labs by number or name ("01", "01_autoencoder"); all if left out.
        parameters: values for the labs' `parameters` cells.
        notebooks: the folder of the labs; the repository's own if left out.
        cell_timeout: seconds that one cell may take, a week at most.
        report: called with a line when a lab starts and ends.
    Raises:
        UserError: no such lab, a parameter that a lab does not have or a value that it cannot
            take, a folder that cannot be written or holds somebody else's files, a missing tool.
    """
    _require_tools()
    cell_timeout = at_least("cell_timeout", cell_timeout, 1, A_WEEK)
    paths = find(names, notebooks)
    parameters = dict(parameters or {})
    labs = [_read(path, parameters) for path in paths]

    output = OutputFolder(_folder(out), paths)
    output.check([INDEX, *(name for path in paths for name in _files_of(path))])
    results: list[LabResult] = []
    with locked(output.folder):
        output.remove([INDEX])
        for number, (path, lab) in enumerate(zip(paths, labs), start=1):
            heading = f"[{number}/{len(paths)}] {path.stem}"
            if report:
                report(f"{heading} …")
            onward = _after(number, paths, labs)
            result = _run(path, lab, output, parameters, cell_timeout, onward)
            results.append(result)

            outcome = "FAILED" if result.error else "done"
            if report:
                report(f"{heading} {outcome} in {result.seconds:.0f} s")
            # after each lab, so that there is something to look at while the others run
            output.write(INDEX, pages.index(results))
    return results


def find(
    names: str | Iterable[object] | None = None, notebooks: str | Path | None = None
) -> list[Path]:
    """The notebooks meant by `names`, in order of the names; all, by number, if left out.

    Args:
        names: labs by number or name ("01", "01_autoencoder").
        notebooks: the folder of the labs; if left out the repository's own, or notebooks/ in the
            current folder.
    Raises:
        UserError: no labs in the folder, an unknown name.
    """
    folder = _folder_of_labs(notebooks)
    labs = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not labs:
        raise UserError(
            f"no labs in {folder}; run this in a clone of the repository, "
            "or give --notebooks FOLDER"
        )
    wanted = [names] if isinstance(names, str) else list(names or ())
    if not wanted:
        # the start page leads to the labs and is none
        return [lab for lab in labs if not lab.name.startswith("00")] or labs
    found = []
    for name in wanted:
        if not isinstance(name, str):
            raise UserError(f"names must be texts such as '01', got {brief(wanted)}")
        found.append(_find_one(name, labs))
    # a name that is given twice is one lab
    return list(dict.fromkeys(found))


def _require_tools() -> None:
    for name in TOOLS:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise UserError(
                f"running the labs needs {name}, which cannot be imported ({error}); "
                'install it with pip install "vaekit[labs]"'
            ) from error


def _folder(out: str | Path) -> Path:
    if not str(out):
        raise UserError("out is empty; give a folder, such as build/labs")
    return Path(out)


def _folder_of_labs(notebooks: str | Path | None) -> Path:
    if notebooks is None:
        here = Path("notebooks")
        # an installed package has no labs beside it; a clone around the user has
        return here if here.is_dir() and not OWN_NOTEBOOKS.is_dir() else OWN_NOTEBOOKS
    try:
        is_folder = bool(str(notebooks)) and Path(notebooks).is_dir()
    except ValueError:
        # a name with a null byte
        is_folder = False
    if not is_folder:
        what = str(notebooks) or "notebooks ''"
        raise UserError(f"{what} is no folder; give --notebooks FOLDER, the folder of the labs")
    return Path(notebooks)


def _find_one(name: str, labs: Sequence[Path]) -> Path:
    for lab in labs:
        number = lab.stem.split("_")[0]
        if name in (number, lab.stem, lab.name):
            return lab
    known = ", ".join(lab.stem for lab in labs)
    raise UserError(f"unknown lab {brief(name)}; choose one of the names {known}")


def _read(path: Path, parameters: Mapping[str, Any]) -> Notebook | UserError:
    """A lab, or why it cannot be run: that is this lab's failure, and nobody else's."""
    try:
        notebook = read_notebook(path)
    except UserError as error:
        return error
    if not code_cells(notebook):
        return UserError(f"{path} has no code cells; restore the notebook")
    check_parameters(path.stem, notebook, parameters)
    return notebook


def _files_of(path: Path) -> list[str]:
    return [f"{path.stem}.{suffix}" for suffix in ("ipynb", "html", "png")]


def _after(
    number: int, paths: Sequence[Path], labs: Sequence[Notebook | UserError]
) -> tuple[str, str] | None:
    """Address and title of the page of the lab after this one, if there is one."""
    if number == len(paths):
        return None
    name = paths[number].stem
    lab = labs[number]
    return f"{name}.html", name if isinstance(lab, UserError) else title(lab, name)


def _run(
    path: Path,
    lab: Notebook | UserError,
    output: OutputFolder,
    parameters: Mapping[str, Any],
    cell_timeout: int,
    onward: tuple[str, str] | None,
) -> LabResult:
    """One lab: executed notebook, page and thumbnail. What goes wrong in it is in the result."""
    name = path.stem
    output.remove(_files_of(path))
    if isinstance(lab, UserError):
        output.write(f"{name}.html", pages.failure(name, str(lab), onward=onward))
        return LabResult(name, name, 0.0, 0, str(lab))

    notebook = copy.deepcopy(lab)
    inject(notebook, parameters)
    for cell in code_cells(notebook):
        cell["outputs"] = []
        cell["execution_count"] = None
    start = time.perf_counter()
    error = execute(notebook, path.parent, cell_timeout)
    seconds = time.perf_counter() - start

    output.write(path.name, write_text_of(notebook))
    output.write(f"{name}.html", pages.render(notebook, name, error=error, onward=onward))
    picture = pages.thumbnail(notebook)
    if picture:
        output.write(f"{name}.png", picture)
    cells = len(code_cells(notebook))
    return LabResult(name, title(notebook, name), seconds, cells, error, bool(picture))
