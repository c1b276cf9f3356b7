"""The rows of a reproduced table as files, so that a finished one is not trained again.

A folder holds settings.json and for each row NAME.json, NAME.history.json and NAME.safetensors;
while it is trained, NAME.checkpoint.safetensors.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import recipes
from ..errors import UserError
from ..files import read_json, write_json
from ..training import History
from .checks import check_history, check_row
from .folders import refuse_folders

# of the files of a finished row
ENDINGS = (".json", ".history.json", ".safetensors")
# what all rows of a folder share
SETTINGS = "settings.json"


@dataclass(frozen=True, eq=False)
class Row:
    """One row, finished.

    Attributes:
        recipe: its name.
        latent_dim, beta: what tells the rows of a table apart.
        settings: what else decides the numbers: the training, the data, the seed.
        reported, measured: the report's terms and ours, by name.
        seconds: of training.
        date, machine: when and where.
    """

    recipe: str
    latent_dim: int
    beta: float
    settings: dict[str, Any]
    reported: dict[str, float]
    measured: dict[str, float]
    seconds: float
    date: str
    machine: dict[str, str | int]

    @property
    def name(self) -> str:
        """By which its files are called."""
        return name_of(self)

    @property
    def title(self) -> str:
        """What tells it apart, for a line of text or a figure."""
        return f"z = {self.latent_dim}, β = {self.beta:g}"

    @property
    def is_comparable(self) -> bool:
        """True if it was trained on the report's data set."""
        return self.settings["data"] == recipes.get(self.recipe).data


def name_of(row: Row | recipes.Reported) -> str:
    """The name of a row's files, the same before and after it is trained."""
    return f"z{row.latent_dim}-beta{row.beta:g}"


def checkpoint_of(folder: Path, row: recipes.Reported) -> Path:
    """Where a row is kept while it is trained."""
    return folder / f"{name_of(row)}.checkpoint.safetensors"


def claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Say in a folder what is made there.

    So no row or checkpoint of another reproduction is taken for this one's.

    Raises:
        UserError: rows with other settings are there, or the note of them is damaged.
    """
    refuse_folders(folder, [path.name for path in folder.glob("z*-beta*")])
    path = folder / SETTINGS
    if not path.exists() or not holds_rows(folder):
        write_json(path, settings)
        return

    before = read_json(path)
    if not isinstance(before, dict):
        raise UserError(f"{path} is damaged; choose another folder with --out")
    _check_same(path, before, settings)


def give_up(folder: Path) -> None:
    """Take back what `claim` said, where not even a checkpoint came of it."""
    if not holds_rows(folder):
        (folder / SETTINGS).unlink(missing_ok=True)


def holds_rows(folder: Path) -> bool:
    """True if a folder has files of rows, finished or not."""
    return any(folder.glob("z*-beta*"))


def finished(
    folder: Path, rows: Iterable[recipes.Reported], settings: Mapping[str, Any]
) -> dict[str, Row]:
    """Those of the rows of which the folder holds all files, by name.

    Raises:
        UserError: one was made with other settings, or is damaged.
    """
    found = {}
    for row in rows:
        name = name_of(row)
        if all((folder / f"{name}{ending}").exists() for ending in ENDINGS):
            found[name] = _read(folder / f"{name}.json", row, settings)
            read_history(folder, row)
    return found


def write(folder: Path, row: Row, run: recipes.Run) -> None:
    """The three files of a finished row."""
    recipes.save(folder / f"{row.name}.safetensors", run.recipe, run.model)
    run.history.save(folder / f"{row.name}.history.json")
    write_json(folder / f"{row.name}.json", asdict(row))


def read_history(folder: Path, row: Row | recipes.Reported) -> History:
    """The history of a finished row.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = folder / f"{name_of(row)}.history.json"
    content = read_json(path)
    _stop_if_damaged(path, check_history(content))
    return History(content)


def _read(path: Path, reported: recipes.Reported, settings: Mapping[str, Any]) -> Row:
    content = read_json(path)
    _stop_if_damaged(path, check_row(content, reported))
    row = Row(**content)
    _check_same(path, row.settings, settings)
    return row


def _stop_if_damaged(path: Path, fault: str) -> None:
    if fault:
        raise UserError(
            f"{path} is damaged ({fault}); delete it, and the row is trained again"
        )


def _check_same(path: Path, before: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    # as they were written: a pair of betas is a list there
    wanted = json.loads(json.dumps(settings))
    changed = []
    for key, value in wanted.items():
        if before.get(key) != value:
            changed.append(f"{key} {before.get(key)} → {value}")
    if changed:
        raise UserError(
            f"{path} was made with other settings ({', '.join(changed)}); "
            "choose another folder with --out"
        )

