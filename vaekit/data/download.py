"""Data sets from the network, kept as one npz.

The files are fetched here, over https only, and compared with their MD5; torchvision, which would
go on over http where https fails, finds them in their place and reads them.
"""
from __future__ import annotations

import contextlib
import hashlib
import http.client
import re
import shutil
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError, finite, one_line, pick
from ..files import cannot, check_writable, locked
from .npz import write_npz

# where the files of a torchvision class are; what fails at one place is tried at the next
PLACES = {
    "MNIST": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "FashionMNIST": (
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    "CIFAR10": ("https://www.cs.toronto.edu/~kriz/",),
}

# a network that swallows packets should not hang a lesson
SECONDS = 20

# bytes of one file; CIFAR-10 has 171 million
LARGEST_FILE = 2**29

WEB_PAGE = re.compile(rb"\s*<(!doctype|html|head|\?xml)", re.IGNORECASE)


class _Failure(Exception):
    """Why a file could not be fetched, in a few words for the reader."""


def download(dataset: str, path: Path, title: str) -> Path:
    """Fetch a data set and keep it at `path`: an npz loads in a moment the next time.

    Args:
        dataset: the name of a class in torchvision.datasets.
        path: the npz to write: x_train, y_train, x_test and y_test, uint8.
        title: what to call the data set in an error.
    Returns:
        `path`.
    Raises:
        UserError: a folder that cannot be written or is being downloaded to, no network, an answer
            that is not the file.
    """
    pick("data set to download", dataset, PLACES)
    check_writable(path.parent)

    import torchvision.datasets

    fetch = getattr(torchvision.datasets, dataset)
    # always of that name: the next download removes what a killed one has left
    scratch = path.parent / f".{path.stem}-download"
    try:
        with locked(scratch):
            files = scratch / "files"
            # torchvision would take a half-written file for a whole one
            shutil.rmtree(files, ignore_errors=True)
            try:
                _fetch_files(dataset, fetch, files)
                arrays = _both_splits(fetch, files)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except _Failure as failure:
        raise UserError(
            f"{title} is not in {path.parent} and could not be downloaded ({failure}). "
            f"Try again, put {path.name} there or into the folder $VAEKIT_DATA, "
            "or use load('fashion'), which is built in."
        ) from failure
    except OSError as error:
        raise cannot("write", scratch, error) from error
    return write_npz(path, arrays)


def _fetch_files(dataset: str, fetch: Any, scratch: Path) -> None:
    """Fetch all files of a data set to where its torchvision class looks for them."""
    if hasattr(fetch, "resources"):
        folder = scratch / dataset / "raw"
        names = fetch.resources
    else:
        folder = scratch
        names = [(fetch.filename, fetch.tgz_md5)]

    folder.mkdir(parents=True, exist_ok=True)
    for name, md5 in names:
        _fetch_from_any(PLACES[dataset], folder / name, md5)


def _fetch_from_any(places: tuple[str, ...], file: Path, md5: str) -> None:
    """Fetch a file from the first place that has it.

    Raises:
        _Failure: no place has it.
    """
    reasons = []
    for place in places:
        try:
            _fetch_file(f"{place}{file.name}", file, md5)
            return
        except _Failure as failure:
            reasons.append(str(failure))
    # often the same everywhere; in the order of the places
    raise _Failure("; ".join(dict.fromkeys(reasons)))


def _fetch_file(url: str, file: Path, md5: str) -> None:
    """Fetch a file, and compare its MD5."""
    content = _content(url)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() == md5:
        file.write_bytes(content)
        return
    if WEB_PAGE.match(content):
        raise _Failure(
            "got a web page in place of the file: this network may want you to log in first"
        )
    raise _Failure(f"got {len(content):,} bytes that are not the file")


def _content(url: str) -> bytes:
    """What the network gives for an address.

    Raises:
        _Failure: nothing, or not all of it.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "vaekit"})
    try:
        opener = urllib.request.build_opener(_StaysEncrypted)
        with opener.open(request, timeout=SECONDS) as answer:
            content = answer.read(LARGEST_FILE + 1)
            missing = answer.length
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Failure(_why(error)) from error
    if missing:
        raise _Failure(f"the connection broke off {missing:,} bytes before the end")
    return content


class _StaysEncrypted(urllib.request.HTTPRedirectHandler):
    """Follows no redirection from https to http."""

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any
    ) -> Any:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise urllib.error.URLError("the server goes on without encryption")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _why(error: Exception) -> str:
    """A failure of the network in a few words."""
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {_short(error.reason)}"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, ssl.SSLError):
        return f"no secure connection{_proxy()}: {_short(reason)}"
    if isinstance(reason, TimeoutError):
        return f"no answer in {SECONDS} seconds{_proxy()}"
    if isinstance(reason, (http.client.HTTPException, ValueError)):
        return f"the answer{_proxy()} is no HTTP: {_short(reason) or type(reason).__name__}"
    if isinstance(reason, str) or "Tunnel" in str(reason):
        return f"{_short(reason)}{_proxy()}"
    return f"no network{_proxy()}"


def _proxy() -> str:
    """Through which proxy, if through one; without its password."""
    proxy = urllib.request.getproxies().get("https")
    return f" through the proxy {_short(proxy.split('@')[-1])}" if proxy else ""


def _short(text: object) -> str:
    """What a stranger has sent, in a few words."""
    return one_line(text, 100)


def network_timeout(seconds: float) -> contextlib.AbstractContextManager[None]:
    """Give up on a connection that is silent for so long; only inside the block.

    Raises:
        UserError: seconds are not between 0 and a day.
    """
    return _network_timeout(finite("seconds", seconds, above=0, most=86_400))


@contextlib.contextmanager
def _network_timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _both_splits(fetch: Callable, scratch: Path) -> dict[str, np.ndarray]:
    """The four arrays of an image npz, of the files in the folder `scratch`."""
    arrays = {}
    for split, train in (("train", True), ("test", False)):
        fetched = fetch(str(scratch), train=train, download=True)
        arrays[f"x_{split}"] = np.asarray(fetched.data)
        arrays[f"y_{split}"] = np.asarray(fetched.targets, dtype=np.uint8)
    return arrays
