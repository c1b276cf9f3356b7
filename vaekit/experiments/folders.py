"""The folder that a command writes to: its own while it runs, and gone again if it stays empty."""
from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import UserError, brief
from ..files import locked


@contextlib.contextmanager
def own_folder(folder: str | Path) -> Iterator[Path]:
    """Hold a folder (`files.locked`). If it is made here and nothing is left in it, remove it.

    So a command that is refused leaves no empty folder behind.

    Raises:
        UserError: another process holds the folder, or it cannot be made or written.
    """
    folder = named("out", folder)
    made = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
    try:
        with locked(folder):
            yield folder
    finally:
        for each in made:
            # one that holds something stays
            with contextlib.suppress(OSError, ValueError):
                each.rmdir()


def named(what: str, folder: str | Path) -> Path:
    """A folder that has a name: Path("") is the current one, which nobody meant.

    ~ stands for a home, which a shell leaves as it is in quotes.

    Args:
        what: what to call it in the error.
    Raises:
        UserError: the name is empty, or ~ in it stands for a user who does not exist.
    """
    if not str(folder):
        raise UserError(f"{what} must be a folder, got ''; choose one for the results")
    found = os.path.expanduser(folder)
    if found.startswith("~"):
        raise UserError(
            f"{what} names {brief(str(folder))}, and there is no user of that name; "
            "write the folder in full"
        )
    return Path(found)


def refuse_folders(folder: str | Path, names: Iterable[Any]) -> None:
    """Files will be written under these names, so a long training should not meet a folder there.

    Raises:
        UserError: one of them is a folder.
    """
    for name in [names] if isinstance(names, str) else names:
        if not isinstance(name, str) or not name:
            raise UserError(f"names must be those of files, got {brief(names)}")
        path = Path(folder) / name
        if os.path.isdir(path):
            raise UserError(
                f"{path} is a folder, where a file is to be written; "
                "rename it, or choose another folder for the results"
            )
