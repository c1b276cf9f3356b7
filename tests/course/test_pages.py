"""The pages of the lab runner: nothing is fetched, sliders stand still, figures have words."""
import base64
import json
import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from vaekit.course import pages
from vaekit.course.results import LabResult
from vaekit.course.stills import STATE, VIEW, decoded, still_outputs

PNG = b"\x89PNG\r\n\x1a\n"

WALK = """
import torch
from vaekit import explore, recipes
torch.manual_seed(0)
walk = explore.Walk(recipes.build("mlp-vae-mnist", latent_dim=2).eval(), size=112)
walk
"""
SLIDER = "import ipywidgets\nipywidgets.IntSlider(3, description='steps')"
FIGURE = "import torch\nfrom vaekit import plots\nplots.sheet(torch.rand(2, 1, 4, 4))"


def addresses(page):
    """Whatever a page would load: of scripts, styles, pictures, frames, and within CSS and JS."""
    pattern = r"""(?:src|srcset|poster|data|action)\s*=\s*["']?([^"'\s>]+)"""
    yield from re.findall(rf"<[^>]*?\s{pattern}", page)
    yield from re.findall(r"""<link[^>]*href\s*=\s*["']?([^"'\s>]+)""", page)
    yield from re.findall(r"""url\(\s*["']?([^"')]+)""", page)
    yield from re.findall(r"""(?:import|fetch)\s*\(?\s*["']([^"']+)""", page)


def fetched(page):
    return [each for each in addresses(page) if not each.startswith(("data:", "#"))]


@pytest.fixture
def notebook():
    """A title, a formula, and three figures of different size."""
    cells = [new_markdown_cell("# A title\n\n$x^2$\n\n## 1 · Three figures")]
    for size in (10, 99, 50):
        data = base64.b64encode(PNG + bytes(size)).decode()
        figure = new_output("display_data", {"image/png": data})
        cells.append(new_code_cell("", outputs=[figure]))
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def executed():
    """A notebook with a walk, a slider without a picture and a figure, really executed."""
    cells = [new_markdown_cell("# Sliders")]
    cells += [new_code_cell(source) for source in (WALK, SLIDER, FIGURE)]
    notebook = new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=120).execute()
    return notebook


@pytest.mark.slow
def test_an_executed_notebook_with_sliders_fetches_nothing(executed):
    # otherwise this would test nothing
    assert json.dumps(executed).count(VIEW) == 2
    page = pages.render(executed, "lab")
    assert fetched(page) == []
    for place in ("unpkg", "jsdelivr", "cdnjs", "html-manager", "mathjax", "require.min"):
        assert place not in page.lower()
    assert "<script" not in page


@pytest.mark.slow
def test_a_slider_is_shown_by_its_last_picture(executed):
    output = executed.cells[1].outputs[0]
    page = pages.render(executed, "lab")
    figure = re.search(r'<img[^>]*image-rendering: pixelated[^>]*>', page)[0]
    state = executed.metadata.widgets[STATE]["state"]
    buffers = [buffer for model in state.values() for buffer in model.get("buffers", [])]
    shown = [decoded(buffer["data"]) for buffer in buffers]
    encoded = re.search(r"base64,([^\"]+)", figure)[1]
    assert base64.b64decode(encoded) in shown
    assert 'width="112"' in figure
    assert output["data"]["text/plain"].split("(")[0] in figure


@pytest.mark.slow
def test_a_slider_without_a_picture_says_what_to_do(executed):
    page = pages.render(executed, "lab")
    assert page.count("A slider: run the lab to move it.") == 2
    assert "IntSlider(value=3" in page


@pytest.mark.slow
def test_the_notebook_itself_keeps_its_sliders(executed):
    before = json.dumps(executed, sort_keys=True)
    pages.render(executed, "lab")
    assert json.dumps(executed, sort_keys=True) == before


def test_a_picture_of_the_cell_goes_before_the_one_of_the_state():
    own = base64.b64encode(PNG + b"own").decode()
    data = {VIEW: {"model_id": "a"}, "image/png": own, "text/plain": "Walk()"}
    notebook = new_notebook(cells=[new_code_cell("", outputs=[new_output("display_data", data)])])
    still_outputs(notebook)
    page = notebook.cells[0].outputs[0]["data"]["text/html"]
    assert f"base64,{own}" in page
    assert "A slider: run the lab to move it." in page


@pytest.mark.parametrize("state", [
    3, {}, {"a": 3}, {"a": {"state": 3, "buffers": 3}}, {"a": {"buffers": [3, {"data": 3}]}},
    {"a": {"state": {"children": ["IPY_MODEL_a", 3]}}}, {"a": {"state": {"children": "abc"}}},
    {"a": {"buffers": [{"data": "!!"}], "state": {"width": "x"}}},
])
@pytest.mark.parametrize("view", [{"model_id": "a"}, {"model_id": []}, "a", None])
def test_a_damaged_widget_state_leaves_the_sentence(state, view):
    output = new_output("display_data", {"text/plain": "Walk()"})
    output["data"][VIEW] = view
    notebook = new_notebook(cells=[new_code_cell("", outputs=[output])])
    notebook["metadata"]["widgets"] = {STATE: {"state": state}}
    still_outputs(notebook)
    assert "A slider: run the lab" in output["data"]["text/html"]
    assert "widgets" not in notebook["metadata"]


def test_what_a_cell_itself_would_fetch_is_forbidden():
    """A policy in the page's head, which browsers obey."""
    asking = {"text/html": '<script src="https://example.org/a.js"></script>'}
    cell = new_code_cell("", outputs=[new_output("display_data", asking)])
    page = pages.render(new_notebook(cells=[cell]), "lab")
    policy = re.search(r'http-equiv="Content-Security-Policy"', page)
    assert policy.start() < page.index("example.org")
    content = re.search(r'<meta [^>]*Content-Security-Policy[^>]*>', page)[0]
    assert "default-src 'none'" in content
    assert "http:" not in content
    assert "https:" not in content


def test_a_page_has_its_formulas_and_its_title(notebook):
    page = pages.render(notebook, "01_lab")
    assert "<msup><mi>x</mi><mn>2</mn></msup></mrow></math>" in page
    assert not re.search(r"mathml[0-9a-f]{16}formula", page)
    assert "<title>A title</title>" in page
    assert fetched(page) == []


def test_formulas_of_outputs_are_formulas_too():
    output = new_output("display_data", {"text/markdown": r"so $\mathcal N(0, I)$"})
    page = pages.render(new_notebook(cells=[new_code_cell("", outputs=[output])]), "lab")
    assert "<mi>𝒩</mi>" in page


def test_every_figure_says_what_it_is(notebook):
    page = pages.render(notebook, "01_lab")
    figures = re.findall(r"<img[^>]*>", page)
    assert len(figures) == 3
    for number, figure in enumerate(figures, start=1):
        assert f'alt="Figure {number}, in: 1 · Three figures"' in figure


def test_a_page_leads_back_and_on(notebook):
    page = pages.render(notebook, "01_lab", onward=("02_lab.html", "02 <the next>"))
    assert '<a href="index.html">' in page
    assert '<a href="02_lab.html">Next: 02 &lt;the next&gt;</a>' in page
    assert "Next" not in pages.render(notebook, "01_lab")


def test_a_page_says_how_its_lab_failed(notebook):
    page = pages.render(notebook, "01_lab", error="cell 3: ValueError: <no>")
    assert "failed at cell 3: ValueError: &lt;no&gt;" in page
    assert "failed at" not in pages.render(notebook, "01_lab")


def test_the_page_of_a_lab_that_could_not_be_read():
    page = pages.failure("01_<lab>", "it is <empty>", onward=("02.html", "next"))
    assert "<title>01_&lt;lab&gt;</title>" in page
    assert "failed at it is &lt;empty&gt;" in page
    assert 'href="02.html"' in page
    assert [each for each in fetched(page) if each.startswith("http")] == []


def test_the_thumbnail_is_the_richest_figure(notebook, tmp_path):
    pages.write(notebook, tmp_path / "01_lab.ipynb")
    assert (tmp_path / "01_lab.png").read_bytes() == PNG + bytes(99)
    assert (tmp_path / "01_lab.html").exists()


def test_a_cell_may_say_that_its_figure_is_the_thumbnail(notebook):
    notebook.cells[3].metadata["tags"] = ["cover"]
    assert pages.thumbnail(notebook) == PNG + bytes(50)

    # as long as there is no such figure, the richest one will do
    notebook.cells[3].outputs = []
    assert pages.thumbnail(notebook) == PNG + bytes(99)


def test_a_link_to_a_lab_leads_to_its_page():
    cell = new_markdown_cell("[on](02_b.ipynb#part), [start](00_start.ipynb)")
    page = pages.render(new_notebook(cells=[cell]), "lab")
    assert 'href="02_b.html#part"' in page
    assert page.count('href="index.html"') == 3


@pytest.mark.parametrize("picture", ["!!!", "", "AAAA", "Zg==", "\ud800"])
def test_a_notebook_without_a_readable_figure_has_no_thumbnail(picture, tmp_path):
    output = new_output("display_data", {"image/png": picture})
    notebook = new_notebook(cells=[new_code_cell("", outputs=[output])])
    assert pages.thumbnail(notebook) is None
    pages.write(notebook, tmp_path / "01_lab.ipynb")
    assert (tmp_path / "01_lab.html").exists()
    assert not (tmp_path / "01_lab.png").exists()


def test_the_title_is_the_first_heading(notebook):
    assert "<title>A title</title>" in pages.render(notebook, "default")
    assert "<title>default</title>" in pages.render(new_notebook(), "default")


def test_the_index_has_a_card_for_each_lab():
    good = LabResult("01_a", "01 · <A>", 12.3, 7, has_picture=True)
    bad = LabResult("02_b", "02 · B", 3.0, 4, error="cell 2: <no>")
    page = pages.index([good, bad])
    assert '<a href="01_a.html"><img src="01_a.png" alt="a figure of 01 · &lt;A&gt;">' in page
    assert "<h2>01 · &lt;A&gt;</h2><p>7 code cells · 12 s</p>" in page
    assert '<a href="02_b.html"><h2>02 · B</h2>' in page
    assert "failed at cell 2: &lt;no&gt;" in page
    # the policy of a lab's page would keep the thumbnails out
    assert "Content-Security-Policy" not in page
    assert fetched(page) == ["01_a.png"]


def test_a_notebook_is_not_changed_by_its_page(notebook):
    before = nbformat.writes(notebook)
    pages.render(notebook, "01_lab")
    assert nbformat.writes(notebook) == before
