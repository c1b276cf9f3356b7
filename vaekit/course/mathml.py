"""LaTeX formulas as MathML, which browsers draw without fetching anything."""
from __future__ import annotations

import hashlib
import re
import unicodedata
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ..errors import UserError

# code comes first, so that a $ inside it begins no formula; a dollar is written \$
CODE_OR_FORMULA = re.compile(
    r"(?P<code>(?P<ticks>`+).+?(?P=ticks)|\\\$)"
    r"|\$\$(?P<block>.+?)\$\$"
    r"|\$(?P<inline>[^$\n]+?)\$",
    re.DOTALL,
)
MARK = re.compile(r"mathml[0-9a-f]{16}formula")

# how MathML names alphabets → how Unicode does
ALPHABETS = {
    "script": "SCRIPT",
    "double-struck": "DOUBLE-STRUCK",
    "fraktur": "FRAKTUR",
    "bold": "BOLD",
    "bold-italic": "BOLD ITALIC",
    "sans-serif": "SANS-SERIF",
    "monospace": "MONOSPACE",
}
BARS = ("‖", "|")
OPENING = "([{⟨⌊⌈"
CLOSING = ")]}⟩⌋⌉"
BRACES = {"⏟": "underbrace", "⏞": "overbrace"}
# a relation or an operator that the converter takes for a variable
RELATIONS = {"~": "∼", "±": "±", "⟂": "⟂"}
ROWS = ("math", "mrow", "msqrt", "mstyle")
THIN = "0.167em"


def _drawn_brace(path: str) -> str:
    """A line that is stretched to any width, as a picture within CSS."""
    svg = (
        "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 10' "
        "preserveAspectRatio='none'%3E%3Cpath vector-effect='non-scaling-stroke' "
        f"fill='none' stroke='%23333' d='{path}'/%3E%3C/svg%3E"
    )
    return f'url("data:image/svg+xml,{svg}")'


# a stretched brace needs a font that can do it; a drawn one does not
STYLE = f"""
math .underbrace, math .overbrace {{ background-repeat: no-repeat; background-size: 100% .4em; }}
math .underbrace {{
  padding-bottom: .5em; background-position: bottom;
  background-image: {_drawn_brace("M0 0Q0 5 4 5H46Q50 5 50 10Q50 5 54 5H96Q100 5 100 0")};
}}
math .overbrace {{
  padding-top: .5em; background-position: top;
  background-image: {_drawn_brace("M0 10Q0 5 4 5H46Q50 5 50 0Q50 5 54 5H96Q100 5 100 10")};
}}
"""


def set_aside(markdown: str) -> tuple[str, dict[str, str]]:
    """Markdown with a mark in place of each LaTeX formula, and the marks' MathML.

    The marks are needed because a Markdown filter would tear MathML apart; `put_back` replaces
    them. Code is left alone, and so is a formula that cannot be converted.
    """
    formulas: dict[str, str] = {}

    def mark(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        try:
            formula = mathml(match["block"] or match["inline"], is_block=bool(match["block"]))
        except Exception:
            # whatever the converter does not know: LaTeX can still be read
            return match[0]
        name = f"mathml{hashlib.sha256(formula.encode()).hexdigest()[:16]}formula"
        formulas[name] = formula
        return name

    return CODE_OR_FORMULA.sub(mark, markdown), formulas


def put_back(html: str, formulas: dict[str, str]) -> str:
    """HTML with the MathML of `set_aside` in place of its marks."""
    return MARK.sub(lambda mark: formulas.get(mark[0], mark[0]), html)


def mathml(latex: str, *, is_block: bool = False) -> str:
    r"""MathML of a formula, in the part of it that browsers draw.

    They know `\mathcal N` only as the letter 𝒩, and no space before the p of `\log p`.

    Args:
        is_block: on a line of its own.
    Raises:
        UserError: the formula is empty, or has a command that is not known here.
    """
    from latex2mathml.converter import convert

    if not latex.strip():
        raise UserError("latex is empty; give a formula")
    text = convert(latex.strip(), display="block" if is_block else "inline")
    math = ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", text))
    for element in math.iter():
        _name_symbols(element)
        _choose_letters(element)
        _size_delimiters(element)
        _draw_accents(element)
    for row in list(math.iter()):
        if row.tag in ROWS:
            _space_functions(row)
            _join_letters(row)
    return ElementTree.tostring(math, encoding="unicode")


def _name_symbols(element: Element) -> None:
    r"""The character of a command that the converter passes on, as after \big."""
    from latex2mathml.symbols_parser import convert_symbol

    text = (element.text or "").strip()
    if text in RELATIONS:
        element.tag = "mo"
        element.text = RELATIONS[text]
    if not text.startswith("\\"):
        return
    code = {r"\|": "02016"}.get(text) or convert_symbol(text)
    if code is None:
        raise UserError(f"latex has the unknown command {text}; write it in other words")
    element.text = chr(int(code, 16))


def _choose_letters(element: Element) -> None:
    """Letters of another alphabet as the characters that they are in Unicode."""
    alphabet = ALPHABETS.get(element.get("mathvariant", ""))
    if alphabet is not None:
        element.text = "".join(_letter(each, alphabet) for each in element.text or "")
        del element.attrib["mathvariant"]


def _letter(letter: str, alphabet: str) -> str:
    name = re.sub(r"(LATIN|GREEK) (\w+) LETTER ", r"\2 ", unicodedata.name(letter, ""))
    # some are older than the alphabet: ℒ is no MATHEMATICAL SCRIPT CAPITAL L
    older = alphabet.replace("FRAKTUR", "BLACK-LETTER")
    for full_name in (f"MATHEMATICAL {alphabet} {name}", f"{older} {name}"):
        try:
            return unicodedata.lookup(full_name)
        except KeyError:
            continue
    return letter


def _size_delimiters(element: Element) -> None:
    r"""\big is as large as it says on both sides; a plain bar is no larger than its letters."""
    text = element.text or ""
    if element.tag == "mspace" and element.get("width") == "negativethinmathspace":
        element.set("width", f"-{THIN}")
    if element.tag != "mo":
        return
    if element.get("minsize"):
        form = "prefix" if text in OPENING else "postfix" if text in CLOSING else "infix"
        element.attrib.update(stretchy="true", symmetric="true", form=form)
        element.attrib.update(lspace="0", rspace="0")
    elif text in BARS and not element.get("stretchy"):
        element.attrib.update(stretchy="false", lspace="0", rspace="0")


def _draw_accents(element: Element) -> None:
    """A bar close above its letter; a brace as wide as what it embraces."""
    if element.tag not in ("mover", "munder") or len(element) != 2:
        return
    base, mark = element
    text = (mark.text or "").strip()
    if text in BRACES:
        row = Element("mrow", {"class": BRACES[text]})
        row.append(base)
        element[:] = [row]
        element.tag = "mrow"
    elif text == "¯":
        element.set("accent", "true")
        mark.set("stretchy", "false")


def _space_functions(row: Element) -> None:
    """Thin spaces around log, as in LaTeX: MathML has them around operators only."""
    children = list(row)
    spaced: list[Element] = []
    for child, following in zip(children, [*children[1:], None]):
        if _is_function(child) and spaced and _is_operand(spaced[-1]):
            spaced.append(Element("mspace", width=THIN))
        spaced.append(child)
        if _is_function(child) and following is not None and _is_operand(following, after=True):
            spaced.append(Element("mspace", width=THIN))
    row[:] = spaced


def _core(element: Element) -> Element:
    r"""What an index or a power belongs to: the log of \log_2."""
    scripts = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
    return _core(element[0]) if element.tag in scripts and len(element) else element


def _is_function(element: Element) -> bool:
    core = _core(element)
    is_name = len(core.text or "") > 1 and (core.text or "").isalpha()
    if is_name and core.tag == "mo":
        # its own spaces would stand before a parenthesis too
        core.attrib.update(lspace="0", rspace="0")
    return is_name and core.tag in ("mi", "mo")


def _is_operand(element: Element, *, after: bool = False) -> bool:
    core = _core(element)
    if core.tag == "mo":
        # a bracket of \big stands apart from its function no more than a plain one
        return not after and (core.text or "") in CLOSING
    return core.tag != "mspace"


def _join_letters(row: Element) -> None:
    r"""\mathrm{KL} is one name, not a K and an L."""
    letters = [child.text or "" for child in row]
    upright = all(
        child.tag == "mi" and child.get("mathvariant") == "normal" for child in row
    )
    if len(letters) > 1 and upright:
        row[:] = []
        name = ElementTree.SubElement(row, "mi")
        name.text = "".join(letters)
