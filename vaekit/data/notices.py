"""What a reader of data is told: what was left out, and why. Nothing here needs torch."""
from __future__ import annotations

import sys
import warnings
from pathlib import Path

from ..errors import one_line

# characters of a notice
LONGEST = 600
# the file names of frames that are not the caller's: this package, and what checks its arguments
PACKAGE = str(Path(__file__).parents[1])
CHECKS = "<@beartype"


class Notice(UserWarning):
    """Something of a data set was left out, or could not be kept for the next time."""


def notice(text: str) -> None:
    """Warn with a `Notice`, at the line of the user's own code that led to it."""
    level = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith((PACKAGE, CHECKS)):
        frame = frame.f_back
        level += 1
    warnings.warn(one_line(text, LONGEST), Notice, stacklevel=level)
