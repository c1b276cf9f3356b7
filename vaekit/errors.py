"""The one error that is meant for the reader: it names the thing, the value and the way out."""
from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral


class UserError(ValueError):
    """A mistake that the user can correct.

    Its text is one complete sentence; the command line prints it without a traceback.
    """


def pick(what: str, name: str, known: Iterable[str]) -> str:
    """`name`, if it is one of `known`; else a UserError that lists them and suggests the nearest.

    Args:
        what: what to call the thing in the error.
    """
    known = list(known)
    if name in known:
        return name

    nearest = difflib.get_close_matches(str(name), known, n=1)
    suggestion = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise UserError(f"unknown {what} {name!r}; choose one of {', '.join(known)}.{suggestion}")


def at_least(what: str, value: int, least: int) -> int:
    """`value`, if it is a whole number ≥ `least`; else a UserError.

    Args:
        what: what to call the number in the error.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise UserError(f"{what} must be a whole number, got {value!r}")
    if value < least:
        raise UserError(f"{what} must be ≥ {least}, got {value}")
    return int(value)
