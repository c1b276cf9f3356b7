"""vaekit explore: a page with the weights that were asked for, or the lab."""
import json
import re
import subprocess
import sys
import webbrowser

import pytest
import torch
from support.vaes import small_vae
from typer.testing import CliRunner

from vaekit import recipes
from vaekit.cli import explore as command
from vaekit.cli.app import app
from vaekit.course import labs
from vaekit.errors import UserError

RECIPE = "mlp-vae-mnist-small"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of a VAE that nobody has trained, as two files and in the folder of a run."""
    folder = tmp_path_factory.mktemp("weights")
    recipes.save(folder / "vae-b1.safetensors", RECIPE, small_vae())
    recipes.save(folder / "vae-b4.safetensors", RECIPE, small_vae(seed=1))
    recipes.save(folder / "run" / "weights.safetensors", RECIPE, small_vae())
    return folder


def run(*arguments):
    return CliRunner().invoke(app, ["explore", *map(str, arguments)])


def refused(*arguments):
    """The one sentence of a command that is refused."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 1
    return result.stderr


def views_of(path):
    text = re.search(r'id="scenes">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(text.group(1))["views"]


def test_a_page_is_written(weights, tmp_path):
    out = tmp_path / "out.html"
    result = run(weights / "vae-b1.safetensors", "--data", "digits", "--html", out)
    assert result.exit_code == 0, result.output
    size = len(out.read_bytes()) / 1000
    assert result.stdout == f"written: {out} ({size:.0f} kB)\n"
    assert result.stderr == ""
    assert size < 1000
    assert [view["view"] for view in views_of(out)] == ["walk", "draw"]
    assert views_of(out)[0]["scene"]["classes"] == list("0123456789")
    assert "<title>The latent space of vae-b1</title>" in out.read_text(encoding="utf-8")


def test_a_page_that_stays_large_is_written_and_said(weights, tmp_path, monkeypatch):
    """With the reason and the way out, in one line."""
    out = tmp_path / "out.html"
    # explore.page is a function, too
    monkeypatch.setattr(sys.modules["vaekit.explore.page"], "LARGEST_PAGE", 1000)
    result = run(weights / "vae-b1.safetensors", "--data", "digits", "--html", out)
    assert result.exit_code == 0, result.output
    size = len(out.read_bytes()) / 1000
    assert result.stdout == f"written: {out} ({size:.0f} kB)\n"
    (sentence,) = result.stderr.splitlines()
    assert f"the page has {size:.0f} kB, more than 1 kB, " in sentence
    assert "its weights are rounded to 8 bits already" in sentence
    assert "a smaller model" in sentence

    files = [weights / "vae-b4.safetensors", weights / "vae-b1.safetensors"]
    result = run(*files, "--data", "digits", "--html", out)
    assert "fewer weights" in result.stderr


def test_the_folder_of_a_run_holds_weights(weights, tmp_path):
    out = tmp_path / "out.html"
    result = run(weights / "run", "--data", "digits", "--html", out)
    assert result.exit_code == 0, result.output
    assert "The latent space of run" in out.read_text(encoding="utf-8")


def test_several_weights_are_put_on_a_dial(weights, tmp_path):
    out = tmp_path / "out.html"
    files = [weights / "vae-b4.safetensors", weights / "vae-b1.safetensors"]
    result = run(*files, "--data", "digits", "--html", out)
    assert result.exit_code == 0, result.output
    views = views_of(out)
    assert [view["view"] for view in views] == ["dial", "walk", "draw"]
    # from the smallest β; the walk is the ELBO's
    assert [float(stop) for stop in views[0]["scene"]["stops"]] == [1.0, 4.0]
    assert "The latent space of vae-b1" in out.read_text(encoding="utf-8")


def test_weights_given_twice_are_refused(weights, tmp_path):
    file = weights / "run"
    assert "weights must differ in name or β" in refused(file, file, "--data", "digits")


@pytest.fixture
def no_litter(tmp_path, monkeypatch):
    monkeypatch.setattr(command.tempfile, "mkdtemp", lambda prefix: str(tmp_path))


def test_the_page_is_opened(weights, monkeypatch, no_litter):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    result = run(weights / "vae-b1.safetensors", "--data", "digits")
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"file://.*/explore\.html", opened[0])
    assert result.stderr == ""


def test_without_a_browser_the_page_is_named(weights, monkeypatch, no_litter):
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    result = run(weights / "vae-b1.safetensors", "--data", "digits")
    assert result.exit_code == 0
    assert "no browser was found; open " in result.stderr


def test_no_data_is_fetched_unasked(weights, tmp_path):
    out = tmp_path / "out.html"
    result = run(weights / "vae-b1.safetensors", "--html", out)
    assert result.exit_code == 0
    assert "no test images: mnist is not here; fetch it with vaekit data mnist" in result.stderr
    assert "points" not in views_of(out)[0]["scene"]


def test_weights_that_come_with_vaekit_have_names():
    sentence = refused("nonsense")
    assert "unknown weights 'nonsense'; choose one of" in sentence
    assert "conv-cvae-fashion" in sentence


@pytest.mark.parametrize("name, words", [
    ("classifier-fashion", "a model without latents (Classifier)"),
    ("block-cvae-cifar10", "a page cannot compute the decoder of weights block-cvae-cifar10"),
])
def test_weights_that_a_page_cannot_show(name, words):
    assert words in refused(name)


def test_a_missing_file(tmp_path):
    assert "no weights at" in refused(tmp_path / "no.safetensors")


def test_a_damaged_file(weights, tmp_path):
    content = bytearray((weights / "vae-b1.safetensors").read_bytes())
    content[-1] ^= 1
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(content)
    assert "is damaged: its values have the sha256" in refused(damaged)


def test_weights_of_another_shape(weights, tmp_path):
    from vaekit.files import load_weights, save_weights

    tensors, notes = load_weights(weights / "vae-b1.safetensors")
    tensors["decoder.0.weight"] = torch.zeros(3, 3)
    file = save_weights(tmp_path / "other.safetensors", tensors, notes)
    assert "does not fit recipe 'mlp-vae-mnist-small'" in refused(file)


def test_images_of_another_size(tmp_path):
    model = recipes.build(RECIPE, 2, (1, 16, 16))
    file = recipes.save(tmp_path / "small.safetensors", RECIPE, model)
    sentence = refused(file, "--data", "digits")
    assert "images are (1, 28, 28), but this model takes (1, 16, 16)" in sentence


@pytest.mark.parametrize("option", ["--html", "--data"])
def test_options_need_weights(option):
    assert f"{option} needs weights to show, got 'x' without any" in refused(option, "x")


def test_the_lab_is_opened(tmp_path, monkeypatch):
    started = []

    def start(arguments, **settings):
        started.append(arguments)
        return subprocess.CompletedProcess(arguments, 0)

    lab = tmp_path / "10_latent_explorer.ipynb"
    lab.touch()
    monkeypatch.setattr(labs, "find", lambda name: [lab])
    monkeypatch.setattr(command.subprocess, "run", start)
    assert run().exit_code == 0
    assert started == [[sys.executable, "-m", "jupyterlab", str(lab)]]


def test_no_jupyterlab(monkeypatch):
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    assert 'needs jupyterlab; install it with pip install "vaekit[labs]"' in refused()


def test_no_lab(monkeypatch):
    def find(name):
        raise UserError("no labs")

    monkeypatch.setattr(labs, "find", find)
    assert "10_latent_explorer.ipynb is not here; run this in a clone" in refused()
