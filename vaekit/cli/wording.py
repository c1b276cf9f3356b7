"""A sentence that names Python's parameters, said in the options of a command."""
from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import brief

# what Python calls otherwise than the command line does
ALIASES = {"classes": "only", "parameters": "parameter"}


def in_options(message: str, options: Mapping[str, str], given: Mapping[str, Any]) -> str:
    """The message with options in place of parameters.

    "latent_dim must be ≥ 1, got 0" becomes "--latent-dim must be ≥ 1, got 0". A message that names
    no option at all gets the one whose value it quotes: "--data: unknown data set 'fashon'".

    Args:
        options: of the command, by the names of its parameters: {"latent_dim": "--latent-dim"}.
        given: the values that were given on the command line, by the same names.
    """
    for name, option in _with_aliases(options).items():
        message = _renamed(message, name, option)
    message = re.sub(r"load\('(\w+)'\)", r"--data \1", message)
    if any(re.search(rf"{option}\b", message) for option in options.values()):
        return message

    quoted = [name for name, value in given.items() if _is_quoted(value, message)]
    if len(quoted) == 1 and quoted[0] in options:
        return f"{options[quoted[0]]}: {message}"
    return message


def _with_aliases(options: Mapping[str, str]) -> dict[str, str]:
    every = dict(options)
    for python, name in ALIASES.items():
        if name in options:
            every[python] = options[name]
    return every


def _renamed(message: str, name: str, option: str) -> str:
    """One parameter: at the head, where it is to be left out, with its value, or as a whole word.

    Most names are words of English too, as "data" and "only" are: they stay elsewhere.
    """
    # "limit of load must be": whose parameter it is in Python does not matter here
    head = rf"^{name}(?: of [\w.]+)?(?= (?:must|names|watches|weighs|needs|=))"
    message = re.sub(head, option, message)
    if name == "out":
        message = re.sub(r"\banother folder\b(?! with)", f"another folder with {option}", message)
    message = re.sub(rf"\b([Ll]eave|[Cc]hoose a smaller) {name}\b", rf"\1 {option}", message)
    message = _outside_calls(rf"(?<![-\w]){name}=", f"{option} ", message)
    message = message.replace(f" among {name}:", "")
    if "_" in name:
        message = _outside_calls(rf"(?<![-\w./]){name}(?![\w./])", option, message)
    return message


def _outside_calls(pattern: str, option: str, message: str) -> str:
    """Replace what is not within the parentheses of a Python call, negative_elbo(beta=2.0)."""

    def replaced(found: re.Match[str]) -> str:
        in_a_call = re.search(r"\w\((?:[^()]|\([^()]*\))*$", message[: found.start()])
        return found[0] if in_a_call else option

    return re.sub(pattern, replaced, message)


def _is_quoted(value: Any, message: str) -> bool:
    """True if the message shows the value: a text in quotes, a folder, a number that it got."""
    if isinstance(value, (list, tuple)):
        return any(_is_quoted(each, message) for each in value)
    if isinstance(value, (str, Path)):
        # a message may cut a long one
        quoted = brief(str(value)) in message
        return quoted or (isinstance(value, Path) and _is_named(value, message))
    return re.search(rf"\b(?:got|a share of) {re.escape(str(value))}(?![\w.])", message) is not None


def _is_named(path: Path, message: str) -> bool:
    """True if the message names the path or a file in it; a folder "a" is no word of English."""
    name = re.escape(str(path))
    if os.sep in str(path):
        return re.search(rf"(?<![\w./-]){name}(?![\w-])", message) is not None
    return re.search(rf"(?<![\w./-]){name}/|\bfolder {name}(?![\w-])", message) is not None
