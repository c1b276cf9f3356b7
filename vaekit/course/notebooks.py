"""Notebook files: read whole and valid or refused in a sentence, written as one text."""
from __future__ import annotations

import re
import stat
import warnings
from pathlib import Path
from typing import Any

from ..errors import UserError, brief, first_line
from ..files import parse_json, read_text

# what nbformat makes of a notebook: a dict whose entries are attributes too
Notebook = dict[str, Any]


def read_notebook(path: str | Path) -> Notebook:
    """A notebook from its file, brought to format 4.5 and checked against the format.

    Raises:
        UserError: no such file, no notebook, a format that is not known here, entries that the
            format does not allow.
    """
    path = Path(path)
    _require_a_file(path)
    text = read_text(path)
    if not text.strip():
        raise UserError(f"{path} is empty; restore the notebook")
    try:
        value = parse_json(text)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is not readable JSON ({_in_short(error)}); restore the notebook"
        ) from error

    if not isinstance(value, dict):
        raise UserError(f"{path} is no notebook, but {brief(value)}; restore it")
    version = value.get("nbformat")
    if isinstance(version, bool) or version not in (1, 2, 3, 4):
        raise UserError(
            f"{path} has the notebook format {brief(version)}, and 1 to 4 are known here; "
            "save it in format 4"
        )
    try:
        return _valid(text)
    except Exception as error:
        # a notebook may be wrong in more ways than nbformat has errors for
        raise UserError(
            f"{path} is no valid notebook ({_in_short(error)}); restore it"
        ) from error


def write_text_of(notebook: Notebook) -> str:
    """What a notebook's file holds."""
    import nbformat

    text = nbformat.v4.writes(nbformat.from_dict(notebook)) + "\n"
    # a cell can print half of a character, which no file can hold
    return text.encode("utf-8", "replace").decode("utf-8")


def code_cells(notebook: Notebook) -> list[dict[str, Any]]:
    """The cells that are run."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def title(notebook: Notebook, default: str) -> str:
    """The first heading of a notebook, without its #."""
    prose = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    heading = re.search(r"^# (.+)$", "\n".join(prose), re.MULTILINE)
    return heading[1].strip() if heading else default


def _require_a_file(path: Path) -> None:
    """Refuse what can be opened, but is no file: a pipe would be waited for for ever."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        where = f", where {path} leads to" if path.is_symlink() else ""
        raise UserError(f"there is no file {path}{where}; restore the notebook") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({_in_short(error)}); check the path") from error
    if stat.S_ISDIR(mode):
        raise UserError(f"{path} is a folder and no notebook; move it, or choose a file")
    if not stat.S_ISREG(mode):
        raise UserError(f"{path} is no regular file; choose a notebook")


def _valid(text: str) -> Notebook:
    """The notebook of a JSON text; any exception if it is none."""
    import nbformat

    with warnings.catch_warnings():
        # cells without an id are given one
        warnings.simplefilter("ignore")
        notebook = nbformat.convert(nbformat.reader.reads(text), 4)
        _, notebook = nbformat.validator.normalize(notebook)
        nbformat.validate(notebook)
    # half of a character can stand in JSON, but in no file
    nbformat.v4.writes(notebook).encode("utf-8")
    return notebook


def _in_short(error: Exception) -> str:
    """An error's first line, cut after 120 characters."""
    line = first_line(error) or type(error).__name__
    return line if len(line) <= 120 else f"{line[:117]}…"
