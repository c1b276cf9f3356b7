"""Images in memory: `load(name, split)`, and where they come from.

Every data set is one tensor that stays in memory; a batch is an index into it. At 28×28 that is several times faster than a
DataLoader, which fetches, transforms and collates image by image (benchmarks/training_speed.py).
"""
from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .errors import UserError, at_least, pick
from .files import atomic, check_labels, check_writable, read_npz

DIGITS = tuple("0123456789")
FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Source:
    """Where a data set lives and what its images look like."""

    title: str
    file: str | None             # an npz in a root folder; None: made from a library
    shape: tuple[int, ...]       # of one stored image
    classes: tuple[str, ...]
    download: str | None = None  # the torchvision class that fetches it


SOURCES = {
    "fashion": Source("Fashion-MNIST, 1,000 + 200 a class (built in)", "fashion.npz", (28, 28), FASHION),
    "digits": Source("scikit-learn's digits, enlarged to 28×28 (built in)", None, (28, 28), DIGITS),
    "fashion_full": Source("Fashion-MNIST, 60,000 + 10,000", "fashion_mnist.npz", (28, 28), FASHION, "FashionMNIST"),
    "mnist": Source("MNIST, 60,000 + 10,000", "mnist.npz", (28, 28), DIGITS, "MNIST"),
    "cifar10": Source("CIFAR-10, 50,000 + 10,000", "cifar10.npz", (32, 32, 3), CIFAR, "CIFAR10"),
}


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Images and labels in memory.

    Attributes:
        x: (N, C, H, W), uint8, or float32 in [0, 1]. Read it through `images()`, which always gives float32 in [0, 1].
        y: (N,) int64, positions in `classes`.
    """

    x: Tensor
    y: Tensor
    classes: tuple[str, ...] = DIGITS
    name: str = "images"

    def __post_init__(self):
        if self.x.ndim != 4:
            raise UserError(f"images have shape (N, C, H, W), got {tuple(self.x.shape)}")
        if self.y.shape != (len(self.x),):
            raise UserError(f"one label an image is needed: {len(self.x)} images, labels of shape {tuple(self.y.shape)}")
        if self.x.dtype != torch.uint8:
            check_images(self.x)
        check_labels(self.y, len(self.classes))

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        return f"ImageSet({self.name}: {len(self):,} images of {'×'.join(map(str, self.shape))}, {len(self.classes)} classes)"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        return tuple(self.x.shape[1:])

    def images(self, index=slice(None)) -> Tensor:
        """Some images, or all: float32 in [0, 1], (n, C, H, W)."""
        x = self.x[index]
        return x.float().div_(255) if x.dtype == torch.uint8 else x.float()

    def to(self, device) -> ImageSet:
        return ImageSet(self.x.to(device), self.y.to(device), self.classes, self.name)

    def first(self, limit: int) -> ImageSet:
        """The first `limit` images, in the stored order (all of them if there are fewer)."""
        limit = at_least("limit", limit, 1)
        return ImageSet(self.x[:limit], self.y[:limit], self.classes, self.name)

    def only(self, *names: str) -> ImageSet:
        """The images of the named classes; labels keep their meaning."""
        wanted = torch.tensor([self.classes.index(pick("class", name, self.classes)) for name in names], device=self.y.device)
        keep = torch.isin(self.y, wanted)
        return ImageSet(self.x[keep], self.y[keep], self.classes, self.name)

    def batches(self, size: int, *, shuffle: bool = False, generator: torch.Generator | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """(images, labels) a batch at a time; the last one may be smaller."""
        size = at_least("batch_size", size, 1)
        order = torch.randperm(len(self), generator=generator) if shuffle else torch.arange(len(self))
        for index in order.to(self.x.device).split(size):
            yield self.images(index), self.y[index]


def check_images(x: Tensor) -> Tensor:
    """`x`, if it is float and within [0, 1]; else a UserError that says which value is not.

    Images are float32 in [0, 1] everywhere outside a model. A Bernoulli likelihood of a pixel at −1 or 255 means nothing, yet trains silently.
    """
    if not x.is_floating_point():
        raise UserError(f"images are float in [0, 1], got {x.dtype}; divide uint8 pixels by 255")
    low, high = (v.item() for v in x.detach().aminmax())
    if not (low >= 0 and high <= 1):                       # written so that NaN is refused too
        raise UserError(f"images must lie in [0, 1], got values from {low:.3g} to {high:.3g}; rescale them first")
    return x


def load(name: str, split: str = "train", *, root: str | Path | None = None, limit: int | None = None) -> ImageSet:
    """A data set by name, in memory.

    Args:
        name: one of SOURCES: fashion and digits are built in; fashion_full, mnist and cifar10 are looked for as npz files in `root`,
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
    x, y = _digits(split) if source.file is None else read_npz(_find(name, root), split, source.shape, len(source.classes))
    images = torch.from_numpy(x)
    images = images.permute(0, 3, 1, 2).contiguous() if images.ndim == 4 else images.unsqueeze(1)   # NHWC → NCHW, or add C = 1
    loaded = ImageSet(images, torch.from_numpy(y.astype(np.int64)), source.classes, name)
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
    installed = Path(__file__).parent / "_data"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "data"


def cache_folder() -> Path:
    """Where downloads go: the user's cache, ~/.cache/vaekit on Linux."""
    from platformdirs import user_cache_path

    return user_cache_path("vaekit")


def locate(name: str, root: str | Path | None = None) -> Path | None:
    """The file that `load` would read, or None: made by a library, or not here yet."""
    file = SOURCES[pick("data set", name, SOURCES)].file
    found = [folder / file for folder in roots(root) if file and os.path.isfile(folder / file)]    # Path.is_file raises in a folder one may not enter
    return found[0] if found else None


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


def _digits(split: str) -> tuple[np.ndarray, np.ndarray]:
    """1,797 digits of 8×8, enlarged to 24×24 and padded to 28×28 so that every 28×28 model takes them: 1,437 to train, 360 to test."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    small = torch.from_numpy(digits.images).float().unsqueeze(1) / 16
    large = torch.nn.functional.interpolate(small, scale_factor=3, mode="bilinear", align_corners=False)
    x = torch.nn.functional.pad(large, (2, 2, 2, 2)).mul(255).round().byte().squeeze(1).numpy()
    part = slice(None, 1437) if split == "train" else slice(1437, None)
    return x[part], digits.target[part]


def as_image_set(images: ImageSet | Tensor) -> ImageSet:
    """An ImageSet as it is; a tensor of images (N, C, H, W), uint8 or in [0, 1], as a set without classes."""
    if isinstance(images, ImageSet):
        return images
    return ImageSet(images, torch.zeros(len(images), dtype=torch.int64), ("image",))
