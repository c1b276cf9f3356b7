"""What fit refuses, before it trains: settings, images, models."""
import functools
import math

import pytest
import torch
from support.gan import SHAPE
from support.training import Recorded, fit_elbo
from support.vaes import small_vae
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from vaekit import losses, recipes, training
from vaekit.errors import UserError


@pytest.mark.parametrize("settings, words", [
    ({"epochs": 0}, "epochs must be ≥ 1, got 0"),
    ({"batch_size": 0}, "batch_size must be ≥ 1, got 0"),
    ({"batch_size": -4}, "batch_size must be ≥ 1, got -4"),
    ({"lr": 0.0}, "lr must be > 0, got 0.0"),
    ({"lr": math.nan}, "lr must be > 0, got nan"),
    ({"weight_decay": -1.0}, "weight_decay must be ≥ 0"),
    ({"schedule": "cosine"}, "unknown schedule 'cosine'; choose one of constant, one-cycle"),
    ({"optimizer": "sgd"}, "unknown optimizer 'sgd'; choose one of adam, radam"),
    ({"betas": (0.9, 1.0)}, r"betas are two numbers in \[0, 1\), got \(0.9, 1.0\)"),
    ({"betas": (0.9,)}, "betas are two numbers"),
    ({"device": "tpu"}, "unknown device 'tpu'"),
    ({"device": "cpu:x"}, "'cpu:x' is no device; use auto"),
    ({"device": "mps"}, "torch sees none"),
    ({"patience": 0}, "patience must be ≥ 1"),
    ({"patience": 10**30}, "patience must be ≤ 2147483647, got 10000000000"),
    ({"epochs": 10**30}, "epochs must be ≤ 2147483647, got 10000000000"),
    ({"batch_size": 10**30}, "batch_size must be ≤ 2147483647, got 10000000000"),
    ({"lr": "a"}, "lr of fit must be float, got str 'a'"),
    ({"weight_decay": math.nan}, "weight_decay must be ≥ 0, got nan"),
    ({"weight_decay": math.inf}, "weight_decay must be ≥ 0, got inf"),
    ({"betas": (math.nan, 0.9)}, r"betas are two numbers in \[0, 1\)"),
    ({"seed": -1}, "seed must be ≥ 0, got -1"),
    ({"seed": 2**63}, "seed must be ≤ 9223372036854775807"),
    ({"progress": ""}, "progress must be True, False or a label, got ''"),
])
def test_bad_settings_are_named(small, settings, words, monkeypatch):
    # torch looks for what is inside its own cache
    no_mps = functools.cache(lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", no_mps)
    with pytest.raises(UserError, match=words):
        fit_elbo(small_vae(), small, **settings)


def test_patience_without_held_out_images_is_refused(small):
    with pytest.raises(UserError, match="patience watches the validation or the test loss"):
        training.fit(small_vae(), small[0], losses.negative_elbo, patience=2)


@pytest.mark.parametrize("images, words", [
    (torch.rand(4, 1, 28, 28) * 2 - 1, r"images must lie in \[0, 1\], got values from -"),
    (
        torch.full((4, 1, 28, 28), 255.0),
        r"images must lie in \[0, 1\], got values from 255 to 255",
    ),
    (
        torch.rand(4, 3, 28, 28),
        r"takes images of shape \(N, 1, 28, 28\), got \(4, 3, 28, 28\)",
    ),
])
def test_bad_images_are_named(images, words):
    with pytest.raises(UserError, match=words):
        training.fit(small_vae(), images, losses.negative_elbo, epochs=1)


def test_what_is_no_model_is_refused_with_the_way_out():
    words = "Linear does not; subclass vaekit.models.ImageModel, which brings what is missing"
    with pytest.raises(UserError, match=words):
        training.fit(nn.Linear(2, 2), torch.rand(4, *SHAPE), losses.reconstruction_error)


# images


def no_images():
    return torch.zeros(0, 1, 28, 28)


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_a_set_without_images_is_refused_at_once(small, name):
    sets = {"train": small[0], "validation": small[1], "test": small[1], name: no_images()}
    objective = Recorded()
    words = f"{name} holds no images; give at least one, .* got shape \\(0, 1, 28, 28\\)"
    with pytest.raises(UserError, match=words):
        training.fit(small_vae(), sets.pop("train"), objective, epochs=1, **sets)
    assert objective.calls == []


def test_evaluate_needs_an_image():
    with pytest.raises(UserError, match="images holds no images; give at least one"):
        training.evaluate(small_vae(), no_images(), losses.negative_elbo)


@pytest.mark.parametrize("name", ["validation", "test"])
def test_held_out_images_of_another_shape_are_refused_at_once(small, name):
    objective = Recorded()
    words = r"takes images of shape \(N, 1, 28, 28\), got \(4, 3, 32, 32\) as " + name
    with pytest.raises(UserError, match=words):
        training.fit(small_vae(), small[0], objective, **{name: torch.rand(4, 3, 32, 32)})
    assert objective.calls == []


def test_a_data_loader_is_refused_with_what_to_pass(small):
    loader = DataLoader(TensorDataset(small[0].images(), small[0].y), batch_size=10)
    words = "train of fit must be ImageSet or Tensor, got DataLoader"
    with pytest.raises(UserError, match=words):
        training.fit(small_vae(), loader, losses.negative_elbo)


def test_a_conditional_model_does_not_learn_labels_that_are_not_there(small):
    model = recipes.build("fc-cvae", 2)
    before = [weight.clone() for weight in model.parameters()]
    words = "this model is conditional, but the images are a plain tensor"
    with pytest.raises(UserError, match=words):
        training.fit(model, small[0].images(), losses.negative_elbo, epochs=1)
    for weight, was in zip(model.parameters(), before, strict=True):
        assert torch.equal(weight, was)


@pytest.mark.parametrize("act", [
    lambda model, x: training.fit(model, x, losses.cross_entropy, epochs=1),
    lambda model, x: training.evaluate(model, x, losses.cross_entropy),
])
def test_a_classifier_does_not_learn_labels_that_are_not_there(small, act):
    """A plain tensor has none, and a classifier is not told that all are of class 0."""
    with pytest.raises(UserError, match="cross_entropy compares with labels, got None"):
        act(recipes.build("classifier-mnist"), small[0].images())


def test_the_objective_gets_no_labels_of_a_plain_tensor(small):
    objective = Recorded()
    x = small[0].images()
    training.fit(small_vae(), x, objective, test=x[:20], epochs=1, batch_size=100)
    assert [call.c for call in objective.calls] == [None] * 4


# devices, seeds, models


def test_a_device_may_be_torchs_own(small):
    model = small_vae()
    training.fit(
        model, small[0], losses.negative_elbo, epochs=1, device=torch.device("cpu")
    )
    assert model.to_mean.weight.device == torch.device("cpu")


def test_a_model_of_frozen_weights_has_nothing_to_learn(small):
    model = small_vae().requires_grad_(False)
    with pytest.raises(UserError, match="no weights to train for its term 'loss': all are froz"):
        fit_elbo(model, small)


@pytest.mark.parametrize("objective", [None, "", 3, [losses.negative_elbo]])
def test_what_is_no_objective_is_refused(small, objective):
    with pytest.raises(UserError, match="objective must be called with .output, images, labels"):
        training.fit(small_vae(), small[0], objective)
