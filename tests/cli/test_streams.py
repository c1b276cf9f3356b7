"""Streams that fail, disks that are full, imports that take long: in a process of its own."""
import os
import resource
import shlex
import signal
import subprocess

import pytest
from support.command import COMMAND, NO_NETWORK, run

pytestmark = pytest.mark.slow

SMALL = ["train", "mlp-vae-mnist-small", "--data", "digits", "--limit", "50", "--epochs", "1"]


def test_a_full_stdout_is_one_sentence():
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [*COMMAND, "train"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert result.returncode == 2
    assert result.stderr == (
        "vaekit: cannot write to the standard output (No space left on device); "
        "free some space, or direct it elsewhere\n"
    )


@pytest.mark.parametrize("arguments", [["train"], ["data"], ["--help"]])
def test_a_reader_that_leaves_is_nothing_to_talk_about(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [*COMMAND, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    assert result.returncode == 141
    assert result.stderr == ""


def test_a_terminal_without_greek_letters():
    result = run("train", "--help", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    listed = run("train", PYTHONIOENCODING="ascii")
    assert listed.returncode == 0
    assert "Traceback" not in listed.stderr


def limit_files():
    """No file may grow beyond 20,000 bytes, as on a disk that is nearly full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(tmp_path):
    out = tmp_path / "out"
    command = [*COMMAND, *SMALL, "--out", str(out)]
    result = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit_files)
    assert result.returncode == 2, result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert f"cannot write {out / 'checkpoint.safetensors'} (File too large)" in result.stderr
    assert "free some space" in result.stderr
    assert not out.exists()


def test_a_dead_proxy_is_one_line(tmp_path):
    out = tmp_path / "out"
    result = run("train", "fc-vae", "--out", out, **NO_NETWORK)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "--data fashion" in result.stderr
    assert not out.exists(), "a command that fails leaves no empty folder"


def test_a_home_that_does_not_exist():
    result = run(*SMALL, VAEKIT_DATA="~nosuchuser/x")
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert "VAEKIT_DATA names '~nosuchuser/x'" in result.stderr


def test_a_folder_in_the_place_of_a_file(tmp_path):
    (tmp_path / "weights.safetensors").mkdir()
    result = run(*SMALL, "--out", tmp_path)
    assert result.returncode == 2
    assert "weights.safetensors is a folder, where a file is to be written" in result.stderr
    assert os.listdir(tmp_path) == ["weights.safetensors"]


def test_two_in_one_folder_the_second_is_refused(tmp_path):
    first = subprocess.Popen(
        [*COMMAND, *SMALL[:-2], "--epochs", "3000", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not (tmp_path / "checkpoint.safetensors").exists() and first.poll() is None:
            pass
        for command in (SMALL, ["reproduce", "s1-table1", "--data", "digits"]):
            second = run(*command, "--out", tmp_path)
            assert second.returncode == 2
            assert len(second.stderr.splitlines()) == 1
            assert "is writing to the folder" in second.stderr
    finally:
        first.send_signal(signal.SIGINT)
        _, errors = first.communicate(timeout=60)
    assert errors == "vaekit: interrupted\n"
    assert os.listdir(tmp_path) == ["checkpoint.safetensors"]


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_do_not_matter(tmp_path, closed):
    command = shlex.join([*COMMAND, *SMALL, "--out", str(tmp_path)])
    result = subprocess.run(["sh", "-c", f"{command} {closed}"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "latents.png" in os.listdir(tmp_path)


def test_a_backend_of_matplotlib_that_does_not_exist(tmp_path):
    result = run(*SMALL, "--out", tmp_path, MPLBACKEND="junk")
    assert result.returncode == 0, result.stderr
    assert "latents.png" in os.listdir(tmp_path)
