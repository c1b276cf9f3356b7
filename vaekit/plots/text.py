"""Names and titles in a figure: matplotlib reads $…$ as a formula, and raises where it is none."""
from __future__ import annotations

from collections.abc import Iterable


def plain(name: object) -> str:
    """A name of data (a class, a run, a row) as it is written: its $ begins no formula."""
    text = _drawable(str(name)).replace("$", r"\$")
    # a legend leaves out what begins with an underscore
    return f" {text}" if text.startswith("_") else text


def plain_names(names: Iterable[object]) -> list[str]:
    """Each name as `plain` gives it."""
    return [plain(name) for name in names]


def with_formulae(text: str) -> str:
    """A title or the name of an axis, with a formula in $…$ if matplotlib can draw it.

    If it cannot, the text as it is written.
    """
    text = _drawable(text)
    # as matplotlib does: each line is a formula or none
    return text if all(_can_be_drawn(line) for line in text.split("\n")) else plain(text)


def _can_be_drawn(line: str) -> bool:
    if "$" not in line:
        return True
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(line)
    except (ValueError, RecursionError):
        return False
    return True


def _drawable(text: str) -> str:
    """Half a character, as in a file's name that is no UTF-8, cannot be drawn: a "?" instead."""
    return text.encode("utf-8", "replace").decode()
