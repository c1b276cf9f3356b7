"""Sizes of images, (height, width). Nothing here needs torch."""
from __future__ import annotations

import re

from ..errors import UserError, at_least, brief

# pixels of a side; larger images than this no model of the house is made for
LARGEST_SIDE = 1024


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """(height, width), if both are from 1 to LARGEST_SIDE; else a UserError."""
    height, width = size
    return (
        at_least("the height in size", height, 1, LARGEST_SIDE),
        at_least("the width in size", width, 1, LARGEST_SIDE),
    )


def read_size(text: str) -> tuple[int, int]:
    """The size that a text gives: "64x48" (or "64×48") is 64 high and 48 wide.

    Raises:
        UserError: another text, a side out of range.
    """
    found = re.fullmatch(r"\s*(\d{1,9})\s*[xX×]\s*(\d{1,9})\s*", text)
    height, width = (0, 0) if found is None else (int(found[1]), int(found[2]))
    if not (1 <= height <= LARGEST_SIDE and 1 <= width <= LARGEST_SIDE):
        raise UserError(
            f"size must be HEIGHTxWIDTH as in 64x48, each from 1 to {LARGEST_SIDE}, "
            f"got {brief(text)}"
        )
    return height, width
