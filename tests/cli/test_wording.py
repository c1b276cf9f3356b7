"""A sentence of Python's, said in the options of a command."""
from pathlib import Path

import pytest

from vaekit.cli.wording import in_options

OPTIONS = {
    "data": "--data",
    "latent_dim": "--latent-dim",
    "per_class": "--per-class",
    "limit": "--limit",
    "only": "--only",
    "beta": "--beta",
    "device": "--device",
    "epochs": "--epochs",
    "validation": "--validation",
    "out": "--out",
}


@pytest.mark.parametrize("message, expected", [
    ("latent_dim must be ≥ 1, got 0", "--latent-dim must be ≥ 1, got 0"),
    ("limit of load must be int, got float 1.5", "--limit must be int, got float 1.5"),
    ("number of images per_class must be ≥ 1", "number of images --per-class must be ≥ 1"),
    ("classes must be names, got ''", "--only must be names, got ''"),
    ("it has no z: leave latent_dim out", "it has no z: leave --latent-dim out"),
    ("it weighs the KL. Leave beta out", "it weighs the KL. Leave --beta out"),
    ("torch sees no GPU; use device='cpu'", "torch sees no GPU; use --device 'cpu'"),
    ("no network; use load('fashion')", "no network; use --data fashion"),
    (
        "latent_dim = 9 needs more memory than there is; choose a smaller latent_dim",
        "--latent-dim = 9 needs more memory than there is; choose a smaller --latent-dim",
    ),
])
def test_parameters_become_options(message, expected):
    assert in_options(message, OPTIONS, {}) == expected


@pytest.mark.parametrize("message", [
    "could not be downloaded: the data set is not in the folder; put it there",
    "the loss became inf at epoch 1; only a lower lr helps, there is a limit",
    "cannot write results/latent_dim/x.npz (no space); free some",
    "negative_elbo(beta=2.0) is another loss",
    "VAE(784, size(beta=1), latent_dim=2) has no such part",
    "a sentence that nobody foresaw: limits, outer data, 3 epochs and a beta of 2",
    "",
])
def test_words_of_english_and_of_paths_stay(message):
    assert in_options(message, OPTIONS, {}) == message


def test_an_option_whose_value_is_quoted_is_named():
    message = "unknown data set 'fashon'; choose one of fashion"
    given = {"data": "fashon", "epochs": 1}
    assert in_options(message, OPTIONS, given) == f"--data: {message}"


def test_one_of_several_values_is_quoted():
    message = "unknown class among classes: 'x'; choose one of 0, 1, 2"
    expected = "--only: unknown class 'x'; choose one of 0, 1, 2"
    assert in_options(message, OPTIONS, {"only": ["1", "x"], "epochs": 1}) == expected


def test_a_share_that_is_no_good_is_an_option():
    message = "a validation split needs images on both sides, but a share of 0.001 of 36"
    given = {"only": ["3"], "validation": 0.001, "out": Path("a")}
    assert in_options(message, OPTIONS, given) == f"--validation: {message}"


def test_the_folder_of_the_results_is_named_with_its_option():
    loss = "loss negative_elbo → negative_elbo(beta=2.0)"
    message = f"x/c.safetensors belongs to another run ({loss}); delete it or use another folder"
    assert in_options(message, OPTIONS, {}) == f"{message} with --out"


def test_a_folder_with_a_short_name_is_no_word():
    message = "this needs a number"
    assert in_options(message, OPTIONS, {"out": Path("a")}) == message


@pytest.mark.parametrize("message", ["a/x.png is damaged", "cannot write to the folder a (full)"])
def test_a_folder_with_a_short_name_is_found(message):
    assert in_options(message, OPTIONS, {"out": Path("a")}) == f"--out: {message}"


def test_nothing_is_named_where_two_options_may_be_meant():
    message = "a number must be ≥ 1, got 0"
    assert in_options(message, OPTIONS, {"epochs": 0, "limit": 0}) == message
    assert in_options(message, OPTIONS, {"epochs": 0, "limit": 10}) == f"--epochs: {message}"
