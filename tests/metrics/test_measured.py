"""What benchmarks/measured.py writes: the rows are what the tables of RESULTS.md are made from."""
import json
import math
from dataclasses import replace

import pytest
import torch
from conftest import REPO
from support.scores import FID

KEYS = [
    "model",
    "metric",
    "value",
    "low",
    "high",
    "floor",
    "n",
    "features",
    "weights",
    "reference",
    "unit",
    "better",
]


@pytest.fixture
def measured(monkeypatch):
    monkeypatch.syspath_prepend(str(REPO / "benchmarks"))
    import measured

    return measured


def test_a_score_is_a_row_of_plain_values(measured):
    row = measured.score_row("VAE", FID)
    assert list(row) == KEYS
    assert row["model"] == "VAE"
    for key in KEYS[1:]:
        assert row[key] == getattr(FID, key)


def test_a_number_without_an_interval_has_the_same_keys(measured):
    row = measured.value_row("DDPM", "time", 1.5, 500, unit="ms per sample")
    assert list(row) == KEYS
    assert row["value"] == 1.5
    assert row["n"] == 500
    assert row["low"] is None
    assert row["high"] is None
    assert row["better"] == "lower"


def test_a_file_says_what_made_it_and_keeps_every_digit(measured, tmp_path):
    path = tmp_path / "new" / "mnist.json"
    third = replace(FID, value=1 / 3, floor=None)
    rows = [measured.score_row("VAE", FID), measured.score_row("GAN – 2", third)]
    assert measured.save(path, rows, "python benchmarks/scores.py mnist", note="ten epochs") == path

    text = path.read_text(encoding="utf-8")
    content = json.loads(text)
    assert content["rows"] == rows
    assert content["rows"][1]["value"] == 1 / 3
    assert content["command"] == "python benchmarks/scores.py mnist"
    assert content["note"] == "ten epochs"
    assert content["torch"] == torch.__version__
    assert content["threads"] == torch.get_num_threads()
    assert {"date", "python"} <= set(content)
    # a line per row, so that a difference shows which row changed
    assert sum('"metric"' in line for line in text.splitlines()) == 2
    assert "GAN – 2" in text


def test_a_file_may_have_no_rows(measured, tmp_path):
    path = measured.save(tmp_path / "none.json", [], "python benchmarks/conditional.py")
    assert json.loads(path.read_text(encoding="utf-8"))["rows"] == []


def test_a_value_that_json_does_not_have_leaves_the_old_file(measured, tmp_path):
    path = tmp_path / "mnist.json"
    measured.save(path, [measured.score_row("VAE", FID)], "first")
    before = path.read_text(encoding="utf-8")
    nan = replace(FID, value=math.nan)
    with pytest.raises(ValueError, match="JSON"):
        measured.save(path, [measured.score_row("VAE", nan)], "second")
    assert path.read_text(encoding="utf-8") == before


def test_the_command_is_what_was_typed(measured, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/home/me/labs/benchmarks/fair_fight.py", "--n", "70"])
    assert measured.command_line() == "python benchmarks/fair_fight.py --n 70"


@pytest.fixture
def folder_for(measured, monkeypatch):
    """Where fair_fight writes, by the arguments typed."""
    import fair_fight

    def folder(*arguments):
        monkeypatch.setattr("sys.argv", ["fair_fight.py", *arguments])
        return fair_fight.folder_for(fair_fight.arguments())

    return folder


def test_a_trial_of_fair_fight_replaces_no_result(folder_for, tmp_path):
    assert folder_for() == REPO / "results" / "fair-fight"
    assert folder_for("--n", "5000") == REPO / "results" / "fair-fight"
    assert folder_for("--n", "70") is None
    assert folder_for("--sweep", "70") is None
    assert folder_for("--n", "70", "--out", str(tmp_path)) == tmp_path
