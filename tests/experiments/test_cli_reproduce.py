"""`vaekit reproduce` in a process of its own.

Stopped by any signal it leaves whole files and no worker, and goes on to the same numbers.
"""
import json
import os
import re
import signal
import time

import psutil
import pytest
import torch
from support.command import NO_NETWORK, run, start

from vaekit import data, recipes
from vaekit.data import Selection
from vaekit.device import seeded
from vaekit.experiments import figures
from vaekit.experiments.reproduce import names, reproduce, table
from vaekit.files import load_weights
from vaekit.metrics import distances
from vaekit.metrics.features import load_features

pytestmark = pytest.mark.slow

TRIAL = ["--data", "digits", "--limit", "64"]
FIGURES = {
    "curves",
    "samples",
    "rate_distortion",
    "reconstructions",
    "walk",
    "lattice",
    "latents",
}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """All rows by the command line, one after another: its folder and what it printed.

    One epoch each, so the figures are the most of it.
    """
    out = tmp_path_factory.mktemp("one") / "out"
    result = run("reproduce", "s1-table1", *TRIAL, "--epochs", 1, "--jobs", 1, "--out", out)
    return out, result


def test_nothing_is_on_stderr_in_normal_use(uninterrupted):
    _, result = uninterrupted
    assert result.returncode == 0
    assert result.stderr == ""


def test_the_table_is_printed_and_written(uninterrupted):
    out, result = uninterrupted
    text = (out / "table.md").read_text(encoding="utf-8")
    assert text in result.stdout
    assert text.count("\n") == 9
    assert str(out / "table.md") in result.stdout

    loss = json.loads((out / "z64-beta0.1.json").read_text())["measured"]["loss"]
    assert f"| 64 | 0.1 | {loss:.2f} | 66.94 | other data |" in text


def test_the_figures_are_written(uninterrupted):
    out, result = uninterrupted
    assert {path.stem for path in out.glob("*.png")} == FIGURES
    for name in FIGURES:
        assert str(out / f"{name}.png") in result.stdout


def interrupt(process, kind):
    """Send a signal; a terminal's Ctrl-C reaches the workers too."""
    send = os.killpg if kind == signal.SIGINT else os.kill
    send(process.pid, kind)


def in_folder(folder):
    return {path.name for path in folder.iterdir()}


def is_running(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("kind, jobs", [
    (signal.SIGINT, 2),
    (signal.SIGTERM, 1),
    (signal.SIGKILL, 2),
])
def test_stopped_it_leaves_whole_files_and_no_worker(tmp_path, kind, jobs):
    arguments = ["reproduce", "s1-table1", *TRIAL, "--epochs", 3000, "--jobs", jobs]
    process = start([*arguments, "--out", tmp_path], new_session=True)
    while not list(tmp_path.glob("*.checkpoint.safetensors")) and process.poll() is None:
        time.sleep(0.02)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert jobs == 1 or len(workers) >= 2

    interrupt(process, kind)
    _, errors = process.communicate(timeout=60)
    psutil.wait_procs(workers, timeout=30)
    assert not [worker for worker in workers if is_running(worker)]

    if kind != signal.SIGKILL:
        assert process.returncode == 130
        assert errors == "vaekit: interrupted\n"
        assert in_folder(tmp_path) <= {
            "settings.json",
            "z1-beta1.checkpoint.safetensors",
            "z2-beta1.checkpoint.safetensors",
        }
    # whole: each can be read, with its history
    for path in tmp_path.glob("z*.safetensors"):
        _, metadata = load_weights(path)
        assert json.loads(metadata["rows"])[0]["epoch"] == 1


def test_all_that_can_be_reproduced_is_listed():
    result = run("reproduce")
    assert result.returncode == 0
    listed = "s1-table1, s2-lambda, s2-latent, s4-faces, mlp-vae-mnist, conv-cvae-mnist"
    assert listed in result.stdout
    with_numbers = [name for name, recipe in recipes.RECIPES.items() if recipe.reported]
    # what S4 reports of faces is an FID of features that nothing here has
    with_numbers.remove("conv-cvae-celeba")
    assert names() == ["s1-table1", "s2-lambda", "s2-latent", "s4-faces", *with_numbers]


@pytest.mark.parametrize("arguments, words, environment", [
    (["s1-table2"], "unknown table 's1-table2'.*Did you mean 's1-table1'", {}),
    (
        ["s1-table1", "--epochs", 1, "--out", "none"],
        "MNIST is not in .* and could not be downloaded",
        NO_NETWORK,
    ),
    # from a worker
    (
        ["s1-table1", *TRIAL, "--device", "tpu", "--jobs", 2, "--out", "worker"],
        "--device: unknown device 'tpu'",
        {},
    ),
])
def test_a_mistake_is_one_sentence(tmp_path, arguments, words, environment):
    result = run("reproduce", *arguments, cwd=tmp_path, **environment)
    assert result.returncode == 2
    assert re.fullmatch(rf"vaekit: .*{words}.*\n", result.stderr), result.stderr
    assert not list(tmp_path.iterdir())


def cells(line):
    return re.split(r" *\| *", line.strip("| "))


@pytest.fixture(scope="module")
def conv_cvae(real_data, tmp_path_factory):
    """S4's row after one epoch, its folder, and all features that its FIDs were taken of."""
    out = tmp_path_factory.mktemp("conv-cvae")
    seen = []
    gaussian = distances.gaussian

    def watched(features):
        seen.append(features)
        return gaussian(features)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(distances, "gaussian", watched)
        row, = reproduce("conv-cvae-mnist", out=out, epochs=1, limit=300, root=real_data, jobs=1)
    return row, out, seen


def test_conv_cvae_has_its_fid(conv_cvae):
    row, _, seen = conv_cvae
    assert row.latent_dim == 2
    assert row.settings["data"] == "mnist"
    assert row.reported == {"fid_10": 182.47}
    assert set(row.measured) == {"fid_10", "fid_5000"}
    assert all(value > 0 for value in row.measured.values())
    sizes = [len(features) for features in seen]
    assert sizes == [10, 10, 5000, 5000], "as many generated images as real ones"


def test_the_fid_is_of_samples_of_the_test_images_classes(conv_cvae, real_data):
    _, out, seen = conv_cvae
    model = recipes.load_model(out / "z2-beta1.safetensors")
    test = data.load("mnist", "test", root=real_data).first(10)
    fake = model.sample(10, test.y, generator=seeded(0))
    network = load_features("mnist")
    torch.testing.assert_close(seen[0], network.features(test.images()))
    torch.testing.assert_close(seen[1], network.features(fake))


def test_the_fids_are_not_compared_with_the_reports(conv_cvae):
    row, _, _ = conv_cvae
    head, _, line = (cells(text) for text in table([row]).splitlines())
    of_report = [f"FID, 10 images {what}" for what in ("here", "S4", "difference")]
    # the report has no FID of so many
    assert head[2:] == [*of_report, "FID, 5,000 images", "seconds"]
    assert line[2:5] == [f"{row.measured['fid_10']:.2f}", "182.47", "other features"]
    assert line[5] == f"{row.measured['fid_5000']:.2f}"


def test_the_figures_of_a_row_without_a_rate(conv_cvae, real_data):
    row, out, _ = conv_cvae
    files = figures.write_table("conv-cvae-mnist", [row], table([row]), out, root=real_data)
    assert [path.name for path in files] == ["table.md", "curves.png", "samples.png"]


def test_a_row_is_the_recipe_with_its_seed(tmp_path):
    """The row of a reproduction is what `recipes.train` gives with the same arguments."""
    rows = reproduce("s1-table1", out=tmp_path, data="digits", limit=64, epochs=1, seed=3, jobs=1)
    alone = recipes.train(
        "mlp-vae-mnist",
        Selection("digits", limit=64),
        epochs=1,
        seed=3,
        latent_dim=64,
        beta=0.1,
        progress=False,
    )
    row = next(row for row in rows if row.name == "z64-beta0.1")
    assert row.settings["seed"] == 3
    assert row.measured["loss"] == alone.history["test_loss"][-1]
