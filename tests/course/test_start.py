"""The start page's two functions: pictures of the labs, and what the machine has."""
import base64
import subprocess
import sys

import nbformat
import pytest
from conftest import REPO
from nbformat.v4 import new_code_cell, new_notebook, new_output

from vaekit.course import start
from vaekit.errors import UserError
from vaekit.files import read_json

LABS = REPO / "notebooks"


def test_each_lab_with_a_figure_is_shown_under_its_number():
    fig = start.covers(LABS)
    titles = [ax.get_title() for ax in fig.axes if ax.get_title()]
    assert [title[:2] for title in titles] == [f"{number:02}" for number in range(1, 11)]
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


@pytest.mark.parametrize(
    ("has_cuda", "labs"), [(False, "2, at 0.85 GB each"), (True, "1, at 1.25 GB each")]
)
def test_two_gigabytes_are_enough_for_two_labs_without_cuda(monkeypatch, has_cuda, labs):
    monkeypatch.setattr(start, "memory", lambda: 2 * 2**30)
    monkeypatch.setattr(start, "_torch_and_gpu", lambda: ("2.14.1", has_cuda, "none"))
    assert f"| labs open at the same time | {labs} |" in str(start.machine())


def test_the_largest_lab_needs_no_more_than_the_start_page_says():
    """Nor much less, which would keep a second lab closed for nothing."""
    rows = read_json(REPO / "results" / "memory.json")["rows"]
    floors = {row["torch"]: row["peak_mb"] for row in rows if row["lab"] == "imports alone"}
    # what a lab adds to its imports is the same with each build
    added = max(row["peak_mb"] - floors[row["torch"]] for row in rows) / 1024
    for torch, floor in floors.items():
        is_cpu = torch.endswith("+cpu")
        said = start.GIGABYTES_PER_LAB if is_cpu else start.GIGABYTES_PER_LAB_WITH_CUDA
        assert 1 <= said / (floor / 1024 + added) < 1.2


def test_without_a_limit_it_is_the_machine_s(tmp_path, monkeypatch):
    limit = tmp_path / "memory.max"
    limit.write_text("max\n")
    monkeypatch.setattr(start, "MEMORY_LIMITS", (str(limit),))
    assert start.memory() > 2**30


NEEDS_NO_TORCH = f"""
import sys
from vaekit.course import start
start.covers({str(LABS)!r})
start.machine()
print("torch" in sys.modules)
"""


def test_the_start_page_does_not_load_torch():
    """It stays open beside a lab, and on Binder both share 2 GB."""
    ran = subprocess.run([sys.executable, "-c", NEEDS_NO_TORCH], capture_output=True, text=True)
    assert ran.stdout == "False\n", ran.stderr


def test_the_machine_tells_its_torch():
    import torch

    assert torch.__version__ in str(start.machine())


def test_a_torch_that_cannot_be_loaded_is_said_to_be_so(monkeypatch):
    monkeypatch.setattr(start, "ASK_TORCH", "raise ImportError")
    assert "none that can be loaded" in str(start.machine())
