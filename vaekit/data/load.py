"""A data set by name, read or made: `load(name, split)`.

What needs torch is imported when images are loaded: the list of data sets is printed without it.
"""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError, at_least, pick
from .sources import SOURCES, Source, built_in_folder, cache_folder, locate, roots

if TYPE_CHECKING:
    from .images import ImageSet


def load(
    name: str,
    split: str = "train",
    *,
    root: str | Path | None = None,
    limit: int | None = None,
) -> ImageSet:
    """A data set by name, in memory.

    Args:
        name: one of SOURCES. fashion, digits and shapes are built in. fashion_full, mnist and
            cifar10 are looked for as npz files in the folders of `roots(root)`, and downloaded
            once if they are in none of them.
        split: "train" or "test".
        root: a folder to look into before all others.
        limit: at most this many images, the first ones.
    Raises:
        UserError: unknown name or split, limit < 1, a damaged file, no network, a folder that
            cannot be written.
    """
    source = SOURCES[pick("data set", name, SOURCES)]
    pick("split", split, ("train", "test"))
    if limit is not None:
        at_least("limit", limit, 1)
    roots(root)

    images = source.make(split) if source.make else _read(name, split, root)
    return images if limit is None else images.first(limit)


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
