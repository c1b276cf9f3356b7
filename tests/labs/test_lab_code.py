"""The code of the labs as it stands on a projector: short cells, short lines, no typed tables."""
import re
import statistics

import pytest
from support.notebooks import LABS, TAUGHT, built, first_words, is_code, source, written
from support.prose import Finding

LONGEST_LINE = 100
LONGEST_CELL = 30
MEDIAN_CELL = 10
WORDS = (1_300, 2_700)

# the first cell that builds, defines or loads a model
MODEL = re.compile(
    r"\bnn\.(Linear|Sequential|Conv2d|ConvTranspose2d|Module)\b|\brecipes\.build\("
    r"|\bpretrained\.load\(|\btraining\.fit\(|\b(gan|diffusion|nets)\.[A-Za-z]\w*\("
)
DIAGRAM = re.compile(r"\bdiagrams\.\w+\(|\bDiagram\(")
TABLE = re.compile(r"\|\s*:?-{3,}")
SHOWS = re.compile(r"\b(plots\.\w+|fig)\b")


def cells(name):
    """Number and cell of all code of a lab."""
    return [(number, cell) for number, cell in enumerate(source(name)) if is_code(cell)]


def report(findings):
    return "\n".join([f"{len(findings)} found", *map(str, findings)])


@pytest.mark.parametrize("name", LABS)
def test_no_line_scrolls_sideways(name):
    findings = [
        Finding(name, number, f"{len(line)} characters", line.strip()[:60])
        for number, cell in cells(name)
        for line in cell.source.splitlines()
        if len(line) > LONGEST_LINE
    ]
    assert not findings, report(findings)


@pytest.mark.parametrize("name", LABS)
def test_a_cell_is_seen_at_once(name):
    findings = [
        Finding(name, number, f"{lines} lines", first_words(cell))
        for number, cell in cells(name)
        if (lines := len(cell.source.splitlines())) > LONGEST_CELL
    ]
    assert not findings, report(findings)


@pytest.mark.parametrize("name", LABS)
def test_most_cells_are_short_and_each_is_told_about(name):
    lengths = [len(cell.source.splitlines()) for _, cell in cells(name)]
    assert statistics.median(lengths) <= MEDIAN_CELL
    assert len(source(name)) - len(lengths) >= len(lengths)


@pytest.mark.parametrize("name", TAUGHT)
def test_it_is_as_long_as_a_lesson(name):
    prose = "\n".join(cell.source for cell in source(name) if not is_code(cell))
    # the links to other pages are no prose
    prose = re.sub(r"^\[start page\].*$", "", prose, flags=re.MULTILINE)
    low, high = WORDS
    assert low <= len(prose.split()) <= high


@pytest.mark.parametrize("name", LABS)
def test_tables_are_made_by_the_helper(name):
    findings = [
        Finding(name, number, "a table typed as text; use plots.table", first_words(cell))
        for number, cell in cells(name)
        if TABLE.search(cell.source)
    ]
    assert not findings, report(findings)


@pytest.mark.parametrize("name", TAUGHT)
def test_a_diagram_stands_before_the_first_model(name):
    models = [number for number, cell in cells(name) if MODEL.search(cell.source)]
    drawn = [number for number, cell in cells(name) if DIAGRAM.search(cell.source)]
    assert models, "no cell has model code"
    assert drawn, "no cell shows a diagram"
    assert drawn[0] < models[0], first_words(source(name)[models[0]])


@pytest.mark.parametrize("name", TAUGHT)
def test_its_diagrams_are_shown_as_svg_with_a_title_to_read_out(name):
    shown = [
        output.data["image/svg+xml"]
        for cell in built(name)
        for output in cell.get("outputs", [])
        if "image/svg+xml" in output.get("data", {})
    ]
    assert shown
    for picture in shown:
        title = re.search(r"<title>(.+?)</title>", picture)
        assert title, picture[:100]
        assert len(title[1].split()) >= 3


@pytest.mark.parametrize("name", LABS)
def test_every_figure_has_a_title(name):
    """In the cell that shows it, or in a function of this lab that the cell calls."""
    titled = set()
    findings = []
    for number, cell in enumerate(built(name)):
        if not is_code(cell):
            continue
        has_title = "title" in cell.source
        if has_title:
            titled |= set(re.findall(r"^def (\w+)", cell.source, re.MULTILINE))
            # a figure begun here may be shown by a later cell
            titled |= set(re.findall(r"^(\w+)(?:, \w+)* = ", cell.source, re.MULTILINE))
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        used = set(re.findall(r"\b\w+\b", cell.source))
        is_figure = "image/png" in kinds and SHOWS.search(cell.source)
        if is_figure and not has_title and not used & titled:
            findings.append(Finding(name, number, "a figure without a title", first_words(cell)))
    assert not findings, report(findings)


@pytest.mark.parametrize("name", LABS)
def test_no_check_only_prints_the_range_that_it_allows(name):
    """The value is shown: between(…) names it."""
    text = "\n".join(written(cell) for cell in built(name) if is_code(cell))
    assert not re.search(r"✓ .* lies between", text)


@pytest.mark.parametrize("name", LABS)
def test_a_bad_seed_is_refused_before_anything_is_computed(name):
    """In the first cell after the parameters and the imports."""
    code = [cell.source for _, cell in cells(name)]
    begin = next(n for n, source in enumerate(code) if "seed: int" in source)
    assert "check_seed(seed)" in "\n".join(code[begin: begin + 3])
