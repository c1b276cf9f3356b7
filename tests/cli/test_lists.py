"""Lists are printed at once: what takes long to import is left out."""
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def imported_by(*arguments):
    """The output of `vaekit` with these arguments, and every module that it imports."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "vaekit.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    # import time:       165 |        165 |   vaekit.errors
    return result.stdout, {line.split("|")[-1].strip() for line in result.stderr.splitlines()}


@pytest.mark.parametrize("command, listed", [
    ("train", "conv-cvae-mnist"),
    ("reproduce", "s1-table1"),
    ("data", "fashion_full"),
])
def test_a_list_is_printed_without_torch(command, listed):
    printed, modules = imported_by(command)
    assert listed in printed
    assert f"vaekit.cli.{command}" in modules
    assert modules & {"torch", "torchvision", "matplotlib", "sklearn"} == set()


def test_torch_would_be_seen():
    _, modules = imported_by("data", "digits")
    assert "torch" in modules
