"""A report's table again, on the smallest data: what is written, kept, gone on with, refused."""
import datetime
import json
import math
import multiprocessing
import os
import re
import shutil
import signal
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
import torch
from conftest import read_only

from vaekit import recipes
from vaekit.data import Selection
from vaekit.errors import UserError
from vaekit.experiments.reproduce import reproduce, table
from vaekit.files import load_weights, locked, save_weights

pytestmark = pytest.mark.slow

TRIAL = dict(data="digits", epochs=12, limit=64)
NAMES = [
    "z1-beta1",
    "z2-beta1",
    "z64-beta1",
    "z64-beta0.1",
    "z64-beta0.5",
    "z64-beta2",
    "z64-beta10",
]
ENDINGS = (".json", ".history.json", ".safetensors")


def again(out, **changes):
    """The trial in a folder, one row at a time where nothing else is said."""
    return reproduce("s1-table1", out=out, **{**TRIAL, "jobs": 1, **changes})


def in_folder(folder):
    return {path.name for path in folder.iterdir()}


def contents(folder):
    """Of each file the time of its last change, and its bytes."""
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.iterdir()
    }


def lose(folder, *names):
    """Delete all files of these rows."""
    for name in names:
        for path in list(folder.glob(f"{name}.*")):
            path.unlink()


def measured(rows):
    return [row.measured for row in rows]


def read_json(path):
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All seven rows, trained without interruption: (folder, rows, lines of the report).

    With as many threads as each of two workers has.
    """
    out = tmp_path_factory.mktemp("whole")
    lines = []
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // 2))
    yield out, again(out, report=lines.append), lines
    torch.set_num_threads(before)


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole[0], tmp_path / "copy")


def test_each_row_has_its_files(whole):
    out, rows, _ = whole
    files = {f"{name}{ending}" for name in NAMES for ending in ENDINGS}
    assert in_folder(out) == files | {"settings.json"}
    assert [row.name for row in rows] == NAMES


def test_each_row_is_reported(whole):
    out, _, lines = whole
    assert lines[0] == "s1-table1: 7 rows, 0 done before, 1 at a time"
    assert len(lines) == 8

    last = read_json(out / "z64-beta0.1.history.json")[-1]
    bce = f"BCE {last['test_reconstruction']:.2f}"
    kl = f"KL {last['test_kl']:.2f}"
    total = f"total {last['test_loss']:.2f}"
    assert re.fullmatch(rf"z = 64, β = 0\.1: {bce}, {kl}, {total}, \d+ s", lines[4])


@pytest.mark.parametrize("number", range(7))
def test_a_row_says_what_was_trained(whole, number):
    out, _, _ = whole
    row = read_json(out / f"{NAMES[number]}.json")
    reported = recipes.get("mlp-vae-mnist").reported[number]
    assert row["recipe"] == "mlp-vae-mnist"
    assert row["latent_dim"] == reported.latent_dim
    assert row["beta"] == reported.beta
    assert row["reported"] == reported.terms
    assert row["settings"] == {
        "epochs": 12,
        "batch_size": 256,
        "lr": 1e-4,
        "weight_decay": 0.0,
        "schedule": "constant",
        "optimizer": "adam",
        "betas": [0.9, 0.999],
        "warm_up": None,
        "data": "digits",
        "limit": 64,
        "seed": 0,
    }
    model = recipes.load_model(out / f"{NAMES[number]}.safetensors")
    assert model.latent_dim == reported.latent_dim


@pytest.mark.parametrize("number", range(7))
def test_a_row_says_what_was_measured(whole, number):
    out, rows, _ = whole
    row = read_json(out / f"{NAMES[number]}.json")
    history = read_json(out / f"{NAMES[number]}.history.json")
    last = history[-1]
    assert len(history) == 12
    assert row["measured"] == rows[number].measured
    assert row["measured"] == {
        "reconstruction": last["test_reconstruction"],
        "kl": last["test_kl"],
        "loss": last["test_loss"],
    }
    total = row["measured"]["reconstruction"] + row["beta"] * row["measured"]["kl"]
    assert row["measured"]["loss"] == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("number", range(7))
def test_a_row_says_when_where_and_how_long(whole, number):
    out, _, _ = whole
    row = read_json(out / f"{NAMES[number]}.json")
    history = read_json(out / f"{NAMES[number]}.history.json")
    seconds = sum(epoch["seconds"] for epoch in history)
    assert row["seconds"] == pytest.approx(seconds, abs=0.06)

    age = datetime.date.today() - datetime.date.fromisoformat(row["date"])
    assert age <= datetime.timedelta(1)
    assert row["machine"]["device"].startswith(("cpu", "cuda", "mps"))
    assert row["machine"]["torch"] == torch.__version__
    assert row["machine"]["threads"] == torch.get_num_threads()
    assert row["machine"]["cores"] == os.cpu_count()


def test_the_weights_are_the_rows(whole):
    """The trained model, not a fresh one: the same training by hand gives the same weights."""
    images = Selection("digits", limit=64)
    run = recipes.train(
        "mlp-vae-mnist", images, latent_dim=64, beta=10, epochs=12, progress=False
    )
    kept = recipes.load_model(whole[0] / "z64-beta10.safetensors").state_dict()
    for name, value in run.model.state_dict().items():
        assert torch.equal(value, kept[name])


def test_finished_rows_are_kept(whole, copy):
    before = contents(copy)
    lines = []
    assert measured(again(copy, report=lines.append)) == measured(whole[1])
    assert contents(copy) == before
    assert lines == ["s1-table1: 7 rows, 7 done before, 1 at a time"]


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


@pytest.mark.parametrize("changes, words", [
    (dict(epochs=3), "epochs 12 → 3"),
    (dict(seed=1), "seed 0 → 1"),
    (dict(fast=True), "lr 0.0001 → 0.003, schedule constant → one-cycle"),
    (dict(fast=True), "warm_up None → 0.5"),
    (dict(limit=None), "limit 64 → None"),
    (dict(data="fashion"), "data digits → fashion"),
])
@pytest.mark.parametrize("by", ["folder", "row"])
def test_other_settings_are_refused(copy, changes, words, by):
    if by == "row":
        (copy / "settings.json").unlink()
    before = contents(copy)
    message = rf"was made with other settings \(.*{words}.*\); choose another folder with --out"
    with pytest.raises(UserError, match=message):
        again(copy, **changes)

    after = contents(copy)
    before.pop("settings.json", None)
    after.pop("settings.json", None)
    assert after == before


def test_another_recipe_is_refused(copy):
    with pytest.raises(UserError, match="recipe mlp-vae-mnist → conv-cvae-mnist"):
        reproduce("conv-cvae-mnist", out=copy, jobs=1, **TRIAL)


@pytest.mark.parametrize("changes, words", [
    (dict(data="digts"), "unknown data set 'digts'.*Did you mean 'digits'"),
    (dict(epochs=0), "epochs must be ≥ 1, got 0"),
])
def test_after_a_mistake_the_right_command_runs(tmp_path, whole, changes, words):
    with pytest.raises(UserError, match=words):
        again(tmp_path, **changes)
    assert not in_folder(tmp_path)
    # all rows but one, and a file of one's own
    for path in whole[0].glob("z*"):
        if not path.name.startswith("z1-"):
            shutil.copy(path, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")

    assert measured(again(tmp_path)) == measured(whole[1])
    assert (tmp_path / "notes.txt").read_text() == "mine"


DAMAGED = "(is damaged|is not readable JSON|is no text).*; (delete it|choose another folder)"


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\xfe", b"null", b"NaN", b'""'])
@pytest.mark.parametrize("name", ["z64-beta0.5.json", "z64-beta0.5.history.json", "settings.json"])
def test_a_damaged_file_is_named(copy, name, content):
    (copy / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} {DAMAGED}"):
        again(copy)


@pytest.mark.parametrize("field, value, words", [
    ("settings", None, "settings must not be None"),
    ("settings", {"data": 3}, "settings must not be"),
    ("recipe", "", "recipe must not be ''"),
    ("latent_dim", True, "latent_dim must not be True"),
    ("latent_dim", 3, "it is the row z = 3, β = 1"),
    ("beta", "1", "beta must not be '1'"),
    ("beta", -1, "beta must not be -1"),
    ("measured", {}, "measured must not be {}"),
    ("measured", {"loss": math.nan, "kl": 1.0, "reconstruction": 1.0}, "measured must not be"),
    ("measured", {"loss": None}, "measured must not be"),
    ("measured", {"weather": 1.0}, "measured must not be"),
    ("measured", {"loss": 1.0}, "not measured: reconstruction, kl"),
    ("reported", [1], "reported must not be"),
    ("seconds", -1, "seconds must not be -1"),
    ("seconds", math.inf, "seconds must not be inf"),
    ("date", "yesterday", "date must not be 'yesterday'"),
    ("date", 3, "date must not be 3"),
    ("machine", {"cores": [1]}, "machine must not be"),
    ("colour", 1, "missing or unknown: colour"),
])
def test_every_field_of_a_row_is_checked(copy, field, value, words):
    path = copy / "z2-beta1.json"
    path.write_text(json.dumps(read_json(path) | {field: value}))
    (copy / "settings.json").unlink()
    message = rf"z2-beta1.json is damaged \({re.escape(words)}.*\); delete it, and the row is "
    with pytest.raises(UserError, match=message):
        again(copy)


def test_a_row_without_a_field_is_damaged(copy):
    path = copy / "z2-beta1.json"
    row = read_json(path)
    del row["machine"]
    path.write_text(json.dumps(row))
    with pytest.raises(UserError, match=r"damaged \(missing or unknown: machine\)"):
        again(copy)


@pytest.mark.parametrize("content, words", [
    ("[]", r"a history must be a list of epochs, got \[\]"),
    ("{}", "a history must be a list of epochs"),
    ("null", "a history must be a list of epochs"),
    ("[null]", "epoch 1 must hold numbers"),
    ('[{"epoch": 1, "train_loss": NaN}]', "epoch 1 must hold numbers"),
    ('[{"epoch": 1, "train_loss": "low"}]', "epoch 1 must hold numbers"),
    ('[{"epoch": 2, "train_loss": 1}]', "epoch 1 is missing"),
    ('[{"epoch": 1, "train_loss": 1}, {"epoch": 2}]', "epoch 2 is missing or has other columns"),
    ('[{"epoch": 1}]', "no loss was recorded"),
])
def test_a_history_that_is_none_is_damaged(copy, content, words):
    (copy / "z2-beta1.history.json").write_text(content)
    message = rf"z2-beta1.history.json is damaged \({words}.*delete it, and the row is trained"
    with pytest.raises(UserError, match=message):
        again(copy)


def test_a_folder_in_the_place_of_a_row(copy):
    lose(copy, "z1-beta1")
    (copy / "z1-beta1.safetensors").mkdir()
    with pytest.raises(UserError, match="z1-beta1.safetensors is a folder, where a file"):
        again(copy)


def test_two_reproductions_in_one_folder(copy):
    before = contents(copy)
    with locked(copy), pytest.raises(UserError, match="is writing to the folder"):
        again(copy)
    assert contents(copy) == before


@pytest.mark.parametrize("changes", [
    dict(data="digts"),
    dict(data=""),
    dict(epochs=0),
    dict(seed=-1),
    dict(jobs=0),
    dict(limit=0),
    dict(device="tpu"),
])
def test_what_is_refused_leaves_no_folder(tmp_path, changes):
    with pytest.raises(UserError):
        again(tmp_path / "a" / "b", **changes)
    assert not list(tmp_path.iterdir())


def test_a_damaged_checkpoint_is_named(copy):
    lose(copy, "z1-beta1")
    (copy / "z1-beta1.checkpoint.safetensors").write_bytes(b"nothing")
    words = "z1-beta1.checkpoint.safetensors is not a readable safetensors file.*delete it"
    with pytest.raises(UserError, match=words):
        again(copy)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    words = "cannot write to the folder .*out"
    with read_only(tmp_path), pytest.raises(UserError, match=words):
        again(tmp_path / "out")
    with pytest.raises(UserError, match="cannot write to the folder .*file"):
        again(tmp_path / "file")


@pytest.mark.parametrize("name, changes, words", [
    (
        "s1-table2",
        {},
        "unknown table 's1-table2'; choose one of s1-table1, mlp-vae-mnist, conv-cvae-mnist. "
        "Did you mean 's1-table1'",
    ),
    ("fc-vae", {}, "unknown table 'fc-vae'"),
    ("s1-table1", dict(jobs=0), "jobs must be ≥ 1, got 0"),
    ("s1-table1", dict(jobs=-2), "jobs must be ≥ 1, got -2"),
    ("s1-table1", dict(jobs="two"), "jobs of reproduce must be int or None, got str 'two'"),
    ("conv-cvae-mnist", dict(fast=True), "has no fast schedule"),
])
def test_mistakes_are_named(tmp_path, name, changes, words):
    with pytest.raises(UserError, match=words):
        reproduce(name, out=tmp_path, **{**TRIAL, **changes})
    assert not list(tmp_path.glob("z*"))


def on_the_reports_data(rows):
    """The rows as if they had been trained on MNIST."""
    return [replace(row, settings=row.settings | {"data": "mnist"}) for row in rows]


def test_the_table_has_the_reports_numbers_and_the_differences(whole):
    lines = []
    for line in table(on_the_reports_data(whole[1])).splitlines():
        lines.append([cell.strip() for cell in line.strip("|").split("|")])
    head, rule, *rows = lines

    columns = []
    for term in ("total", "BCE", "KL"):
        columns += [f"{term} here", f"{term} S1", f"{term} difference"]
    assert head == ["z", "β", *columns, "seconds"]
    assert set(rule) == {"---"}
    assert len(rows) == 7
    assert {len(line) for line in lines} == {12}

    reported = recipes.get("mlp-vae-mnist").reported
    for cells, row, report in zip(rows, whole[1], reported, strict=True):
        assert cells[:2] == [str(report.latent_dim), f"{report.beta:g}"]
        assert cells[-1] == f"{row.seconds:.0f}"
        for i, term in enumerate(("loss", "reconstruction", "kl")):
            here, there, difference = cells[2 + 3 * i:5 + 3 * i]
            expected = row.measured[term] - report.terms[term]
            assert here == f"{row.measured[term]:.2f}"
            assert there == f"{report.terms[term]:.2f}"
            assert difference[0] in "+-"
            assert float(difference) == pytest.approx(expected, abs=0.0051)


def test_rows_of_other_data_are_not_compared_with_the_report(whole):
    assert whole[1][0].settings["data"] == "digits"
    *_, line = table(whole[1][:1]).splitlines()
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert [cells[4], cells[7], cells[10]] == ["other data"] * 3
    assert cells[3] == "161.04"


def test_no_rows_have_no_table():
    with pytest.raises(UserError, match="number of rows must be ≥ 1, got 0"):
        table([])


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
