"""The start page and the README name every lab, in order; each lab leads to the next."""
import re

import pytest
from conftest import REPO
from support.notebooks import LABS, TAUGHT, is_code, source

from vaekit.course.answers import LABS as ANSWERED

COUNTS = {7: "Seven", 8: "Eight", 9: "Nine", 10: "Ten"}
ROW = re.compile(r"^\| \[(\d\d .*?)\]\((?:notebooks/)?(\d\d_\w+)\.ipynb\) \| (.+)$", re.MULTILINE)


def title(name):
    """"01 The autoencoder", from the lab's first heading."""
    heading = re.match(r"# (\d\d) · ([^:\n]*)", source(name)[0].source)
    assert heading, f"{name} begins with no heading such as '# 01 · The autoencoder'"
    return f"{heading[1]} {heading[2].strip()}"


def start_page():
    return "\n".join(cell.source for cell in source("00_start") if not is_code(cell))


PAGES = {
    "start page": start_page(),
    "README": (REPO / "README.md").read_text(encoding="utf-8"),
}


@pytest.mark.parametrize("page", PAGES)
def test_every_lab_has_its_row(page):
    rows = ROW.findall(PAGES[page])
    assert [name for _, name, _ in rows] == LABS
    for _, name, rest in rows:
        assert len(rest.split("|")[0].split()) >= 5, f"{name}: a question, or what one learns"


@pytest.mark.parametrize("page", PAGES)
def test_the_rows_have_the_labs_titles(page):
    titles = {name: row for row, name, _ in ROW.findall(PAGES[page])}
    expected = {name: title(name) for name in LABS}
    # a table has room for an article more
    shortened = {name: each.replace(" The ", " ") for name, each in titles.items()}
    assert shortened == {name: each.replace(" The ", " ") for name, each in expected.items()}


@pytest.mark.parametrize("page", PAGES)
def test_the_labs_are_counted_right(page):
    assert re.search(rf"\b{COUNTS[len(LABS)]} (Jupyter )?labs\b", PAGES[page])


def test_the_start_page_says_how_exercises_are_marked():
    for words in ("`# BEGIN SOLUTION`", "`# END SOLUTION`", "`check.or_reference`"):
        assert words in start_page()


@pytest.mark.parametrize("name, following", zip(LABS, LABS[1:]), ids=LABS[:-1])
def test_each_lab_leads_to_the_next(name, following):
    assert f"next: [{title(following)}]({following}.ipynb)" in source(name)[0].source


def test_the_last_lab_leads_back():
    top = source(LABS[-1])[0].source
    assert "[start page](00_start.ipynb)" in top
    assert "next:" not in top


def test_a_lab_s_number_is_its_file_s():
    for name in LABS:
        assert title(name)[:2] == name[:2]


def test_reference_solutions_are_numbered_as_the_labs():
    modules = [module.__name__.rpartition(".")[2] for module in ANSWERED]
    assert modules == [f"lab{name[:2]}" for name in TAUGHT]


def test_no_page_names_a_lab_that_is_gone():
    for path in (REPO / "README.md", REPO / "CONTRIBUTING.md", REPO / "RESULTS.md"):
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"\b[Ll]abs? (\d\d)\b", text))
        assert named <= {name[:2] for name in LABS}, path.name
        assert "ddpm_and_gan" not in text
