"""The command line as a person meets it: in a process of its own, exit codes and streams included."""
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from PIL import Image

COMMAND = [sys.executable, "-m", "vaekit.cli"]
SMALL = ["train", "mlp-vae-mnist-small", "--data", "digits"]


def run(*arguments, cwd=None, **environment):
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, env=os.environ | environment, timeout=300)


def test_train_leaves_weights_history_and_pictures(tmp_path):
    result = run(*SMALL, "--epochs", 2, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    assert {f.name for f in (tmp_path / "out").iterdir()} == {"weights.safetensors", "history.csv", "history.json", "curves.png", "samples.png"}
    rows = list(csv.DictReader((tmp_path / "out" / "history.csv").read_text().splitlines()))
    assert len(rows) == 2 and rows == [{k: str(v) for k, v in row.items()} for row in json.loads((tmp_path / "out" / "history.json").read_text())]
    assert all(Image.open(tmp_path / "out" / f"{name}.png").size[0] > 400 for name in ("curves", "samples"))
    assert f"{float(rows[1]['test_loss']):.2f}" in result.stdout


def test_train_takes_a_condition_and_beta(tmp_path):
    result = run("train", "fc-cvae", "--data", "digits", "--limit", 200, "--epochs", 1, "--condition", "embedding", "--beta", 0.5, "--out", tmp_path)
    assert result.returncode == 0 and result.stderr == ""
    from vaekit.recipes import load_model

    assert load_model(tmp_path / "weights.safetensors").condition.kind == "embedding"
    row = json.loads((tmp_path / "history.json").read_text())[-1]
    assert row["test_loss"] == pytest.approx(row["test_reconstruction"] + 0.5 * row["test_kl"], rel=1e-5)


def test_train_takes_a_choice_of_images_a_validation_split_and_augmentation(tmp_path):
    choice = ["--only", "3", "--only", "7", "--per-class", 20, "--test-limit", 30, "--validation", 0.25, "--patience", 2, "--augment", "flip"]
    result = run(*SMALL, *choice, "--epochs", 2, "--out", tmp_path)
    assert result.returncode == 0 and "digits, only 3, 7, 20 a class, training part: 30 images" in result.stdout, result.stderr
    assert "validation_loss" in json.loads((tmp_path / "history.json").read_text())[-1]
    result = run(*SMALL, "--augment", "blur", "--out", tmp_path / "no")
    assert result.returncode == 2 and "choose one of flip, shift-flip" in result.stderr and "Traceback" not in result.stderr


def test_train_goes_on_where_it_was_interrupted(tmp_path):
    arguments = [*SMALL, "--epochs", "400", "--out", str(tmp_path)]
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))     # a background shell would have it ignored
    for _ in range(1200):
        if (tmp_path / "checkpoint.safetensors").exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in errors and "Traceback" not in errors
    assert {f.name for f in tmp_path.iterdir()} == {"checkpoint.safetensors"}, "no half-written file"
    from vaekit.files import load_weights

    done = len(json.loads(load_weights(tmp_path / "checkpoint.safetensors")[1]["rows"]))
    result = run(*SMALL, "--epochs", done + 1, "--out", tmp_path)
    assert result.returncode == 0 and "going on from" in result.stdout
    assert len(json.loads((tmp_path / "history.json").read_text())) == done + 1
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_the_report_stands_beside_the_number(real_data, tmp_path):
    result = run("train", "mlp-vae-mnist", "--epochs", 1, "--limit", 500, "--out", tmp_path, VAEKIT_DATA=str(real_data))
    assert re.search(r"loss +\d+\.\d\d   report 100\.03   difference \+\d+\.\d\d", result.stdout), result.stdout + result.stderr


def test_lists():
    recipes, data = run("train"), run("data")
    assert recipes.returncode == data.returncode == 0
    assert all(name in recipes.stdout for name in ("conv-ae-mnist", "mlp-vae-mnist-small", "mlp-vae-mnist", "fc-vae"))
    assert all(name in data.stdout for name in ("fashion", "fashion_full", "mnist", "cifar10", "digits"))
    one = run("data", "digits")
    assert one.returncode == 0 and "1,437 images of 1×28×28" in one.stdout


@pytest.mark.parametrize("arguments, words", [
    (["train", "vae-mnist"], "unknown recipe 'vae-mnist'; choose one of"),
    ([*SMALL[:2], "--data", "fashon"], "unknown data set 'fashon'.*Did you mean 'fashion'"),
    ([*SMALL, "--latent-dim", "0"], "latent_dim must be ≥ 1, got 0"),
    ([*SMALL, "--latent-dim", "-3"], "latent_dim must be ≥ 1, got -3"),
    ([*SMALL, "--batch-size", "0"], "batch_size must be ≥ 1, got 0"),
    ([*SMALL, "--epochs", "0"], "epochs must be ≥ 1, got 0"),
    ([*SMALL, "--limit", "0"], "limit must be ≥ 1, got 0"),
    ([*SMALL, "--lr", "-1"], "lr must be > 0, got -1"),
    ([*SMALL, "--fast"], "has no fast schedule"),
    ([*SMALL, "--beta", "-1"], "beta must be (a number )?≥ 0, got -1"),
    ([*SMALL, "--condition", "one-hot"], "recipe 'mlp-vae-mnist-small' is unconditional: leave condition out"),
    (["train", "fc-cvae", "--data", "digits", "--condition", "onehot"], "unknown condition 'onehot'.*Did you mean 'one-hot'"),
    (["train", "fc-cvae", "--data", "digits", "--condition", "attributes"], "this model takes 10 attributes an image"),
    (["train", "conv-ae-mnist", "--data", "digits", "--beta", "2"], "recipe 'conv-ae-mnist' is trained with another loss. Leave beta out"),
    ([*SMALL, "--device", "tpu"], "unknown device 'tpu'"),
    ([*SMALL, "--out", "/proc/nowhere"], "cannot write to the folder /proc/nowhere"),
    (["train", "conv-ae-mnist", "--data", "no-such-set"], "unknown data set"),
    (["data", "imagenet"], "unknown data set 'imagenet'"),
    (["data", "mnist", "--root", "/no/such/folder"], "root names /no/such/folder, which is not a folder"),
    (["labs", "99"], "unknown lab '99'; choose one of"),
    (["labs", "-p", "epochs"], "a parameter is NAME=VALUE, got 'epochs'"),
    (["labs", "-p", "epoch=3"], "has no parameter epoch; it has .*epochs"),
    (["labs", "--notebooks", "/no/such/folder"], "no labs in /no/such/folder"),
])
def test_a_mistake_is_one_sentence_and_a_non_zero_exit(arguments, words, tmp_path):
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert re.search(words, result.stderr), result.stderr
    assert not [f for f in tmp_path.rglob("*") if f.is_file()], "no half-written file"


def test_a_damaged_data_file_is_one_sentence(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"PK\x03\x04 not a zip")
    result = run("train", "fc-vae", "--out", tmp_path / "out", VAEKIT_DATA=str(tmp_path))
    assert result.returncode == 2 and "is damaged or not an npz" in result.stderr and "Traceback" not in result.stderr
    assert not list((tmp_path / "out").iterdir())


def test_labs_exits_non_zero_and_names_what_failed(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")], metadata={"kernelspec": {"name": "python3", "display_name": ""}})
    nbformat.write(notebook, tmp_path / "01_broken.ipynb")
    result = run("labs", "--notebooks", tmp_path, "--out", tmp_path / "out")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert re.search(r"01_broken +1 +\d+\.\d  cell 1: ZeroDivisionError: division by zero", result.stdout)
    assert "[1/1] 01_broken FAILED" in result.stdout and str(tmp_path / "out" / "index.html") in result.stdout


def test_no_network_is_one_sentence(tmp_path):
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    result = run("train", "fc-vae", "--out", tmp_path / "out", no_proxy="", NO_PROXY="", **nowhere)
    assert result.returncode == 2 and "could not be downloaded (no network)" in result.stderr and "Traceback" not in result.stderr


def test_help_needs_no_torch():
    """`vaekit --help` answers at once: the heavy imports wait for the command that needs them."""
    code = "import sys, vaekit.cli; print(sorted({'torch', 'matplotlib', 'papermill', 'ipywidgets'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_importing_vaekit_is_light():
    """Everything beyond torch and numpy is imported where it is used: `import vaekit` and the labs' models cost next to nothing extra."""
    heavy = {"torchvision", "sklearn", "matplotlib", "IPython", "ipywidgets", "typer"}
    code = ("import sys, torch; before = set(sys.modules); import vaekit; from vaekit import data, losses, models, recipes, training; from vaekit.course import check; "
            f"print(sorted({{m.split('.')[0] for m in set(sys.modules) - before}} & {heavy}))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
