"""The one error that is meant for the reader: it names the thing, the value and the way out."""
from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral


class UserError(ValueError):
    """A mistake the user can mend. Its text is one complete sentence; the command line prints it without a traceback."""


def pick(what: str, name: str, known: Iterable[str]) -> str:
    """`name`, if it is one of `known`; else a UserError that lists them and guesses at the nearest."""
    known = list(known)
    if name in known:
        return name
    near = difflib.get_close_matches(str(name), known, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    raise UserError(f"unknown {what} {name!r}; choose one of {', '.join(known)}.{guess}")


def at_least(what: str, value: int, least: int) -> int:
    """`value`, if it is a whole number ≥ `least`; else a UserError."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise UserError(f"{what} must be a whole number, got {value!r}")
    if value < least:
        raise UserError(f"{what} must be ≥ {least}, got {value}")
    return int(value)
