"""What the tests share: small data, a trained model, an isolated cache, a read-only folder."""
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from vaekit import data, recipes
from vaekit.data.images import ImageSet
from vaekit.device import seeded

REPO = Path(__file__).parents[1]
os.environ["TQDM_DISABLE"] = "1"

# what takes longest, the longest first; a folder stands for the files in it
SLOWEST = (
    "tests/browser/test_views.py",
    "tests/course/test_labs_other_data.py",
    "notebooks/06_gan.ipynb",
    "notebooks/07_diffusion.ipynb",
    "tests/hostile/test_walk.py",
    "tests/test_cli.py",
    "notebooks",
    "tests/browser",
    "tests/experiments",
    "tests/metrics/test_coverage.py",
    "tests/course/test_labs.py",
    "tests/cli",
    "tests/recipes",
    "tests/fuzz",
    "tests/plots/test_text.py",
    "tests/training",
    "tests/course",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first: no worker begins a long one when the others are at their end."""
    ranks = {path: rank for rank, path in enumerate(SLOWEST)}

    def rank(item: pytest.Item) -> int:
        file = PurePosixPath(item.nodeid.split("::")[0])
        found = (ranks[str(path)] for path in (file, *file.parents) if str(path) in ranks)
        return next(found, len(ranks))

    items.sort(key=rank)


def make_digits_once() -> None:
    """Unpack and enlarge the digits once in a process: the tests load them thousands of times.

    Each load still gives tensors of its own.
    """
    source = data.SOURCES["digits"]
    made = cache(source.make)

    def copied(split: str) -> ImageSet:
        images = made(split)
        return replace(images, x=images.x.clone(), y=images.y.clone())

    data.SOURCES["digits"] = replace(source, make=copied)


# now, as some modules of tests load them when they are imported
make_digits_once()


@pytest.fixture(scope="session")
def caches(tmp_path_factory) -> Iterator[Path]:
    """Names of folders that are not there yet. pytest counts its own anew for every test."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def isolated(caches, monkeypatch) -> None:
    """No test reads or writes the user's cache, or needs data that happens to be there."""
    folder = next(caches)
    folder.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.delenv("VAEKIT_DATA", raising=False)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real MNIST and CIFAR-10, where a test needs it."""
    beside_the_repository = REPO.parent / "shared" / "data"
    folder = Path(os.environ.get("VAEKIT_TEST_DATA", beside_the_repository))
    if not (folder / "mnist.npz").exists():
        pytest.skip(f"needs mnist.npz and cifar10.npz in {folder} (set VAEKIT_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def digits() -> tuple[data.ImageSet, data.ImageSet]:
    """All digits: to train on, and to test on."""
    return data.load("digits", "train"), data.load("digits", "test")


@pytest.fixture
def small(digits) -> tuple[data.ImageSet, data.ImageSet]:
    """300 digits to train on, 100 to test on."""
    train, test = digits
    return train.first(300), test.first(100)


@pytest.fixture(scope="session")
def trained(digits) -> recipes.Run:
    """A two-dimensional VAE that has learned the digits a little: one training for many tests."""
    return recipes.train(
        "mlp-vae-mnist",
        data="digits",
        latent_dim=2,
        epochs=15,
        batch_size=64,
        lr=2e-3,
        schedule="one-cycle",
    )


@pytest.fixture(scope="session")
def coloured(digits, tmp_path_factory) -> Path:
    """A folder with a cifar10.npz of 60 + 20 digits, 32×32 and in colour.

    Something small for tests that need nothing of CIFAR-10 but its shape.
    """
    train, test = digits
    orange = torch.tensor([255.0, 200.0, 80.0])[:, None, None]

    arrays = {}
    for split, images in (("train", train.first(60)), ("test", test.first(20))):
        x = F.pad(images.images(), [2, 2, 2, 2]) * orange
        arrays[f"x_{split}"] = x.permute(0, 2, 3, 1).numpy().astype(np.uint8)
        arrays[f"y_{split}"] = images.y.numpy().astype(np.uint8)

    folder = tmp_path_factory.mktemp("coloured")
    np.savez(folder / "cifar10.npz", **arrays)
    return folder


@pytest.fixture
def generator() -> torch.Generator:
    return seeded(0)


@pytest.fixture
def write_npz(tmp_path) -> Callable[..., Path]:
    """Write an mnist.npz with some arrays replaced (None: left out); returns its folder."""

    def write(**changes: np.ndarray | None) -> Path:
        arrays = {
            "x_train": np.zeros((20, 28, 28), np.uint8),
            "y_train": np.arange(20, dtype=np.uint8) % 10,
            "x_test": np.zeros((10, 28, 28), np.uint8),
            "y_test": np.arange(10, dtype=np.uint8),
        }
        arrays.update(changes)
        kept = {name: array for name, array in arrays.items() if array is not None}
        np.savez(tmp_path / "mnist.npz", **kept)
        return tmp_path

    return write


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """`folder` cannot be written inside this block, not even if the tests run as root."""
    nobody = 65534
    is_root = os.geteuid() == 0
    folder.chmod(0o555)
    try:
        if is_root:
            os.seteuid(nobody)
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def killed():
    """Gives a model that after so many calls of it ends as by the user's Ctrl-C.

    The objective is left alone, as a wrapped one is another run to a checkpoint.
    """

    def killed_after(calls, model):
        made = 0

        def count(module, inputs):
            nonlocal made
            made += 1
            if made > calls:
                raise KeyboardInterrupt

        model.register_forward_pre_hook(count)
        return model

    return killed_after
