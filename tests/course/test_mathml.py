"""Formulas of the labs as MathML: no LaTeX is left, and the letters are the right ones."""
import re
import unicodedata
from xml.etree import ElementTree

import pytest
from conftest import REPO

from vaekit.course.mathml import mathml, put_back, set_aside

SOURCES = sorted((REPO / "notebooks" / "src").glob("*.py"))


def prose(source):
    """The Markdown cells of a lab's source, one by one."""
    for cell in re.split(r"^# %%", source.read_text(), flags=re.MULTILINE)[1:]:
        if cell.startswith(" [markdown]"):
            lines = cell.splitlines()[1:]
            yield "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)


def text_of(formula):
    """The characters of a formula, without its marks."""
    return "".join(ElementTree.fromstring(formula).itertext())


def without_code(markdown):
    return re.sub(r"(`+).+?\1", "", markdown, flags=re.DOTALL)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_formula_of_the_labs_becomes_mathml(source):
    for cell in prose(source):
        left, formulas = set_aside(cell)
        assert "$" not in without_code(left), left
        assert "\\" not in without_code(left), left
        for formula in formulas.values():
            assert "\\" not in formula
            variants = set(re.findall(r'mathvariant="([^"]*)"', formula))
            # the only one that browsers know
            assert variants <= {"normal"}
            assert "http" not in formula


# what LaTeX calls them → what they are
CHARACTERS = {
    r"\mathcal N": "𝒩", r"\mathcal L": "ℒ", r"\mathbb E": "𝔼", r"\lVert": "‖", r"\rVert": "‖",
    r"\|": "‖", r"\Vert": "‖", r"\mid": "∣", r"\sim": "∼", r"\varepsilon": "ε", r"\sigma": "σ",
    r"\mu": "μ", r"\ell": "ℓ", r"\sum": "∑", r"\Sigma": "Σ", r"\partial": "∂", r"\ge": "≥",
    r"\neq": "≠", r"\times": "×", r"\int": "∫", r"\top": "⊤", r"\hat": "^",
    r"\bar": "¯", r"\log": "log", r"\min": "min", r"\max": "max",
}


def formulas_of_all_labs():
    text = "\n".join(cell for source in SOURCES for cell in prose(source))
    return re.findall(r"\$\$?([^$]+?)\$\$?", without_code(text))


@pytest.mark.parametrize("command", CHARACTERS)
def test_each_command_is_drawn_as_its_character(command):
    character = CHARACTERS[command]
    pattern = re.compile(re.escape(command) + r"(?![a-zA-Z])")
    used = [formula for formula in formulas_of_all_labs() if pattern.search(formula)]
    assert used, f"{command} is in no lab any more"
    for formula in used:
        assert character in text_of(mathml(formula)), formula


@pytest.mark.parametrize("alphabet, name", [
    ("mathcal", "SCRIPT"), ("mathbb", "DOUBLE-STRUCK"), ("mathfrak", "FRAKTUR"),
    ("mathbf", "BOLD"), ("mathtt", "MONOSPACE"),
])
def test_every_letter_has_its_character(alphabet, name):
    """By Unicode's own compatibility mapping: each is that letter in another font."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    drawn = text_of(mathml(rf"\{alphabet}{{{letters}}}"))
    assert unicodedata.normalize("NFKC", drawn) == letters
    assert not set(drawn) & set(letters)
    spelled = [unicodedata.name(letter) for letter in drawn]
    assert all(name in each or "BLACK-LETTER" in each for each in spelled)


@pytest.mark.parametrize("latex, part", [
    (r"x^2", "<msup><mi>x</mi><mn>2</mn></msup>"),
    (r"\frac{a}{b}", "<mfrac>"),
    (r"\mathrm{KL}(q)", "<mi>KL</mi>"),
    # a thin space on either side of a function, none before its parenthesis
    (r"\log p", '<mi>log</mi><mspace width="0.167em" /><mi>p</mi>'),
    (r"\log(p)", '<mi>log</mi><mo stretchy="false">(</mo>'),
    (r"a \log p", '<mi>a</mi><mspace width="0.167em" /><mi>log</mi>'),
    (r"\sin^2 x", '</msup><mspace width="0.167em" /><mi>x</mi>'),
    (r"a \sim b", "<mi>a</mi><mo>∼</mo><mi>b</mi>"),
    (r"a\!b", '<mspace width="-0.167em" />'),
    # a brace of any width, whatever the fonts
    (r"\underbrace{a+b}_{c}", '<mrow class="underbrace"><mrow><mi>a</mi>'),
    (r"\overbrace{a+b}^{c}", '<mrow class="overbrace"><mrow><mi>a</mi>'),
    (r"\bar\alpha", '<mover accent="true"><mi>α</mi><mo stretchy="false">¯</mo></mover>'),
    (r"a < b", "<mo>&lt;</mo>"),
])
def test_a_formula_in_mathml(latex, part):
    assert part in mathml(latex)


@pytest.mark.parametrize("bar", [r"\lVert", r"\|", r"\lvert", r"\Vert"])
def test_big_bars_are_bars_of_one_size(bar):
    formula = mathml(rf"\big{bar} x \big{bar}^2")
    sizes = re.findall(r'<mo minsize="(.*?)" maxsize="(.*?)" stretchy="true"', formula)
    assert sizes == [("1.2em", "1.2em")] * 2
    assert text_of(formula) in ("‖x‖2", "|x|2")


def test_both_brackets_of_big_stretch():
    formula = mathml(r"E\big[\log p\big]")
    assert 'stretchy="true" symmetric="true" form="prefix"' in formula
    assert 'stretchy="true" symmetric="true" form="postfix"' in formula


@pytest.mark.parametrize("markdown, left", [
    ("a $x^2$ b", "a M b"),
    ("$$\\frac{a}{b}$$", "M"),
    ("`cost = $5` and $z$", "`cost = $5` and M"),
    ("```\n$not maths$\n```", "```\n$not maths$\n```"),
    ("it costs 5 $", "it costs 5 $"),
    (r"\$5 and \$6", r"\$5 and \$6"),
    # a formula that cannot be converted stays as it is written
    (r"$\notacommand x$", r"$\notacommand x$"),
    ("$$$$", "$$$$"),
    ("", ""),
])
def test_formulas_are_set_aside_and_code_stays(markdown, left):
    text, formulas = set_aside(markdown)
    for mark in formulas:
        text = text.replace(mark, "M")
    assert text == left
    assert bool(formulas) == ("M" in left)


def test_formulas_are_put_back_where_they_were():
    text, formulas = set_aside("$a$ or $b$ or $a$")
    back = put_back(text, formulas)
    assert [text_of(each) for each in back.split(" or ")] == ["a", "b", "a"]
    # a mark that a text happens to hold is no formula
    assert put_back("mathml0123456789abcdefformula", {}) == "mathml0123456789abcdefformula"
