"""What the files of a finished row must hold: a damaged one is found before it is drawn."""
from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import brief
from ..recipes import Reported
from .measures import MEASURES


def check_row(content: Any, reported: Reported) -> str:
    """What is wrong with the JSON of a row, in a few words; nothing if it is empty.

    Args:
        content: as JSON holds a `rows.Row`.
        reported: the row of the report's table that it should be.
    """
    if not isinstance(content, dict):
        return f"a row must be an object, got {brief(content)}"
    different = sorted(content.keys() ^ FIELDS.keys())
    if different:
        return f"missing or unknown: {', '.join(map(str, different))}"

    for name, is_right in FIELDS.items():
        if not is_right(content[name]):
            return f"{name} must not be {brief(content[name])}"
    if (content["latent_dim"], content["beta"]) != (reported.latent_dim, reported.beta):
        return f"it is the row z = {content['latent_dim']}, β = {content['beta']}"
    missing = [term for term in reported.terms if term not in content["measured"]]
    return f"not measured: {', '.join(missing)}" if missing else ""


def check_history(content: Any) -> str:
    """What is wrong with the JSON of a history, in a few words; nothing if it is empty."""
    if not isinstance(content, list) or not content:
        return f"a history must be a list of epochs, got {brief(content)}"
    for number, row in enumerate(content, start=1):
        if not isinstance(row, dict) or not all(map(_is_number, row.values())):
            return f"epoch {number} must hold numbers, got {brief(row)}"
        if row.get("epoch") != number or row.keys() != content[0].keys():
            return f"epoch {number} is missing or has other columns"
    if not any(name.startswith("train_") for name in content[0]):
        return "no loss was recorded"
    return ""


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _are_terms(value: Any) -> bool:
    """Numbers by the names of what can be measured."""
    if not isinstance(value, Mapping) or not value:
        return False
    return all(name in MEASURES and _is_number(number) for name, number in value.items())


def _is_date(value: Any) -> bool:
    try:
        datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _are_facts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, (str, int)) for each in value.values())


def _are_settings(value: Any) -> bool:
    return isinstance(value, dict) and _is_text(value.get("data"))


# the fields of a row, and what each may be
FIELDS: dict[str, Callable[[Any], bool]] = {
    "recipe": _is_text,
    "latent_dim": _is_count,
    "beta": _is_positive,
    "settings": _are_settings,
    "reported": lambda value: value == {} or _are_terms(value),
    "measured": _are_terms,
    "seconds": _is_positive,
    "date": _is_date,
    "machine": _are_facts,
}
