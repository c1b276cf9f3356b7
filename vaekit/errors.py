"""The one error that is meant for the reader: it names the thing, the value and the way out."""
from __future__ import annotations

import difflib
import math
import traceback
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

# a limit for sizes and counts, so that a slip of the hand is refused before memory runs out
LARGEST = 2**31 - 1
# what torch takes as a seed
LARGEST_SEED = 2**63 - 1


class UserError(ValueError):
    """A mistake that the user can correct.

    Its text is one complete sentence. The command line prints it without a traceback; a notebook
    shows it with the line of the cell that led to it, and `%debug` still opens the whole stack.
    """

    def _render_traceback_(self) -> list[str]:
        cell = None
        for frame in traceback.extract_tb(self.__traceback__):
            # the kernel's name for a cell, in its two versions
            if "ipykernel_" in frame.filename or frame.filename.startswith("<ipython-input"):
                cell = frame
        if cell is None:
            return traceback.format_exception(type(self), self, self.__traceback__)
        return [f"line {cell.lineno}: {cell.line}", f"{type(self).__name__}: {self}"]


class WrongType(UserError, TypeError):
    """An argument of a wrong Python type: what `vaekit.arguments` raises."""


def pick(what: str, name: str, known: Iterable[str]) -> str:
    """`name`, if it is one of `known`; else a UserError that lists them and suggests the nearest.

    Args:
        what: what to call the thing in the error.
    """
    known = list(known)
    if isinstance(name, str) and name in known:
        return name

    nearest = difflib.get_close_matches(str(name), known, n=1)
    suggestion = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise UserError(f"unknown {what} {brief(name)}; choose one of {', '.join(known)}.{suggestion}")


def at_least(what: str, value: int, least: int, most: int = LARGEST) -> int:
    """`value`, if it is a whole number from `least` to `most`; else a UserError.

    Args:
        what: what to call the number in the error.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise UserError(f"{what} must be a whole number, got {brief(value)}")
    if value < least:
        raise UserError(f"{what} must be ≥ {least}, got {value}")
    if value > most:
        raise UserError(f"{what} must be ≤ {most}, got {brief(value)}")
    return int(value)


def check_seed(seed: int, what: str = "seed") -> int:
    """`seed`, if it is a whole number ≥ 0 that fits into 63 bits; else a UserError."""
    return at_least(what, seed, 0, LARGEST_SEED)


def finite(
    what: str,
    value: float,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
) -> float:
    """`value`, if it is a number, neither inf nor NaN, within the bounds; else a UserError.

    Args:
        what: what to call the number in the error.
        above, below: bounds that it may not reach.
        least, most: bounds that it may reach.
    """
    bounds = (
        (">", above, lambda bound: value > bound),
        ("≥", least, lambda bound: value >= bound),
        ("<", below, lambda bound: value < bound),
        ("≤", most, lambda bound: value <= bound),
    )
    given = [(sign, bound, holds) for sign, bound, holds in bounds if bound is not None]
    wanted = " and ".join(f"{sign} {bound:g}" for sign, bound, _ in given) or "finite"

    if not isinstance(value, Real) or isinstance(value, bool):
        raise UserError(f"{what} must be a number {wanted}, got {brief(value)}")
    try:
        is_finite = math.isfinite(value)
    except OverflowError:
        # a whole number beyond the largest float
        is_finite = False
    if not is_finite or not all(holds(bound) for _, bound, holds in given):
        raise UserError(f"{what} must be {wanted}, got {brief(value)}")
    return float(value)


def brief(value: Any) -> str:
    """A value for an error message: its repr on one line, cut after 60 characters.

    Of a tensor or an array, its shape and dtype.
    """
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"of shape {tuple(value.shape)} and dtype {value.dtype}"
    try:
        text = " ".join(repr(value).split())
    except Exception:
        # a foreign object may fail at that too
        return "without a repr"
    return text if len(text) <= 60 else f"{text[:57]}…"


def first_line(said: object) -> str:
    """The first line of what an error or a message says; "" if it says nothing."""
    try:
        lines = str(said).strip().splitlines()
    except Exception:
        # an error of the user's own may fail at that too
        return ""
    return lines[0].rstrip() if lines else ""


def one_line(said: object, most: int) -> str:
    """All that a stranger's error or message says, on one line, without what steers a terminal.

    Args:
        most: characters after which it is cut.
    """
    words = " ".join(str(said).split())[:most]
    return "".join(letter if letter.isprintable() else "?" for letter in words)
