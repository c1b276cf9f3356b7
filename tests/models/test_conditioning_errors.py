"""A wrong condition is named, by whatever meets it first: a method, training, a recipe."""
import pytest
import torch
from support.conditioning import LATENTS, SHAPE, build
from torch import nn
from typer.testing import CliRunner

from vaekit import losses, metrics, recipes, training
from vaekit.cli.app import app
from vaekit.data import ImageSet
from vaekit.errors import UserError
from vaekit.models import conditioning
from vaekit.models.conditioning import AddedEmbedding, Attributes, OneHot

X = torch.zeros(2, *SHAPE)
Z = torch.zeros(2, LATENTS)

WRONG_CLASSES = [
    (-1, "unknown class -1; this model knows 0 … 3"),
    (4, "unknown class 4"),
    (torch.tensor([0, 10]), "unknown class 10"),
    (torch.tensor([-1, 0]), "unknown class -1"),
    (
        torch.tensor([0.0, 1.0]),
        r"whole numbers, one per image, got torch.float32 of shape \(2,\)",
    ),
    (torch.tensor([True, False]), "whole numbers, one per image, got torch.bool"),
    (1.0, "got torch.float32"),
    (True, "got torch.bool"),
    (torch.tensor([0, 1, 2]), "one class per image is needed: 2 images, 3 classes"),
    ([1], "2 images, 1 classes; one for all is given as a number, not in a list"),
    (torch.zeros(2, 1, dtype=torch.long), r"got torch.int64 of shape \(2, 1\)"),
    (None, "this model is conditional: pass c, a class in 0 … 3 for each image"),
]

WRONG_ATTRIBUTES = [
    (torch.tensor([0, 1, -1, 0]), "attributes are 0 or 1, got -1; CelebA's −1 means 0"),
    ([[0, 1, 1, 1], [0, 0.5, 0, 0]], "0 or 1, got 0.5"),
    (torch.tensor([0, 1, torch.nan, 0]), "0 or 1, got nan"),
    ([0, 1, 2, 0], "0 or 1, got 2"),
    ([0, 1, 1], r"takes 4 attributes per image, got shape \(3,\)"),
    (torch.zeros(2, 5), r"4 attributes per image, got shape \(2, 5\)"),
    (torch.zeros(3, 4), "one row of attributes per image is needed: 2 images, 3 rows"),
    (torch.zeros(1, 4), "2 images, 1 rows; one for all is given as a row, not in a list"),
    (1, r"got shape \(\)"),
    (torch.zeros(1, 2, 4), r"got shape \(1, 2, 4\)"),
    (None, "this model is conditional: pass c, a row of 4 attributes, 0 or 1 each"),
]

WRONG = [
    *(("one-hot", c, words) for c, words in WRONG_CLASSES),
    *(("embedding", c, words) for c, words in WRONG_CLASSES),
    *(("attributes", c, words) for c, words in WRONG_ATTRIBUTES),
]

# every way to use a model's condition, but for forward
METHODS = {
    "posterior": lambda model, c: model.posterior(X, c),
    "encode": lambda model, c: model.encode(X, c),
    "decode": lambda model, c: model.decode(Z, c),
    "logits": lambda model, c: model.logits(Z, c),
    "sample": lambda model, c: model.sample(2, c),
    "reconstruct": lambda model, c: model.reconstruct(X, c),
    "log_likelihood": lambda model, c: model.log_likelihood(X, Z, c),
}


@pytest.mark.parametrize("kind, c, words", WRONG)
def test_a_wrong_condition_is_named_by_every_method(kind, c, words):
    model = build(kind)
    for call in METHODS.values():
        with pytest.raises(UserError, match=words):
            call(model, c)
    with pytest.raises(UserError, match=words):
        model(X, c)
    with pytest.raises(UserError, match=words):
        model(X, c, samples=3)


@pytest.mark.parametrize("c", [0, torch.tensor([0, 1])])
@pytest.mark.parametrize("method", METHODS)
def test_an_unconditional_model_refuses_a_condition(method, c):
    model = build(None)
    with pytest.raises(UserError, match="this model is unconditional: leave c out"):
        METHODS[method](model, c)


def set_of(*y):
    return ImageSet(X, torch.tensor(y))


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: build("one-hot").given(4), "unknown class 4"),
        (lambda: build("one-hot").given([1, 2]), "1 images, 2 classes"),
        (lambda: build("attributes").given([0, 1]), "takes 4 attributes"),
        (lambda: build("embedding").given(None), "pass c"),
        (lambda: build(None).given(1), "this model is unconditional"),
        (
            lambda: build("one-hot").given(3).decode(Z, 1),
            "this model's condition is fixed to 3: leave c out",
        ),
        (
            lambda: build("one-hot").given(3).sample(2, 1),
            "this model's condition is fixed to 3: leave c out",
        ),
        (lambda: build("one-hot")(X, 1, samples=0), "samples must be ≥ 1, got 0"),
        (
            lambda: conditioning.make("onehot", 10, 2),
            "unknown condition 'onehot'; "
            "choose one of one-hot, embedding, attributes. Did you mean 'one-hot'",
        ),
        (lambda: OneHot(1), "classes must be ≥ 2, got 1"),
        (lambda: Attributes(0), "attributes must be ≥ 1, got 0"),
        (lambda: AddedEmbedding(1, 2), "classes must be ≥ 2, got 1"),
        (lambda: AddedEmbedding(10, 0), "latent_dim must be ≥ 1, got 0"),
        (lambda: AddedEmbedding(10, 2, hidden=0), "hidden must be ≥ 1, got 0"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: training.fit(build("one-hot"), X, losses.negative_elbo),
            "conditional, but the images are a plain tensor; pass an ImageSet",
        ),
        (
            lambda: training.evaluate(build("one-hot"), X, losses.negative_elbo),
            "images are a plain tensor",
        ),
        (
            lambda: training.fit(build("one-hot"), set_of(0, 1), losses.negative_elbo, test=X),
            "images are a plain tensor",
        ),
        (
            lambda: training.fit(build("one-hot"), set_of(0, 9), losses.negative_elbo),
            "unknown class 9",
        ),
        (
            lambda: metrics.class_consistency(build(None), [1], features=nn.Flatten()),
            "VAE takes no class: class consistency is for conditional models",
        ),
        (
            lambda: metrics.class_consistency(
                build("one-hot").given(1), [1], features=nn.Flatten()
            ),
            "Given takes no class",
        ),
    ],
)
def test_training_and_metrics_name_what_is_wrong_with_the_condition(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: recipes.build("fc-cvae", condition="class"), "unknown condition 'class'"),
        (
            lambda: recipes.train("fc-vae", "digits", condition="one-hot"),
            "recipe 'fc-vae' is unconditional: leave condition out",
        ),
        (
            lambda: recipes.train("conv-ae-mnist", "digits", beta=2.0),
            "recipe 'conv-ae-mnist' is trained with another loss. Leave beta out",
        ),
        (
            lambda: recipes.train("fc-vae", "digits", beta=2.0, loss=losses.free_bits),
            "trained with the loss you pass",
        ),
        (
            lambda: recipes.train("fc-vae", "digits", beta=-1.0),
            "beta must be ≥ 0, got -1",
        ),
    ],
)
def test_recipes_name_what_does_not_suit_them(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            ["conv-ae-mnist", "--beta", "2"],
            "recipe 'conv-ae-mnist' is trained with another loss",
        ),
        (["fc-vae", "--condition", "one-hot"], "recipe 'fc-vae' is unconditional"),
        (["fc-cvae", "--condition", "one-hat"], "unknown condition 'one-hat'"),
    ],
)
def test_the_command_line_says_so_in_one_sentence(arguments, words, tmp_path):
    out = str(tmp_path / "out")
    command = ["train", *arguments, "--data", "digits", "--out", out]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output
