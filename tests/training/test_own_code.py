"""What a student hands over to fit: an objective, a model, an augmentation, the name of a file."""
import math
import os

import numpy as np
import pytest
import torch
from support.training import fit_elbo
from support.vaes import same_weights, small_vae

from vaekit import losses, training
from vaekit.contracts import Model
from vaekit.errors import UserError
from vaekit.models import ImageModel


def changed(change):
    """The −ELBO, its loss replaced by what `change` makes of it."""

    def objective(output, x, c):
        loss = losses.negative_elbo(output, x)["loss"]
        return {"loss": change(loss)}

    return objective


@pytest.mark.parametrize("objective, words", [
    (changed(lambda loss: loss.tolist()), "the term 'loss' must be a tensor .* got list"),
    (changed(lambda loss: 1.5), "the term 'loss' must be a tensor .* got float 1.5;"),
    (changed(lambda loss: None), "the term 'loss' must be a tensor .* got NoneType None;"),
    (changed(lambda loss: loss.detach().numpy()), "the term 'loss' must be .* got ndarray of sh"),
    (changed(lambda loss: loss + 1j), "the term 'loss' must be .* real .* dtype torch.complex64;"),
    (changed(torch.Tensor.detach), "the term 'loss' is minimised, but has no gradient, .*detach"),
    (
        lambda output, x, c: {**losses.negative_elbo(output, x), "note": None},
        "the term 'note' must be a tensor .* got NoneType None;",
    ),
    (lambda output, x, c: None, "returns its terms by name, .* got NoneType"),
    (lambda output, x: {}, r"objective must take three arguments, .* define it as objective\("),
    (losses.ImportanceWeighted, r"got the class ImportanceWeighted; make one by Importance"),
])
def test_a_wrong_objective_is_refused_in_a_sentence(small, objective, words):
    with pytest.raises(UserError, match=words):
        training.fit(small_vae(), small[0], objective, epochs=1, batch_size=50)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_fit_learns_within_a_block_without_gradient(small, mode):
    plain = small_vae()
    within = small_vae()
    fit_elbo(plain, small, epochs=1)
    with mode():
        fit_elbo(within, small, epochs=1)
        assert not torch.is_grad_enabled()
    assert same_weights(plain, within)


def test_a_model_made_in_inference_mode_is_refused(small):
    with torch.inference_mode():
        model = small_vae()
    with pytest.raises(UserError, match="made under torch.inference_mode.*build the model outsi"):
        fit_elbo(model, small)


@pytest.mark.parametrize("players, words", [
    ({}, r"players\(\) of the model must return the weights of each term, got \{\}; return"),
    (None, r"players\(\) of the model must return the weights of each term, got None; return"),
    ([], r"players\(\) of the model must return the weights of each term, got \[\]; return"),
    ({"loss": ["a"]}, "weights among model.parameters.* 'loss', got str 'a'; assign each part"),
    ({"loss": "all"}, "weights among model.parameters.* 'loss', got str 'a'; assign each part"),
    ({"loss": None}, "weights among model.parameters.* 'loss', got NoneType None; assign"),
    (
        {"loss": [torch.nn.Parameter(torch.zeros(3))]},
        r"weights among model.parameters.* got Parameter of shape \(3,\) .*nn.ModuleList",
    ),
])
def test_wrong_players_are_refused(small, players, words):
    model = small_vae()
    model.players = lambda: players
    with pytest.raises(UserError, match=words):
        fit_elbo(model, small)


def test_players_may_give_a_generator(small):
    model = small_vae()
    model.players = lambda: {"loss": model.parameters()}
    usual = small_vae()
    fit_elbo(model, small, epochs=1)
    fit_elbo(usual, small, epochs=1)
    assert same_weights(model, usual)


@pytest.mark.parametrize("shape", [None, 784, (28, 28), (1, 28, 0), "abc"])
def test_a_wrong_image_shape_is_refused(small, shape):
    model = small_vae()
    model.image_shape = shape
    with pytest.raises(UserError, match=r"image_shape of the model must be \(C, H, W\), .* got"):
        fit_elbo(model, small)


class WithoutLabels(ImageModel):
    def __init__(self):
        super().__init__((1, 28, 28))
        self.layer = torch.nn.Linear(28, 28)

    def forward(self, x):
        return self.layer(x)


def test_a_forward_without_labels_is_refused(small):
    words = r"forward of the model WithoutLabels must take \(x, c\), .* forward\(self, x, c=None\)"
    with pytest.raises(UserError, match=words):
        training.fit(WithoutLabels(), small[0], losses.reconstruction_error)


@pytest.mark.parametrize("made", [
    lambda x: None,
    lambda x: x.numpy(),
    lambda x: x[:1],
    lambda x: x.int(),
])
def test_a_wrong_augmentation_is_refused(small, made):
    words = r"augment must return a floating-point tensor of the batch's shape \(50, 1, 28, 28\)"
    with pytest.raises(UserError, match=words):
        fit_elbo(small_vae(), small, augment=made)


def test_a_name_of_300_letters_is_refused(small, tmp_path):
    with pytest.raises(UserError, match="checkpoint cannot be the file .* choose another, short"):
        fit_elbo(small_vae(), small, epochs=1, checkpoint=tmp_path / ("a" * 300))


def test_a_checkpoint_may_lie_in_the_home_folder(small, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    fit_elbo(small_vae(), small, epochs=1, checkpoint=os.path.join("~", "run.safetensors"))
    assert [each.name for each in tmp_path.iterdir()] == ["run.safetensors"]


@pytest.mark.parametrize("seed", [np.uint8(3), np.int32(70000)])
def test_a_small_integer_of_numpys_is_the_same_seed(small, seed):
    plain = small_vae()
    again = small_vae()
    fit_elbo(plain, small, epochs=1, seed=int(seed))
    fit_elbo(again, small, epochs=1, seed=seed)
    assert same_weights(plain, again)


class NoModule:
    """It keeps the contract of a model, and is no torch module."""

    image_shape = (1, 28, 28)
    settings: dict = {}

    def __init__(self):
        self.logits = torch.nn.Parameter(torch.zeros(1, *self.image_shape))

    def __call__(self, x, c=None):
        return self.logits.expand(len(x), -1, -1, -1)

    def sample(self, n, c=None, *, generator=None):
        return self.logits.sigmoid().expand(n, -1, -1, -1).detach()

    def players(self):
        return {"loss": [self.logits]}

    def after_step(self):
        pass


def costs(output, x, c):
    return {"loss": losses.bernoulli_nll(output, x)}


def test_what_keeps_the_contract_and_is_no_module_is_measured(small):
    assert isinstance(NoModule(), Model)
    measured = training.evaluate(NoModule(), small[0], costs)
    assert measured["loss"] == pytest.approx(28 * 28 * math.log(2), rel=1e-5)


def test_what_is_no_module_is_not_trained(small):
    words = "model must be a torch.nn.Module .* and NoModule is none; subclass vaekit.models.Image"
    with pytest.raises(UserError, match=words):
        training.fit(NoModule(), small[0], costs, epochs=1)
