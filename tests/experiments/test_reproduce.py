"""A report's table again, on the smallest data: what is written."""
import datetime
import os
import re

import pytest
import torch
from support.reproduced import ENDINGS, NAMES, in_folder, read_json

from vaekit import recipes
from vaekit.data import Selection

pytestmark = pytest.mark.slow


def test_each_row_has_its_files(whole):
    out, rows, _ = whole
    files = {f"{name}{ending}" for name in NAMES for ending in ENDINGS}
    assert in_folder(out) == files | {"settings.json"}
    assert [row.name for row in rows] == NAMES


def test_each_row_is_reported(whole):
    out, _, lines = whole
    assert lines[0] == "s1-table1 on digits: 7 rows, 0 done before, 1 at a time"
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
