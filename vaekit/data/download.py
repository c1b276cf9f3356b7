"""Data sets from the network, through torchvision, kept as one npz."""
from __future__ import annotations

import contextlib
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..files import atomic, check_writable


def download(dataset: str, path: Path, title: str) -> Path:
    """Fetch a data set and keep it at `path`: an npz loads in a moment the next time.

    Args:
        dataset: the name of a class in torchvision.datasets.
        path: the npz to write: x_train, y_train, x_test and y_test, uint8.
        title: what to call the data set in an error.
    Returns:
        `path`.
    Raises:
        UserError: a folder that cannot be written, no network.
    """
    folder = path.parent
    check_writable(folder)

    import torchvision.datasets

    fetch = getattr(torchvision.datasets, dataset)
    try:
        # a network that swallows packets should not hang a lesson
        with network_timeout(20), tempfile.TemporaryDirectory(dir=folder) as scratch:
            arrays = _both_splits(fetch, scratch)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"{title} is not in {folder} and could not be downloaded ({_reason(error)}). "
            f"Put {path.name} there or use load('fashion'), which is built in."
        ) from error

    with atomic(path) as temporary:
        np.savez_compressed(
            temporary,
            x_train=arrays["x_train"],
            y_train=arrays["y_train"],
            x_test=arrays["x_test"],
            y_test=arrays["y_test"],
        )
    return path


@contextlib.contextmanager
def network_timeout(seconds: float) -> Iterator[None]:
    """Give up on a connection that is silent for so long; only inside the block."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _both_splits(fetch: Callable, scratch: str) -> dict[str, np.ndarray]:
    """The four arrays of an image npz; what torchvision downloads goes to the folder `scratch`."""
    arrays = {}
    for split, train in (("train", True), ("test", False)):
        fetched = fetch(scratch, train=train, download=True)
        arrays[f"x_{split}"] = np.asarray(fetched.data)
        arrays[f"y_{split}"] = np.asarray(fetched.targets, dtype=np.uint8)
    return arrays


def _reason(error: Exception) -> str:
    is_network = isinstance(error, OSError) or "downloading" in str(error).lower()
    return "no network" if is_network else str(error)
