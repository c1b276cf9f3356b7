"""Little made-up folders of pictures: CelebA in its official form and Kaggle's, a user's own."""
from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SMALL = ("Bald", "Eyeglasses", "Smiling")


def encoded(pixels: np.ndarray, kind: str = "png", **options: object) -> bytes:
    """Pixels (H, W) or (H, W, C) as the content of a picture file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def colour(level: int, height: int = 218, width: int = 178) -> np.ndarray:
    """A picture of one colour, (level, 100, 50)."""
    return np.broadcast_to(np.array([level, 100, 50], np.uint8), (height, width, 3)).copy()


def face(number: int) -> bytes:
    """A JPEG of CelebA's size whose red tells its number."""
    return encoded(colour(number % 25 * 10), "jpeg", quality=95)


def name_of(number: int) -> str:
    return f"{number:06d}.jpg"


def attributes_of(number: int, count: int) -> list[int]:
    """Made-up attributes, −1 or 1: the digits of the number in the binary system."""
    return [1 if number >> k & 1 else -1 for k in range(count)]


def write_lists(
    folder: Path,
    numbers: Sequence[int],
    *,
    parts: Sequence[int] | None = None,
    names: Sequence[str] = SMALL,
    kaggle: bool = False,
    newline: str = "\n",
) -> None:
    """Both lists of these images; every third is a test image where no parts are given."""
    if parts is None:
        parts = [2 if number % 3 == 0 else 0 for number in numbers]
    comma = "," if kaggle else " "
    rows = []
    for number in numbers:
        rows.append(comma.join([name_of(number), *map(str, attributes_of(number, len(names)))]))
    eval_rows = [f"{name_of(number)}{comma}{part}" for number, part in zip(numbers, parts)]
    if kaggle:
        rows = [",".join(["image_id", *names]), *rows]
        eval_rows = ["image_id,partition", *eval_rows]
    else:
        rows = [str(len(numbers)), " ".join(names) + " ", *rows]

    ending = "csv" if kaggle else "txt"
    for what, lines in (("attr_celeba", rows), ("eval_partition", eval_rows)):
        text = newline.join([*lines, ""])
        (folder / f"list_{what}.{ending}").write_bytes(text.encode())


def write_celeba(
    root: Path,
    numbers: Sequence[int] = tuple(range(1, 13)),
    *,
    folder: str = "celeba",
    images: str = "img_align_celeba",
    zipped: bool = False,
    **lists: object,
) -> Path:
    """A little CelebA in root/folder; returns that folder."""
    place = root / folder
    place.mkdir(parents=True, exist_ok=True)
    write_lists(place, numbers, **lists)  # type: ignore[arg-type]
    contents = {name_of(number): face(number) for number in numbers}
    if zipped:
        with zipfile.ZipFile(place / "img_align_celeba.zip", "w") as file:
            for name, content in contents.items():
                file.writestr(f"img_align_celeba/{name}", content)
        return place
    write_all(place / images, contents)
    return place


def write_all(folder: Path, contents: dict[str, bytes]) -> Path:
    """Files by their names, "inner/name.png" too."""
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def grey(level: int, height: int = 20, width: int = 20) -> np.ndarray:
    return np.full((height, width), level, np.uint8)
