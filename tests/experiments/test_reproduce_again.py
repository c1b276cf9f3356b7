"""A reproduction that was stopped goes on: finished rows are kept, the others end as they were."""
import json
import multiprocessing
import os
import signal
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from support.reproduced import (
    ENDINGS,
    NAMES,
    again,
    contents,
    in_folder,
    lose,
    measured,
    read_json,
)

from vaekit.errors import UserError
from vaekit.files import load_weights, save_weights

pytestmark = pytest.mark.slow


def test_finished_rows_are_kept(whole, copy):
    before = contents(copy)
    lines = []
    assert measured(again(copy, report=lines.append)) == measured(whole[1])
    assert contents(copy) == before
    assert lines == ["s1-table1 on digits: 7 rows, 7 done before, 1 at a time"]


@pytest.mark.parametrize("ending", [".*", *ENDINGS])
def test_a_row_not_all_there_is_trained_alone(whole, copy, ending):
    before = contents(copy)
    for path in list(copy.glob(f"z2-beta1{ending}")):
        path.unlink()
    lines = []
    assert measured(again(copy, report=lines.append)) == measured(whole[1])

    after = contents(copy)
    written = {name for name in after if after[name] != before[name]}
    assert set(after) == set(before)
    assert written == {f"z2-beta1{each}" for each in ENDINGS}
    assert len(lines) == 2
    assert "6 done before" in lines[0]
    assert lines[1].startswith("z = 2, β = 1: ")


def test_interrupted_in_the_middle_of_a_row_it_goes_on(whole, copy, monkeypatch):
    from vaekit.training import checkpoints

    finished = {name for name in in_folder(copy) if not name.startswith("z2-")}
    lose(copy, "z1-beta1", "z2-beta1")

    def stop(path, tensors, metadata):
        save_weights(path, tensors, metadata)
        if "z2-beta1" in path.name and len(json.loads(metadata["rows"])) == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(checkpoints, "save_weights", stop)
        again(copy)

    checkpoint = copy / "z2-beta1.checkpoint.safetensors"
    assert in_folder(copy) == finished | {checkpoint.name}
    _, metadata = load_weights(checkpoint)
    done = json.loads(metadata["rows"])
    assert len(done) == 5

    # a checkpoint knows nothing of these: it is not taken for another run's
    for changes in (dict(epochs=3), dict(data="fashion"), dict(seed=1)):
        with pytest.raises(UserError, match="other settings"):
            again(copy, **changes)

    (copy / ".vaekit-1a2b3c4d-z2-beta1.checkpoint.safetensors").write_bytes(b"half")
    assert measured(again(copy)) == measured(whole[1])
    history = read_json(copy / "z2-beta1.history.json")
    assert history[:5] == done, "the first five epochs were not trained again"
    left = [name for name in in_folder(copy) if "checkpoint" in name or name.startswith(".")]
    assert not left, "nothing half-written stays"


def kill_the_workers(folder):
    """While a row has a checkpoint: both, or the one that is left finishes its row.

    They are held first: a row that is looked at may end before it is killed.
    """
    for _ in range(20_000):
        if checkpoints_in(folder):
            workers = multiprocessing.active_children()
            signal_all(workers, signal.SIGSTOP)
            if checkpoints_in(folder):
                signal_all(workers, signal.SIGKILL)
                return
            signal_all(workers, signal.SIGCONT)
        time.sleep(0.01)


def checkpoints_in(folder):
    """Those that are whole: one that is being written has a name with a dot before it."""
    found = folder.glob("*.checkpoint.safetensors")
    return [path for path in found if not path.name.startswith(".")]


def signal_all(workers, number):
    for worker in workers:
        # it may have ended by itself
        with suppress(ProcessLookupError):
            os.kill(worker.pid, number)


@contextmanager
def bystander():
    """A process that is none of the reproduction's."""
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def test_several_at_a_time_killed_stopped_and_taken_up_again(whole, copy):
    """Two workers, which are killed; then the caller gives up; the rows end as they were."""
    lose(copy, *NAMES[3:])
    killer = threading.Thread(target=kill_the_workers, args=(copy,))
    killer.start()
    words = (
        "a row's process was killed, perhaps for want of memory; "
        "run the command again with --jobs 1, it goes on"
    )
    with pytest.raises(UserError, match=words):
        again(copy, jobs=2)
    killer.join()
    assert not multiprocessing.active_children()
    assert checkpoints_in(copy)

    lines = []

    def give_up(line):
        lines.append(line)
        if line.startswith("z = "):
            raise RuntimeError("enough")

    with bystander() as other:
        with pytest.raises(RuntimeError, match="enough"):
            again(copy, jobs=2, report=give_up)
        left = multiprocessing.active_children()
        assert left == [other], "the reproduction's own processes are ended, and no others"
    assert lines[0].endswith(", 2 at a time")
    assert len(lines) == 2

    assert measured(again(copy)) == measured(whole[1])
