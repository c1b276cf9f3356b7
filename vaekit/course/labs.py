"""Run the labs with papermill, one after the other, and make a page of results."""
from __future__ import annotations

import ast
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files import check_writable
from . import pages

# a kernel's advice on its transport is not for someone who waits for a lab
QUIET = ["--IPKernelApp.log_level=40"]


@dataclass(frozen=True)
class LabResult:
    """How one lab went; `error` is empty if it ran through."""

    name: str
    title: str
    seconds: float
    cells: int
    error: str = ""


def run_all(
    names: Iterable[str] | None = None,
    *,
    out: str | Path = "build/labs",
    parameters: Mapping[str, Any] | None = None,
    notebooks: str | Path | None = None,
    cell_timeout: int = 600,
    report: Callable[[str], None] | None = None,
) -> list[LabResult]:
    """Run labs one after the other. A lab that fails does not stop the others.

    Into `out` go the executed notebooks, their HTML, a thumbnail of each, and an index.html.

    Args:
        names: labs by number or name ("01", "01_autoencoder"); all if left out.
        parameters: values for the labs' `parameters` cells.
        notebooks: the folder of the labs; the repository's own if left out.
        cell_timeout: seconds that one cell may take.
        report: called with a line when a lab starts and ends.
    Raises:
        UserError: no such lab, a parameter no lab has, a folder that cannot be written.
    """
    paths = find(names, notebooks)
    out = check_writable(out)
    parameters = dict(parameters or {})
    check_parameters(paths, parameters)

    results = []
    for number, path in enumerate(paths, start=1):
        heading = f"[{number}/{len(paths)}] {path.stem}"
        if report:
            report(f"{heading} …")
        result = run(path, out, parameters, cell_timeout)
        results.append(result)

        outcome = "FAILED" if result.error else "done"
        if report:
            report(f"{heading} {outcome} in {result.seconds:.0f} s")
        # after each lab, so that there is something to look at while the others run
        pages.write_index(results, out)
    return results


def find(
    names: Iterable[str] | None = None, notebooks: str | Path | None = None
) -> list[Path]:
    """The notebooks meant by `names`, in order of the names; all, by number, if left out.

    Raises:
        UserError: no labs in the folder, an unknown name.
    """
    folder = Path(notebooks) if notebooks else Path(__file__).parents[2] / "notebooks"
    labs = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not labs:
        raise UserError(
            f"no labs in {folder}; run this in a clone of the repository, "
            "or give --notebooks FOLDER"
        )
    chosen = list(names or ())
    if not chosen:
        return labs
    return [_find_one(name, labs) for name in chosen]


def parse_parameters(pairs: Iterable[str]) -> dict[str, Any]:
    """["epochs=5", "dataset=mnist"] → {"epochs": 5, "dataset": "mnist"}.

    A value that is a Python literal is read as one; any other is text.

    Raises:
        UserError: something that is not NAME=VALUE.
    """
    parameters = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise UserError(f"a parameter is NAME=VALUE, got {pair!r}")
        try:
            parameters[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            parameters[name] = value
    return parameters


def check_parameters(paths: Iterable[Path], parameters: Mapping[str, Any]) -> None:
    """Every lab must have these parameters.

    papermill only warns of one that a lab does not have; a typo would quietly run the defaults.

    Raises:
        UserError: a parameter that one of the labs does not have.
    """
    if not parameters:
        return
    from papermill import inspect_notebook

    for path in paths:
        known = inspect_notebook(str(path))
        unknown = [name for name in parameters if name not in known]
        if unknown:
            raise UserError(
                f"{path.stem} has no parameter {', '.join(unknown)}; "
                f"it has {', '.join(known) or 'none'}"
            )


def run(path: Path, out: Path, parameters: Mapping[str, Any], cell_timeout: int) -> LabResult:
    """One lab: executed notebook and HTML in `out`. What goes wrong in it is in the result."""
    import papermill

    _prepare_environment()
    target = out / path.name
    error = ""
    start = time.perf_counter()
    try:
        papermill.execute_notebook(
            str(path),
            str(target),
            dict(parameters),
            progress_bar=False,
            cwd=str(path.parent),
            kernel_name="python3",
            execution_timeout=cell_timeout,
            extra_arguments=QUIET,
        )
    except papermill.PapermillExecutionError as failure:
        error = f"cell {failure.exec_count}: {failure.ename}: {_first_line(failure.evalue)}"
    except Exception as failure:
        # a dead kernel, a time-out: none of them may stop the other labs
        error = f"{type(failure).__name__}: {_first_line(str(failure))}"
    seconds = time.perf_counter() - start
    return _result(path, target, seconds, error)


def summary(results: Sequence[LabResult]) -> str:
    """A table in plain text: lab, cells, seconds, and ok or what failed."""
    width = max(len(result.name) for result in results)
    lines = [f"{'lab':{width}}  cells  seconds  result"]
    for result in results:
        outcome = result.error or "ok"
        lines.append(
            f"{result.name:{width}}  {result.cells:5}  {result.seconds:7.1f}  {outcome}"
        )
    return "\n".join(lines)


def _find_one(name: str, labs: Sequence[Path]) -> Path:
    for lab in labs:
        number = lab.stem.split("_")[0]
        if name in (number, lab.stem, lab.name):
            return lab
    known = ", ".join(lab.stem for lab in labs)
    raise UserError(f"unknown lab {name!r}; choose one of {known}")


def _prepare_environment() -> None:
    """What the kernels of the labs inherit."""
    # progress bars are for people; in a page they stay behind as dead widgets
    os.environ.setdefault("TQDM_DISABLE", "1")

    # a kernel starts in the lab's folder, where a relative path leads elsewhere
    data = os.environ.get("VAEKIT_DATA")
    if data:
        os.environ["VAEKIT_DATA"] = str(Path(data).expanduser().resolve())


def _result(path: Path, target: Path, seconds: float, error: str) -> LabResult:
    """The result of a run, whose pages are written. Without `target` those of the lab itself."""
    import nbformat

    notebook = nbformat.read(target if target.exists() else path, 4)
    pages.write(notebook, target)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return LabResult(path.stem, pages.title(notebook, path.stem), seconds, len(code), error)


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0] if lines else "no message"
