"""Where CelebA lies: its images in a folder or a zip, and its two lists."""
from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError, one_line
from ..files import cannot, read_bytes
from .celeba_find import ENDINGS, find_celeba, images_in, pictures_in
from .download import WEB_PAGE
from .npz import DAMAGED
from .pictures import Content
from .sources import cache_folder, roots

# Google Drive's own folders, for those who took them as they are
WITH_LISTS = ("", "Anno", "Eval")

STEPS = (
    "celeba is not on this computer, and is not downloaded, as its licence is to be agreed to and "
    "Google Drive often refuses; by hand: "
    "(1) from https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, \"Align&Cropped Images\", take "
    "img_align_celeba.zip (1.4 GB), list_attr_celeba.txt and list_eval_partition.txt, or all of "
    "https://www.kaggle.com/datasets/jessicali9530/celeba-dataset, where the lists are .csv; "
    "(2) put them into a folder celeba/ in {folder}, or in the folder that root or $VAEKIT_DATA "
    "names: img_align_celeba.zip may stay packed, Kaggle's archive.zip is to be unpacked there; "
    "(3) check them: vaekit data celeba. "
    "CelebA is for non-commercial research only, and is not to be passed on; "
    "load('faces') is built in and needs none of this"
)


@dataclass(frozen=True)
class Place:
    """Where the images and the lists of CelebA are.

    Attributes:
        images: a folder of pictures, or a zip of them.
        files: a picture's own name → its path in the zip; for a folder, the name again.
        attributes, partition: the lists; None where there is none.
    """

    images: Path
    files: dict[str, str]
    attributes: Path | None
    partition: Path | None

    def facts(self, names: Sequence[str]) -> list[list[object]]:
        """Name, size and time of each file that these pictures are read from.

        Raises:
            UserError: a file that cannot be looked at.
        """
        if self.images.is_file():
            return [_fact(self.images, self.images.name), [*names]]
        return [_fact(self.images / self.files[name], name) for name in names]

    @contextmanager
    def reader(self) -> Iterator[Content]:
        """Gives a function, name → the bytes of that picture, for this block."""
        if not self.images.is_file():
            yield lambda name: read_bytes(self.images / self.files[name])
            return
        with zipfile.ZipFile(self.images) as file:
            yield lambda name: _member(file, self.files[name])


def place(root: str | Path | None = None) -> Place:
    """The images and lists that `load("celeba", root=root)` reads.

    Raises:
        UserError: there are none (the text says how to get them), a zip that is a web page or cut
            short, a folder without images.
    """
    folder = find_celeba(root)
    if folder is None:
        own = roots(root)[0] if root is not None else cache_folder()
        raise UserError(STEPS.format(folder=own))
    images = images_in(folder)
    assert images is not None
    files = _in_zip(images) if images.is_file() else _in_folder(images)
    if not files:
        raise UserError(
            f"{images} holds no image (.jpg); unpack img_align_celeba.zip there, "
            "or put the zip itself beside it and delete the empty folder"
        )
    return Place(
        images, files, _list(folder, "list_attr_celeba"), _list(folder, "list_eval_partition")
    )


def _in_folder(folder: Path) -> dict[str, str]:
    return {name: name for name in sorted(pictures_in(folder))}


def _in_zip(path: Path) -> dict[str, str]:
    """The pictures in a zip, by their own names; nothing is unpacked to the disk."""
    try:
        with open(path, "rb") as file:
            begins = file.read(200)
        if WEB_PAGE.match(begins):
            raise UserError(
                f"{path} is a web page, not the zip; Google Drive shows one when the day's quota "
                "is used up: delete it and download again later, or take Kaggle's"
            )
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except UserError:
        raise
    except PermissionError as error:
        raise cannot("read", path, error) from error
    except DAMAGED as error:
        raise UserError(
            f"{path} is no whole zip ({one_line(error, 80)}; {os.path.getsize(path):,} bytes, the "
            "official one has 1.4 GB); delete it and download it again"
        ) from error
    found = {}
    for member in members:
        name = member.rpartition("/")[2]
        hidden = name.startswith(".") or member.startswith("__MACOSX/")
        if name.lower().endswith(ENDINGS) and not hidden:
            found[name] = member
    return dict(sorted(found.items()))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except RuntimeError as error:
        # how zipfile says that a password is wanted
        raise OSError(str(error)) from error
    except zipfile.BadZipFile as error:
        raise OSError(f"damaged in the zip: {error}") from error


def _list(folder: Path, name: str) -> Path | None:
    for inner in WITH_LISTS:
        for ending in (".txt", ".csv"):
            path = folder / inner / f"{name}{ending}"
            if os.path.isfile(path):
                return path
    return None


def _fact(path: Path, name: str) -> list[object]:
    try:
        found = os.stat(path)
    except OSError as error:
        raise cannot("read", path, error) from error
    return [name, found.st_size, found.st_mtime_ns]
