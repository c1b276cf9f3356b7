"""Which data sets there are, and where their files lie. Nothing here needs torch."""
from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError, brief, pick

if TYPE_CHECKING:
    from .images import ImageSet

FASHION = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
CIFAR = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
DIGITS = tuple("0123456789")
SHAPES = ("square", "ellipse", "heart")


@dataclass(frozen=True)
class Source:
    """Where a data set comes from, and what its images look like.

    Attributes:
        title: its name and size, for a reader.
        file: an npz in one of the folders that `load` looks into; None if `make` makes it.
        shape: of one stored image, (28, 28) or (32, 32, 3).
        classes: the names of its classes, in the order of the labels.
        download: the torchvision class that fetches it; None if it belongs to the package.
        make: split → the images, where there is no file.
    """

    title: str
    file: str | None
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    download: str | None = None
    make: Callable[[str], Any] | None = None


def _digits(split: str) -> ImageSet:
    from .digits import digits

    return digits(split)


def _shapes(split: str) -> ImageSet:
    from .shapes import shapes

    return shapes(10_000 if split == "train" else 2_000, split)


SOURCES = {
    "fashion": Source(
        "Fashion-MNIST, 1,000 + 200 per class (built in)",
        file="fashion.npz",
        shape=(28, 28),
        classes=FASHION,
    ),
    "digits": Source(
        "scikit-learn's digits, enlarged to 28×28 (built in)",
        file=None,
        shape=(28, 28),
        classes=DIGITS,
        make=_digits,
    ),
    "shapes": Source(
        "squares, ellipses, hearts, 10,000 + 2,000 (drawn)",
        file=None,
        shape=(28, 28),
        classes=SHAPES,
        make=_shapes,
    ),
    "fashion_full": Source(
        "Fashion-MNIST, 60,000 + 10,000",
        file="fashion_mnist.npz",
        shape=(28, 28),
        classes=FASHION,
        download="FashionMNIST",
    ),
    "mnist": Source(
        "MNIST, 60,000 + 10,000",
        file="mnist.npz",
        shape=(28, 28),
        classes=DIGITS,
        download="MNIST",
    ),
    "cifar10": Source(
        "CIFAR-10, 50,000 + 10,000",
        file="cifar10.npz",
        shape=(32, 32, 3),
        classes=CIFAR,
        download="CIFAR10",
    ),
}


def roots(root: str | Path | None = None) -> list[Path]:
    """The folders that `load` looks into, in order.

    They are `root`, $VAEKIT_DATA, the built-in data, the user cache.

    Raises:
        UserError: `root` or $VAEKIT_DATA is not a folder.
    """
    folders = []
    if root is not None:
        folders.append(_folder(root, "root"))
    # set to nothing, a variable counts as not set
    if os.environ.get("VAEKIT_DATA"):
        folders.append(_folder(os.environ["VAEKIT_DATA"], "VAEKIT_DATA"))
    return [*folders, built_in_folder(), cache_folder()]


def _folder(name: str | Path, origin: str) -> Path:
    """The folder of that name, in which ~ stands for a home."""
    path = Path(os.path.expanduser(name))
    # not Path.is_dir, which raises for a name that is too long; and Path("") is the current folder
    if not str(name) or not os.path.isdir(path):
        raise UserError(
            f"{origin} names {brief(str(name))}, which is not a folder; "
            f"make it, or leave {origin} out"
        )
    return path


def built_in_folder() -> Path:
    """The repository's data/ folder, or its copy inside an installed package."""
    installed = Path(__file__).parents[1] / "_data"
    if installed.is_dir():
        return installed
    return Path(__file__).parents[2] / "data"


def cache_folder() -> Path:
    """Where downloads go: the user's cache, ~/.cache/vaekit on Linux."""
    from platformdirs import user_cache_path

    return user_cache_path("vaekit")


def locate(name: str, root: str | Path | None = None) -> Path | None:
    """The file that `load` would read; None if the set is made by a library, or not here yet."""
    source = SOURCES[pick("data set", name, SOURCES)]
    folders = roots(root)
    if source.file is None:
        return None

    for folder in folders:
        path = folder / source.file
        # not Path.is_file, which raises in a folder that one may not enter
        if os.path.isfile(path):
            return path
    return None
