"""Which data sets there are, and where their files lie. Nothing here needs torch."""
from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UserError, brief, pick
from .names import CELEBA, CIFAR, DIGITS, FACES, FASHION, SHAPES

if TYPE_CHECKING:
    from .images import ImageSet

# what the name of a data set begins with that is a folder of the user's own images
FOLDER = "folder:"


@dataclass(frozen=True)
class Source:
    """Where a data set comes from, and what its images look like.

    Attributes:
        title: its name and size, for a reader.
        file: an npz in one of the folders that `load` looks into; None if `make` makes it.
        shape: of one stored image, (28, 28) or (32, 32, 3).
        classes: the names of its classes or attributes, in the order of the labels; empty where
            only the images themselves can tell.
        download: the torchvision class that fetches it; None if it belongs to the package.
        make: split → the images, where there is no file.
        size: (height, width) of its images where `load` is given no other; None where they have
            one size only.
        read: the images of a set whose size can be chosen, called with (split, root=, limit=,
            size=).
        place: root → the folder that `read` reads, or None if it is not there; left out where
            nothing has to be there.
        has_attributes: `classes` are attributes, of which an image may have several.
    """

    title: str
    file: str | None
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    download: str | None = None
    make: Callable[[str], Any] | None = None
    size: tuple[int, int] | None = None
    read: Callable[..., Any] | None = None
    place: Callable[[Any], Path | None] | None = None
    has_attributes: bool = False


def _digits(split: str) -> ImageSet:
    from .digits import digits

    return digits(split)


def _shapes(split: str) -> ImageSet:
    from .shapes import shapes

    return shapes(10_000 if split == "train" else 2_000, split)


def _faces(
    split: str, *, root: Any, size: tuple[int, int], limit: int | None = None
) -> ImageSet:
    from .drawn import drawn_faces

    return drawn_faces(split, size, limit)


def _biased(split: str, *, size: tuple[int, int], **other: Any) -> ImageSet:
    from .biased import biased_faces

    return biased_faces(split, size)


def _balanced(split: str, *, size: tuple[int, int], **other: Any) -> ImageSet:
    from .biased import balanced_faces

    return balanced_faces(split, size)


def _celeba(split: str, **how: Any) -> ImageSet:
    from .celeba import celeba

    return celeba(split, **how)


def _find_celeba(root: str | Path | None) -> Path | None:
    from .celeba_find import find_celeba

    return find_celeba(root)


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
    "faces": Source(
        "faces with attributes, 12,000 + 2,000 (drawn)",
        file=None,
        shape=(64, 48, 3),
        classes=FACES,
        size=(64, 48),
        read=_faces,
        has_attributes=True,
    ),
    "faces_biased": Source(
        "faces with a planted bias, 3,000 + 2,000 (drawn)",
        file=None,
        shape=(64, 48, 3),
        classes=FACES,
        size=(64, 48),
        read=_biased,
        has_attributes=True,
    ),
    "faces_balanced": Source(
        "the same faces, resampled against the bias (drawn)",
        file=None,
        shape=(64, 48, 3),
        classes=FACES,
        size=(64, 48),
        read=_balanced,
        has_attributes=True,
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
    "celeba": Source(
        "CelebA, 162,770 + 19,962 or a part (by hand)",
        file=None,
        shape=(64, 48, 3),
        classes=CELEBA,
        size=(64, 48),
        read=_celeba,
        place=_find_celeba,
        has_attributes=True,
    ),
}


def source_of(name: str) -> Source:
    """The row of SOURCES of that name, or one made for "folder:PATH".

    Raises:
        UserError: an unknown name, or "folder:" without a path.
    """
    if not name.startswith(FOLDER):
        # in the list, as nobody could guess it
        return SOURCES[pick("data set", name, [*SOURCES, f"{FOLDER}PATH"])]
    path = name.removeprefix(FOLDER)
    if not path.strip():
        raise UserError(f"data set {name!r} names no folder; write {FOLDER}PATH")

    def read(split: str, *, root: Any, **how: Any) -> ImageSet:
        from .folder import own_images

        return own_images(path, split, **how)

    def place(root: str | Path | None) -> Path | None:
        folder = _expanded(path)
        return folder if os.path.isdir(folder) else None

    return Source(
        f"your own images in {path}",
        file=None,
        shape=(64, 64, 3),
        classes=(),
        size=(64, 64),
        read=read,
        place=place,
    )


def folder_of(name: str) -> Path:
    """The folder that "folder:PATH" names, in which ~ stands for a home.

    Raises:
        UserError: there is no such folder.
    """
    path = name.removeprefix(FOLDER)
    folder = _expanded(path)
    if not path.strip() or not os.path.isdir(folder):
        raise UserError(
            f"data set name {brief(name)} names {brief(path)}, which is not a folder; "
            f"check the path, or write {FOLDER} and the path of a folder of images"
        )
    return folder


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
    path = _expanded(name)
    # not Path.is_dir, which raises for a name that is too long; and Path("") is the current folder
    if not str(name) or not os.path.isdir(path):
        raise UserError(
            f"{origin} names {brief(str(name))}, which is not a folder; "
            f"make it, or leave {origin} out"
        )
    return path


def _expanded(name: str | Path) -> Path:
    return Path(os.path.expanduser(name))


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
    """The file or folder that `load` would read.

    None if the set is made by a library, or not here yet.
    """
    source = source_of(name)
    folders = roots(root)
    if source.place is not None:
        return source.place(root)
    if source.file is None:
        return None

    for folder in folders:
        path = folder / source.file
        # not Path.is_file, which raises in a folder that one may not enter
        if os.path.isfile(path):
            return path
    return None


def is_here(name: str, root: str | Path | None = None) -> bool:
    """Whether `load` needs no network, and nothing that somebody first has to put somewhere."""
    source = source_of(name)
    roots(root)
    is_made = source.file is None and source.place is None
    return is_made or locate(name, root) is not None
