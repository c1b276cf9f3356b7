"""Every option of every command with hostile values, found by asking the application for them.

Each ends with exit code 2 and one line on stderr that names the option and the value, or with exit
code 0. What is accepted stands in ACCEPTED: what is accepted and not listed is a fault, and so is
what is listed and refused. Nothing is trained in earnest: whoever gets as far as the first step is
accepted, and what he would have trained with is looked at.
"""
import importlib
import os
import shutil
from pathlib import Path

import pytest
import typer
from conftest import REPO
from typer.testing import CliRunner

from vaekit.cli import explore, output, report
from vaekit.cli.app import app
from vaekit.course import labs
from vaekit.errors import UserError, brief
from vaekit.experiments import figures
from vaekit.recipes import run as recipe_run

HUGE = "1" + 30 * "0"

# what every option is given; a list is what a shell makes of [1]
HOSTILE = (
    "",
    " ",
    "0",
    "-1",
    "1.5",
    "nan",
    "inf",
    "-inf",
    "1e400",
    HUGE,
    "three",
    "[1]",
    "None",
    "../x",
    "x\n\x1b[2J",
    "x" * 10_000,
    "λ",
)

# a command that would work, for each
WORKING = {
    "train": ["fc-cvae", "--data", "digits", "--limit", "20", "--epochs", "1"],
    "reproduce": ["s1-table1", "--data", "digits", "--limit", "20", "--epochs", "1", "--jobs", "1"],
    "labs": ["01"],
    "results": [],
    "data": ["digits"],
    "explore": ["conv-cvae-fashion", "--data", "digits", "--html", "page.html"],
}

# what is rightly accepted
TEXTS = (" ", "0", "-1", "1.5", "nan", "inf", "-inf", "1e400", HUGE, "three", "[1]", "None", "λ")
PLACES = (*TEXTS, "../x", "x\n\x1b[2J")
ACCEPTED = {
    ("train", "beta"): ("0", "1.5", HUGE),
    ("train", "lr"): ("1.5", HUGE),
    ("train", "seed"): ("0",),
    ("train", "only"): ("0",),
    ("train", "out"): PLACES,
    ("reproduce", "seed"): ("0",),
    ("reproduce", "out"): PLACES,
    ("labs", "out"): PLACES,
    ("explore", "html"): PLACES,
}

# these ask or change the user's shell, or show a text and end
NO_VALUE = {"install_completion", "show_completion", "version", "debug", "help"}


def options():
    """(command, name of the parameter, option) of all that take a value."""
    group = typer.main.get_command(app)
    found = []
    for command, each in group.commands.items():
        for parameter in each.params:
            takes_value = parameter.param_type_name == "option" and not parameter.is_flag
            if takes_value and parameter.name not in NO_VALUE:
                found.append((command, parameter.name, max(parameter.opts, key=len)))
    return found


OPTIONS = options()


class Begun(Exception):
    """Training would begin: all was accepted."""


@pytest.fixture
def begun(monkeypatch, tmp_path):
    """Stops commands where their work begins; gives what they would have worked with."""
    seen = {}

    def fit(model, *args, **settings):
        seen.update(settings, model=model)
        # the settings are checked in the first lines, before the first step
        settings["progress"] = False
        return real_fit(model, *args, **settings)

    def begin(*args, **kwargs):
        raise Begun

    def run_lab(path, *args, **kwargs):
        raise Begun

    def no_report(error):
        raise UserError("nobody reads it here")

    real_fit = recipe_run.fit
    # the package's own name "fit" is the function
    monkeypatch.setattr(importlib.import_module("vaekit.training.fit"), "_train_epoch", begin)
    monkeypatch.setattr(report, "_write", no_report)
    monkeypatch.setattr(recipe_run, "fit", fit)
    monkeypatch.setattr(labs, "_run", run_lab)
    monkeypatch.setattr(figures, "write_table", begin)
    monkeypatch.setattr(explore, "_load", lambda name: name)
    monkeypatch.setattr(explore, "_page", lambda loaded, images: "page")
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return seen


def invoke(command, option, value):
    """The command that works, with this option last."""
    working = [command, *WORKING[command]]
    if option in working:
        at = working.index(option)
        del working[at:at + 2]
    return CliRunner().invoke(app, [*working, f"{option}={value}"])


def shown(value):
    """How a message may write a value: as it is, or in Python's short form."""
    forms = {value, value.strip(), brief(value), brief(value)[1:-1], output.one_line(value)}
    for read in (int, float):
        try:
            forms.add(str(read(value)))
        except (ValueError, OverflowError):
            continue
    return {form for form in forms if form}


def is_accepted(result):
    return result.exit_code == 0 or "unexpected Begun" in result.stderr


def test_every_option_is_found():
    assert {command for command, _, _ in OPTIONS} == {
        "train",
        "reproduce",
        "labs",
        "data",
        "explore",
    }
    assert len([name for command, name, _ in OPTIONS if command == "train"]) == 19
    assert ("train", "latent_dim", "--latent-dim") in OPTIONS


@pytest.mark.parametrize("command, name, option", OPTIONS, ids=[f"{c}{o}" for c, _, o in OPTIONS])
def test_hostile_values_surprise_nobody(begun, command, name, option):
    listed = ACCEPTED.get((command, name), ())
    faults = []
    for value in HOSTILE:
        result = invoke(command, option, value)
        fault = fault_of(result, option, value, value in listed)
        if fault:
            said = f"code {result.exit_code}, {result.stderr[-300:]}"
            faults.append(f"{value[:40]!r}: {fault}: {said}")
    assert not faults, "\n".join([f"{len(faults)} of {len(HOSTILE)}", *faults])


def fault_of(result, option, value, listed):
    """What a person would wonder about; nothing if it is empty."""
    if is_accepted(result):
        return "" if listed else "accepted, but not listed"
    if listed:
        return "listed as accepted, but refused"
    lines = result.stderr.splitlines()
    if result.exit_code != 2 or len(lines) != 1:
        return "no sentence"
    if option not in lines[0]:
        return "does not name the option"
    if not any(form in lines[0] for form in shown(value)) and value != "":
        return "does not name the value"
    return ""


@pytest.mark.parametrize("option, value, name, expected", [
    ("--beta", "0", "beta", 0.0),
    ("--lr", "1.5", "lr", 1.5),
    ("--seed", "7", "seed", 7),
    ("--batch-size", "3", "batch_size", 3),
    ("--epochs", "2147483647", "epochs", 2147483647),
    ("--patience", "2", "patience", 2),
])
def test_what_is_accepted_reaches_the_training(begun, option, value, name, expected):
    assert is_accepted(invoke("train", option, value))
    if name == "beta":
        return
    assert begun[name] == expected


def test_the_size_of_z_reaches_the_model(begun):
    assert is_accepted(invoke("train", "--latent-dim", "3"))
    assert begun["model"].latent_dim == 3


@pytest.mark.parametrize("kind", ["file", "folder of a file", "not to be written"])
def test_a_place_that_cannot_hold_results(begun, kind, tmp_path):
    path = {
        "file": tmp_path / "file",
        "folder of a file": tmp_path / "file" / "x",
        "not to be written": Path("/proc/x"),
    }[kind]
    (tmp_path / "file").touch()
    for command in ("train", "reproduce", "labs"):
        result = invoke(command, "--out", path)
        assert result.exit_code == 2
        assert result.stderr.startswith("vaekit: --out: cannot write")
        assert str(path) in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_refused_command_leaves_nothing(begun):
    for command, _, option in OPTIONS:
        invoke(command, option, "nonsense/../../x\0")
    assert os.listdir(".") == []


def test_the_repository_is_as_it_was(begun):
    before = sorted(os.listdir(REPO / "notebooks"))
    invoke("labs", "--out", REPO / "notebooks")
    assert sorted(os.listdir(REPO / "notebooks")) == before
    shutil.rmtree("build", ignore_errors=True)
