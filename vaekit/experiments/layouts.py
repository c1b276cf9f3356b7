"""Measurements laid out as Markdown tables: what `tables` puts into RESULTS.md.

A file of measurements is JSON with "rows", and with what made them: "command", "date", "python",
"torch", "note". Each function below takes the names of such files and gives a function of their
folder, which reads them and returns the Markdown.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any

from ..errors import UserError
from ..files import read_json
from ..plots import table

# as JSON has them: a missing or wrong value is told when the table is made
Row = Mapping[str, Any]
Layout = Callable[[Path], str]

# three significant digits, except where the differences lie further behind
FORMATS = {"SSIM, data_range = 255": ".5f"}
ARROWS = {"lower": "↓", "higher": "↑"}

# no arrow where more is not better: the value of real images is the one to come close to
COMPARED = ("distance to the nearest training image", "variety within a class")

# what a score is read beside, in the code its floor: another thing for each metric, see RESULTS.md
REFERENCE = "reference"


def rows_of(path: Path) -> list[Row]:
    """The rows of a file of measurements.

    Raises:
        UserError: no such file, or it is not JSON with rows.
    """
    return _checked(path, lambda content: content["rows"])


def plain(file: str, columns: Mapping[str, str]) -> Layout:
    """A line per row of the file: {"heading": "template of a cell"}."""

    def write(root: Path) -> str:
        rows = rows_of(root / file)
        lines = [[_cell(template, row) for template in columns.values()] for row in rows]
        return str(table(list(columns), lines))

    return write


def grid(file: str, *, down: str, across: str, cell: str) -> Layout:
    """A line per `down`, a column per `across`: three templates of a row."""

    def write(root: Path) -> str:
        head, *lines = _pivot(rows_of(root / file), down, across, cell)
        return str(table(head, lines))

    return write


def scores(file: str) -> Layout:
    """A line per model, a column per metric, and below them what is needed to read the scores."""

    def write(root: Path) -> str:
        rows = [_readable(row) for row in rows_of(root / file)]
        head, *lines = _pivot(rows, "{model}", "{heading}", "{text}")
        for fact in (REFERENCE, "n", "features"):
            # the scores of a column were measured in the same way
            line = [
                _distinct(row[fact] for row in rows if row["heading"] == heading)
                for heading in head[1:]
            ]
            if any(line):
                lines.append([f"*{fact}*", *line])
        return str(table(head, lines))

    return write


def side_by_side(files: Mapping[str, str]) -> Layout:
    """A line per score, a column per data set and one of references: {"heading": "file"}."""

    def write(root: Path) -> str:
        cells = []
        features = ["*features*"]
        for name, file in files.items():
            rows = [_readable(row) for row in rows_of(root / file)]
            for row in rows:
                score = f"{row['model']}: {row['heading']}, n = {row['n']}"
                cells.append({"score": score, "column": name, "text": row["text"]})
                reference = {"column": f"{name}, {REFERENCE}", "text": row[REFERENCE]}
                cells.append({"score": score, **reference})
            features += [_distinct(row["features"] for row in rows), ""]
        head, *lines = _pivot(cells, "{score}", "{column}", "{text}")
        return str(table(head, [*lines, features]))

    return write


def reproduced(folder: str, columns: Mapping[str, str], command: str) -> Layout:
    """A line per row that `vaekit reproduce` left in the folder: {"heading": "template"}.

    The template takes what the row was trained with, by its names in JSON, and what was measured.
    The largest β comes first, then the smallest z.

    Args:
        command: what measures the rows; it is named where there are none.
    """

    def write(root: Path) -> str:
        paths = (root / folder).glob("z*-beta*.json")
        histories = ".history.json"
        found = [_checked(path, _flat) for path in paths if not path.name.endswith(histories)]
        if not found:
            return f"Not measured yet: `{command}`."
        found.sort(key=lambda row: (-row["beta"], row["latent_dim"]))
        lines = [[_cell(template, row) for template in columns.values()] for row in found]
        return str(table(list(columns), lines))

    return write


def _flat(row: Row) -> Row:
    """A row of a reproduction with what was measured beside what it was trained with."""
    return {**row, **row["settings"], **row["measured"]}


def s1_table(folder: str) -> Layout:
    """S1's Table 1: the report, its recipe trained here, and the fast schedule."""
    head = ["z", "β", "report", "here", "difference", "seconds", "fast", "difference", "seconds"]

    def write(root: Path) -> str:
        lines = []
        for fast in rows_of(root / folder / "fast.json"):
            z = fast["latent_dim"]
            beta = f"{fast['beta']:g}"
            path = root / folder / f"z{z}-beta{beta}.json"
            here = _checked(path, lambda row: {**row["measured"], "seconds": row["seconds"]})
            report = _checked(path, lambda row: row["reported"])
            lines.append([z, beta, _elbo(report), *_beside(here, report), *_beside(fast, report)])
        return str(table(head, lines))

    return write


def _elbo(terms: Row) -> str:
    return f"{terms['reconstruction']:.2f} + {terms['kl']:.2f} → {terms['loss']:.2f}"


def _beside(measured: Row, report: Row) -> list[str]:
    """Three cells: the terms, the difference of the totals, the seconds."""
    difference = measured["loss"] - report["loss"]
    return [_elbo(measured), f"**{difference:+.2f}**", f"{measured['seconds']:.0f}"]


def _checked(path: Path, part: Callable[[Any], Any]) -> Any:
    """A part of the JSON of a file, or a UserError that names the file."""
    content = read_json(path)
    try:
        return part(content)
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is damaged ({error!r}); restore it or measure again") from error


def _cell(template: str, row: Row) -> str:
    """The template with the row's values; empty where one of them was not measured."""
    fields = [name for _, name, _, _ in Formatter().parse(template) if name]
    if any(row[name] in (None, "") for name in fields):
        return ""
    return template.format(**row)


def _pivot(rows: Sequence[Row], down: str, across: str, cell: str) -> list[list[str]]:
    """A line of headings and the lines below it.

    Raises:
        ValueError: two rows for one place; one of them would not be seen.
    """
    cells: dict[tuple[str, str], str] = {}
    for row in rows:
        place = _cell(down, row), _cell(across, row)
        if place in cells:
            raise ValueError(f"two rows for {' and '.join(place)}")
        cells[place] = _cell(cell, row)

    names = list(dict.fromkeys(name for name, _ in cells))
    headings = list(dict.fromkeys(heading for _, heading in cells))
    lines = [[name, *(cells.get((name, heading), "") for heading in headings)] for name in names]
    return [["", *headings], *lines]


def _readable(row: Row) -> dict[str, str]:
    """A score as text: the value, its interval if it has one, the reference, n, features."""
    form = FORMATS.get(row["metric"], ".3g")
    text = format(row["value"], form)
    if row["low"] is not None:
        text += f" [{row['low']:{form}}, {row['high']:{form}}]"
    return {
        "model": row["model"],
        "heading": _heading(row),
        "text": text,
        REFERENCE: "" if row["floor"] is None else f"{row['floor']:.3g}",
        "n": f"{row['n']:,}",
        "features": f"{row['features']} {row['weights']}".strip(),
    }


def _heading(row: Row) -> str:
    """The metric, its unit, and an arrow where more or less of it is better."""
    metric = row["metric"]
    if metric in COMPARED or row["better"] == "neither":
        return f"{metric} (compare with real images)"
    unit = f", {row['unit']}" if row["unit"] else ""
    return f"{metric}{unit} {ARROWS[row['better']]}"


def _distinct(texts: Iterable[str]) -> str:
    """Those that are not empty, each once."""
    return " / ".join(dict.fromkeys(text for text in texts if text))
