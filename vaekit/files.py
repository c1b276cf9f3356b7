"""Files: written whole or not at all, weights as safetensors, data as checked npz."""
from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

# what numpy raises where an npz is cut short, altered, or something else
DAMAGED = (OSError, EOFError, ValueError, AttributeError, zipfile.BadZipFile, zlib.error)


@contextlib.contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds.

    If the block fails, the temporary file is deleted and `path` stays as it was.

    Raises:
        UserError: the folder cannot be made or written.
    """
    path = Path(path)
    check_writable(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(name)
        _give_usual_permissions(name)
        os.replace(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _give_usual_permissions(path: str) -> None:
    """Those of a file from `open`: mkstemp makes private ones, but results are to be shared."""
    # the umask can only be read by setting it
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, 0o666 & ~umask)


def check_writable(folder: Path | str) -> Path:
    """Make `folder` and try a file in it, so that a long training does not fail at its end.

    Raises:
        UserError: the folder cannot be made or written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"cannot write to the folder {folder} ({error.strerror}); "
            "choose another one that you may write to"
        ) from error
    return folder


def save_weights(
    path: Path | str,
    tensors: Mapping[str, Tensor],
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write named tensors as safetensors.

    There are no pickles in them, so a file from a stranger cannot run code.

    Raises:
        UserError: the folder cannot be made or written.
    """
    from safetensors.torch import save_file

    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        save_file(on_cpu, temporary, metadata=metadata)
    return Path(path)


def load_weights(path: Path | str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read safetensors: (tensors, metadata).

    Raises:
        UserError: no such file, or it is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            # the open file is no dict: one cannot iterate over it
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise UserError(f"no weights at {path}; train them first, or check the path") from None
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} is not a readable safetensors file ({error}); delete it and make it again"
        ) from error
    return tensors, metadata


def verified(path: Path | str, sha256: str) -> str:
    """The sha256 of a file, if it is the recorded one.

    Raises:
        UserError: it is another.
    """
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if digest != sha256:
        raise UserError(
            f"{path} is not the recorded weight file "
            f"(sha256 {digest[:8]}…, recorded {sha256[:8]}…), "
            "so its numbers would compare with no others; "
            "restore the file, or use weights of your own by their path"
        )
    return digest


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


def check_labels(y: np.ndarray | Tensor, classes: int, where: str = "labels") -> None:
    """Labels lie in 0 … classes − 1, or a UserError names the first that does not.

    Args:
        where: what to call the labels in the error.
    """
    bad = (y < 0) | (y >= classes)
    if bad.any():
        first = int(np.flatnonzero(np.asarray(bad))[0])
        raise UserError(
            f"{where} must lie in 0 … {classes - 1}, got {int(y[first])} at position {first}"
        )
