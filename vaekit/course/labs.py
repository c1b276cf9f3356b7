"""Run the labs with papermill, one after the other, and make a page of results."""
from __future__ import annotations

import ast
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..files import check_writable
from . import pages

QUIET = ["--IPKernelApp.log_level=40"]      # a kernel's advice on its transport is not for someone who waits for a lab


@dataclass(frozen=True)
class LabResult:
    """How one lab went; `error` is empty if it ran through."""

    name: str
    title: str
    seconds: float
    cells: int
    error: str = ""


def run_all(names=None, *, out: str | Path = "build/labs", parameters: dict | None = None, notebooks: str | Path | None = None,
            cell_timeout: int = 600, report: Callable[[str], None] = lambda line: None) -> list[LabResult]:
    """Run labs into `out`: executed notebooks, their HTML, a thumbnail each and an index.html. A lab that fails does not stop the others.

    Args:
        names: labs by number or name ("01", "01_autoencoder"); all if left out.
        parameters: values for the labs' `parameters` cells.
        report: called with a line when a lab starts and ends.
    Raises:
        UserError: no such lab, a parameter no lab has, a folder that cannot be written.
    """
    paths, out = find(names, notebooks), check_writable(out)
    check_parameters(paths, parameters or {})
    results = []
    for number, path in enumerate(paths, 1):
        report(f"[{number}/{len(paths)}] {path.stem} …")
        result = run(path, out, parameters or {}, cell_timeout)
        results.append(result)
        report(f"[{number}/{len(paths)}] {path.stem} {'FAILED' if result.error else 'done'} in {result.seconds:.0f} s")
        pages.write_index(results, out)
    return results


def find(names=None, notebooks: str | Path | None = None) -> list[Path]:
    """The notebooks meant by `names`, in order of their numbers."""
    folder = Path(notebooks) if notebooks else Path(__file__).parents[2] / "notebooks"
    labs = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not labs:
        raise UserError(f"no labs in {folder}; run this in a clone of the repository, or give --notebooks FOLDER")
    known = {path.stem: path for path in labs}
    chosen = []
    for name in names or known:
        matches = [stem for stem in known if name in (stem, stem.split("_")[0], f"{stem}.ipynb")]
        if not matches:
            raise UserError(f"unknown lab {name!r}; choose one of {', '.join(known)}")
        chosen.append(known[matches[0]])
    return chosen


def parse_parameters(pairs: list[str]) -> dict:
    """["epochs=5", "dataset=mnist"] → {"epochs": 5, "dataset": "mnist"}: Python literals where they are some, else text."""
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


def check_parameters(paths: list[Path], parameters: dict) -> None:
    """papermill only warns of a parameter that a lab does not have; a typo would quietly run the defaults."""
    if not parameters:
        return
    from papermill import inspect_notebook

    for path in paths:
        known = inspect_notebook(str(path))
        unknown = [name for name in parameters if name not in known]
        if unknown:
            raise UserError(f"{path.stem} has no parameter {', '.join(unknown)}; it has {', '.join(known) or 'none'}")


def run(path: Path, out: Path, parameters: dict, cell_timeout: int) -> LabResult:
    """One lab: executed notebook and HTML in `out`."""
    import papermill

    os.environ.setdefault("TQDM_DISABLE", "1")          # bars are for people; in a page they stay behind as dead widgets
    if os.environ.get("VAEKIT_DATA"):                   # a kernel starts in the lab's folder, where a relative path leads elsewhere
        os.environ["VAEKIT_DATA"] = str(Path(os.environ["VAEKIT_DATA"]).expanduser().resolve())
    target, error, start = out / path.name, "", time.perf_counter()
    try:
        papermill.execute_notebook(str(path), str(target), parameters, progress_bar=False, cwd=str(path.parent),
                                   kernel_name="python3", execution_timeout=cell_timeout, extra_arguments=QUIET)
    except papermill.PapermillExecutionError as failure:
        error = f"cell {failure.exec_count}: {failure.ename}: {_first_line(failure.evalue)}"
    except Exception as failure:             # a dead kernel, a time-out: any of them must not stop the other labs
        error = f"{type(failure).__name__}: {_first_line(str(failure))}"
    return _result(path, target, time.perf_counter() - start, error)


def _result(path: Path, target: Path, seconds: float, error: str) -> LabResult:
    import nbformat

    notebook = nbformat.read(target if target.exists() else path, 4)
    pages.write(notebook, target)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return LabResult(path.stem, pages.title(notebook, path.stem), seconds, len(code), error)


def summary(results: list[LabResult]) -> str:
    """A table in plain text: lab, cells, seconds, and ok or what failed."""
    width = max(len(result.name) for result in results)
    lines = [f"{'lab':{width}}  cells  seconds  result"]
    lines += [f"{r.name:{width}}  {r.cells:5}  {r.seconds:7.1f}  {r.error or 'ok'}" for r in results]
    return "\n".join(lines)


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[0]
