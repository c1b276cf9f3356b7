"""Picture files as images of one size: cropped, resized, the damaged ones left out and named."""
from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from ..errors import UserError, one_line, pick
from .notices import notice
from .size import check_size

# part of what a kept file is made of: another number where the pixels come out otherwise
VERSION = 1

# what Pillow raises where a picture is cut short, altered, or something else
DAMAGED = (
    OSError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

# name → the bytes of that file
Content = Callable[[str], bytes]

MODES = {1: "L", 3: "RGB"}
# pictures that are named where some are left out
NAMED = 3


class Pictures(NamedTuple):
    """What was read.

    Attributes:
        x: (n, C, height, width) uint8.
        read: (N,) bool, which of the N files these are.
        skipped: the files that could not be read, "name (reason)" each.
    """

    x: np.ndarray
    read: np.ndarray
    skipped: list[str]


def read_pictures(
    names: Sequence[str],
    content: Content,
    size: tuple[int, int],
    *,
    channels: int = 3,
    title: str = "images",
) -> Pictures:
    """Read, crop and resize pictures, on several threads, with a progress bar.

    One that is damaged, or no picture, is left out, and `skipped` names it.

    Args:
        names: of the files, in the order of the images.
        content: name → the bytes of the file.
        size: (height, width) of the images.
        channels: 1 for grey, 3 for colour; a picture of the other kind is converted.
        title: what the progress bar says.
    Raises:
        UserError: no file, or none that is a picture, a size or channels out of range.
    """
    from tqdm.auto import tqdm

    height, width = check_size(size)
    pick("number of channels", str(channels), map(str, MODES))
    if not names:
        raise UserError("names must hold at least one file, got none")
    try:
        x = np.empty((len(names), channels, height, width), np.uint8)
    except MemoryError as error:
        needed = len(names) * channels * height * width / 1e9
        raise UserError(
            f"{title}: {len(names):,} images of {height}×{width} need {needed:.1f} GB of memory; "
            "choose a limit or a smaller size"
        ) from error
    read = np.zeros(len(names), bool)
    skipped = []

    count = 0
    # what is done within a second needs no bar
    bar = tqdm(total=len(names), desc=title, unit="image", leave=False, delay=1)
    with bar, warnings.catch_warnings():
        # Pillow's own: of a very large picture, of a note of the camera that it cannot read
        warnings.simplefilter("ignore")
        for i, found in enumerate(_in_order(names, content, (height, width), channels)):
            if isinstance(found, str):
                skipped.append(f"{names[i]} ({found})")
            else:
                x[count] = found
                read[i] = True
                count += 1
            bar.update()

    if count == 0:
        raise UserError(
            f"{title}: none of {len(names):,} files is a picture that can be read, "
            f"such as {skipped[0]}; check the files"
        )
    return Pictures(x[:count], read, skipped)


def _in_order(
    names: Sequence[str], content: Content, size: tuple[int, int], channels: int
) -> Iterator[np.ndarray | str]:
    """For each file its image, or why there is none. Pillow leaves other threads free to work."""
    threads = min(8, os.cpu_count() or 1)
    waiting: deque[Future[np.ndarray | str]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for name in names:
            waiting.append(pool.submit(_image, name, content, size, channels))
            # few at a time: no thousands of images wait in memory, and Ctrl-C ends at once
            if len(waiting) >= 8 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _image(
    name: str, content: Content, size: tuple[int, int], channels: int
) -> np.ndarray | str:
    try:
        return fitted(content(name), size, channels)
    except UserError as error:
        return one_line(error, 80)
    except DAMAGED as error:
        # Pillow tells an unknown file by the address of the object that it read it from
        unknown = isinstance(error, Image.UnidentifiedImageError)
        reason = "no picture" if unknown else one_line(error, 80)
        return reason or type(error).__name__


def fitted(content: bytes, size: tuple[int, int], channels: int = 3) -> np.ndarray:
    """One picture file as an image, (C, height, width) uint8.

    Of the picture the largest part of the image's proportions is kept, from its middle: of CelebA's
    218×178, for 64×48, 218×163.5, and for 64×64, 178×178. It is resized by Lanczos' filter, which
    averages over as many pixels as become one (antialiasing).

    A camera's note on which side is up is followed; what is transparent becomes white.

    Args:
        content: of a JPEG, PNG, WebP or BMP file.
        size: (height, width) of the image.
        channels: 1 for grey, 3 for colour.
    Raises:
        UserError: a size or channels out of range.
        OSError, ValueError, …: it is no picture, or damaged; one of DAMAGED.
    """
    height, width = check_size(size)
    mode = MODES[int(pick("number of channels", str(channels), map(str, MODES)))]

    with Image.open(io.BytesIO(content)) as file:
        # a photograph of many megapixels is decoded at a fraction of its size, but at least twice
        # that of the image, whichever side is up: CelebA's are decoded whole
        longest = max(height, width)
        file.draft(mode, (2 * longest, 2 * longest))
        picture = _on_white(ImageOps.exif_transpose(file)).convert(mode)

    kept_width = min(picture.width, picture.height * width / height)
    kept_height = min(picture.height, picture.width * height / width)
    left = (picture.width - kept_width) / 2
    top = (picture.height - kept_height) / 2
    box = (left, top, left + kept_width, top + kept_height)
    pixels = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS, box=box))
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def is_grey(content: bytes) -> bool:
    """Whether a picture is stored without colour.

    Raises:
        OSError, ValueError, …: it is no picture; one of DAMAGED.
    """
    with Image.open(io.BytesIO(content)) as file:
        if file.mode in ("P", "PA"):
            # a palette may hold greys only
            return _has_only_greys(file.convert("RGB"))
        return file.mode in ("1", "L", "LA", "La", "I", "F") or file.mode.startswith("I;16")


def _has_only_greys(picture: Image.Image) -> bool:
    red, green, blue = np.moveaxis(np.asarray(picture), -1, 0)
    return bool(np.array_equal(red, green) and np.array_equal(green, blue))


def _on_white(picture: Image.Image) -> Image.Image:
    """The picture without transparency, and with 8 bits."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        # Pillow would cut 16 bits off at 255
        levels = np.asarray(picture, dtype=np.float64) / 257
        return Image.fromarray(levels.clip(0, 255).round().astype(np.uint8))
    has_alpha = picture.mode in ("RGBA", "LA", "PA", "RGBa", "La")
    if not has_alpha and "transparency" not in picture.info:
        return picture
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture)


def say_skipped(title: str, skipped: Sequence[str], of: int) -> None:
    """Warn that files were left out: how many, and the first of their names.

    Args:
        title: the data set.
        skipped: "name (reason)" each; nothing is said of none.
        of: how many files there were.
    """
    if not skipped:
        return
    shown = ", ".join(skipped[:NAMED])
    more = f" and {len(skipped) - NAMED:,} more" if len(skipped) > NAMED else ""
    notice(
        f"{title}: {len(skipped):,} of {of:,} files could not be read and are left out: "
        f"{shown}{more}"
    )
