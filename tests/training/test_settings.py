"""The numbers of a run, and the fingerprint by which a checkpoint knows its own run."""
import dataclasses
import functools
import json

import pytest
import torch
from support.gan import small_gan
from support.vaes import small_vae

from vaekit import losses, training
from vaekit.data import augment
from vaekit.errors import UserError
from vaekit.losses import Scheduled, WarmUp
from vaekit.models.base import ImageModel
from vaekit.training.settings import Settings, fingerprint

SETTINGS = Settings(
    epochs=3,
    batch_size=50,
    lr=1e-3,
    weight_decay=0.0,
    schedule="constant",
    optimizer="adam",
    betas=training.ADAM,
    seed=0,
)

RISING = Scheduled(losses.negative_elbo, beta=WarmUp(2.0))

# another value for each setting but the number of epochs
CHANGES = {
    "batch_size": 60,
    "lr": 2e-3,
    "weight_decay": 0.1,
    "schedule": "one-cycle",
    "optimizer": "radam",
    "betas": (0.5, 0.999),
    "seed": 1,
}


def fingerprint_of(
    images, settings=SETTINGS, *, model=None, objective=losses.negative_elbo, change=None
):
    model = small_vae() if model is None else model
    return fingerprint(settings, model, images, objective, change)


# the learning rate


def test_one_cycle_rises_then_falls():
    factors = [training.one_cycle(percent / 100) for percent in range(101)]
    assert factors[0] == pytest.approx(1 / 25)
    assert max(factors) == pytest.approx(1)
    assert factors.index(max(factors)) == 30
    assert factors[-1] == pytest.approx(1e-4)

    rising = factors[:31]
    falling = factors[30:]
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)
    assert len(set(rising)) == len(rising), "it never stands still"
    assert len(set(falling)) == len(falling)


@pytest.mark.parametrize("schedule, factor", [
    ("constant", 1.0),
    ("one-cycle", training.one_cycle(0.25)),
])
def test_the_learning_rate_follows_the_schedule(schedule, factor):
    settings = dataclasses.replace(SETTINGS, lr=0.3, schedule=schedule)
    assert settings.lr_at(0.25) == pytest.approx(0.3 * factor)


@pytest.mark.parametrize("name, kind", [
    ("adam", torch.optim.Adam),
    ("radam", torch.optim.RAdam),
])
def test_the_optimiser_has_the_settings(name, kind):
    settings = dataclasses.replace(
        SETTINGS, optimizer=name, lr=0.3, weight_decay=0.1, betas=(0.5, 0.9)
    )
    weights = [torch.nn.Parameter(torch.zeros(2))]
    optimizer = settings.make_optimizer(weights, torch.device("cpu"))
    assert type(optimizer) is kind

    (group,) = optimizer.param_groups
    assert group["lr"] == 0.3
    assert group["weight_decay"] == 0.1
    assert group["betas"] == (0.5, 0.9)
    assert group["params"][0] is weights[0]


@pytest.mark.parametrize("change, words", [
    ({"epochs": 1.5}, "epochs of Settings must be int, got float 1.5"),
    ({"lr": float("inf")}, "lr must be > 0, got inf"),
    ({"betas": (0.9, -0.1)}, "betas are two numbers"),
])
def test_settings_out_of_range_are_named(change, words):
    with pytest.raises(UserError, match=words):
        dataclasses.replace(SETTINGS, **change)


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SETTINGS.lr = 1.0


# the fingerprint


def test_a_change_of_every_setting_is_tried():
    settings = {field.name for field in dataclasses.fields(Settings)}
    assert settings == {*CHANGES, "epochs"}


@pytest.mark.parametrize("name", CHANGES)
def test_every_setting_changes_the_fingerprint(digits, name):
    images = digits[0]
    changed = dataclasses.replace(SETTINGS, **{name: CHANGES[name]})
    before = fingerprint_of(images)
    after = fingerprint_of(images, changed)
    assert before.pop(name) != after.pop(name)
    # a schedule over the whole run makes its length matter, too
    after.pop("epochs", None)
    assert after == before


@pytest.mark.parametrize("schedule, objective, matters", [
    ("constant", losses.negative_elbo, False),
    ("one-cycle", losses.negative_elbo, True),
    ("constant", RISING, True),
    ("one-cycle", RISING, True),
])
def test_epochs_change_it_only_where_the_end_of_the_run_matters(
    digits, schedule, objective, matters
):
    images = digits[0]
    short = dataclasses.replace(SETTINGS, schedule=schedule, epochs=3)
    long = dataclasses.replace(SETTINGS, schedule=schedule, epochs=5)
    of_short = fingerprint_of(images, short, objective=objective)
    of_long = fingerprint_of(images, long, objective=objective)
    assert (of_short != of_long) == matters
    assert ("epochs" in of_short) == matters


@pytest.mark.parametrize("fact, change", [
    ("loss", {"objective": losses.free_bits}),
    ("loss", {"objective": functools.partial(losses.negative_elbo, beta=2.0)}),
    ("augment", {"change": augment.mirror}),
])
def test_objective_and_augmentation_change_it(digits, fact, change):
    images = digits[0]
    before = fingerprint_of(images)
    after = fingerprint_of(images, **change)
    assert before[fact] != after[fact]


def test_the_images_change_it(digits):
    images = digits[0]
    before = fingerprint_of(images)
    assert fingerprint_of(images.first(100))["images"] != before["images"]
    assert fingerprint_of(images.only("0"))["data"] != before["data"]


def test_the_models_settings_change_it(digits):
    model = ImageModel((1, 28, 28))
    before = fingerprint_of(digits[0], model=model)
    model.settings = before["model"] | {"steps": 1000}
    after = fingerprint_of(digits[0], model=model)
    assert "steps" not in before["model"]
    assert after["model"] == before["model"] | {"steps": 1000}


@pytest.mark.parametrize("build", [small_vae, small_gan])
@pytest.mark.parametrize("objective", [losses.negative_elbo, RISING])
def test_it_comes_back_from_json_as_it_was(digits, build, objective):
    before = fingerprint_of(
        digits[0], model=build(), objective=objective, change=augment.mirror
    )
    assert json.loads(json.dumps(before)) == before
