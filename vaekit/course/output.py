"""The lab runner's folder: it writes whole files there, and overwrites only its own."""
from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError, brief
from ..files import atomic, parse_json, read_text, write_json

# name → sha256 of the files written; one that was changed since then is somebody's work
RECORD = ".vaekit-written.json"


class OutputFolder:
    """A folder for results, which remembers what was written into it.

    Args:
        folder: need not exist yet.
        sources: the notebooks that are to be run.
    Raises:
        UserError: the folder holds the sources.
    """

    def __init__(self, folder: str | Path, sources: Sequence[Path] = ()):
        if not str(folder):
            raise UserError("folder '' is no folder for results; give one, such as build/labs")
        self.folder = Path(folder)
        for source in sources:
            _refuse_the_folder_of(source, self.folder)
        self.written = _read_record(self.folder / RECORD)

    def check(self, names: list[Any]) -> None:
        """Files of these names may be written: they are not there, or as they were left.

        Raises:
            UserError: one was written or changed by somebody else, or is no name of a file.
        """
        if not all(isinstance(name, str) and name == Path(name).name != "" for name in names):
            raise UserError(f"names must be those of files, without folders, got {brief(names)}")
        for name in names:
            path = self.folder / name
            if os.path.lexists(path) and not self._is_own(path):
                raise UserError(
                    f"{path} was not written by this command, or was changed since; "
                    "move it away, or choose another output folder"
                )

    def remove(self, names: list[Any]) -> None:
        """Remove files of these names, so that none of an earlier run is taken for a new one.

        Raises:
            UserError: one was written by somebody else, or cannot be removed.
        """
        self.check(names)
        for name in names:
            path = self.folder / name
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise UserError(
                    f"cannot remove {path} ({error.strerror}); choose another output folder"
                ) from error

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file, whole or not at all.

        Raises:
            UserError: one of this name was written by somebody else, or it cannot be written.
        """
        self.check([name])
        if isinstance(content, str):
            content = content.encode("utf-8")
        path = self.folder / name

        # removed and recorded first: a run that is killed in between leaves no file that the next
        # one takes for somebody else's
        self.remove([name])
        self.written[name] = hashlib.sha256(content).hexdigest()
        write_json(self.folder / RECORD, self.written)
        with atomic(path) as temporary:
            temporary.write_bytes(content)
        return path

    def _is_own(self, path: Path) -> bool:
        if path.is_symlink() or not path.is_file():
            return False
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            return False
        return self.written.get(path.name) == digest


def _refuse_the_folder_of(source: Path, folder: Path) -> None:
    """Refuse a folder in which the source lies, also deeper and by another spelling."""
    if not folder.exists():
        return
    for above in source.resolve().parents:
        # the file system says what is the same: capitals and links may not matter to it
        if above.exists() and os.path.samefile(above, folder):
            raise UserError(
                f"the output folder {folder} holds the labs themselves ({source}); "
                "choose another output folder, such as build/labs"
            )


def _read_record(path: Path) -> dict[str, Any]:
    """What was written; nothing if the record is missing or damaged."""
    try:
        record = parse_json(read_text(path))
    except (UserError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
