"""What `reproduce` refuses: other settings, mistakes, a folder in use or not to be written."""
import shutil

import pytest
from conftest import read_only
from support.reproduced import TRIAL, again, contents, in_folder, measured

from vaekit.errors import UserError
from vaekit.experiments.reproduce import reproduce
from vaekit.files import locked

pytestmark = pytest.mark.slow


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
        "unknown table 's1-table2'; choose one of s1-table1, s2-lambda, s2-latent, s4-faces, "
        "mlp-vae-mnist, conv-cvae-mnist. Did you mean 's1-table1'",
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
