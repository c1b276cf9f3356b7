"""A folder for oneself: against other processes and threads, killed ones, and its own leftovers."""
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import read_only

from vaekit import files
from vaekit.errors import UserError

BUSY = "another run is writing to the folder .*; wait until it is done, or choose another folder"

HOLD = """
import sys, time
from vaekit.files import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    process.send_signal(how)
    process.wait()
    process.stdout.close()


def test_a_folder_is_made_held_and_left_clean(tmp_path):
    folder = tmp_path / "new" / "runs"
    with files.locked(folder) as held:
        assert held == folder
        assert [file.name for file in folder.iterdir()] == [".vaekit.lock"]
    assert not list(folder.iterdir())


def test_a_second_process_is_refused_until_the_first_is_done(tmp_path):
    process = holder(tmp_path)
    try:
        with pytest.raises(UserError, match=BUSY), files.locked(tmp_path):
            pass
    finally:
        end(process, signal.SIGINT)

    with files.locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_killed_process_holds_nothing_and_is_cleaned_up_after(tmp_path):
    process = holder(tmp_path)
    (tmp_path / ".vaekit-1a2b3c4d-weights.safetensors").write_bytes(b"half")
    end(process, signal.SIGKILL)
    (tmp_path / "weights.safetensors").write_bytes(b"whole")

    with files.locked(tmp_path):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["weights.safetensors"]


def test_who_is_refused_removes_nothing(tmp_path):
    half = tmp_path / ".vaekit-1a2b3c4d-weights.safetensors"
    process = holder(tmp_path)
    try:
        half.write_bytes(b"being written")
        with pytest.raises(UserError), files.locked(tmp_path):
            pass
        assert half.exists()
    finally:
        end(process, signal.SIGKILL)


def test_the_same_thread_is_refused_a_second_time(tmp_path):
    with files.locked(tmp_path):
        with pytest.raises(UserError, match=BUSY), files.locked(tmp_path):
            pass
        # and the first still holds it
        with pytest.raises(UserError, match=BUSY), files.locked(tmp_path / "." ):
            pass
    assert not list(tmp_path.iterdir())


def test_another_thread_is_refused(tmp_path):
    refused = []

    def try_it() -> None:
        try:
            with files.locked(tmp_path):
                pass
        except UserError as error:
            refused.append(str(error))

    with files.locked(tmp_path):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join(10)
    assert len(refused) == 1
    with files.locked(tmp_path):
        pass


def test_of_many_threads_one_at_a_time_is_inside(tmp_path):
    inside = []
    most = []

    def try_often() -> None:
        for _ in range(30):
            try:
                with files.locked(tmp_path):
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(0.0005)
                    inside.pop()
            except UserError:
                time.sleep(0.0003)

    threads = [threading.Thread(target=try_often) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) >= 30
    assert max(most) == 1


def test_an_error_inside_lets_the_folder_go(tmp_path):
    with pytest.raises(RuntimeError), files.locked(tmp_path):
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with files.locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    tmp_path.chmod(0o755)
    words = "cannot write to the folder .*locked"
    with read_only(folder), pytest.raises(UserError, match=words), files.locked(folder):
        pass


def test_a_folder_in_place_of_the_lock_is_named(tmp_path):
    (tmp_path / ".vaekit.lock").mkdir()
    with pytest.raises(UserError, match="cannot write .*vaekit.lock"), files.locked(tmp_path):
        pass


def test_sweep_takes_unfinished_files_only(tmp_path):
    kept = [".vaekit-1a2b3c4d", ".vaekit-cache-x", "vaekit-1a2b3c4d-x", ".vaekit.lock", "a.json"]
    for name in [*kept, ".vaekit-1a2b3c4d-a.json", ".vaekit-a_b_c_d_-long.name-x.png"]:
        (tmp_path / name).write_bytes(b"")
    files.sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(kept)
