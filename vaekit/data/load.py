"""A data set by name, read or made: `load(name, split)`.

What needs torch is imported when images are loaded: the list of data sets is printed without it.
"""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError, at_least, brief, pick
from .size import check_size
from .sources import SOURCES, Source, built_in_folder, cache_folder, locate, roots, source_of

if TYPE_CHECKING:
    from .images import ImageSet


def load(
    name: str,
    split: str = "train",
    *,
    root: str | Path | None = None,
    limit: int | None = None,
    size: tuple[int, int] | None = None,
) -> ImageSet:
    """A data set by name, in memory.

    Args:
        name: one of SOURCES, or "folder:PATH" for the images in a folder of your own.
            fashion, digits, shapes and faces are built in. fashion_full, mnist and cifar10 are
            looked for as npz files in the folders of `roots(root)`, and downloaded once if they
            are in none of them. celeba is looked for in the same folders and never downloaded;
            where it is not, the error says how to get it. It is for non-commercial research only.
        split: "train" or "test".
        root: a folder to look into before all others.
        limit: at most this many images, the first ones.
        size: (height, width) of the images of faces and celeba, (64, 48) if left out, and of
            folder:PATH, (64, 64) if left out. The other sets have one size.
    Raises:
        UserError: unknown name or split, limit < 1, a size out of range or for a set that has one
            size, a damaged file, no network, a folder that is not there or cannot be written.
    """
    source = source_of(name)
    pick("split", split, ("train", "test"))
    if limit is not None:
        at_least("limit", limit, 1)
    size = size_of(name, size)
    roots(root)

    if source.read is not None:
        images = source.read(split, root=root, limit=limit, size=size)
        # nothing is left out here where `read` has seen to it
        return images if limit is None else images.first(limit)
    images = source.make(split) if source.make else _read(name, split, root)
    return images if limit is None else images.first(limit)


def size_of(name: str, size: tuple[int, int] | None = None) -> tuple[int, int] | None:
    """The (height, width) in which a data set is loaded; None where it has one size.

    Args:
        size: another than the set's usual one.
    Raises:
        UserError: an unknown set, one that has one size, a size out of range.
    """
    source = source_of(name)
    if size is None:
        return source.size
    if source.size is None:
        height, width = source.shape[:2]
        raise UserError(
            f"size {brief(size)} cannot be chosen: the images of {name} are {height}×{width}; "
            "leave size out, or load faces, celeba or folder:PATH"
        )
    return check_size(size)


def _read(name: str, split: str, root: str | Path | None) -> ImageSet:
    import numpy as np
    import torch

    from .images import ImageSet
    from .npz import read_npz

    source = SOURCES[name]
    path = locate(name, root) or _fetch(source, root)
    pixels, labels = read_npz(path, split, source.shape, len(source.classes))

    # (N, H, W) → (N, 1, H, W), (N, H, W, C) → (N, C, H, W)
    x = torch.from_numpy(pixels)
    x = x.unsqueeze(1) if x.ndim == 3 else x.permute(0, 3, 1, 2).contiguous()
    y = torch.from_numpy(labels.astype(np.int64))
    return ImageSet(x, y, source.classes, name)


def _fetch(source: Source, root: str | Path | None) -> Path:
    from .download import download

    if source.file is None or source.download is None:
        raise UserError(
            f"{source.file} is missing from {built_in_folder()}; it belongs to the package, "
            "so reinstall vaekit or restore the file"
        )
    folder = cache_folder() if root is None else roots(root)[0]
    title = source.title.split(",")[0]
    return download(source.download, folder / source.file, title)
