"""What a folder of images says of their labels: attributes.csv, a subfolder for each class."""
from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError, brief
from ..files import read_bytes

ATTRIBUTES = "attributes.csv"
VALUES = {"1": 1, "0": 0, "-1": 0}
# names that are shown where some are left out
NAMED = 3


@dataclass(frozen=True)
class Labels:
    """The labels of images.

    Attributes:
        names: of the files that are used.
        classes: the names of the classes or attributes; none where there are no labels.
        values: file → its class (a number), or its attributes (a row); empty without labels.
        left_out: sentences on what is not used.
    """

    names: Sequence[str]
    classes: tuple[str, ...]
    values: Mapping[str, object]
    left_out: tuple[str, ...] = ()

    def of(self, names: Sequence[str]) -> np.ndarray:
        """The labels of these files: (N,) or (N, A) int64, (N, 0) without labels."""
        if not self.classes:
            return np.zeros((len(names), 0), np.int64)
        return np.array([self.values[name] for name in names], np.int64)


def labels_of(folder: Path, names: Sequence[str], classes: Sequence[str]) -> Labels:
    """The labels of the images in a folder.

    Args:
        folder: where attributes.csv would be.
        names: of the images: "name.png", or "class/name.png".
        classes: the subfolders with images, of all parts of the data set.
    Raises:
        UserError: attributes.csv cannot be read, names no image that is there, or says something
            else of an image than 0, 1 or −1.
    """
    if os.path.isfile(folder / ATTRIBUTES):
        return _attributes(folder / ATTRIBUTES, names)
    # one folder alone tells nothing apart
    if len(classes) < 2:
        return Labels(names, (), {})
    inside = [name for name in names if "/" in name]

    values = {name: classes.index(name.partition("/")[0]) for name in inside}
    outside = [name for name in names if "/" not in name]
    told = []
    if outside:
        told.append(
            f"{len(outside):,} images lie beside the folders of the classes and are left out: "
            f"{_some(outside)}"
        )
    return Labels(inside, tuple(classes), values, tuple(told))


def _attributes(path: Path, names: Sequence[str]) -> Labels:
    rows = _rows(path)
    number, header = next(rows, (0, []))
    attributes = tuple(header[1:])
    if not attributes or not all(attributes) or len(set(attributes)) < len(attributes):
        raise UserError(
            f"{path}, line {number}: must be `file` and the name of each attribute, once each, "
            f"got {brief(','.join(header))}; write for example file,Smiling,Eyeglasses"
        )
    values: dict[str, object] = {}
    for number, row in rows:
        name = row[0].replace("\\", "/")
        _check_name(path, number, name)
        if name in values:
            raise UserError(f"{path}, line {number}: {name} stands there a second time; remove one")
        if len(row) != len(header) or any(field not in VALUES for field in row[1:]):
            raise UserError(
                f"{path}, line {number}: must be a file name and 0 or 1 for each of "
                f"{len(attributes)} attributes, got {brief(','.join(row))}; correct the line"
            )
        values[name] = [VALUES[field] for field in row[1:]]

    used = [name for name in names if name in values]
    if not used:
        raise UserError(
            f"{path} names {len(values):,} files, none of which is an image in {path.parent}; "
            "write their names as they are there"
        )
    return Labels(used, attributes, values, tuple(_not_used(names, values)))


def _not_used(names: Sequence[str], values: Mapping[str, object]) -> list[str]:
    told = []
    unlisted = [name for name in names if name not in values]
    if unlisted:
        told.append(
            f"{len(unlisted):,} images are not in {ATTRIBUTES} and are left out: {_some(unlisted)}"
        )
    missing = sorted(values.keys() - set(names))
    if missing:
        told.append(f"{ATTRIBUTES} names {len(missing):,} files that are no images there: "
                    f"{_some(missing)}")
    return told


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields without spaces around them) of all rows that are not empty."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows = [(reader.line_num, [field.strip() for field in row]) for row in reader]
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8 ({error.reason}); save it as UTF-8") from error
    except csv.Error as error:
        raise UserError(f"{path} is no CSV ({error}); write it anew") from error
    return iter([(number, row) for number, row in rows if any(row)])


def _check_name(path: Path, number: int, name: str) -> None:
    """The name leads to no other folder than this one and those within it."""
    parts = name.split("/")
    if not name or name.startswith("/") or ".." in parts or ":" in parts[0]:
        raise UserError(
            f"{path}, line {number}: must begin with the name of a file in this folder, "
            f"got {brief(name)}; correct the line"
        )


def _some(names: Sequence[str]) -> str:
    more = "…" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
