"""The pages of the lab runner: formulas as MathML, nothing fetched, the richest thumbnail."""
import base64
import re

import nbformat
import pytest
from conftest import REPO
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from vaekit.course import pages


@pytest.mark.parametrize("markdown, left, formula", [
    ("a $x^2$ b", "a mathml0formula b", "<msup><mi>x</mi><mn>2</mn></msup>"),
    ("$$\\frac{a}{b}$$", "mathml0formula", "<mfrac>"),
    ("`cost = $5` and $z$", "`cost = $5` and mathml0formula", "<mi>z</mi>"),
    ("```\n$not maths$\n```", "```\n$not maths$\n```", ""),
    ("it costs 5 $", "it costs 5 $", ""),
])
def test_latex_becomes_mathml_and_code_stays(markdown, left, formula):
    formulas = []
    assert pages.set_aside(markdown, formulas) == left
    assert formula in "".join(formulas)
    assert bool(formulas) == bool(formula)


def test_no_formula_of_the_labs_is_left_as_latex():
    for path in sorted((REPO / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "markdown":
                converted = pages.set_aside(cell.source, [])
                outside_code = re.sub(r"(`+).+?\1", "", converted, flags=re.DOTALL)
                assert "$" not in outside_code, outside_code[:300]
                assert "\\" not in outside_code, outside_code[:300]


@pytest.fixture
def notebook():
    """A title, a formula, and three figures of different size."""
    cells = [new_markdown_cell("# A title\n\n$x^2$")]
    for size in (10, 99, 50):
        data = base64.b64encode(b"\x89PNG" + bytes(size)).decode()
        figure = new_output("display_data", {"image/png": data})
        cells.append(new_code_cell("", outputs=[figure]))
    return new_notebook(cells=cells)


def test_a_page_asks_for_no_mathjax(notebook, tmp_path):
    pages.write(notebook, tmp_path / "01_lab.ipynb")
    page = (tmp_path / "01_lab.html").read_text()
    assert "<msup><mi>x</mi><mn>2</mn></msup></mrow></math>" in page
    assert "mathml0" not in page
    assert "mathjax/" not in page.lower()
    assert "require.min.js" not in page


def test_the_thumbnail_is_the_richest_figure(notebook, tmp_path):
    pages.write(notebook, tmp_path / "01_lab.ipynb")
    assert (tmp_path / "01_lab.png").read_bytes() == b"\x89PNG" + bytes(99)


def test_a_notebook_without_figures_has_no_thumbnail(tmp_path):
    pages.write(new_notebook(cells=[new_code_cell("")]), tmp_path / "01_lab.ipynb")
    assert (tmp_path / "01_lab.html").exists()
    assert not (tmp_path / "01_lab.png").exists()


def test_the_title_is_the_first_heading(notebook):
    assert pages.title(notebook, "default") == "A title"
    assert pages.title(new_notebook(), "default") == "default"
