"""What takes long to make is made once, and kept as uint8 in the user's cache folder."""
from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError, brief
from ..files import atomic, locked
from .notices import notice
from .npz import read_arrays
from .sources import cache_folder

# inside a kept file, the array that says what it was made of
KEY = "made_of"


def kept(
    name: str,
    made_of: Mapping[str, Any],
    make: Callable[[], Mapping[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """What `make` gives, from the cache if it was made of the same things before.

    The file is `images/NAME-DIGEST.npz` in `cache_folder()`. One that is damaged, or was put there
    by something else, is made anew. Where the folder cannot be written, or the disk is full, a
    `Notice` says so, and nothing is kept.

    Args:
        name: what the file's name begins with.
        made_of: all that the result depends on, as JSON holds it: the data set, the size, a
            version of the code, names, sizes and times of the files that are read.
        make: gives named arrays, none of Python objects.
    Raises:
        UserError: `made_of` is no JSON.
    """
    digest = _digest(made_of)
    readable = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII)[:60] or "images"
    path = cache_folder() / "images" / f"{readable}-{digest[:16]}.npz"

    found = _read(path, digest)
    if found is not None:
        return found
    made = dict(make())
    _keep(path, {KEY: np.array(digest), **made})
    return made


def _digest(made_of: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(made_of, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(
            f"made_of must be what JSON holds, got {brief(made_of)} ({error})"
        ) from error
    # not encode("utf-8"): the name of a file may be no Unicode, and json writes that as ASCII
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _read(path: Path, digest: str) -> dict[str, np.ndarray] | None:
    """The arrays of a kept file; None if it is not there, damaged, or made of something else."""
    try:
        arrays = read_arrays(path)
    except UserError:
        return None
    key = arrays.pop(KEY, None)
    return arrays if key is not None and str(key) == digest else None


def _keep(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    try:
        # held while writing only: what a killed process left half-written is swept first
        with locked(path.parent), atomic(path) as temporary:
            _write(temporary, arrays)
    except UserError as error:
        notice(
            f"the images were made, but not kept for the next time: {error}"
        )


def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An npz that is not compressed: photographs hardly get smaller, and it is read in a moment.

    Array by array to the disk, not in memory first, where all of CelebA would stand twice.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():
            with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
