"""The numbers of a run: as text, in files, by column."""
import csv
import json
import math

import pytest
from support.training import fit_elbo
from support.vaes import small_vae

from vaekit import losses, training
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
    with pytest.raises(UserError, match="path must end in .csv or .json, got '.*h.txt'"):
        history.save(tmp_path / "h.txt")
    with pytest.raises(UserError, match="unknown column 'test_los'.*Did you mean 'test_loss'"):
        history["test_los"]


def test_before_the_first_epoch_it_is_empty():
    empty = training.History()
    assert len(empty) == 0
    assert empty.columns == []
    assert repr(empty) == "History(0 epochs: empty)"


# rows that do not fit together, numbers that are none


RAGGED = [
    {"epoch": 1, "train_loss": 5.0, "seconds": 1.0},
    {"epoch": 2, "train_loss": 4.0, "test_loss": 6.0, "seconds": 1.0},
]


def test_ragged_rows_are_saved_with_gaps(tmp_path):
    history = training.History(RAGGED)
    assert history.columns == ["epoch", "train_loss", "seconds", "test_loss"]
    lines = history.save(tmp_path / "h.csv").read_text().splitlines()
    assert lines == ["epoch,train_loss,seconds,test_loss", "1,5.0,1.0,", "2,4.0,1.0,6.0"]
    assert json.loads(history.save(tmp_path / "h.json").read_text()) == RAGGED


def test_a_gap_in_a_column_is_no_number():
    column = training.History(RAGGED)["test_loss"]
    assert math.isnan(column[0])
    assert column[1] == 6.0
    assert training.History(RAGGED).best == 1


@pytest.mark.parametrize("losses, best", [
    ([math.nan, 3.0, 2.0, 4.0], 2),
    ([5.0, math.nan, 4.0, math.nan], 2),
    ([math.inf, 3.0], 1),
    ([-math.inf, 3.0, 2.0], 2),
])
def test_the_best_epoch_has_a_finite_loss(losses, best):
    rows = [{"epoch": n, "validation_loss": loss} for n, loss in enumerate(losses, start=1)]
    assert training.History(rows).best == best


@pytest.mark.parametrize("rows", [
    [],
    [{"epoch": 1, "train_loss": 3.0}],
    [{"epoch": 1, "test_loss": math.nan}],
])
def test_without_a_finite_held_out_loss_no_epoch_is_best(rows):
    with pytest.raises(UserError, match="no epoch has a finite validation or test loss"):
        _ = training.History(rows).best


def test_an_empty_history_has_no_last_row():
    with pytest.raises(UserError, match="the history holds no epoch yet; train first"):
        _ = training.History().last
    with pytest.raises(UserError, match="the history holds no epoch yet"):
        training.History()["loss"]


def test_rows_are_dictionaries():
    with pytest.raises(UserError, match="rows must be .*, got"):
        training.History([1, "a"])


@pytest.mark.parametrize("patience, held_out, expected", [
    (3, {"test"}, "test"),
    (3, {"validation"}, "validation"),
    (3, {"validation", "test"}, "validation"),
    (None, {"validation", "test"}, None),
])
def test_it_says_on_which_set_the_weights_were_selected(small, patience, held_out, expected):
    history = training.fit(
        small_vae(),
        small[0],
        losses.negative_elbo,
        epochs=1,
        patience=patience,
        **dict.fromkeys(held_out, small[1]),
    )
    assert history.selected_on == expected
