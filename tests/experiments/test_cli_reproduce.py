"""`vaekit reproduce` in a process of its own: stopped by every signal it leaves whole files and no worker, and goes on to the same numbers."""
import json
import os
import re
import signal
import subprocess
import time

import psutil
import pytest
import torch
from test_cli import COMMAND, run

from vaekit import recipes
from vaekit.experiments import results
from vaekit.experiments.reproduce import names, reproduce, table

TRIAL = ["--data", "digits", "--limit", "64"]
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9") | {"no_proxy": "", "NO_PROXY": ""}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """All rows by the command line, one after another: its folder and what it printed. An epoch each, so the pictures are the most of it."""
    out = tmp_path_factory.mktemp("one") / "out"
    return out, run("reproduce", "s1-table1", *TRIAL, "--epochs", 1, "--jobs", 1, "--out", out)


def test_the_table_is_printed_and_written_with_its_figures(uninterrupted):
    out, result = uninterrupted
    assert result.returncode == 0 and result.stderr == "", "nothing on stderr in normal use"
    text = (out / "table.md").read_text(encoding="utf-8")
    assert text in result.stdout and text.count("\n") == 9
    loss = json.loads((out / "z64-beta0.1.json").read_text())["measured"]["loss"]
    assert f"| 64 | 0.1 | {loss:.2f} | 66.94 | {loss - 66.94:+.2f} |" in text
    pictures = {"curves", "samples", "rate_distortion", "reconstructions", "walk", "lattice", "latents"}
    assert {path.stem for path in out.glob("*.png")} == pictures
    assert all(str(out / name) in result.stdout for name in ("table.md", *(f"{picture}.png" for picture in pictures)))


def start(out, epochs, jobs):
    return subprocess.Popen([*COMMAND, "reproduce", "s1-table1", *TRIAL, "--epochs", str(epochs), "--jobs", str(jobs), "--out", str(out)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def family(process):
    return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


@pytest.mark.parametrize("kind, jobs", [(signal.SIGINT, 2), (signal.SIGTERM, 1), (signal.SIGKILL, 2)])
def test_stopped_it_leaves_whole_files_and_no_worker(tmp_path, kind, jobs):
    process = start(tmp_path, 3000, jobs)
    while not list(tmp_path.glob("*.checkpoint.safetensors")) and process.poll() is None:
        time.sleep(0.02)
    workers = family(process)[1:]
    assert len(workers) >= 2 or jobs == 1
    (os.killpg if kind == signal.SIGINT else os.kill)(process.pid, kind)           # a terminal's Ctrl-C reaches the workers too
    _, errors = process.communicate(timeout=60)
    psutil.wait_procs(workers, timeout=30)
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
    if kind != signal.SIGKILL:
        assert (process.returncode, errors) == (130, "vaekit: interrupted\n")
        assert {path.name for path in tmp_path.iterdir()} <= {"settings.json", "z1-beta1.checkpoint.safetensors", "z2-beta1.checkpoint.safetensors"}
    from vaekit.files import load_weights

    for path in tmp_path.glob("z*.safetensors"):                                   # whole: each can be read, with its history
        assert json.loads(load_weights(path)[1]["rows"])[0]["epoch"] == 1


def test_lists_and_mistakes(tmp_path):
    result = run("reproduce")
    assert result.returncode == 0 and "s1-table1, mlp-vae-mnist, conv-cvae-mnist" in result.stdout
    assert names() == ["s1-table1", *(name for name, recipe in recipes.RECIPES.items() if recipe.reported)]
    (tmp_path / "z64-beta2.checkpoint.safetensors").write_bytes(b"damaged")
    for arguments, words, environment in (
        (["s1-table2"], "unknown table 's1-table2'.*Did you mean 's1-table1'", {}),
        (["s1-table1", "--epochs", 1, "--out", tmp_path / "none"], "MNIST is not in .* and could not be downloaded", OFFLINE),
        (["s1-table1", *TRIAL, "--device", "tpu", "--jobs", 2, "--out", tmp_path / "worker"], "unknown device 'tpu'", {}),    # from a worker
    ):
        result = run("reproduce", *arguments, cwd=tmp_path, **environment)
        assert result.returncode == 2 and re.fullmatch(rf"vaekit: .*{words}.*\n", result.stderr), result.stderr
    assert not list(tmp_path.rglob("z*.json"))


def test_conv_cvae_has_its_fid(real_data, tmp_path, monkeypatch):
    from vaekit import data
    from vaekit.metrics import distances
    from vaekit.metrics.features import load_features

    seen, gaussian = [], distances.gaussian
    monkeypatch.setattr(distances, "gaussian", lambda features: (seen.append(features), gaussian(features))[1])
    row, = reproduce("conv-cvae-mnist", out=tmp_path, epochs=1, limit=300, root=real_data, jobs=1)
    assert (row.latent_dim, row.settings["data"], row.reported) == (2, "mnist", {"fid_10": 182.47})
    assert set(row.measured) == {"fid_10", "fid_5000"} and all(value > 0 for value in row.measured.values())
    assert [len(features) for features in seen] == [10, 10, 5000, 5000], "as many generated images as real ones"

    model, test = recipes.load_model(tmp_path / "z2-beta1.safetensors"), data.load("mnist", "test", root=real_data).first(10)
    fake = model.sample(10, test.y, generator=torch.Generator().manual_seed(0))            # of the test images' classes
    for features, images in zip(seen, (test.images(), fake)):
        torch.testing.assert_close(features, load_features("mnist").features(images))
    head, _, line = (re.split(r" *\| *", text.strip("| ")) for text in table([row]).splitlines())
    assert head[2:] == [f"FID, {n} images {what}" for n in ("10", "5,000") for what in ("here", "S4", "difference")] + ["seconds"]
    assert line[2:5] == [f"{row.measured['fid_10']:.2f}", "182.47", "other features"] and line[6:8] == ["", ""]

    files = results.write_table("conv-cvae-mnist", [row], table([row]), tmp_path, root=real_data)
    assert [path.name for path in files] == ["table.md", "curves.png", "samples.png"]


def test_a_row_is_the_recipe_with_its_seed(tmp_path):
    """The row of a reproduction is what `recipes.train` gives with the same arguments."""
    rows = reproduce("s1-table1", out=tmp_path, data="digits", limit=64, epochs=1, seed=3, jobs=1)
    alone = recipes.train("mlp-vae-mnist", data="digits", limit=64, epochs=1, seed=3, latent_dim=64, beta=0.1, progress=False)
    row = next(row for row in rows if row.name == "z64-beta0.1")
    assert row.settings["seed"] == 3 and row.measured["loss"] == alone.history["test_loss"][-1]
