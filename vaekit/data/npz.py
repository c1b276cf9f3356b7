"""Data sets in npz files, read with every size and every value checked.

An npz is a zip of npy files. What both say of an array is compared, and refused if it is too much,
before any of it is read.
"""
from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from ..errors import UserError, at_least, brief, one_line, pick
from ..files import write_bytes
from .checks import check_labels

# what zipfile and numpy raise where an npz is cut short, altered, or something else
DAMAGED = (
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)

# bytes of one array; CIFAR-10 has 154 million
LARGEST_ARRAY = 2**30

# bytes that are read at a time
PIECE = 2**24

# the flag of a zip's member that is encrypted
ENCRYPTED = 1


class Header(NamedTuple):
    """What an npy file says of its array before the values."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


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
        UserError: damaged file, missing key, wrong dtype or shape, different lengths, more than
            LARGEST_ARRAY bytes, a label out of range.
    """
    pick("split", split, ("train", "test"))
    at_least("classes", classes, 1)
    x_name = f"x_{split}"
    y_name = f"y_{split}"
    with _refusing_what_is_damaged(path), zipfile.ZipFile(path) as file:
        _check_members(file, path, x_name, y_name)
        headers = {name: _header(file, name) for name in (x_name, y_name)}
        _check_headers(path, x_name, headers[x_name], y_name, headers[y_name], shape)
        x, y = (_values(file, name, header) for name, header in headers.items())

    check_labels(y, classes, f"{path}: {y_name}")
    return x, y


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an npz by name, checked against the zip's own sizes and checksums.

    Nothing is refused for its size: this is for files that vaekit itself has written.

    Raises:
        UserError: no such file, damaged, or no npz.
    """
    with _refusing_what_is_damaged(path), zipfile.ZipFile(path) as file:
        names = [info.filename.removesuffix(".npy") for info in file.infolist()]
        _check_members(file, path, *names)
        return {name: _values(file, name, _header(file, name)) for name in names}


@contextmanager
def _refusing_what_is_damaged(path: Path) -> Iterator[None]:
    """What a file that cannot be read, or is no npz, raises inside becomes a UserError."""
    try:
        yield
    except UserError:
        # a UserError is a ValueError, and this one says what is wrong already
        raise
    except FileNotFoundError:
        raise UserError(f"there is no file {path}; check the path") from None
    except (PermissionError, IsADirectoryError) as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}); permit it, or put a readable npz there"
        ) from error
    except MemoryError as error:
        raise UserError(f"{path} needs more memory than there is; free some") from error
    except DAMAGED as error:
        reason = one_line(error, 200) or type(error).__name__
        raise UserError(
            f"{path} is damaged or not an npz ({reason}); delete it and load again"
        ) from error


def write_npz(path: Path | str, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write named arrays as a compressed npz, whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return write_bytes(path, file.getvalue())


def _check_members(file: zipfile.ZipFile, path: Path, *names: str) -> None:
    """The arrays are there, once each, and can be read."""
    present = [info.filename.removesuffix(".npy") for info in file.infolist()]
    missing = [name for name in names if name not in present]
    if missing:
        raise UserError(
            f"{path} has no {' and no '.join(missing)}, only {_shown(present) or 'nothing'}; "
            "an image npz holds x_train, y_train, x_test and y_test"
        )
    for name in names:
        if present.count(name) > 1:
            raise ValueError(f"{name} stands twice")
        info = file.getinfo(f"{name}.npy")
        if info.flag_bits & ENCRYPTED:
            raise ValueError(f"{name} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name} is compressed by the unknown method {info.compress_type}")


def _shown(names: list[str]) -> str:
    """Names for a message; what stands there in a damaged file may be anything."""
    return ", ".join(name if name.isidentifier() else brief(name) for name in names[:10])


def _header(file: zipfile.ZipFile, name: str) -> Header:
    """What the array's own header says, if the zip's directory says the same."""
    with file.open(f"{name}.npy") as member:
        header = _read_header(member)
        in_directory = file.getinfo(f"{name}.npy").file_size - member.tell()
    if header.size != in_directory:
        raise ValueError(
            f"{name} should have {header.size:,} bytes of values, the zip has {in_directory:,}"
        )
    return header


def _read_header(member: IO[bytes]) -> Header:
    """The header of an npy, up to its values; numpy reads no more than 10,000 bytes of it."""
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        return Header(*np.lib.format.read_array_header_1_0(member))
    if version == (2, 0):
        return Header(*np.lib.format.read_array_header_2_0(member))
    raise ValueError(f"npy version {version}")


def _check_headers(
    path: Path, x_name: str, x: Header, y_name: str, y: Header, shape: tuple[int, ...]
) -> None:
    if x.dtype != np.uint8:
        raise UserError(
            f"{path}: {x_name} is {x.dtype}, but stored images are uint8 (0 … 255); "
            "write it anew"
        )
    if x.shape[1:] != shape or x.shape[0] < 1:
        expected = ", ".join(map(str, shape))
        raise UserError(
            f"{path}: {x_name} has shape {x.shape}, expected (N, {expected}) with N ≥ 1; "
            "write it anew"
        )
    if x.size > LARGEST_ARRAY:
        raise UserError(
            f"{path}: {x_name} has {x.size:,} bytes, more than the {LARGEST_ARRAY:,} that are "
            "held in memory; store fewer images"
        )
    if y.shape != x.shape[:1]:
        raise UserError(
            f"{path}: {y_name} has shape {y.shape} for {x.shape[0]} images; "
            "one label per image is needed"
        )
    if not np.issubdtype(y.dtype, np.integer):
        raise UserError(
            f"{path}: {y_name} is {y.dtype}, but labels are whole numbers; write it anew"
        )


def _values(file: zipfile.ZipFile, name: str, header: Header) -> np.ndarray:
    """The values of an array, and of the file no byte more than its header promised."""
    with file.open(f"{name}.npy") as member:
        _read_header(member)
        # at the last byte zipfile compares the checksum
        content = bytearray()
        # piece by piece: read at once, a large array would stand in memory twice
        while piece := member.read(min(PIECE, header.size - len(content))):
            content += piece
        if len(content) != header.size:
            raise EOFError(f"{name} ends after {len(content):,} of {header.size:,} bytes")
    values = np.frombuffer(content, header.dtype)
    if header.is_fortran:
        return values.reshape(header.shape[::-1]).T
    return values.reshape(header.shape)
