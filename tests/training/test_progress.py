"""The bar: what stays of it in a saved notebook, and when nothing is shown."""
import os
import re
import sys
import types

import nbformat
import pytest
from conftest import REPO
from nbclient import NotebookClient
from support.vaes import small_vae

from vaekit import losses, training
from vaekit.errors import UserError
from vaekit.training import progress
from vaekit.training.progress import progress_bar

SETUP = """
import os, sys
os.environ["TQDM_DISABLE"] = {disable!r}
sys.path.insert(0, "tests")
from support.vaes import small_vae
from vaekit import data, losses, training

train, test = data.load("digits", "train"), data.load("digits", "test")
train, test = train.first(60), test.first(20)

def fit(progress, objective=losses.negative_elbo, **settings):
    training.fit(
        small_vae(), train, objective, test=test, epochs=3, batch_size=20, progress=progress,
        **settings,
    )
"""

ENDINGS = """
def ends_with(error):
    steps = 0

    def objective(output, x, c):
        nonlocal steps
        steps += 1
        if steps > 5:
            raise error
        return losses.negative_elbo(output, x)

    return objective
"""


def outputs_of(cells, *, disable="0"):
    """The outputs of each cell, run in a real kernel and saved as a front end saves them."""
    sources = [SETUP.format(disable=disable), *cells]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(REPO)}},
    )
    client.execute()
    assert notebook.cells[0].outputs == [], notebook.cells[0].outputs
    assert "widgets" not in notebook.metadata
    return [cell.outputs for cell in notebook.cells[1:]]


@pytest.mark.slow
def test_a_saved_notebook_holds_what_training_came_to(tmp_path):
    path = tmp_path / "run.safetensors"
    plain, labelled, before, again, hidden, error, interrupted, nan = outputs_of([
        "fit(True)",
        "fit('d = 8, 4 of 6')",
        f"training.fit(small_vae(), train, losses.negative_elbo, epochs=1, batch_size=20, "
        f"checkpoint={str(path)!r}, progress=False)\nNone",
        f"training.fit(small_vae(), train, losses.negative_elbo, epochs=3, batch_size=20, "
        f"checkpoint={str(path)!r})\nNone",
        "fit(False)",
        ENDINGS + "fit(True, ends_with(RuntimeError('out of memory')))",
        ENDINGS + "fit('second', ends_with(KeyboardInterrupt()))",
        "fit(True, lr=1e30)",
    ])

    (shown,) = plain
    assert shown.output_type == "display_data"
    assert shown.data.keys() == {"text/plain"}
    line = shown.data["text/plain"]
    assert re.fullmatch(r"9 steps, \d+ s, train [\d.]+, test [\d.]+", line), line

    (shown,) = labelled
    line = shown.data["text/plain"]
    assert re.fullmatch(r"d = 8, 4 of 6: 9 steps, \d+ s, train [\d.]+, test [\d.]+", line), line

    assert before == []
    (shown,) = again
    assert shown.data["text/plain"].startswith("9 steps (3 of them before), ")
    assert hidden == []

    for outputs, name, label in (
        (error, "RuntimeError", ""),
        (interrupted, "KeyboardInterrupt", "second: "),
    ):
        shown, raised = outputs
        assert raised.ename == name
        line = shown.data["text/plain"]
        wanted = rf"{label}stopped after 4 of 9 steps, \d+ s, train [\d.]+, test [\d.]+"
        assert re.fullmatch(wanted, line), line

    shown, raised = nan
    assert raised.ename == "UserError"
    assert re.fullmatch(r"stopped after 3 of 9 steps, \d+ s", shown.data["text/plain"])


@pytest.mark.slow
def test_where_the_environment_says_so_a_notebook_shows_nothing():
    """So the labs are built: their outputs do not change from run to run."""
    assert outputs_of(["fit(True)", "fit('a label')"], disable="1") == [[], []]


@pytest.fixture
def shown(monkeypatch):
    """A kernel's display without a kernel: the texts that were shown, one after the other."""
    texts = []

    class Handle:
        def update(self, data, *, raw):
            assert raw
            texts.append(data["text/plain"])

    def display(data, *, raw, display_id):
        texts.append(data["text/plain"])
        return Handle()

    shell = types.SimpleNamespace(kernel=object())
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    monkeypatch.setenv("TQDM_DISABLE", "0")
    return texts


def test_while_it_runs_the_line_says_how_far_it_is(shown, monkeypatch):
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_UPDATES", 0)
    with progress_bar(1000, 0, "first") as bar:
        for _ in range(250):
            bar.update()
        assert shown[-1] == f"first: {'█' * 6}{'░' * 18} 25 %, 250 of 1,000 steps, 0 s"
        bar.show({"train_generator_loss": 0.69314, "test_loss": 103.14})
        bar.update()
        assert shown[-1].endswith(", 0 s, train generator 0.6931, test 103.1")
    assert shown[-1] == "first: 251 steps, 0 s, train generator 0.6931, test 103.1"


def test_it_is_not_rewritten_at_every_step(shown):
    with progress_bar(5000, 0, True) as bar:
        for _ in range(5000):
            bar.update()
    # begin and end, and what a slow machine takes
    assert len(shown) < 20


def test_a_step_costs_next_to_nothing(shown):
    import time

    with progress_bar(100_000, 0, True) as bar:
        start = time.perf_counter()
        for _ in range(100_000):
            bar.update()
        per_step = (time.perf_counter() - start) / 100_000
    assert per_step < 2e-5


def test_a_terminal_has_tqdms_bar_which_vanishes(monkeypatch, capsys, small):
    monkeypatch.setenv("TQDM_DISABLE", "0")
    training.fit(
        small_vae(), small[0], losses.negative_elbo, epochs=2, progress="the first one"
    )
    printed = capsys.readouterr().err
    assert "the first one:" in printed
    assert "train_loss=" in printed
    # the last thing written is an empty line in the bar's place
    assert printed.rsplit("\r", 2)[-2].strip() == ""


@pytest.mark.parametrize("shown, disable", [(False, "0"), (True, "1"), ("label", "1")])
def test_nothing_is_shown_where_nothing_is_wanted(monkeypatch, capsys, shown, disable):
    monkeypatch.setenv("TQDM_DISABLE", disable)
    with progress_bar(3, 0, shown) as bar:
        bar.update()
        bar.show({"train_loss": 1.0})
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("label", ["", "  \n"])
def test_an_empty_label_is_refused(label):
    with pytest.raises(UserError, match="progress must be True, False or a label"):
        progress_bar(3, 0, label)


def test_no_bar_needs_ipywidgets():
    assert os.environ["TQDM_DISABLE"] == "1"
    source = (REPO / "vaekit" / "training" / "progress.py").read_text()
    assert "tqdm.auto" not in source
    assert "ipywidgets" not in source
