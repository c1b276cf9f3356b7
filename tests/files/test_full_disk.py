"""A full disk: one sentence from every writer, the old file intact, nothing half-written."""
import errno
import importlib.util
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from conftest import REPO
from matplotlib.figure import Figure
from support.disks import fill, full_disk, short_files

from vaekit import data, files, losses, training
from vaekit.data.npz import write_npz
from vaekit.errors import UserError
from vaekit.models.base import ImageModel

# noise does not compress, so an npz or a picture of it is large
NOISE = np.random.default_rng(0).integers(0, 256, (200, 28, 28), np.uint8)
ROWS = [{"epoch": epoch, "train_loss": 1 / (epoch + 1), "seconds": 0.5} for epoch in range(500)]


class MeanImage(ImageModel):
    """784 weights: three times as many bytes as fit, with the optimiser's moments."""

    def __init__(self):
        super().__init__((1, 28, 28))
        self.logits = torch.nn.Parameter(torch.zeros(1, 1, 28, 28))

    def forward(self, x, c=None):
        return self.logits.expand(len(x), -1, -1, -1)


def train(path: Path, epochs: int) -> None:
    """Train with a checkpoint, or go on training from it."""
    training.fit(
        MeanImage(),
        data.load("digits", limit=20),
        lambda output, x, c: {"loss": losses.bernoulli_nll(output, x)},
        epochs=epochs,
        checkpoint=path,
        progress=False,
    )


def picture(path: Path) -> None:
    figure = Figure()
    figure.add_subplot().imshow(NOISE.reshape(-1, 28))
    with files.atomic(path) as temporary:
        figure.savefig(temporary)


WRITERS: dict[str, Callable[[Path], object]] = {
    "curves.png": picture,
    "curves.pdf": picture,
    "curves.svg": picture,
    "history.csv": lambda path: training.History(ROWS).save(path),
    "history.json": lambda path: training.History(ROWS).save(path),
    "table.md": lambda path: files.write_text(path, "line\n" * 4000),
    "row.json": lambda path: files.write_json(path, ROWS),
    "sealed.json": lambda path: files.write_json(path, {"rows": ROWS}, sealed=True),
    "page.html": lambda path: files.write_bytes(path, bytes(20_000)),
    "mnist.npz": lambda path: write_npz(path, {"x_train": NOISE}),
    "weights.safetensors": lambda path: files.save_weights(path, {"w": torch.rand(5000)}),
    "checkpoint.safetensors": lambda path: train(path, epochs=2),
}


@contextmanager
def no_room(folder: Path, prepare: Callable[[], None], *, on_full_disk: bool) -> Iterator[None]:
    """Inside, after `prepare`, nothing of more than a few kB can be written to `folder`."""
    if on_full_disk:
        with full_disk(folder):
            prepare()
            fill(folder)
            yield
    else:
        prepare()
        with short_files():
            yield


def is_one_sentence(text: str, reason: str) -> bool:
    return re.search(rf"^cannot write [^\n]* \({reason}\); free some space", text) is not None


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("on_full_disk, reason", [
    (True, "No space left on device"),
    (False, "File too large"),
])
def test_a_full_disk_is_one_sentence_and_the_old_file_stays(tmp_path, on_full_disk, reason, name):
    path = tmp_path / name

    def write_the_old_file() -> None:
        if name.startswith("checkpoint"):
            train(path, epochs=1)
        else:
            path.write_bytes(b"old")

    with no_room(tmp_path, write_the_old_file, on_full_disk=on_full_disk):
        old = path.read_bytes()
        with pytest.raises(UserError) as refusal:
            WRITERS[name](path)
        assert path.read_bytes() == old
        left = {file.name for file in tmp_path.iterdir()} - {"filler"}

    assert left == {name}
    assert is_one_sentence(str(refusal.value), reason), refusal.value


@pytest.mark.parametrize("name", WRITERS)
def test_the_writers_write_where_there_is_room(tmp_path, name):
    WRITERS[name](tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).stat().st_size > 4096


class FakeMNIST:
    resources = ()

    def __init__(self, root: str, train: bool, download: bool):
        self.data = torch.from_numpy(NOISE)
        self.targets = torch.zeros(200, dtype=torch.int64)


def test_a_download_to_a_full_disk(tmp_path, monkeypatch):
    import torchvision.datasets

    monkeypatch.setattr(torchvision.datasets, "MNIST", FakeMNIST)
    with short_files(), pytest.raises(UserError) as refusal:
        data.load("mnist", root=tmp_path)
    assert is_one_sentence(str(refusal.value), "File too large")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_while_files_are_fetched(tmp_path, monkeypatch):
    import torchvision.datasets

    def fail(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torchvision.datasets, "MNIST", fail)
    monkeypatch.setattr(fail, "resources", (), raising=False)
    with pytest.raises(UserError) as refusal:
        data.load("mnist", root=tmp_path)
    assert is_one_sentence(str(refusal.value), "No space left on device")
    assert not list(tmp_path.iterdir())


def script(name: str) -> ModuleType:
    """data/NAME.py as a module."""
    spec = importlib.util.spec_from_file_location(name, REPO / "data" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_built_in_sample_on_a_full_disk(tmp_path, monkeypatch):
    make_fashion = script("make_fashion")
    noise = torch.from_numpy(NOISE)[:, None]
    images = data.ImageSet(noise, torch.zeros(200, dtype=torch.int64))
    monkeypatch.setattr(make_fashion.data, "load", lambda *arguments: images)

    with short_files(), pytest.raises(UserError) as refusal:
        make_fashion.main(tmp_path)
    assert is_one_sentence(str(refusal.value), "File too large")
    assert not list(tmp_path.iterdir())


def test_shipped_weights_on_a_full_disk(tmp_path):
    make_weights = script("make_weights")
    with short_files(), pytest.raises(UserError) as refusal:
        make_weights.write(tmp_path / "w.safetensors", torch.nn.Linear(100, 100), {})
    assert is_one_sentence(str(refusal.value), "File too large")
    assert not list(tmp_path.iterdir())
