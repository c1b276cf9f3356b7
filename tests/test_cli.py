"""The command line as a person meets it: in its own process, exit codes and streams included."""
import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from conftest import REPO
from PIL import Image
from support.command import run, start
from support.forks import Forks

from vaekit.files import load_weights
from vaekit.recipes import load_model

pytestmark = pytest.mark.slow

SMALL = ["train", "mlp-vae-mnist-small", "--data", "digits"]
WRITTEN = {
    "weights.safetensors",
    "history.csv",
    "history.json",
    "curves.png",
    "samples.png",
    "reconstructions.png",
    "latents.png",
}


def in_folder(folder):
    return {path.name for path in folder.iterdir()}


def history(folder):
    return json.loads((folder / "history.json").read_text())


def test_train_leaves_weights_history_and_pictures(tmp_path):
    out = tmp_path / "out"
    result = run(*SMALL, "--epochs", 2, "--out", out)
    assert result.returncode == 0, result.stderr
    assert in_folder(out) == WRITTEN

    rows = list(csv.DictReader((out / "history.csv").read_text().splitlines()))
    assert len(rows) == 2
    as_text = [{key: str(value) for key, value in row.items()} for row in history(out)]
    assert rows == as_text
    assert f"{float(rows[1]['test_loss']):.2f}" in result.stdout
    for name in ("curves", "samples", "reconstructions", "latents"):
        assert Image.open(out / f"{name}.png").size[0] > 400


def test_train_takes_a_condition_and_beta(tmp_path):
    how = ["--limit", 200, "--epochs", 1, "--condition", "embedding", "--beta", 0.5]
    result = run("train", "fc-cvae", "--data", "digits", *how, "--out", tmp_path)
    assert result.returncode == 0
    assert result.stderr == ""
    assert load_model(tmp_path / "weights.safetensors").condition.kind == "embedding"

    row = history(tmp_path)[-1]
    total = row["test_reconstruction"] + 0.5 * row["test_kl"]
    assert row["test_loss"] == pytest.approx(total, rel=1e-5)


def test_train_takes_a_choice_of_images_a_validation_split_and_augmentation(tmp_path):
    choice = ["--only", "3", "--only", "7", "--per-class", 20, "--test-limit", 30]
    choice += ["--validation", 0.25, "--patience", 2, "--augment", "flip"]
    result = run(*SMALL, *choice, "--epochs", 2, "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert re.search(r"digits, only 3, 7, 20 .*class, training part: 30 images", result.stdout)
    assert "validation_loss" in history(tmp_path)[-1]


def test_patience_without_validation_is_warned_of_in_a_line(tmp_path):
    how = ["--limit", 40, "--epochs", 2, "--patience", 1]
    result = run(*SMALL, *how, "--out", tmp_path)
    assert result.returncode == 0
    assert result.stderr == (
        "vaekit: --patience chose this epoch by its test loss, which is then too good to report; "
        "give it --validation 0.1 to watch\n"
    )


def test_a_log_says_how_far_training_is(tmp_path):
    how = ["--limit", 40, "--epochs", 20, "--out", tmp_path]
    result = run(*SMALL, *how, TQDM_DISABLE="0")
    assert result.returncode == 0
    lines = result.stderr.splitlines()
    assert len(lines) == 10
    assert re.fullmatch(
        r"vaekit: training, 100 % of 20 steps, \d+ s, train [\d.]+, test [\d.]+", lines[-1]
    )


def test_train_goes_on_where_it_was_interrupted(tmp_path):
    process = start([*SMALL, "--epochs", 400, "--out", tmp_path])
    checkpoint = tmp_path / "checkpoint.safetensors"
    for _ in range(1200):
        if checkpoint.exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert in_folder(tmp_path) == {"checkpoint.safetensors"}, "no half-written file"

    _, metadata = load_weights(checkpoint)
    done = len(json.loads(metadata["rows"]))
    result = run(*SMALL, "--epochs", done + 1, "--out", tmp_path)
    assert result.returncode == 0
    assert f"found {checkpoint}, trying to go on" in result.stdout
    assert len(history(tmp_path)) == done + 1
    assert not checkpoint.exists()


def test_the_report_stands_beside_the_number(real_data, tmp_path):
    how = ["--epochs", 1, "--limit", 500, "--out", tmp_path]
    result = run("train", "mlp-vae-mnist", *how, VAEKIT_DATA=str(real_data))
    line = r"loss +\d+\.\d\d   report 100\.03   difference \+\d+\.\d\d"
    assert re.search(line, result.stdout), result.stdout + result.stderr


def test_train_lists_the_recipes():
    result = run("train")
    assert result.returncode == 0
    for name in ("conv-ae-mnist", "mlp-vae-mnist-small", "mlp-vae-mnist", "fc-vae"):
        assert name in result.stdout


def test_data_lists_the_sets_and_checks_one():
    result = run("data")
    assert result.returncode == 0
    for name in ("fashion", "mnist", "cifar10", "digits", "faces", "celeba", "folder:PATH"):
        assert f"\n{name} " in f"\n{result.stdout}"

    one = run("data", "digits")
    assert one.returncode == 0
    assert "1,437 images of 1×28×28" in one.stdout


@pytest.fixture(scope="module")
def forks():
    forks = Forks()
    yield forks
    forks.close()


FC_CVAE = ["train", "fc-cvae", "--data", "digits"]


@pytest.mark.parametrize("arguments, words", [
    (["train", "vae-mnist"], "unknown recipe 'vae-mnist'; choose one of"),
    ([*SMALL[:2], "--data", "fashon"], "--data: unknown data set 'fashon'.*Did you mean 'fashion'"),
    ([*SMALL, "--latent-dim", "0"], "--latent-dim must be ≥ 1, got 0"),
    ([*SMALL, "--latent-dim", "-3"], "--latent-dim must be ≥ 1, got -3"),
    ([*SMALL, "--batch-size", "0"], "--batch-size must be ≥ 1, got 0"),
    ([*SMALL, "--epochs", "0"], "--epochs must be ≥ 1, got 0"),
    ([*SMALL, "--limit", "0"], "--limit must be ≥ 1, got 0"),
    ([*SMALL, "--lr", "-1"], "--lr must be > 0, got -1"),
    ([*SMALL, "--fast"], "has no fast schedule"),
    ([*SMALL, "--beta", "-1"], "--beta must be (a number )?≥ 0, got -1"),
    ([*SMALL, "--augment", "blur"], "choose one of flip, flip-blur, shift-flip"),
    (
        [*SMALL, "--condition", "one-hot"],
        "recipe 'mlp-vae-mnist-small' is unconditional: leave --condition out",
    ),
    (
        [*FC_CVAE, "--condition", "onehot"],
        "--condition: unknown condition 'onehot'.*Did you mean 'one-hot'",
    ),
    ([*FC_CVAE, "--condition", "attributes"], "needs data with attributes"),
    (
        ["train", "conv-ae-mnist", "--data", "digits", "--beta", "2"],
        "recipe 'conv-ae-mnist' is trained with another loss. Leave --beta out",
    ),
    (
        ["train", "classifier-mnist", "--data", "digits", "--latent-dim", "64"],
        "recipe 'classifier-mnist' has no latent space: leave --latent-dim out",
    ),
    ([*SMALL, "--device", "tpu"], "--device: unknown device 'tpu'"),
    ([*SMALL, "--out", "/proc/nowhere"], "--out: cannot write to the folder /proc/nowhere"),
    (["train", "conv-ae-mnist", "--data", "no-such-set"], "unknown data set"),
    (["data", "imagenet"], "unknown data set 'imagenet'"),
    (
        ["data", "mnist", "--root", "/no/such/folder"],
        "--root names '/no/such/folder', which is not a folder",
    ),
    (["labs", "99"], "unknown lab '99'; choose one of"),
    (["labs", "-p", "epochs"], "a parameter is NAME=VALUE, got 'epochs'"),
    (["labs", "-p", "epoch=3"], "has no parameter epoch; it has .*epochs"),
    (["labs", "--notebooks", "/no/such/folder"], "/no/such/folder is no folder; give --note"),
    (["results"], "run this command in the folder of a clone of the repository"),
    (["results", "--check"], "RESULTS.md and results/ are not in"),
])
def test_a_mistake_is_one_sentence_and_a_non_zero_exit(
    arguments, words, forks, tmp_path, tmp_path_factory
):
    result = forks.run(*arguments, cwd=tmp_path, streams=tmp_path_factory.mktemp("streams"))
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert re.search(words, result.stderr), result.stderr
    assert not list(tmp_path.iterdir()), "no empty folder, no half-written file"


def test_a_damaged_data_file_is_one_sentence(tmp_path):
    (tmp_path / "mnist.npz").write_bytes(b"PK\x03\x04 not a zip")
    result = run("train", "fc-vae", "--out", tmp_path / "out", VAEKIT_DATA=str(tmp_path))
    assert result.returncode == 2
    assert "is damaged or not an npz" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_labs_exits_non_zero_and_names_what_failed(tmp_path):
    cell = nbformat.v4.new_code_cell("1 / 0")
    kernel = {"name": "python3", "display_name": ""}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(notebook, tmp_path / "01_broken.ipynb")

    result = run("labs", "--notebooks", tmp_path, "--out", tmp_path / "out")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    row = r"01_broken +1 +\d+\.\d  cell 1: ZeroDivisionError: division by zero"
    assert re.search(row, result.stdout)
    assert "[1/1] 01_broken FAILED" in result.stdout
    assert str(tmp_path / "out" / "index.html") in result.stdout


@pytest.fixture
def clone(tmp_path):
    """The page and the measurements of this repository, to be changed."""
    shutil.copy(REPO / "RESULTS.md", tmp_path)
    shutil.copytree(REPO / "results", tmp_path / "results")
    return tmp_path


def test_results_writes_a_table_that_differs(clone):
    page = clone / "RESULTS.md"
    whole = page.read_text()
    first = re.search(r"<!-- table: (\S+) -->\n(.*?)<!-- /table -->", whole, re.DOTALL)
    assert first, "RESULTS.md has tables"
    damaged = whole.replace(first[2], "\nnothing here\n\n", 1)
    page.write_text(damaged)

    checked = run("results", "--check", cwd=clone)
    assert checked.returncode == 1
    assert checked.stderr == ""
    assert checked.stdout == f"tables differ from the measurements: {first[1]}\n"
    assert page.read_text() == damaged, "a check writes nothing"

    written = run("results", cwd=clone)
    assert written.returncode == 0
    assert written.stdout == f"tables written: {first[1]}\n"
    assert page.read_text() == whole


@pytest.mark.parametrize("arguments", [["results"], ["results", "--check"]])
def test_results_as_measured_are_left_alone(clone, arguments):
    before = (clone / "RESULTS.md").read_text()
    result = run(*arguments, cwd=clone)
    assert result.returncode == 0
    assert result.stdout == "all tables are as measured\n"
    assert (clone / "RESULTS.md").read_text() == before


def imported_by(code, heavy, *, after=""):
    """Which of the heavy packages some code imports, after other code has imported its own."""
    lines = [
        "import sys",
        after,
        "there = set(sys.modules)",
        code,
        "new = {name.split('.')[0] for name in set(sys.modules) - there}",
        f"print(sorted(new & {heavy}))",
    ]
    command = [sys.executable, "-c", "\n".join(lines)]
    result = subprocess.run(command, capture_output=True, text=True)
    return result.stdout.strip()


def test_help_needs_no_torch():
    """`vaekit --help` answers at once: the heavy imports wait for the command that needs them."""
    heavy = {"torch", "matplotlib", "papermill", "ipywidgets"}
    assert imported_by("import vaekit.cli", heavy) == "[]"


def test_importing_vaekit_is_light():
    """What goes beyond torch and numpy is imported where it is used."""
    heavy = {"torchvision", "sklearn", "matplotlib", "IPython", "ipywidgets", "typer"}
    code = (
        "import vaekit\n"
        "from vaekit import data, losses, models, recipes, training\n"
        "from vaekit.course import check"
    )
    assert imported_by(code, heavy, after="import torch") == "[]"
