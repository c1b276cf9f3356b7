"""What the tests share: small trained models, an isolated cache, a user without root's powers."""
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from vaekit import data, recipes

REPO = Path(__file__).parents[1]
os.environ["TQDM_DISABLE"] = "1"


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's cache, or depends on a folder of data that happens to be there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("VAEKIT_DATA", raising=False)


@pytest.fixture(scope="session")
def real_data():
    """The folder of real MNIST and CIFAR-10, where a test needs it."""
    folder = Path(os.environ.get("VAEKIT_TEST_DATA", REPO.parent / "shared" / "data"))
    if not (folder / "mnist.npz").exists():
        pytest.skip(f"needs mnist.npz and cifar10.npz in {folder} (set VAEKIT_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def digits():
    return data.load("digits", "train"), data.load("digits", "test")


@pytest.fixture
def small(digits):
    """300 digits to train on, 100 to test."""
    return digits[0].first(300), digits[1].first(100)


@pytest.fixture(scope="session")
def trained(digits):
    """A two-dimensional VAE that has learned the digits a little: one training serves many tests."""
    return recipes.train("mlp-vae-mnist", data="digits", latent_dim=2, epochs=15, batch_size=64, lr=2e-3, schedule="one-cycle")


@pytest.fixture(scope="session")
def coloured(digits, tmp_path_factory):
    """A folder with a cifar10.npz of 60 + 20 digits, 32×32 and in colour: something small for what takes nothing but CIFAR's shape."""
    arrays = {}
    for split, images, n in zip(("train", "test"), digits, (60, 20)):
        x = torch.nn.functional.pad(images.images(slice(n)), [2] * 4) * torch.tensor([255.0, 200.0, 80.0])[:, None, None]
        arrays |= {f"x_{split}": x.permute(0, 2, 3, 1).numpy().astype(np.uint8), f"y_{split}": images.y[:n].numpy().astype(np.uint8)}
    folder = tmp_path_factory.mktemp("coloured")
    np.savez(folder / "cifar10.npz", **arrays)
    return folder


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def write_npz(tmp_path):
    """Write an mnist.npz with some arrays replaced (None: left out); returns its folder."""
    def write(**changes):
        arrays = {"x_train": np.zeros((20, 28, 28), np.uint8), "y_train": np.arange(20, dtype=np.uint8) % 10,
                  "x_test": np.zeros((10, 28, 28), np.uint8), "y_test": np.arange(10, dtype=np.uint8)} | changes
        np.savez(tmp_path / "mnist.npz", **{k: v for k, v in arrays.items() if v is not None})
        return tmp_path
    return write


@contextmanager
def read_only(folder: Path):
    """`folder` cannot be written inside this block, not even if the tests run as root."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)           # nobody
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)
