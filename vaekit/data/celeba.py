"""CelebA where it is on the disk: faces of celebrities with 40 attributes, cropped and resized.

For non-commercial research only, and not to be passed on: neither images of it, nor weights trained
on it, belong into a repository.
"""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from ..errors import UserError, at_least, pick
from . import pictures
from .cache import kept
from .celeba_files import Place, place
from .celeba_lists import PARTS, Attributes, numbered, partition, rows_of
from .images import ImageSet
from .notices import notice
from .size import check_size


def celeba(
    split: str = "train",
    *,
    root: str | Path | None = None,
    limit: int | None = None,
    size: tuple[int, int] = (64, 48),
) -> ImageSet:
    """CelebA's aligned faces, in colour: 162,770 to train on, or 19,962 to test on.

    Read from the official folder or zip, or any part of it, of `roots(root)`. Of each 218×178 image
    the largest part of the proportions of `size` is kept, from its middle: 218×163.5 for 64×48,
    178×178 for 64×64. The first time this takes about two minutes for all 162,770; the result
    is kept in the cache, and takes memory of 3 · height · width bytes an image, 1.5 GB at 64×48.

    An image that one of the lists does not name is left out, and so is a damaged file; a `Notice`
    says how many. Without list_eval_partition the parts go by the number in a file's name, as the
    official ones do; without list_attr_celeba there are no labels. The validation part (1) of the
    list is not used.

    Args:
        split: "train" or "test", parts 0 and 2 of list_eval_partition.
        root: a folder to look into before all others.
        limit: the first so many images; no others are read.
        size: (height, width) of the images.
    Returns:
        x (N, 3, height, width) uint8, y (N, 40) of 0 and 1, which the lists write as −1 and 1.
    Raises:
        UserError: it is not on this computer (the text says how to get it), a web page in place
            of a file, a cut zip, a damaged list, a list that leads out of the folder, a split
            without images, a size or limit out of range.
    Source:
        Liu, Luo, Wang, Tang, "Deep Learning Face Attributes in the Wild", ICCV 2015.
    """
    pick("split", split, PARTS)
    size = check_size(size)
    if limit is not None:
        at_least("limit", limit, 1)

    where = place(root)
    attributes = None if where.attributes is None else Attributes(where.attributes)
    names = _chosen(where, attributes, split)[:limit]

    read, skipped = _pixels(where, names, split, size)
    pictures.say_skipped("celeba", skipped, len(names))
    found = [name for name, is_read in zip(names, read["read"]) if is_read]

    x = torch.from_numpy(read["x"])
    if attributes is None:
        return ImageSet(x, torch.zeros(len(x), 0, dtype=torch.int64), (), "celeba")
    y = torch.from_numpy(attributes.values(found))
    return ImageSet(x, y, attributes.names, "celeba")


def _chosen(where: Place, attributes: Attributes | None, split: str) -> list[str]:
    """The files of a part that are there, and in the lists, by name."""
    if where.partition is None:
        notice(
            f"celeba: no list_eval_partition beside {where.images}, so the parts go by the numbers "
            "of the files: up to 162770 to train on, from 182638 on to test on"
        )
        parts = numbered(list(where.files))
    else:
        parts = partition(where.partition)

    if attributes is None:
        notice(
            f"celeba: no list_attr_celeba beside {where.images}, so the images have no labels"
        )
        listed = set(parts)
    else:
        listed = parts.keys() & attributes.rows.keys()

    present = listed & where.files.keys()
    _say_missing(where, len(parts.keys() - where.files.keys()), len(where.files) - len(present))
    names = [name for name in rows_of(parts, split) if name in present]
    if not names:
        raise UserError(
            f"celeba: of the {len(where.files):,} images in {where.images} none is in the part "
            f"{split!r} of the lists ({len(present):,} are in any part); "
            "put more of CelebA there, or the lists that belong to it"
        )
    return names


def _say_missing(where: Place, not_there: int, not_listed: int) -> None:
    if not_there:
        notice(
            f"celeba: {not_there:,} images that list_eval_partition names are not in "
            f"{where.images}; the others are used"
        )
    if not_listed:
        notice(
            f"celeba: {not_listed:,} of {len(where.files):,} images in {where.images} are not in "
            "the lists and are left out"
        )


def _pixels(
    where: Place, names: list[str], split: str, size: tuple[int, int]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The images of these files, of the cache if they were read before, and what was skipped."""

    def make() -> dict[str, np.ndarray]:
        with where.reader() as content:
            read = pictures.read_pictures(names, content, size, title="celeba")
        skipped = np.array(json.dumps(read.skipped))
        return {"x": read.x, "read": read.read, "skipped": skipped}

    made_of = {
        "data": "celeba",
        "files": where.facts(names),
        "size": size,
        "version": [pictures.VERSION, pictures.Image.__version__],
    }
    found = kept(f"celeba-{split}-{len(names)}-{size[0]}x{size[1]}", made_of, make)
    return found, json.loads(str(found["skipped"]))
