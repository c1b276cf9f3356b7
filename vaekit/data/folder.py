"""`load("folder:PATH")`: a user's own images, as a data set like any other."""
from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ..errors import UserError, at_least, one_line, pick
from ..files import cannot, read_bytes
from . import pictures
from .cache import kept
from .folder_labels import ATTRIBUTES, Labels, labels_of
from .images import ImageSet
from .notices import notice
from .size import check_size
from .sources import FOLDER, folder_of

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
SPLITS = ("train", "test")
# without folders train/ and test/, one image in so many is a test image
TEST_SHARE = 5


def own_images(
    path: str,
    split: str = "train",
    *,
    limit: int | None = None,
    size: tuple[int, int] = (64, 64),
) -> ImageSet:
    """The images of a folder, PNG, JPEG, WebP or BMP, all of one size.

    Labels, the first of these that is there:

    - attributes.csv in the folder: a line `file,NAME,NAME…`, then for each image its file name and
      0 or 1 (or −1 or 1) for each attribute;
    - subfolders, two or more: one for each class, in alphabetical order;
    - neither: images without labels.

    Split: if there are subfolders train/ and test/, each holds its part, with labels as above.
    Otherwise about every fifth image is a test image, which ones depends on their file names alone.

    Of each picture the largest part of the proportions of `size` is kept, from its middle, and
    resized. If all are grey, the images have one channel, else three. A camera's note on which side
    is up is followed, and what is transparent becomes white. The images are kept in the cache; a
    file that is changed is read again. Files that are no pictures are left out, and a `Notice`
    names them.

    Args:
        path: the folder; ~ stands for your home.
        split: "train" or "test".
        limit: the first so many images, by name; of the others it is only looked at whether they
            have colour.
        size: (height, width) of the images.
    Raises:
        UserError: no such folder, no image in it, or none in a split, a damaged attributes.csv, a
            size or limit out of range.
    """
    pick("split", split, SPLITS)
    size = check_size(size)
    if limit is not None:
        at_least("limit", limit, 1)
    title = f"{FOLDER}{path}"
    folder = folder_of(title)

    part, names, others = _part_of(folder, split)
    parts = [folder] if part == folder else [folder / name for name in SPLITS]
    labels = labels_of(part, names, _all_classes(parts))
    chosen = list(labels.names)
    if part == folder:
        chosen = [name for name in chosen if is_test(name) == (split == "test")]
    if not chosen:
        raise UserError(
            f"{title} has {len(names):,} images, but none for {split!r}; put more images there, "
            f"or make folders {folder / 'train'} and {folder / 'test'}"
        )

    x, found, skipped = _pixels(part, chosen[:limit], title, size, _channels(parts))
    _say_left_out(title, others, skipped, len(found) + len(skipped), labels)
    return ImageSet(x, torch.from_numpy(labels.of(found)), labels.classes, title)


def is_test(name: str) -> bool:
    """Whether an image is a test image, by its file name alone: it stays one whatever is added.

    Args:
        name: of the file, without the folders it is in.
    """
    own = name.rpartition("/")[2]
    digest = hashlib.sha256(own.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") % TEST_SHARE == 0


def _part_of(folder: Path, split: str) -> tuple[Path, list[str], list[str]]:
    """The folder that a split is in, and its images and its other files."""
    halves = [name for name in SPLITS if os.path.isdir(folder / name)]
    part = folder / split if len(halves) == len(SPLITS) else folder
    names, others = _files_in(part)
    if not names:
        raise UserError(
            f"{FOLDER}{part} holds no image ({', '.join(ENDINGS)}); "
            "put images there, or one folder of them for each class"
        )
    return part, names, others


def _files_in(folder: Path) -> tuple[list[str], list[str]]:
    """The images in a folder and its subfolders, "class/name.png", and the files of other kinds."""
    names: list[str] = []
    others: list[str] = []

    def refuse(error: OSError) -> None:
        raise cannot("read", Path(error.filename or folder), error)

    # a class may be a link to a folder elsewhere, and a link may lead back to where it is
    seen = {os.path.realpath(folder)}

    def is_new(path: str) -> bool:
        real = os.path.realpath(path)
        is_known = real in seen
        seen.add(real)
        return not is_known

    for inner, folders, files in os.walk(folder, onerror=refuse, followlinks=True):
        # hidden ones are no classes: .ipynb_checkpoints, .git
        shown = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        folders[:] = [name for name in shown if is_new(os.path.join(inner, name))]
        within = Path(inner).relative_to(folder)
        for name in sorted(files):
            if name.startswith(".") or name in ("Thumbs.db", "desktop.ini", ATTRIBUTES):
                continue
            path = (within / name).as_posix()
            (names if name.lower().endswith(ENDINGS) else others).append(path)
    return names, others


def _all_classes(parts: Sequence[Path]) -> list[str]:
    """The classes of all parts: a class that has no test images keeps its place."""
    found = set()
    for part in parts:
        names, _ = _files_in(part)
        found |= {name.partition("/")[0] for name in names if "/" in name}
    return sorted(found)


def _channels(parts: Sequence[Path]) -> int:
    """1 if no picture of any part has colour, else 3: both splits have the same shape."""
    files = []
    for part in parts:
        files += [part / name for name in _files_in(part)[0]]

    def make() -> dict[str, np.ndarray]:
        return {"channels": np.array(3 if any(map(_has_colour, files)) else 1)}

    made_of = {"data": "channels of a folder", "files": [_fact(path, str(path)) for path in files]}
    return int(kept("channels", made_of, make)["channels"])


def _has_colour(path: Path) -> bool:
    """Whether a picture has colour; a damaged one counts for nothing."""
    try:
        return not pictures.is_grey(read_bytes(path))
    except (UserError, *pictures.DAMAGED):
        return False


def _pixels(
    folder: Path, names: Sequence[str], title: str, size: tuple[int, int], channels: int
) -> tuple[torch.Tensor, list[str], list[str]]:
    """Images, the files that they were read from, and what could not be read."""

    def content(name: str) -> bytes:
        return read_bytes(folder / name)

    def make() -> dict[str, np.ndarray]:
        read = pictures.read_pictures(names, content, size, channels=channels, title=title)
        return {"x": read.x, "read": read.read, "skipped": np.array(json.dumps(read.skipped))}

    made_of = {
        "data": "folder",
        "folder": os.path.realpath(folder),
        "files": [_fact(folder / name, name) for name in names],
        "size": [channels, *size],
        "version": [pictures.VERSION, pictures.Image.__version__],
    }
    kept_name = f"folder-{folder.name}-{len(names)}-{size[0]}x{size[1]}"
    found = kept(kept_name, made_of, make)
    read = [name for name, is_read in zip(names, found["read"]) if is_read]
    return torch.from_numpy(found["x"]), read, json.loads(str(found["skipped"]))


def _fact(path: Path, name: str) -> list[object]:
    try:
        found = os.stat(path)
    except OSError:
        # a link that leads nowhere: it is skipped where it is read
        return [name, None, None]
    return [name, found.st_size, found.st_mtime_ns]


def _say_left_out(
    title: str, others: Sequence[str], skipped: Sequence[str], of: int, labels: Labels
) -> None:
    """Warn of all that was left out, by number and by the first names."""
    if others:
        kinds = Counter(Path(name).suffix or "no ending" for name in others)
        told = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common(3))
        shown = ", ".join(one_line(name, 60) for name in others[: pictures.NAMED])
        notice(
            f"{title}: {len(others):,} files are no pictures and are left out ({told}): {shown}"
            + ("…" if len(others) > pictures.NAMED else "")
        )
    for sentence in labels.left_out:
        notice(f"{title}: {sentence}")
    pictures.say_skipped(title, skipped, of)
