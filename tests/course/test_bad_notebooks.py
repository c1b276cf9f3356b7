"""Damaged labs: each is one lab's failure in a sentence, and the others still run."""
import html
import json
import os
import shutil

import pytest
from conftest import REPO
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import command
from support.labs import write_lab

from vaekit.course import labs, pages
from vaekit.course.notebooks import read_notebook, write_text_of
from vaekit.errors import UserError

REAL = (REPO / "notebooks" / "02_variational_autoencoder.ipynb").read_bytes()
GOOD = json.loads(REAL)


def changed(**entries):
    """A real lab with other values at its top level, as bytes; None leaves one out."""
    notebook = {**GOOD, **entries}
    return json.dumps({name: value for name, value in notebook.items() if value is not None})


def with_cell(**entries):
    """A real lab with other values in its fourth cell; None leaves one out."""
    cells = list(GOOD["cells"])
    cell = {**cells[3], **entries}
    cells[3] = {name: value for name, value in cell.items() if value is not None}
    return changed(cells=cells)


BAD = {
    "empty": ("", "is empty"),
    "truncated": (REAL[:5000].decode(), "is not readable JSON"),
    "text": ("not a notebook", "is not readable JSON"),
    "a list": ("[]", "is no notebook"),
    "a number": ("3", "is no notebook"),
    "nested too deeply": ("[" * 100_000, "is not readable JSON"),
    "format 99": (changed(nbformat=99), "notebook format 99"),
    "format text": (changed(nbformat="four"), "notebook format 'four'"),
    "no format": (changed(nbformat=None), "notebook format None"),
    "format true": (changed(nbformat=True), "notebook format True"),
    "minor format": (changed(nbformat_minor="x"), "is no valid notebook"),
    "no cells entry": (changed(cells=None), "is no valid notebook"),
    "no cells": (changed(cells=[]), "has no code cells"),
    "cells are text": (changed(cells="abc"), "is no valid notebook"),
    "a cell is a number": (changed(cells=[3]), "is no valid notebook"),
    "metadata is a list": (changed(metadata=[]), "is no valid notebook"),
    "metadata is text": (changed(metadata="x"), "is no valid notebook"),
    "kernelspec is text": (changed(metadata={"kernelspec": "x"}), "is no valid notebook"),
    "no source": (with_cell(source=None), "is no valid notebook"),
    "source is a number": (with_cell(source=3), "is no valid notebook"),
    "no cell type": (with_cell(cell_type=None), "is no valid notebook"),
    "cell metadata is a list": (with_cell(metadata=[]), "is no valid notebook"),
    "tags are a number": (with_cell(metadata={"tags": 3}), "is no valid notebook"),
    "half a character": (with_cell(source="\ud800"), "is no valid notebook"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_notebook_is_refused_in_a_sentence(name, tmp_path, caplog):
    content, words = BAD[name]
    path = tmp_path / "01_lab.ipynb"
    path.write_text(content)
    if words == "has no code cells":
        # valid, but nothing to run
        read_notebook(path)
        return
    with pytest.raises(UserError, match=words) as refusal:
        read_notebook(path)
    assert "\n" not in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert len(str(refusal.value)) < 400
    assert caplog.text == ""


def test_what_is_no_file_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / "dangling.ipynb").symlink_to(tmp_path / "nowhere")
    (tmp_path / "itself.ipynb").symlink_to(tmp_path / "itself.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "latin.ipynb").write_bytes("ä".encode("latin-1"))
    for name in ("folder", "dangling", "itself", "pipe", "latin", "missing"):
        with pytest.raises(UserError, match=name) as refusal:
            read_notebook(tmp_path / f"{name}.ipynb")
        assert "\n" not in str(refusal.value)


def test_a_real_lab_is_read_as_nbformat_reads_it():
    import nbformat

    for path in sorted((REPO / "notebooks").glob("*.ipynb")):
        assert read_notebook(path) == nbformat.read(path, 4)


def test_an_older_format_is_brought_up_to_date(tmp_path):
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "old"}, "worksheets": [
        {"cells": [{"cell_type": "code", "language": "python", "input": "1", "outputs": []}]},
    ]}
    (tmp_path / "old.ipynb").write_text(json.dumps(old))
    notebook = read_notebook(tmp_path / "old.ipynb")
    assert notebook["nbformat"] == 4
    assert notebook["cells"][0]["source"] == "1"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=st.floats(0, 1), byte=st.binary(max_size=3), length=st.integers(0, 200))
def test_a_damaged_lab_is_read_or_refused_in_a_sentence(tmp_path, where, byte, length):
    start = int(where * len(REAL))
    path = tmp_path / "lab.ipynb"
    path.write_bytes(REAL[:start] + byte + REAL[start + length:])
    try:
        notebook = read_notebook(path)
    except UserError as refusal:
        assert "\n" not in str(refusal)
    else:
        pages.render(notebook, "lab")


VALUES = st.sampled_from([
    None, True, -1, 10**30, 0.5, "", "text", "<script>", [], ["a", 3], {}, {"a": {}}, "!!!",
])


def places(value, path=()):
    """The path of every entry of a JSON value."""
    yield path
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from places(entry, (*path, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from places(entry, (*path, index))


SMALL = {**GOOD, "cells": GOOD["cells"][:14]}
PLACES = [place for place in places(SMALL) if place]


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.sampled_from(PLACES), value=VALUES)
def test_a_lab_with_a_strange_entry_is_read_or_refused_in_a_sentence(tmp_path, place, value):
    notebook = json.loads(json.dumps(SMALL))
    at = notebook
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    path = tmp_path / "lab.ipynb"
    path.write_text(json.dumps(notebook))
    try:
        read = read_notebook(path)
    except UserError as refusal:
        assert "\n" not in str(refusal)
    else:
        pages.render(read, "lab")
        pages.thumbnail(read)


@pytest.mark.slow
def test_bad_notebooks_do_not_stop_the_others(tmp_path, capfd):
    folder = tmp_path / "labs"
    for number, (content, _) in enumerate(BAD.values(), start=10):
        folder.mkdir(exist_ok=True)
        (folder / f"{number}_bad.ipynb").write_text(content)
    (folder / "50_folder.ipynb").mkdir()
    (folder / "51_dangling.ipynb").symlink_to(folder / "nowhere")
    write_lab(folder, "90_good", "print(n)")

    results = labs.run_all(out=tmp_path / "out", notebooks=folder, parameters={"n": 3})
    for result, (_, words) in zip(results, BAD.values()):
        assert words in result.error
        assert "\n" not in result.error
        page = (tmp_path / "out" / f"{result.name}.html").read_text()
        assert words in html.unescape(page)
    assert results[-1].error == ""
    assert all(result.error for result in results[:-1])
    assert capfd.readouterr().err == ""
    labs.summary(results)


STRANGE = {
    "an image that is none": "display({'image/png': '!!!'}, raw=True)",
    "an image that is a list": "display({'image/png': ['a', 'b']}, raw=True)",
    "a view of no widget": (
        "display({'application/vnd.jupyter.widget-view+json': {'model_id': 'x'}}, raw=True)"
    ),
    "a view that is text": (
        "display({'application/vnd.jupyter.widget-view+json': 'x'}, raw=True)"
    ),
    "no data": "display({}, raw=True)",
    "a page": "display({'text/html': '</main></body><script>'}, raw=True)",
    "a mark of a formula": "display({'text/markdown': 'mathml7formula $x'}, raw=True)",
}


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
def test_strange_outputs_do_not_stop_a_lab(tmp_path, capfd, caplog):
    write_lab(tmp_path / "labs", "01_strange", "print('the' + ' end')", *STRANGE.values())
    result = labs.run_all(out=tmp_path / "out", notebooks=tmp_path / "labs")[0]
    assert result.error == ""
    assert "the end" in (tmp_path / "out" / "01_strange.html").read_text()
    assert capfd.readouterr().err == ""
    assert caplog.text == ""


def test_half_a_character_can_be_written_and_shown():
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    output = new_output("stream", text="so \ud800 far")
    notebook = new_notebook(cells=[new_code_cell("", outputs=[output])])
    assert "so ? far" in write_text_of(notebook)
    assert "so ? far" in pages.render(notebook, "lab")


@pytest.mark.slow
def test_an_output_that_no_notebook_can_hold_is_its_cells_failure(tmp_path):
    write_lab(tmp_path / "labs", "01_strange", "1", "display({'image/png': 5}, raw=True)")
    result = labs.run_all(out=tmp_path / "out", notebooks=tmp_path / "labs")[0]
    assert "cell 3: NotebookValidationError: 5 is not valid" in result.error
    assert read_notebook(tmp_path / "out" / "01_strange.ipynb")


@pytest.mark.slow
def test_the_command_says_which_lab_is_bad_and_exits_with_1(tmp_path):
    folder = tmp_path / "labs"
    write_lab(folder, "02_good", "print(n)")
    shutil.copy(folder / "02_good.ipynb", folder / "03_good.ipynb")
    (folder / "01_bad.ipynb").write_text("")
    result = command.run("labs", "--notebooks", folder, "--out", tmp_path / "out")
    assert result.returncode == 1
    assert "[1/3] 01_bad FAILED" in result.stdout
    assert "is empty" in result.stdout
    assert "[3/3] 03_good done" in result.stdout
    assert result.stderr == ""
