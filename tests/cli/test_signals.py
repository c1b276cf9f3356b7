"""Ctrl-C and kill -9 at any moment: nothing to wonder about, nothing lost."""
import signal
import subprocess
import sys
import time

import pytest
from support.command import COMMAND, start
from support.interrupts import interrupt_at_random
from support.kills import kill_and_go_on, moments, undisturbed

pytestmark = pytest.mark.slow

TRAIN = ["train", "mlp-vae-mnist-small", "--data", "digits", "--epochs"]


def test_ctrl_c_while_torch_is_imported(tmp_path):
    """Earlier than a tenth of a second it meets Python itself, which starts."""
    ended = list(
        interrupt_at_random(
            [*TRAIN, 100_000], tmp_path / "out", times=8, earliest=0.1, latest=2.0
        )
    )
    assert [each.fault for each in ended] == [""] * 8


def test_ctrl_c_when_training_has_begun(tmp_path):
    """torch imports half of itself at the first step of an optimiser."""
    process = start([*TRAIN, 100_000, "--out", tmp_path])
    while not (tmp_path / ".vaekit.lock").exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "vaekit: interrupted\n"


def test_what_is_started_in_the_background_does_not_heed_the_keyboard(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, *TRAIN, "2", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    for _ in range(4):
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert errors == ""


def test_the_library_leaves_signals_alone():
    code = (
        "import signal\n"
        "before = [signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)]\n"
        "from typer.testing import CliRunner\n"
        "from vaekit.cli.app import app\n"
        "CliRunner().invoke(app, ['train'])\n"
        "after = [signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)]\n"
        "print(before == after)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_killed_it_goes_on_to_the_same_numbers(tmp_path):
    """tests/fuzz/kill_train.py does the same more often."""
    command = [*TRAIN, 3]
    latest = undisturbed(command, tmp_path / "whole")
    faults = []
    for number, seconds in enumerate(moments(2, latest)):
        kill = kill_and_go_on(command, tmp_path / str(number), tmp_path / "whole", seconds)
        faults.append(kill.fault)
    assert faults == [""] * 2
