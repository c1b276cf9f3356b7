"""Files on a disk that may be full, forbidden, or written by two at once."""
from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import UserError, brief

# the name of a file that is being written: .vaekit-1a2b3c4d-curves.png
TEMPORARY = ".vaekit-"
UNFINISHED = re.compile(re.escape(TEMPORARY) + r"\w{8}-.+")
LOCK = ".vaekit.lock"


class NoSuchFile(UserError):
    """A file that is read, but not there."""


def atomic(path: Path | str) -> contextlib.AbstractContextManager[Path]:
    """Yield a temporary name beside `path`; rename it to `path` if the block succeeds.

    If the block fails, the temporary file is deleted and `path` stays as it was. What a killed
    process leaves behind, `sweep` removes.

    Raises:
        UserError: the folder cannot be made or written, the disk is full, `path` is a folder.
    """
    path = Path(path)
    if not path.name or "\0" in str(path):
        raise UserError(f"path must name a file, got {brief(str(path))}; choose another name")
    return _atomic(path)


@contextlib.contextmanager
def _atomic(path: Path) -> Iterator[Path]:
    check_writable(path.parent)
    temporary: Path | None = None
    try:
        temporary = _new_file_beside(path)
        yield temporary
        _give_usual_permissions(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise cannot("write", path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _new_file_beside(path: Path) -> Path:
    # the ending stays, which decides a picture's format; a whole long name would become too long
    handle, name = tempfile.mkstemp(
        dir=path.parent, prefix=TEMPORARY, suffix=f"-{path.name[-40:]}"
    )
    os.close(handle)
    return Path(name)


def _give_usual_permissions(path: Path) -> None:
    """Those of a file from `open`: mkstemp makes private ones, but results are to be shared."""
    # the umask can only be read by setting it
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, 0o666 & ~umask)


def read_bytes(path: Path | str) -> bytes:
    """What a file holds.

    Raises:
        NoSuchFile: there is none.
        UserError: it cannot be read, or is a folder or a pipe.
    """
    try:
        mode = os.stat(path).st_mode
        if not stat.S_ISREG(mode):
            # a pipe would be waited for without end
            raise UserError(f"{path} is no regular file; choose another path")
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise NoSuchFile(f"there is no file {path}; check the path") from None
    except UserError:
        # a UserError is a ValueError, and this one says what is wrong already
        raise
    except (OSError, ValueError) as error:
        # ValueError: a name with a null byte
        raise cannot("read", Path(path), error) from error


def cannot(what: str, path: Path, error: OSError | ValueError) -> UserError:
    """The sentence for a failure of the disk or of the file system.

    Args:
        what: "read" or "write".
    """
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if what == "read":
        way_out = "check the path and its permissions"
    else:
        way_out = "free some space or permit it, or choose another path"
    return UserError(f"cannot {what} {path} ({reason}); {way_out}")


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


def locked(folder: Path | str) -> contextlib.AbstractContextManager[Path]:
    """Hold a folder for oneself, so that two runs do not write into one another's files.

    A killed process holds nothing: the lock is the operating system's. What such a process left
    half-written is removed first.

    Raises:
        UserError: another process, thread or block of this one holds it, or it cannot be made or
            written.
    """
    return _locked(Path(folder))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[Path]:
    from filelock import FileLock, Timeout

    check_writable(folder)
    file = folder / LOCK
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"another run is writing to the folder {folder}; "
            "wait until it is done, or choose another folder"
        ) from None
    except OSError as error:
        raise cannot("write", file, error) from error
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


def write_bytes(path: Path | str, content: bytes) -> Path:
    """Write bytes, whole or not at all.

    What is made by a library is made in memory first: its own way to write a file may hide the
    disk's error behind another one.

    Raises:
        UserError: they cannot be written.
    """
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    return Path(path)
