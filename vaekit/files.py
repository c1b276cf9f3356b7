"""Files: written whole or not at all, read with their checksum, every failure one sentence.

Weights are safetensors, whose values carry a checksum. Data is read by `vaekit.data`.
"""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

# the name of a file that is being written: .vaekit-1a2b3c4d-curves.png
TEMPORARY = ".vaekit-"
UNFINISHED = re.compile(re.escape(TEMPORARY) + r"\w{8}-.+")
LOCK = ".vaekit.lock"

# the entry of a weight file's metadata that holds the sha256 of its values
CHECKSUM = "sha256"


@contextlib.contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds.

    If the block fails, the temporary file is deleted and `path` stays as it was. What a killed
    process leaves behind, `sweep` removes.

    Raises:
        UserError: the folder cannot be made or written, the disk is full, `path` is a folder.
    """
    path = Path(path)
    check_writable(path.parent)
    temporary: Path | None = None
    try:
        temporary = _new_file_beside(path)
        yield temporary
        _give_usual_permissions(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise _cannot("write", path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _new_file_beside(path: Path) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY, suffix=f"-{path.name}")
    os.close(handle)
    return Path(name)


def _give_usual_permissions(path: Path) -> None:
    """Those of a file from `open`: mkstemp makes private ones, but results are to be shared."""
    # the umask can only be read by setting it
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, 0o666 & ~umask)


def _cannot(what: str, path: Path, error: OSError) -> UserError:
    """The sentence for a failure of the disk or of the file system."""
    reason = error.strerror or str(error) or type(error).__name__
    return UserError(
        f"cannot {what} {path} ({reason}); "
        "free some space or permit it, or choose another place"
    )


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
    except (OSError, ValueError) as error:
        # ValueError: a name with a null byte
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"cannot write to the folder {folder} ({reason}); "
            "choose another one that you may write to"
        ) from error
    return folder


@contextlib.contextmanager
def locked(folder: Path | str) -> Iterator[Path]:
    """Hold a folder for oneself, so that two runs do not write into one another's files.

    A killed process holds nothing: the lock is the operating system's. What such a process left
    half-written is removed first.

    Raises:
        UserError: another process holds it, or it cannot be made or written.
    """
    from filelock import FileLock, Timeout

    folder = check_writable(folder)
    file = folder / LOCK
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"another command is writing to the folder {folder}; "
            "wait until it is done, or choose another folder"
        ) from None
    except OSError as error:
        raise _cannot("write", file, error) from error
    except NotImplementedError:
        # some network file systems know no locks
        yield folder
        return

    try:
        sweep(folder)
        yield folder
    finally:
        with contextlib.suppress(OSError):
            file.unlink()
        lock.release()


def sweep(folder: Path | str) -> None:
    """Remove what a killed process left half-written in a folder that nobody else writes to."""
    for file in Path(folder).glob(f"{TEMPORARY}*"):
        if UNFINISHED.fullmatch(file.name):
            with contextlib.suppress(OSError):
                file.unlink()


def write_text(path: Path | str, text: str) -> Path:
    """Write a text in UTF-8, whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: Path | str, value: Any) -> Path:
    """Write a value as JSON, whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    return write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read_text(path: Path | str) -> str:
    """The text of a file in UTF-8.

    Raises:
        UserError: no such file, it cannot be read, or it is no text.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"there is no file {path}; check the path") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is no text in UTF-8 ({error.reason}); delete it and make it again"
        ) from error
    except OSError as error:
        raise _cannot("read", Path(path), error) from error


def read_json(path: Path | str) -> Any:
    """What a JSON file holds.

    Raises:
        UserError: no such file, it cannot be read, or it is no JSON.
    """
    text = read_text(path)
    try:
        return parse_json(text)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is not readable JSON ({error}); delete it and make it again"
        ) from error


def parse_json(text: str) -> Any:
    """The value of a JSON text in which no key stands twice.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_without_repetition)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


def save_weights(
    path: Path | str,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write named tensors as safetensors, with the sha256 of their values and the metadata.

    There are no pickles in them, so a file from a stranger cannot run code.

    Raises:
        UserError: the file cannot be written.
    """
    from safetensors.torch import save

    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    notes = dict(metadata or {})
    notes[CHECKSUM] = checksum(on_cpu, notes)

    # safetensors' own way to write a file leaves another temporary one where it is killed
    content = save(on_cpu, metadata=notes)
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def load_weights(path: Path | str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read safetensors that `save_weights` wrote: (tensors, metadata).

    Raises:
        UserError: no such file, it is damaged, or it was written by something else.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            # the open file is no dict: one cannot iterate over it
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
    except FileNotFoundError:
        raise UserError(f"no weights at {path}; train them first, or check the path") from None
    except (SafetensorError, OSError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(
            f"{path} is not a readable safetensors file ({error}); delete it and make it again"
        ) from error

    recorded = metadata.pop(CHECKSUM, None)
    if recorded is None:
        raise UserError(
            f"{path} carries no checksum, so nobody can say whether it is whole; "
            "load weights that vaekit saved"
        )
    found = checksum(tensors, metadata)
    if found != recorded:
        raise UserError(
            f"{path} is damaged: its values have the sha256 {found[:8]}…, "
            f"but {brief_digest(recorded)} was recorded; delete it and make it again"
        )
    return tensors, metadata


def brief_digest(digest: str) -> str:
    """The first digits of a sha256, for a message; what is none is named as such."""
    return f"{digest[:8]}…" if re.fullmatch("[0-9a-f]{64}", digest) else "something else"


def checksum(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """The sha256 of named tensors (on the CPU) and metadata, the same in whatever order."""
    import torch

    digest = hashlib.sha256()
    facts = []
    for name in sorted(tensors):
        tensor = tensors[name]
        facts.append([name, str(tensor.dtype), list(tensor.shape)])
    digest.update(json.dumps([facts, sorted(metadata.items())]).encode())
    for name in sorted(tensors):
        # numpy knows no bfloat16, but every dtype is bytes
        values = tensors[name].contiguous().reshape(-1).view(torch.uint8)
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()


def verified(path: Path | str, sha256: str) -> str:
    """The sha256 of a file, if it is the recorded one.

    Raises:
        UserError: it is another, or cannot be read.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _cannot("read", Path(path), error) from error

    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise UserError(
            f"{path} is not the recorded weight file "
            f"(sha256 {digest[:8]}…, recorded {sha256[:8]}…), "
            "so its numbers would compare with no others; "
            "restore the file, or use weights of your own by their path"
        )
    return digest
