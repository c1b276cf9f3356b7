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
from ..files import atomic

# of the files of a finished row
ENDINGS = (".json", ".history.json", ".safetensors")


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


def name_of(row: Row | recipes.Reported) -> str:
    """The name of a row's files, the same before and after it is trained."""
    return f"z{row.latent_dim}-beta{row.beta:g}"


def checkpoint_of(folder: Path, row: recipes.Reported) -> Path:
    """Where a row is kept while it is trained."""
    return folder / f"{name_of(row)}.checkpoint.safetensors"


def claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Say in a folder what is made there, and clear what an interrupted run left behind.

    So no row or checkpoint of another reproduction is taken for this one's.

    Raises:
        UserError: rows with other settings are there, or the note of them is damaged.
    """
    sweep(folder)
    path = folder / "settings.json"
    if not path.exists() or not any(folder.glob("z*-beta*")):
        _write_json(path, settings)
        return

    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        _check_same(path, before, settings)
    except UserError:
        raise
    except (ValueError, AttributeError) as error:
        raise UserError(f"{path} is damaged; choose another folder with --out") from error


def sweep(folder: Path) -> None:
    """Delete half-written files: a process killed while it writes leaves a temporary name."""
    for path in folder.glob(".z*-beta*"):
        path.unlink(missing_ok=True)


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
            found[name] = _read(folder / f"{name}.json", settings)
    return found


def write(folder: Path, row: Row, run: recipes.Run) -> None:
    """The three files of a finished row."""
    recipes.save(folder / f"{row.name}.safetensors", run.recipe, run.model)
    run.history.save(folder / f"{row.name}.history.json")
    _write_json(folder / f"{row.name}.json", asdict(row))


def _read(path: Path, settings: Mapping[str, Any]) -> Row:
    try:
        row = Row(**json.loads(path.read_text(encoding="utf-8")))
        _check_same(path, row.settings, settings)
    except UserError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is damaged; delete it, and the row is trained again") from error
    return row


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


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    text = json.dumps(values, indent=1, ensure_ascii=False)
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
