"""Data sets by name: `load(name, split)`, and where they come from."""
from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ..errors import UserError, at_least, pick
from ..files import atomic, check_writable, read_npz
from .images import ImageSet

DIGITS = tuple("0123456789")
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Source:
    """Where a data set lives and what its images look like."""

    title: str
    file: str | None             # an npz in a root folder; None: made on the fly
    shape: tuple[int, ...]       # of one stored image
    classes: tuple[str, ...]
    download: str | None = None  # the torchvision class that fetches it
    make: Callable[[str], ImageSet] | None = None     # split → the images, where there is no file


SOURCES = {
    "fashion": Source("Fashion-MNIST, 1,000 + 200 a class (built in)", "fashion.npz", (28, 28), FASHION),
    "digits": Source("scikit-learn's digits, enlarged to 28×28 (built in)", None, (28, 28), DIGITS, make=lambda split: _digits(split)),
    "shapes": Source("squares, ellipses, hearts, 10,000 + 2,000 (drawn)", None, (28, 28), ("square", "ellipse", "heart"),
                     make=lambda split: _shapes(split)),
    "fashion_full": Source("Fashion-MNIST, 60,000 + 10,000", "fashion_mnist.npz", (28, 28), FASHION, "FashionMNIST"),
    "mnist": Source("MNIST, 60,000 + 10,000", "mnist.npz", (28, 28), DIGITS, "MNIST"),
    "cifar10": Source("CIFAR-10, 50,000 + 10,000", "cifar10.npz", (32, 32, 3), CIFAR, "CIFAR10"),
}


def load(name: str, split: str = "train", *, root: str | Path | None = None, limit: int | None = None) -> ImageSet:
    """A data set by name, in memory.

    Args:
        name: one of SOURCES: fashion, digits and shapes are built in; fashion_full, mnist and cifar10 are looked for as npz files in `root`,
            in $VAEKIT_DATA, in the package's data folder and in the user cache, and downloaded once if they are nowhere.
        split: "train" or "test".
        limit: at most this many images, the first ones.
    Raises:
        UserError: unknown name or split, a damaged file, no network, a folder that cannot be written.
    """
    source = SOURCES[pick("data set", name, SOURCES)]
    pick("split", split, ("train", "test"))
    if limit is not None:
        at_least("limit", limit, 1)
    loaded = source.make(split) if source.make else _read(name, split, root)
    return loaded if limit is None else loaded.first(limit)


def roots(root: str | Path | None = None) -> list[Path]:
    """The folders that `load` looks into, in order: `root`, $VAEKIT_DATA, the built-in data, the user cache."""
    named = [(root, "root"), (os.environ.get("VAEKIT_DATA"), "VAEKIT_DATA")]
    for folder, origin in named:
        if folder and not Path(folder).expanduser().is_dir():
            raise UserError(f"{origin} names {folder}, which is not a folder; make it, or leave {origin} out")
    return [Path(folder).expanduser() for folder, _ in named if folder] + [built_in_folder(), cache_folder()]


def built_in_folder() -> Path:
    """The repository's data/ folder, or its copy inside an installed package."""
    installed = Path(__file__).parents[1] / "_data"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "data"


def cache_folder() -> Path:
    """Where downloads go: the user's cache, ~/.cache/vaekit on Linux."""
    from platformdirs import user_cache_path

    return user_cache_path("vaekit")


def locate(name: str, root: str | Path | None = None) -> Path | None:
    """The file that `load` would read, or None: made by a library, or not here yet."""
    file = SOURCES[pick("data set", name, SOURCES)].file
    found = [folder / file for folder in roots(root) if file and os.path.isfile(folder / file)]    # Path.is_file raises in a folder one may not enter
    return found[0] if found else None


def _read(name: str, split: str, root) -> ImageSet:
    source = SOURCES[name]
    x, y = read_npz(_find(name, root), split, source.shape, len(source.classes))
    images = torch.from_numpy(x)
    images = images.permute(0, 3, 1, 2).contiguous() if images.ndim == 4 else images.unsqueeze(1)   # NHWC → NCHW, or add C = 1
    return ImageSet(images, torch.from_numpy(y.astype(np.int64)), source.classes, name)


def _find(name: str, root) -> Path:
    return locate(name, root) or _download(name, Path(root).expanduser() if root else cache_folder())


def _download(name: str, folder: Path) -> Path:
    """Fetch through torchvision and keep one npz: the format that loads in a moment next time."""
    source = SOURCES[name]
    if source.download is None:
        raise UserError(f"{source.file} is missing from {built_in_folder()}; it belongs to the package, so reinstall vaekit or restore the file")
    check_writable(folder)
    import torchvision.datasets

    patience = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(20)          # a network that swallows packets should not hang a lesson
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            splits = [getattr(torchvision.datasets, source.download)(scratch, train=train, download=True) for train in (True, False)]
            (x_train, y_train), (x_test, y_test) = ((np.asarray(s.data), np.asarray(s.targets, dtype=np.uint8)) for s in splits)
    except (OSError, RuntimeError) as error:
        raise UserError(f"{source.title.split(',')[0]} is not in {folder} and could not be downloaded ({_reason(error)}). "
                        f"Put {source.file} there or use load('fashion'), which is built in.") from error
    finally:
        socket.setdefaulttimeout(patience)
    with atomic(folder / source.file) as temporary:
        np.savez_compressed(temporary, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return folder / source.file


def _reason(error: Exception) -> str:
    network = isinstance(error, OSError) or "downloading" in str(error).lower()
    return "no network" if network else str(error)


def _digits(split: str) -> ImageSet:
    """1,797 digits of 8×8, enlarged to 24×24 and padded to 28×28 so that every 28×28 model takes them: 1,437 to train, 360 to test."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    small = torch.from_numpy(digits.images).float().unsqueeze(1) / 16
    large = torch.nn.functional.interpolate(small, scale_factor=3, mode="bilinear", align_corners=False)
    x = torch.nn.functional.pad(large, (2, 2, 2, 2)).mul(255).round().byte()
    part = slice(None, 1437) if split == "train" else slice(1437, None)
    return ImageSet(x[part], torch.from_numpy(digits.target[part].astype(np.int64)), DIGITS, "digits")


def _shapes(split: str) -> ImageSet:
    from .shapes import shapes

    return shapes(10_000 if split == "train" else 2_000, split)
