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
    assert formula in "".join(formulas) and bool(formulas) == bool(formula)


def test_no_formula_of_the_labs_is_left_as_latex():
    for path in sorted((REPO / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "markdown":
                outside_code = re.sub(r"(`+).+?\1", "", pages.set_aside(cell.source, []), flags=re.DOTALL)
                assert "$" not in outside_code and "\\" not in outside_code, outside_code[:300]


def test_a_page_asks_for_no_mathjax_and_the_thumbnail_is_the_richest_figure(tmp_path):
    png = [base64.b64encode(b"\x89PNG" + bytes(n)).decode() for n in (10, 99, 50)]
    figures = [new_code_cell("", outputs=[new_output("display_data", {"image/png": data})]) for data in png]
    notebook = new_notebook(cells=[new_markdown_cell("# A title\n\n$x^2$"), *figures])
    pages.write(notebook, tmp_path / "01_lab.ipynb")
    page = (tmp_path / "01_lab.html").read_text()
    assert "<msup><mi>x</mi><mn>2</mn></msup></mrow></math>" in page and "mathml0" not in page
    assert "mathjax/" not in page.lower() and "require.min.js" not in page
    assert (tmp_path / "01_lab.png").read_bytes() == b"\x89PNG" + bytes(99)
    assert pages.title(notebook, "default") == "A title" and pages.title(new_notebook(), "default") == "default"
