"""However a command ends: one line, and the exit code that says why. In this process."""
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vaekit import __version__
from vaekit.cli import output
from vaekit.cli import results as results_command
from vaekit.cli.app import app
from vaekit.errors import UserError
from vaekit.experiments import tables


def invoke(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def failing(monkeypatch, tmp_path):
    """`vaekit results` in a folder of its own, where it meets the error that it is given."""
    (tmp_path / "RESULTS.md").touch()
    (tmp_path / "results").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def fail(error, *arguments):
        def update(page, measurements):
            raise error

        monkeypatch.setattr(tables, "update", update)
        return invoke(*arguments, "results")

    return fail


def test_a_mistake_is_one_sentence(failing):
    result = failing(UserError("choose\nanother\x1b[2J one"))
    assert result.exit_code == 2
    assert result.stderr == "vaekit: choose another\\x1b[2J one\n"
    assert result.stdout == ""


def test_a_failure_of_the_disk_names_the_file_and_the_way_out(failing):
    result = failing(PermissionError(13, "Permission denied", "/data/x.npz"))
    assert result.exit_code == 2
    assert result.stderr == (
        "vaekit: cannot use '/data/x.npz' (Permission denied); check the path and the space on "
        "the disk\n"
    )


def test_ctrl_c_is_told_in_a_word(failing):
    result = failing(KeyboardInterrupt())
    assert result.exit_code == 130
    assert result.stderr == "vaekit: interrupted\n"


def test_nobody_reads_on(failing):
    result = failing(BrokenPipeError())
    assert result.exit_code == 141
    assert result.output == ""


def test_an_unexpected_error_is_one_line_and_a_report(failing, tmp_path):
    result = failing(KeyError("loss"))
    assert result.exit_code == 70
    found = re.fullmatch(
        r"vaekit: unexpected KeyError \('loss'\); the full report is in (.*\.txt), "
        r"and --debug shows it here\n",
        result.stderr,
    )
    assert found, result.stderr
    report = Path(found[1])
    assert report.parent == tmp_path

    text = report.read_text(encoding="utf-8")
    assert "Traceback (most recent call last)" in text
    assert text.rstrip().endswith("KeyError: 'loss'")
    assert re.search(rf"^vaekit +{re.escape(__version__)}$", text, re.M)
    assert re.search(r"^torch +\d", text, re.M)
    assert re.search(r"^command +\S", text, re.M)


def test_a_report_that_cannot_be_written_is_told(failing, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/proc/nowhere")
    result = failing(KeyError("loss"))
    assert result.exit_code == 70
    assert len(result.stderr.splitlines()) == 1
    assert "its report could not be written" in result.stderr
    assert "run the command again with --debug" in result.stderr


def test_debug_shows_the_traceback(failing, tmp_path):
    result = failing(KeyError("loss"), "--debug")
    assert result.exit_code == 70
    assert result.stderr.startswith("Traceback")
    assert result.stderr.rstrip().endswith("KeyError: 'loss'")
    assert not list(tmp_path.glob("vaekit-report*"))


def test_debug_may_stand_after_the_command(failing):
    failing(KeyError("loss"))
    result = invoke("results", "--debug")
    assert result.exit_code == 70
    assert result.stderr.startswith("Traceback")


def test_debug_leaves_a_mistake_a_sentence(failing):
    result = failing(UserError("choose another"), "--debug")
    assert result.exit_code == 2
    assert result.stderr == "vaekit: choose another\n"


def test_from_python_an_error_stays_an_exception(failing):
    failing(KeyError("loss"))
    with pytest.raises(KeyError):
        results_command.write_results()


def test_the_version():
    result = invoke("--version")
    assert result.exit_code == 0
    assert result.stdout == f"vaekit {__version__}\n"


def test_without_arguments_there_is_help():
    result = invoke()
    assert result.exit_code == 0
    for command in ("labs", "train", "reproduce", "results", "data"):
        assert command in result.stdout


@pytest.mark.parametrize("arguments, words", [
    (["trian"], "No such command 'trian'"),
    (["train", "--epoch", "3"], "No such option: --epoch.*--epochs"),
    (["train", "fc-vae", "--epochs"], "Option '--epochs' requires an argument"),
    (["train", "fc-vae", "--epochs", "three"], "--epochs must be a whole number, got 'three'"),
    (["train", "fc-vae", "--lr=high"], "--lr must be a number, got 'high'"),
    (["train", "fc-vae", "--data", ""], "--data is empty, got ''; give it a value, or leave it"),
    (["train", "fc-vae", "--out="], "--out is empty, got ''"),
    (["train", "fc-vae", "--condition", ""], "--condition is empty, got ''"),
    (["train", ""], "an argument is empty, got ''"),
    (["labs", "-p", ""], "-p is empty, got ''"),
])
def test_a_command_line_that_cannot_be_read(arguments, words):
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.fullmatch(f"vaekit: .*{words}.*\n", result.stderr), result.stderr


def test_a_stream_that_takes_nothing_more(monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        with pytest.raises(UserError, match="cannot write to the standard output"):
            output.say("x")
        # what is left in the buffer went nowhere
        full.flush()


def test_a_closed_stdout_says_nothing(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    output.say("x")
    output.flush()


def test_an_error_stream_that_takes_nothing_is_no_error(monkeypatch):
    with open(os.devnull) as unwritable:
        monkeypatch.setattr("sys.stderr", unwritable)
        output.tell("x")
