"""The standard streams, which whoever starts a process may have closed, as `2>&-` does."""
from __future__ import annotations

import os
import sys

MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}


def open_closed() -> None:
    """Have closed streams lead nowhere, for workers too.

    Python has None in their place, and the next file to be opened gets their number: what a
    library writes to the standard error would end in that file.
    """
    for name, mode in MODES.items():
        if getattr(sys, name) is None:
            # the lowest free number, so that of the stream
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))
