"""A report's table again, on the smallest data: what is in the files, what is kept, what goes on, what is refused."""
import datetime
import json
import multiprocessing
import os
import re
import shutil
import signal
import threading
import time

import pytest
import torch
from conftest import read_only

from vaekit import recipes
from vaekit.errors import UserError
from vaekit.experiments.reproduce import reproduce, table
from vaekit.files import load_weights, save_weights

TRIAL = dict(data="digits", epochs=12, limit=64)
STEMS = ["z1-beta1", "z2-beta1", "z64-beta1", "z64-beta0.1", "z64-beta0.5", "z64-beta2", "z64-beta10"]


def again(out, **changes):
    return reproduce("s1-table1", out=out, **{**TRIAL, "jobs": 1, **changes})


def contents(folder):
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


def lose(folder, *stems):
    for path in [path for stem in stems for path in folder.glob(f"{stem}.*")]:
        path.unlink()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All seven rows, trained without interruption with the threads that two workers have each."""
    out, before, lines = tmp_path_factory.mktemp("whole"), torch.get_num_threads(), []
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // 2))
    yield out, again(out, report=lines.append), lines
    torch.set_num_threads(before)


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole[0], tmp_path / "copy")


def measured(rows):
    return [row.measured for row in rows]


def test_each_row_has_its_files(whole):
    out, rows, lines = whole
    assert {path.name for path in out.iterdir()} == {"settings.json", *(s + e for s in STEMS for e in (".json", ".history.json", ".safetensors"))}
    assert [row.name for row in rows] == STEMS
    assert lines[0] == "s1-table1: 7 rows, 0 done before, 1 at a time" and len(lines) == 8
    last = json.loads((out / "z64-beta0.1.history.json").read_text())[-1]
    assert re.fullmatch(rf"z = 64, β = 0\.1: BCE {last['test_reconstruction']:.2f}, KL {last['test_kl']:.2f}, total {last['test_loss']:.2f}, \d+ s",
                        lines[4])


@pytest.mark.parametrize("number", range(7))
def test_what_a_row_tells(whole, number):
    out, rows, _ = whole
    row, told = json.loads((out / f"{STEMS[number]}.json").read_text()), recipes.get("mlp-vae-mnist").reported[number]
    history = json.loads((out / f"{STEMS[number]}.history.json").read_text())
    assert row["settings"] == {"epochs": 12, "batch_size": 256, "lr": 1e-4, "weight_decay": 0.0, "schedule": "constant",
                               "data": "digits", "limit": 64, "seed": 0}
    assert (row["recipe"], row["latent_dim"], row["beta"], row["reported"]) == ("mlp-vae-mnist", told.latent_dim, told.beta, told.terms)
    assert row["measured"] == {term: history[-1][f"test_{term}"] for term in ("reconstruction", "kl", "loss")} == rows[number].measured
    assert row["measured"]["loss"] == pytest.approx(row["measured"]["reconstruction"] + told.beta * row["measured"]["kl"], rel=1e-5)
    assert len(history) == 12 and row["seconds"] == pytest.approx(sum(epoch["seconds"] for epoch in history), abs=0.06)
    assert datetime.date.today() - datetime.date.fromisoformat(row["date"]) <= datetime.timedelta(1)
    assert row["machine"]["device"].startswith(("cpu", "cuda", "mps")) and row["machine"]["torch"] == torch.__version__
    assert row["machine"]["threads"] == torch.get_num_threads() and row["machine"]["cores"] == os.cpu_count()
    assert recipes.load_model(out / f"{STEMS[number]}.safetensors").latent_dim == told.latent_dim


def test_the_weights_are_the_rows(whole):
    """The trained model, not a fresh one: the same training by hand gives the same weights."""
    run = recipes.train("mlp-vae-mnist", latent_dim=64, beta=10, progress=False, **TRIAL)
    kept = recipes.load_model(whole[0] / "z64-beta10.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(run.model.state_dict().values(), kept.state_dict().values()))


def test_finished_rows_are_kept(whole, copy):
    before, lines = contents(copy), []
    assert measured(again(copy, report=lines.append)) == measured(whole[1])
    assert contents(copy) == before and lines == ["s1-table1: 7 rows, 7 done before, 1 at a time"]


@pytest.mark.parametrize("ending", [".*", ".json", ".history.json", ".safetensors"])
def test_a_row_not_all_there_is_trained_alone(whole, copy, ending):
    before = contents(copy)
    for path in copy.glob(f"z2-beta1{ending}"):
        path.unlink()
    lines = []
    assert measured(again(copy, report=lines.append)) == measured(whole[1])
    after = contents(copy)
    assert set(after) == set(before) and {name for name in after if after[name] != before[name]} == {n for n in after if n.startswith("z2-")}
    assert len(lines) == 2 and "6 done before" in lines[0] and lines[1].startswith("z = 2, β = 1: ")


def test_interrupted_in_the_middle_of_a_row_it_goes_on(whole, copy, monkeypatch):
    from vaekit.training import checkpoints

    finished = {path.name for path in copy.iterdir() if not path.name.startswith("z2-")}
    lose(copy, "z1-beta1", "z2-beta1")

    def stop(path, tensors, metadata):
        save_weights(path, tensors, metadata)
        if "z2-beta1" in path.name and len(json.loads(metadata["rows"])) == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(checkpoints, "save_weights", stop)
        again(copy)
    assert {path.name for path in copy.iterdir()} == finished | {"z2-beta1.checkpoint.safetensors"}
    done = json.loads(load_weights(copy / "z2-beta1.checkpoint.safetensors")[1]["rows"])
    assert len(done) == 5
    for changes in (dict(epochs=3), dict(data="fashion"), dict(seed=1)):        # a checkpoint knows nothing of these: not taken for another run's
        with pytest.raises(UserError, match="other settings"):
            again(copy, **changes)
    (copy / ".z2-beta1.checkpoint.safetensors.x1.safetensors").write_bytes(b"half")
    assert measured(again(copy)) == measured(whole[1])
    assert json.loads((copy / "z2-beta1.history.json").read_text())[:5] == done, "the first five epochs were not trained again"
    assert not [path for path in copy.iterdir() if "checkpoint" in path.name], "nothing half-written stays"


@pytest.mark.parametrize("changes, words", [
    (dict(epochs=3), "epochs 12 → 3"), (dict(seed=1), "seed 0 → 1"), (dict(fast=True), "lr 0.0001 → 0.003, schedule constant → one-cycle"),
    (dict(limit=None), "limit 64 → None"), (dict(data="fashion"), "data digits → fashion"),
])
@pytest.mark.parametrize("by", ["folder", "row"])
def test_other_settings_are_refused(copy, changes, words, by):
    if by == "row":
        (copy / "settings.json").unlink()
    before = contents(copy)
    with pytest.raises(UserError, match=rf"was made with other settings \(.*{words}.*\); choose another folder with --out"):
        again(copy, **changes)
    after = contents(copy)
    assert {name: after[name] for name in after if name != "settings.json"} == {name: before[name] for name in before if name != "settings.json"}


def test_another_recipe_is_refused(copy):
    with pytest.raises(UserError, match="recipe mlp-vae-mnist → conv-cvae-mnist"):
        reproduce("conv-cvae-mnist", out=copy, jobs=1, **TRIAL)


def test_after_a_mistake_the_right_command_runs(tmp_path, whole):
    for changes, words in ((dict(data="digts"), "unknown data set 'digts'.*Did you mean 'digits'"), (dict(epochs=0), "epochs must be ≥ 1, got 0")):
        with pytest.raises(UserError, match=words):
            again(tmp_path, **changes)
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True, ignore=lambda folder, files: ["settings.json", *(f for f in files if "z1-" in f)])
    (tmp_path / "settings.json").unlink()
    (tmp_path / "notes.txt").write_text("mine")
    assert measured(again(tmp_path)) == measured(whole[1]) and (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\xfe", b"null"])
@pytest.mark.parametrize("name", ["z64-beta0.5.json", "settings.json"])
def test_a_damaged_file_is_named(copy, name, content):
    (copy / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} is damaged; "):
        again(copy)
    row = json.loads((copy / "z2-beta1.json").read_text())
    (copy / "settings.json").unlink()
    (copy / "z2-beta1.json").write_text(json.dumps(row | {"settings": None}))
    with pytest.raises(UserError, match="z2-beta1.json is damaged; delete it, and the row is trained again"):
        again(copy)


def test_a_damaged_checkpoint_is_named(copy):
    lose(copy, "z1-beta1")
    (copy / "z1-beta1.checkpoint.safetensors").write_bytes(b"nothing")
    with pytest.raises(UserError, match="z1-beta1.checkpoint.safetensors is not a readable safetensors file.*delete it"):
        again(copy)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with read_only(tmp_path), pytest.raises(UserError, match="cannot write to the folder .*out"):
        again(tmp_path / "out")
    with pytest.raises(UserError, match="cannot write to the folder .*file"):
        again(tmp_path / "file")


@pytest.mark.parametrize("name, changes, words", [
    ("s1-table2", {}, "unknown table 's1-table2'; choose one of s1-table1, mlp-vae-mnist, conv-cvae-mnist. Did you mean 's1-table1'"),
    ("fc-vae", {}, "unknown table 'fc-vae'"),
    ("s1-table1", dict(jobs=0), "jobs must be ≥ 1, got 0"),
    ("s1-table1", dict(jobs=-2), "jobs must be ≥ 1, got -2"),
    ("s1-table1", dict(jobs="two"), "jobs must be a whole number, got 'two'"),
    ("conv-cvae-mnist", dict(fast=True), "has no fast schedule"),
])
def test_mistakes_are_named(tmp_path, name, changes, words):
    with pytest.raises(UserError, match=words):
        reproduce(name, out=tmp_path, **{**TRIAL, **changes})
    assert not list(tmp_path.glob("z*"))


def test_the_table_has_the_reports_numbers_and_the_differences(whole):
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(whole[1]).splitlines()]
    assert lines[0] == ["z", "β", *(f"{term} {what}" for term in ("total", "BCE", "KL") for what in ("here", "S1", "difference")), "seconds"]
    assert set(lines[1]) == {"---"} and len(lines) == 9 and {len(line) for line in lines} == {12}
    for line, row, told in zip(lines[2:], whole[1], recipes.get("mlp-vae-mnist").reported):
        assert line[:2] == [str(told.latent_dim), f"{told.beta:g}"] and line[-1] == f"{row.seconds:.0f}"
        for i, term in enumerate(("loss", "reconstruction", "kl")):
            here, there, difference = line[2 + 3 * i:5 + 3 * i]
            assert (here, there) == (f"{row.measured[term]:.2f}", f"{told.terms[term]:.2f}")
            assert difference[0] in "+-" and float(difference) == pytest.approx(row.measured[term] - told.terms[term], abs=0.0051)


def test_several_at_a_time_killed_stopped_and_taken_up_again(whole, copy):
    """Four rows, two workers. A worker is killed, then the caller gives up; the rows are at last those of one uninterrupted process."""
    def kill():
        for _ in range(20_000):
            if list(copy.glob("*.checkpoint.safetensors")):
                os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
                return
            time.sleep(0.01)

    def give_up(line):
        lines.append(line)
        if line.startswith("z = "):
            raise RuntimeError("enough")

    lose(copy, *STEMS[3:])
    lines, killer = [], threading.Thread(target=kill)
    killer.start()
    with pytest.raises(UserError, match="a row's process was killed, perhaps for want of memory; run the command again with --jobs 1, it goes on"):
        again(copy, jobs=2)
    killer.join()
    assert not multiprocessing.active_children() and list(copy.glob("*.checkpoint.safetensors"))
    bystander = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    bystander.start()
    try:
        with pytest.raises(RuntimeError, match="enough"):
            again(copy, jobs=2, report=give_up)
        assert multiprocessing.active_children() == [bystander], "the reproduction's own processes are ended, and no others"
    finally:
        bystander.kill()
        bystander.join()
    assert lines[0].endswith(", 2 at a time") and len(lines) == 2
    assert measured(again(copy)) == measured(whole[1])
