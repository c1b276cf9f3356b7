"""Files: written whole or not at all, weights as safetensors, data as checked npz."""
from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from .errors import UserError


@contextlib.contextmanager
def atomic(path: Path | str):
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds, delete it if not.

    Raises:
        UserError: the folder cannot be made or written.
    """
    path = Path(path)
    check_writable(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(name)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)        # mkstemp makes private files; results are meant to be shared
        os.replace(name, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def check_writable(folder: Path | str) -> Path:
    """Make `folder` and try a file in it, so that a long download or training does not fail at its end."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"cannot write to the folder {folder} ({error.strerror}); choose another one that you may write to") from error
    return folder


def save_weights(path: Path | str, tensors: dict, metadata: dict[str, str] | None = None) -> Path:
    """Write named tensors as safetensors: no pickles, so a file from a stranger cannot run code."""
    from safetensors.torch import save_file

    with atomic(path) as temporary:
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, temporary, metadata=metadata)
    return Path(path)


def load_weights(path: Path | str) -> tuple[dict, dict[str, str]]:
    """Read safetensors: (tensors, metadata).

    Raises:
        UserError: no such file, or it is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118 (not a dict)
    except FileNotFoundError:
        raise UserError(f"no weights at {path}; train them first, or check the path") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is not a readable safetensors file ({error}); delete it and make it again") from error


def verified(path: Path | str, sha256: str) -> str:
    """The sha256 of a file, if it is the recorded one.

    Raises:
        UserError: it is another.
    """
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if digest != sha256:
        raise UserError(f"{path} is not the recorded weight file (sha256 {digest[:8]}…, recorded {sha256[:8]}…), so its numbers would compare "
                        "with no others; restore the file, or use weights of your own by their path")
    return digest


def read_npz(path: Path, split: str, shape: tuple[int, ...], classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one split of an npz with x_train, y_train, x_test, y_test, all checked.

    Args:
        shape: of one stored image, (28, 28) or (32, 32, 3).
        classes: labels must lie in 0 … classes − 1.
    Raises:
        UserError: damaged file, missing key, wrong dtype or shape, different lengths, a label out of range.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [key for key in (f"x_{split}", f"y_{split}") if key not in file.files]
            if missing:
                raise UserError(f"{path} has no {' and no '.join(missing)}, only {', '.join(file.files) or 'nothing'}; "
                                "an image npz holds x_train, y_train, x_test and y_test")
            x, y = file[f"x_{split}"], file[f"y_{split}"]
    except UserError:
        raise
    except (OSError, EOFError, ValueError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} is damaged or not an npz ({error}); delete it and load again") from error
    if x.dtype != np.uint8:
        raise UserError(f"{path}: x_{split} is {x.dtype}, but stored images are uint8 (0 … 255)")
    if x.shape[1:] != shape or len(x) == 0:
        raise UserError(f"{path}: x_{split} has shape {x.shape}, expected (N, {', '.join(map(str, shape))}) with N ≥ 1")
    if y.shape != (len(x),):
        raise UserError(f"{path}: y_{split} has shape {y.shape} for {len(x)} images; one label an image is needed")
    if not np.issubdtype(y.dtype, np.integer):
        raise UserError(f"{path}: y_{split} is {y.dtype}, but labels are whole numbers")
    check_labels(y, classes, f"{path}: y_{split}")
    return x, y


def check_labels(y, classes: int, where: str = "labels") -> None:
    """Labels lie in 0 … classes − 1, or a UserError names the first that does not."""
    bad = (y < 0) | (y >= classes)
    if bad.any():
        first = int(np.flatnonzero(np.asarray(bad))[0])
        raise UserError(f"{where} must lie in 0 … {classes - 1}, got {int(y[first])} at position {first}")
