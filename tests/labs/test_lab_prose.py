"""The prose of the labs: plain words, and no number without a source.

A number in prose is printed by the same notebook, stands in its code, or in RESULTS.md, or is one
of the few exceptions that `support.prose` states with their reasons, together with what is no
prose and what is no measurement.
"""
import re

import pytest
from conftest import REPO
from support import prose
from support.notebooks import ALL, LABS, built, is_code, source, written
from support.prose import EXCEPTIONS, Finding

# what a reader with another first language does not find in a textbook of the field
HOUSE = re.compile(
    r"\b(louder|loud(ly)?|heard|hears?|hearing|deaf\w*|obey\w*|obedien\w*|luck\w*|bills?|dear\w*"
    r"|silent\w*|silence|mush\w*|homework|bargain\w*|betray\w*|whisper\w*|shouts?|shouting|eats?"
    r"|riddles?|acquit|convict)\b",
    re.IGNORECASE,
)
RESULTS = prose.values((REPO / "RESULTS.md").read_text(encoding="utf-8"))


def report(findings):
    return "\n".join([f"{len(findings)} found", *map(str, findings)])


@pytest.mark.parametrize("name", ALL)
def test_the_words_are_those_of_the_field(name):
    findings = []
    for number, cell in enumerate(source(name)):
        text = prose.said(cell.source) if is_code(cell) else prose.prose(cell)
        for found in HOUSE.finditer(text):
            around = text[max(0, found.start() - 30): found.end() + 30]
            findings.append(Finding(name, number, found[0], " ".join(around.split())))
    assert not findings, report(findings)


def unsourced(name):
    """The numbers in a lab's prose that come from nowhere."""
    printed = prose.values("\n".join(written(cell) for cell in built(name)))
    code = "\n".join(cell.source for cell in source(name) if is_code(cell))
    exact = prose.values_in_code(code) | RESULTS | set(EXCEPTIONS)
    return [
        Finding(name, number, value, around)
        for number, cell in enumerate(source(name))
        if not is_code(cell)
        for value, around in prose.numbers(prose.prose(cell))
        if not prose.has_source(value, printed, exact)
    ]


@pytest.mark.parametrize("name", LABS)
def test_every_number_is_printed_by_the_lab_or_stands_in_the_results(name):
    findings = unsourced(name)
    assert not findings, report(findings)
