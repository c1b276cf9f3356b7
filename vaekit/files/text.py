"""Texts and JSON: written whole or not at all, every failure one sentence."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import UserError, brief
from .disk import read_bytes, write_bytes

# the entry of a sealed JSON file that holds the sha256 of the others
SEAL = "sha256"


def write_text(path: Path | str, text: str) -> Path:
    """Write a text in UTF-8, whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserError(
            f"the text for {path} is no Unicode ({error.reason} at {error.start}); "
            "leave such characters out"
        ) from error
    return write_bytes(path, content)


def write_json(path: Path | str, value: Any, *, sealed: bool = False) -> Path:
    """Write a value as JSON, whole or not at all.

    Args:
        sealed: put the sha256 of a dict's entries among them, for `read_json` to compare.
    Raises:
        UserError: it cannot be written, or is no JSON.
    """
    try:
        if sealed:
            value = {**value, SEAL: _seal(value)}
        text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(
            f"value for {path} must be what JSON holds, got {brief(value)} ({error})"
        ) from error
    return write_text(path, text)


def _seal(value: Mapping[str, Any]) -> str:
    """The sha256 of a dict's entries, the same in whatever order."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def read_text(path: Path | str) -> str:
    """The text of a file in UTF-8.

    Raises:
        UserError: no such file, it cannot be read, or it is no text.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path} is no text in UTF-8 ({error.reason}); delete it and make it again"
        ) from error


def read_json(path: Path | str, *, sealed: bool = False) -> Any:
    """What a JSON file holds.

    Args:
        sealed: it was written so, and its checksum is compared.
    Raises:
        UserError: no such file, it cannot be read, it is no JSON, or sealed and damaged.
    """
    text = read_text(path)
    try:
        value = _parse(text)
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{path} is not readable JSON ({error}); delete it and make it again"
        ) from error
    if sealed:
        recorded = value.pop(SEAL, None) if isinstance(value, dict) else None
        if recorded is None or recorded != _seal(value):
            raise UserError(
                f"{path} is damaged: its checksum does not fit; delete it and make it again"
            )
    return value


def parse_json(text: str) -> Any:
    """The value of a JSON text in which no key stands twice.

    Raises:
        UserError: it is no JSON, or nested too deeply.
    """
    try:
        return _parse(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"text must be JSON, got {brief(text)} ({error})") from error


def _parse(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_without_repetition)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values
