"""Data sets from the network: kept as one npz, or one sentence with the way out."""
import gzip
import hashlib
import os
import re
import struct
import subprocess
import sys
import urllib.request
from urllib.error import URLError

import numpy as np
import pytest
import torch
from conftest import read_only
from support.command import NO_NETWORK
from support.servers import answering, http

from vaekit import data
from vaekit.data import download as downloading
from vaekit.errors import UserError
from vaekit.files import locked

LOAD_AND_PRINT_THE_ERROR = """
from vaekit import data
try:
    data.load("mnist")
except ValueError as error:
    print(error)
"""

WAY_OUT = (
    r"Try again, put mnist\.npz there or into the folder \$VAEKIT_DATA, "
    r"or use load\('fashion'\), which is built in\.$"
)


class FakeMNIST:
    """Twenty images to train on and ten to test; all pixels of image number i are i."""

    resources = ()

    def __init__(self, root: str, train: bool, download: bool):
        assert download
        n = 20 if train else 10
        number = torch.arange(n)
        self.data = number.byte().reshape(n, 1, 1).expand(n, 28, 28)
        self.targets = number % 10


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in NO_NETWORK:
        monkeypatch.delenv(name, raising=False)


def nothing_is_left() -> bool:
    """No file and no folder in the cache."""
    return not list(data.cache_folder().rglob("*"))


def idx(values: np.ndarray) -> bytes:
    """An array as MNIST's own format, compressed."""
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return gzip.compress(head + values.tobytes())


def published(monkeypatch, n: int = 12) -> dict[str, bytes]:
    """Small files that torchvision from now on takes for MNIST, by path."""
    import torchvision.datasets

    pixels = np.arange(n, dtype=np.uint8)[:, None, None].repeat(28, 1).repeat(28, 2)
    labels = np.arange(n, dtype=np.uint8) % 10
    files = {}
    for split in ("train", "t10k"):
        files[f"/{split}-images-idx3-ubyte.gz"] = idx(pixels)
        files[f"/{split}-labels-idx1-ubyte.gz"] = idx(labels)
    resources = [(name[1:], hashlib.md5(content).hexdigest()) for name, content in files.items()]
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", resources)
    return files


def test_a_download_is_kept_as_npz(monkeypatch):
    import torchvision.datasets

    monkeypatch.setattr(torchvision.datasets, "MNIST", FakeMNIST)
    assert len(data.load("mnist")) == 20

    # the second time no download is needed
    monkeypatch.delattr(torchvision.datasets, "MNIST")
    again = data.load("mnist", "test")
    assert again.x[9].unique().tolist() == [9]
    assert [file.name for file in data.cache_folder().iterdir()] == ["mnist.npz"]


def test_what_is_fetched_here_is_read_by_torchvision(monkeypatch):
    import torchvision.datasets.utils

    def refuse(*arguments):
        raise AssertionError("torchvision asked the network")

    monkeypatch.setattr(torchvision.datasets.utils, "_urlretrieve", refuse)
    monkeypatch.setattr(torchvision.datasets.utils, "_get_redirect_url", refuse)
    answers = {path: http(content) for path, content in published(monkeypatch).items()}
    with answering(answers) as place:
        monkeypatch.setitem(downloading.PLACES, "MNIST", (f"http://{place}/",))
        images = data.load("mnist")
    assert len(images) == 12
    assert images.x[7].unique().tolist() == [7]
    assert images.y[11] == 1


def test_what_one_place_lacks_is_fetched_from_the_next(monkeypatch):
    answers = {path: http(content) for path, content in published(monkeypatch).items()}
    missing = http(b"gone", "404 Not Found")
    with answering(missing) as empty, answering(answers) as place:
        places = (f"http://{empty}/", f"http://{place}/")
        monkeypatch.setitem(downloading.PLACES, "MNIST", places)
        assert len(data.load("mnist")) == 12


@pytest.mark.parametrize("name", ["mnist", "fashion_full", "cifar10"])
def test_nothing_is_asked_for_without_encryption(name, monkeypatch):
    asked = []

    def record(opener, request, *arguments, **options):
        asked.append(request.full_url)
        raise URLError("recorded")

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", record)
    with pytest.raises(UserError, match=r"could not be downloaded \(recorded\)"):
        data.load(name)
    assert asked
    assert all(url.startswith("https://") for url in asked)


def test_a_redirection_to_an_unencrypted_place_is_not_followed():
    request = urllib.request.Request("https://example.org/file.gz")
    handler = downloading._StaysEncrypted()
    with pytest.raises(URLError, match="goes on without encryption"):
        handler.redirect_request(request, None, 302, "", {}, "http://example.org/file.gz")
    on = handler.redirect_request(request, None, 302, "", {}, "https://example.com/file.gz")
    assert on.full_url == "https://example.com/file.gz"


PAGE = b"\n <!DOCTYPE html><html><body>Please log in</body></html>"
REDIRECT = "Location: gopher://nowhere/"


@pytest.mark.parametrize("answer, reason", [
    (http(PAGE), "got a web page in place of the file: this network may want you to log in"),
    (http(b"<HTML>"), "got a web page in place of the file"),
    (http(b"garbage"), "got 7 bytes that are not the file"),
    (http(b""), "got 0 bytes that are not the file"),
    (http(b"", "404 Not Found"), "the server answered 404 Not Found"),
    (http(b"", "503 \x1b[31mBusy"), r"the server answered 503 \?\[31mBusy"),
    (http(b"", "302 Found", REDIRECT), "the server answered 302 Found"),
    (b"SSH-2.0-OpenSSH_9.6\r\n", "the answer is no HTTP: SSH-2.0-OpenSSH_9.6"),
    (b"\x00\xff\x1b" * 50, r"the answer is no HTTP: \?"),
    (b"", "no network|the answer is no HTTP"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "the answer is no HTTP: got more than 65536"),
    (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200, "the answer is no HTTP: got more than 100"),
    (http(b"1234567")[:-3], "the connection broke off 3 bytes before the end"),
])
def test_an_answer_that_is_not_the_file_is_one_sentence(answer, reason, monkeypatch):
    published(monkeypatch)
    with answering(answer) as place:
        monkeypatch.setitem(downloading.PLACES, "MNIST", (f"http://{place}/",))
        with pytest.raises(UserError) as refusal:
            data.load("mnist")
    text = str(refusal.value)
    assert re.search(rf"MNIST is not in .*vaekit and could not be downloaded \(({reason})", text)
    assert re.search(WAY_OUT, text)
    assert nothing_is_left()


@pytest.mark.parametrize("answer, reason", [
    (b"SSH-2.0-OpenSSH_9.6\r\n", "the answer through the proxy .* is no HTTP: SSH-2.0"),
    (b"\xff\xfe" * 100, "the answer through the proxy .* is no HTTP"),
    (http(b"", "407 Password, please"), "Tunnel connection failed: 407 Password, please through"),
    (http(PAGE), "no secure connection through the proxy"),
    (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "the answer through the proxy .* is no HTTP"),
])
def test_a_proxy_that_is_none_is_one_sentence(answer, reason, monkeypatch):
    with answering(answer) as place:
        monkeypatch.setenv("https_proxy", f"http://me:secret@{place}")
        with pytest.raises(UserError, match=reason) as refusal:
            data.load("mnist")
    assert re.search(WAY_OUT, str(refusal.value))
    assert "secret" not in str(refusal.value)
    assert nothing_is_left()


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "::::", "http://[", "http://" + "a" * 300])
def test_a_dead_proxy_is_named(proxy, monkeypatch):
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(UserError, match="could not be downloaded .*through the proxy") as refusal:
        data.load("mnist")
    assert re.search(WAY_OUT, str(refusal.value))


def test_a_server_without_encryption_is_named(monkeypatch):
    with answering(http(b"hello")) as place:
        monkeypatch.setitem(downloading.PLACES, "MNIST", (f"https://{place}/",))
        with pytest.raises(UserError, match=r"could not be downloaded \(no secure connection: "):
            data.load("mnist")


def test_no_network_is_one_sentence_with_the_way_out():
    """A real attempt through a proxy that is not there, in a process of its own."""
    result = subprocess.run(
        [sys.executable, "-c", LOAD_AND_PRINT_THE_ERROR],
        capture_output=True,
        text=True,
        env=os.environ | NO_NETWORK,
        timeout=120,
    )
    assert re.search(r"could not be downloaded \(no network through the proxy", result.stdout)
    assert re.search(WAY_OUT, result.stdout.strip())
    assert nothing_is_left()


def test_what_a_killed_download_left_is_removed_by_the_next(monkeypatch):
    import torchvision.datasets

    left = data.cache_folder() / ".mnist-download" / "files" / "MNIST" / "raw"
    left.mkdir(parents=True)
    (left / "train-images-idx3-ubyte").write_bytes(b"half")
    monkeypatch.setattr(torchvision.datasets, "MNIST", FakeMNIST)
    assert len(data.load("mnist")) == 20
    assert [file.name for file in data.cache_folder().iterdir()] == ["mnist.npz"]


def test_two_downloads_of_one_set_do_not_mix():
    words = "another run is writing to the folder .*mnist-download; wait until it is done"
    with locked(data.cache_folder() / ".mnist-download"), pytest.raises(UserError, match=words):
        data.load("mnist")


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
