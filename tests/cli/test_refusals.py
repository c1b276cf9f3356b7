"""Mistakes at the command line: the sentence names the option, and what to do."""
import os

import pytest
from typer.testing import CliRunner

from vaekit import recipes
from vaekit.cli.app import app
from vaekit.experiments.folders import named

SMALL = ["train", "mlp-vae-mnist-small", "--data", "digits", "--limit", "20", "--epochs", "1"]


def refused(*arguments):
    """What a command that is refused prints: its standard output and its one sentence."""
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1
    return result.stdout, result.stderr


def test_attributes_need_data_with_attributes(tmp_path):
    recipe = ["train", "fc-cvae", "--data", "digits", "--limit", "20", "--epochs", "1"]
    _, sentence = refused(*recipe, "--condition", "attributes", "--out", tmp_path)
    assert sentence == (
        "vaekit: --condition attributes needs data with attributes, and digits has classes; "
        "use one-hot or embedding\n"
    )


def test_too_small_a_share_for_validation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, sentence = refused(*SMALL, "--only", 3, "--validation", 0.001, "--out", "a")
    assert sentence.startswith("vaekit: --validation: a validation split needs images")


def test_a_checkpoint_of_another_run(tmp_path):
    checkpoint = tmp_path / "checkpoint.safetensors"
    recipes.train(
        "mlp-vae-mnist-small", "digits", epochs=1, checkpoint=checkpoint, progress=False
    )
    arguments = ["train", "mlp-vae-mnist-small", "--data", "digits", "--epochs", "1"]
    said, sentence = refused(*arguments, "--beta", 2, "--out", tmp_path)
    assert said == f"found {checkpoint}, trying to go on\n"
    assert "negative_elbo(beta=2.0)" in sentence
    assert sentence.endswith("delete it or use another folder with --out\n")


def test_a_folder_in_the_place_of_the_checkpoint(tmp_path):
    (tmp_path / "checkpoint.safetensors").mkdir()
    said, sentence = refused(*SMALL, "--out", tmp_path)
    assert said == ""
    assert "checkpoint.safetensors is a folder, where a file is to be written" in sentence
    assert "choose another folder with --out" in sentence


@pytest.mark.parametrize("command", [SMALL, ["labs", "01"]])
def test_a_home_of_nobody(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, sentence = refused(*command, "--out", "~nouser/x")
    assert sentence == (
        "vaekit: --out names '~nouser/x', and there is no user of that name; "
        "write the folder in full\n"
    )
    assert os.listdir(tmp_path) == []


def test_a_home_is_found_where_no_shell_did(tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(tmp_path))
    result = CliRunner().invoke(app, [*SMALL, "--out", "~/x"])
    assert result.exit_code == 0, result.output
    assert os.listdir(here) == []
    assert "latents.png" in os.listdir(tmp_path / "x")


def test_a_home_in_python(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named("out", "~/x") == tmp_path / "x"
