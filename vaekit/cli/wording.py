"""A sentence that names Python's parameters, said in the options of a command."""
from __future__ import annotations

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
    message = re.sub(rf"\b([Ll]eave|[Cc]hoose a smaller) {name}\b", rf"\1 {option}", message)
    message = re.sub(rf"(?<![-\w]){name}=", f"{option} ", message)
    message = message.replace(f" among {name}:", "")
    if "_" in name:
        message = re.sub(rf"(?<![-\w./]){name}(?![\w./])", option, message)
    return message


def _is_quoted(value: Any, message: str) -> bool:
    """True if the message shows the value: a text in quotes, a folder, a number after "got"."""
    if isinstance(value, (list, tuple)):
        return any(_is_quoted(each, message) for each in value)
    if isinstance(value, (str, Path)):
        # a message may cut a long one
        forms = [brief(str(value))]
        if isinstance(value, Path):
            forms.append(str(value))
        return any(form in message for form in forms)
    return re.search(rf"\bgot {re.escape(str(value))}(?![\w.])", message) is not None
