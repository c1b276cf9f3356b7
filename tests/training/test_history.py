"""The numbers of a run: as text, in files, by column."""
import csv
import json

import pytest
from support.training import fit_elbo
from support.vaes import small_vae

from vaekit import training
from vaekit.errors import UserError


@pytest.fixture
def history(small):
    return fit_elbo(small_vae(), small)


def test_it_shows_the_last_losses(history):
    train = f"train_loss {history.last['train_loss']:.3g}"
    test = f"test_loss {history.last['test_loss']:.3g}"
    assert repr(history) == f"History(2 epochs: {train}, {test})"


def test_it_is_saved_as_csv_and_json(history, tmp_path):
    lines = history.save(tmp_path / "h.csv").read_text().splitlines()
    rows = list(csv.DictReader(lines))
    assert float(rows[1]["test_kl"]) == history["test_kl"][1]
    assert json.loads(history.save(tmp_path / "h.json").read_text()) == history.rows


def test_an_unknown_ending_and_an_unknown_column_are_named(history, tmp_path):
    with pytest.raises(UserError, match="unknown ending '.txt'"):
        history.save(tmp_path / "h.txt")
    with pytest.raises(UserError, match="unknown column 'test_los'.*Did you mean 'test_loss'"):
        history["test_los"]


def test_before_the_first_epoch_it_is_empty():
    empty = training.History()
    assert len(empty) == 0
    assert empty.columns == []
    assert repr(empty) == "History(0 epochs: empty)"
