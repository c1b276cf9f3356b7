"""Data sets in npz files, read with every value checked."""
from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..errors import UserError
from .images import check_labels

# what numpy raises where an npz is cut short, altered, or something else
DAMAGED = (OSError, EOFError, ValueError, AttributeError, zipfile.BadZipFile, zlib.error)


def read_npz(
    path: Path,
    split: str,
    shape: tuple[int, ...],
    classes: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one split of an npz, all checked.

    Args:
        path: an npz with x_train, y_train, x_test, y_test.
        split: "train" or "test".
        shape: of one stored image, (28, 28) or (32, 32, 3).
        classes: labels must lie in 0 … classes − 1.
    Returns:
        Images (N, *shape) uint8, labels (N,) of whole numbers.
    Raises:
        UserError: damaged file, missing key, wrong dtype or shape, different lengths, a label
            out of range.
    """
    x_name = f"x_{split}"
    y_name = f"y_{split}"
    x, y = _read_arrays(path, x_name, y_name)

    if x.dtype != np.uint8:
        raise UserError(f"{path}: {x_name} is {x.dtype}, but stored images are uint8 (0 … 255)")
    if x.shape[1:] != shape or len(x) == 0:
        expected = ", ".join(map(str, shape))
        raise UserError(
            f"{path}: {x_name} has shape {x.shape}, expected (N, {expected}) with N ≥ 1"
        )
    if y.shape != (len(x),):
        raise UserError(
            f"{path}: {y_name} has shape {y.shape} for {len(x)} images; "
            "one label per image is needed"
        )
    if not np.issubdtype(y.dtype, np.integer):
        raise UserError(f"{path}: {y_name} is {y.dtype}, but labels are whole numbers")
    check_labels(y, classes, f"{path}: {y_name}")
    return x, y


def _read_arrays(path: Path, *names: str) -> list[np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in names if name not in file.files]
            if missing:
                raise UserError(
                    f"{path} has no {' and no '.join(missing)}, "
                    f"only {', '.join(file.files) or 'nothing'}; "
                    "an image npz holds x_train, y_train, x_test and y_test"
                )
            return [file[name] for name in names]
    except UserError:
        # a UserError is a ValueError, and this one says what is wrong already
        raise
    except DAMAGED as error:
        raise UserError(
            f"{path} is damaged or not an npz ({error}); delete it and load again"
        ) from error
