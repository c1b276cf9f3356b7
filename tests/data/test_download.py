"""Data sets from the network: kept as one npz, or one sentence with the way out."""
import os
import re
import subprocess
import sys

import pytest
import torch
from conftest import read_only

from vaekit import data
from vaekit.errors import UserError

LOAD_AND_PRINT_THE_ERROR = """
from vaekit import data
try:
    data.load("mnist")
except ValueError as error:
    print(error)
"""


class FakeMNIST:
    """Twenty images to train on and ten to test; all pixels of image number i are i."""

    def __init__(self, root: str, train: bool, download: bool):
        assert download
        n = 20 if train else 10
        number = torch.arange(n)
        self.data = number.byte().reshape(n, 1, 1).expand(n, 28, 28)
        self.targets = number % 10


def test_a_download_is_kept_as_npz(monkeypatch):
    import torchvision.datasets

    monkeypatch.setattr(torchvision.datasets, "MNIST", FakeMNIST)
    assert len(data.load("mnist")) == 20

    # the second time no download is needed
    monkeypatch.delattr(torchvision.datasets, "MNIST")
    again = data.load("mnist", "test")
    assert again.x[9].unique().tolist() == [9]
    assert [file.name for file in data.cache_folder().iterdir()] == ["mnist.npz"]


def test_no_network_is_one_sentence_with_the_way_out():
    """A real attempt through a proxy that is not there, in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", LOAD_AND_PRINT_THE_ERROR],
        capture_output=True,
        text=True,
        env=environment_without_network(),
        timeout=120,
    )
    words = (
        r"MNIST is not in .*vaekit and could not be downloaded \(no network\)\. "
        r"Put mnist\.npz there or use load\('fashion'\), which is built in\."
    )
    assert re.search(words, result.stdout)

    half_written = [file for file in data.cache_folder().rglob("*") if file.is_file()]
    assert not half_written


def test_a_read_only_cache_is_named_before_any_download():
    cache = data.cache_folder()
    cache.mkdir(parents=True)
    words = (
        r"cannot write to the folder .*vaekit \(Permission denied\); "
        "choose another one"
    )
    with read_only(cache), pytest.raises(UserError, match=words):
        data.load("mnist")
    assert not list(cache.iterdir())


def environment_without_network() -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if k.lower() != "no_proxy"}
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        environment[proxy] = "http://127.0.0.1:9"
    return environment
