"""CelebA's two lists: which part an image is in, and its 40 attributes. Text or Kaggle's CSV."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..errors import UserError, brief, pick
from ..files import read_bytes
from .download import WEB_PAGE
from .sources import CELEBA

# the parts of list_eval_partition; 1 is for validation, which `Selection` takes of "train"
PARTS = {"train": 0, "test": 2}
# the last number of "train" and of the validation part, where there is no list
LAST_OF_TRAIN = 162_770
LAST_OF_VALIDATION = 182_637

# a file's own name: no folder, no drive, nothing that leads out of the folder of images
NAME = re.compile(r"[A-Za-z0-9][\w-]*\.(jpg|jpeg|png)", re.ASCII | re.IGNORECASE)
VALUES = {"1": 1, "-1": 0, "0": 0}


def partition(path: Path) -> dict[str, int]:
    """File name → 0 (train), 1 (validation) or 2 (test), of list_eval_partition.txt or .csv.

    Raises:
        UserError: no such file, a web page, a line that is no name and part, a name twice.
    """
    parts: dict[str, int] = {}
    for number, line in _lines(path):
        fields = _fields(line)
        if number == 1 and fields == ["image_id", "partition"]:
            continue
        if len(fields) != 2 or fields[1] not in ("0", "1", "2"):
            raise UserError(
                f"{path}, line {number}: must be a file name and 0, 1 or 2, got {brief(line)}; "
                "put the official list there"
            )
        _add(parts, fields[0], int(fields[1]), path, number)
    return parts


def numbered(names: Sequence[str]) -> dict[str, int]:
    """The same by the number in a file's name, as the official list has it.

    A file that is not called like 000001.jpg is left out.
    """
    parts = {}
    for name in names:
        stem = name.rpartition(".")[0]
        if re.fullmatch(r"[0-9]{6}", stem):
            number = int(stem)
            parts[name] = (number > LAST_OF_TRAIN) + (number > LAST_OF_VALIDATION)
    return parts


class Attributes:
    """The list of attributes, whose rows are read when they are asked for.

    Attributes:
        path: list_attr_celeba.txt or .csv.
        names: of the attributes, in the order of the columns.
        rows: file name → the rest of its line, and its number.
    Raises:
        UserError: no such file, a web page, a header with an unknown attribute, a name twice.
    """

    def __init__(self, path: Path):
        self.path = path
        self.names: tuple[str, ...] = ()
        self.rows: dict[str, tuple[str, int]] = {}
        for number, line in _lines(path):
            if not self.names:
                # the official list begins with the number of its rows
                if not (number == 1 and line.strip().isdigit()):
                    self.names = self._header(line, number)
                continue
            name, _, rest = line.replace(",", " ").strip().partition(" ")
            _add(self.rows, name, (rest, number), path, number)
        if not self.names:
            raise UserError(f"{path} is empty; put the official list there")

    def values(self, names: Sequence[str]) -> np.ndarray:
        """(N, A) int64 of 0 and 1, a row for each file; all of them stand in the list.

        Raises:
            UserError: a file that is not in the list, a row of other values or length.
        """
        y = np.empty((len(names), len(self.names)), np.int64)
        for i, name in enumerate(names):
            if name not in self.rows:
                raise UserError(f"{self.path} has no row for {brief(name)}; leave that file out")
            rest, number = self.rows[name]
            fields = rest.split()
            try:
                row = [VALUES[field] for field in fields]
            except KeyError as other:
                raise UserError(
                    f"{self.path}, line {number}: attributes are 1 or -1, "
                    f"got {brief(other.args[0])}; put the official list there"
                ) from None
            if len(row) != len(self.names):
                raise UserError(
                    f"{self.path}, line {number}: {len(row)} values for {len(self.names)} "
                    "attributes; put the official list there"
                )
            y[i] = row
        return y

    def _header(self, line: str, number: int) -> tuple[str, ...]:
        names = [name for name in _fields(line) if name != "image_id"]
        for name in names:
            try:
                pick("attribute", name, CELEBA)
            except UserError:
                raise UserError(
                    f"{self.path}, line {number}: the header must hold names of CelebA's "
                    f"attributes, got {brief(name)}; put the official list there"
                ) from None
        if len(set(names)) < len(names) or not names:
            raise UserError(
                f"{self.path}, line {number}: the header must name each attribute once; "
                "put the official list there"
            )
        return tuple(names)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number, line) of all lines that are not empty; ends of lines may be CRLF or LF."""
    content = read_bytes(path)
    if WEB_PAGE.match(content):
        raise UserError(
            f"{path} is a web page, not the list; Google Drive shows one when the day's quota is "
            "used up: download the list again later, or take Kaggle's"
        )
    try:
        # some programs put a mark before the first letter
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is no text in UTF-8 ({error.reason}); put the official list there"
        ) from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line


def _fields(line: str) -> list[str]:
    return line.replace(",", " ").split()


def _add(found: dict, name: str, value: object, path: Path, number: int) -> None:
    """One more row, if it names a file of the folder of images, for the first time."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"{path}, line {number}: must begin with the plain name of an image, "
            f"as 000001.jpg, got {brief(name)}; put the official list there"
        )
    if name in found:
        raise UserError(
            f"{path}, line {number}: {name} stands there a second time; "
            "put the official list there"
        )
    found[name] = value


def rows_of(found: Mapping[str, int], part: str) -> list[str]:
    """The file names of one part, "train" or "test", in the order of the list."""
    wanted = PARTS[pick("split", part, PARTS)]
    return [name for name, part_of in found.items() if part_of == wanted]
