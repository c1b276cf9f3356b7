"""The start page's two functions: pictures of the labs, and what the machine has."""
import base64

import nbformat
import pytest
from conftest import REPO
from nbformat.v4 import new_code_cell, new_notebook, new_output

from vaekit.course import start
from vaekit.errors import UserError

LABS = REPO / "notebooks"


def test_each_lab_with_a_figure_is_shown_under_its_number():
    fig = start.covers(LABS)
    titles = [ax.get_title() for ax in fig.axes if ax.get_title()]
    assert [title[:2] for title in titles] == ["01", "02", "03", "04", "05", "06"]
    assert all(ax.images for ax in fig.axes if ax.get_title())


def test_the_cover_is_the_figure_of_the_tagged_cell(tmp_path):
    picture = base64.b64encode(b"the tagged one").decode()
    other = base64.b64encode(b"another").decode()
    cells = []
    for data, tags in ((other, []), (picture, ["cover"]), (other, [])):
        output = new_output("display_data", {"image/png": data})
        cells.append(new_code_cell("1", outputs=[output], metadata={"tags": tags}))
    path = tmp_path / "01_lab.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    assert start.cover(path) == b"the tagged one"


def test_a_folder_without_labs_is_named(tmp_path):
    with pytest.raises(UserError, match="holds no labs with a picture; give the folder"):
        start.covers(tmp_path)


def test_a_container_s_limit_counts_before_the_machine_s_memory(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    limit.write_text(f"{2 * 2**30}\n")
    monkeypatch.setattr(start, "MEMORY_LIMITS", (str(limit),))
    assert start.memory() == 2 * 2**30
    assert "| labs open at the same time | 1, at 1.2 GB each |" in str(start.machine())


def test_without_a_limit_it_is_the_machine_s(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    limit.write_text("max\n")
    monkeypatch.setattr(start, "MEMORY_LIMITS", (str(limit),))
    assert start.memory() > 2**30
