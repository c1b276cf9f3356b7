"""Where CelebA lies. Nothing here needs torch."""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import UserError
from .sources import roots

# in the folders of `roots`, or those folders themselves
FOLDERS = ("celeba", "celeba-dataset", "CelebA", "")
IMAGES = "img_align_celeba"
# Google Drive's own folder, for those who took it as it is
WITH_IMAGES = ("", "Img")
ENDINGS = (".jpg", ".jpeg", ".png")


def find_celeba(root: str | Path | None = None) -> Path | None:
    """The first folder of `roots(root)` that holds CelebA, or a part of it; None if none does."""
    for each in roots(root):
        for name in FOLDERS:
            folder = each / name
            if images_in(folder) is not None:
                return folder
    return None


def images_in(folder: Path) -> Path | None:
    """The folder or the zip of the images; one that holds none only if there is no other."""
    empty = None
    for name in WITH_IMAGES:
        # the inner one is Kaggle's, or what some programs make when they unpack the zip
        for path in (folder / name / IMAGES / IMAGES, folder / name / IMAGES):
            if os.path.isdir(path):
                if _holds_images(path):
                    return path
                empty = empty or path
        path = folder / name / f"{IMAGES}.zip"
        if os.path.isfile(path):
            return path
    return empty


def _holds_images(folder: Path) -> bool:
    return any(True for _ in pictures_in(folder))


def pictures_in(folder: Path) -> Iterator[str]:
    """The names of the pictures in a folder, in no order.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.lower().endswith(ENDINGS) and not entry.name.startswith("."):
                    yield entry.name
    except OSError as error:
        raise UserError(
            f"cannot read {folder} ({error.strerror}); check its permissions"
        ) from error
