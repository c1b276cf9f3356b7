"""The words and the numbers of a lab's prose, and where each of its numbers may come from.

What is no prose: code, formulas, addresses, the list of what to read, and tables of settings
(those with "setting" or "parameter" in their first row).
"""
from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nbformat import NotebookNode

# numbers that need no source, and why
EXCEPTIONS = {
    0.0: "the ends of a pixel's or a probability's range",
    1.0: "the ends of a pixel's or a probability's range; a minute of run time",
    -1.0: "the lower end of a diffusion model's pixels",
    2.0: "halves, pairs, squares",
    100.0: "all, in per cent",
    8.0: "bits of a byte",
    255.0: "the largest byte",
    32.0: "bits of a float",
    95.0: "per cent of an interval",
    60_000.0: "training images of MNIST and Fashion-MNIST",
    10_000.0: "their test images; built-in training images of Fashion-MNIST",
    12_000.0: "built-in images of Fashion-MNIST",
    784.0: "pixels of an image of 28×28",
    3_072.0: "pixels of an image of 3×32×32",
}

NUMBER = re.compile(r"(?<![\w.,^_])[−-]?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?(\s*%)?")
IN_TEXT = re.compile(r"[−-]?\d+(?:,\d{3})+(?:\.\d+)?|[−-]?\d*\.?\d+(?:[eE][-+]?\d+)?")

# what is cut out before numbers are looked for, in this order
NO_PROSE = [
    re.compile(r"```.*?```", re.DOTALL),
    re.compile(r"`[^`\n]*`"),
    re.compile(r"\$\$.*?\$\$", re.DOTALL),
    re.compile(r"(?<!\\)\$[^$\n]+(?<!\\)\$"),
    # the line of links below the title; the target of a link
    re.compile(r"^\[start page\].*$", re.MULTILINE),
    re.compile(r"\]\([^)]*\)"),
    re.compile(r"<[^>]+>"),
    re.compile(r"https?://\S+"),
]
NO_MEASUREMENTS = [
    # "# 03 · …", "## 2 · …", "3. …": numbers of labs, sections, items, hints, exercises
    re.compile(r"^#+ +\d+\b", re.MULTILINE),
    re.compile(r"^ *\d+\. ", re.MULTILINE),
    re.compile(
        r"\b(?:[Ll]abs?|[Ss]ections?|[Ee]xercises?|[Hh]ints?|[Ee]quations?|[Ff]igures?|[Nn]otebook)"
        r"\s+\d+(?:(?:,| and| to|–| or) *\d+)*"
    ),
    # years, alone or in brackets
    re.compile(r"\b(?:18|19|20)\d\d\b(?! images| samples| steps)"),
    # shapes: 28×28, 3 × 32 × 32, 784-256-2, 2-D
    re.compile(r"\d[\d,]*(?: ?[×x] ?\d[\d,]*)+"),
    re.compile(r"\b\d+(?:-\d+){2,}\b"),
    re.compile(r"\b\d-?D\b"),
    # intervals of values, as of pixels: [0, 1]
    re.compile(r"\[[−-]?[01], ?1\]"),
]
TABLE = re.compile(r"(?:^\|.*\|[ \t]*\n?)+", re.MULTILINE)
SETTINGS = re.compile(r"setting|parameter", re.IGNORECASE)
READING = re.compile(r"^#+ .*\bread(?:ing)?\b.*$", re.MULTILINE | re.IGNORECASE)


class Finding(NamedTuple):
    """Something in a lab that should not be there."""

    lab: str
    cell: int
    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.lab} cell {self.cell}: {self.what}   … {self.where} …"


def prose(cell: NotebookNode) -> str:
    """The running text of a Markdown cell."""
    reading = READING.search(cell.source)
    text = cell.source if reading is None else cell.source[: reading.start()]
    for pattern in NO_PROSE:
        text = pattern.sub(" ◦ ", text)
    return TABLE.sub(_unless_settings, text)


def _unless_settings(table: re.Match[str]) -> str:
    head = table[0].splitlines()[0]
    return "" if SETTINGS.search(head) else table[0]


def numbers(text: str) -> Iterator[tuple[str, str]]:
    """Each number of a prose that may be a measurement, and the words around it."""
    for pattern in NO_MEASUREMENTS:
        text = pattern.sub(" ◦ ", text)
    for found in NUMBER.finditer(text):
        around = text[max(0, found.start() - 30): found.end() + 30]
        yield found[0], " ".join(around.split())


def values(text: str) -> set[float]:
    """All the numbers in a text that was printed."""
    return {float(found[0].replace(",", "").replace("−", "-")) for found in IN_TEXT.finditer(text)}


def values_in_code(code: str) -> set[float]:
    """All the numbers that a cell's code writes, also in its comments."""
    found: set[float] = set()
    for token in _tokens(code):
        if token.type == tokenize.NUMBER:
            value = ast.literal_eval(token.string)
            found |= set() if isinstance(value, complex) else {float(value)}
        elif token.type == tokenize.COMMENT:
            found |= values(token.string)
    return found


def said(code: str) -> str:
    """The words of code: its comments, texts and names."""
    kinds = {tokenize.COMMENT, tokenize.STRING, tokenize.NAME}
    # the text of an f-string is a token of its own from Python 3.12 on
    kinds.add(getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING))
    words = [token.string for token in _tokens(code) if token.type in kinds]
    return " ".join(words).replace("_", " ")


def _tokens(code: str) -> list[tokenize.TokenInfo]:
    # IPython's own lines are no Python
    lines = [line if not line.lstrip().startswith(("%", "!")) else "" for line in code.split("\n")]
    return list(tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline))


def has_source(number: str, printed: Iterable[float], exact: Iterable[float]) -> bool:
    """True if a number was printed, up to rounding, or stands exactly so elsewhere.

    Args:
        number: as the prose writes it, such as "12,000", "−0.5" or "62 %".
        printed: by the notebook. A share of 0.617 may be said to be 62 %.
        exact: in its code, in RESULTS.md, among the exceptions.
    """
    is_percent = number.endswith("%")
    digits = number.rstrip(" %").replace(",", "").replace("−", "-")
    value = float(digits)
    decimals = len(digits.partition("e")[0].partition(".")[2])
    unit = 10.0**-decimals
    # half a unit of the last digit, and a little for binary fractions
    near = unit / 2 * (1 + 1e-6)
    factors = (1, 100) if is_percent else (1,)
    if any(value == known * factor for known in exact for factor in factors):
        return True
    return any(
        abs(abs(value) - abs(known) * factor) <= near for known in printed for factor in factors
    )
