"""What fit refuses, before it trains: settings, images, models."""
import math

import pytest
import torch
from support.gan import SHAPE
from support.training import fit_elbo
from support.vaes import small_vae
from torch import nn

from vaekit import losses, training
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
])
def test_bad_settings_are_named(small, settings, words, monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
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
