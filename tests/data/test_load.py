import hashlib
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import REPO, read_only

from vaekit import data
from vaekit.errors import UserError


@pytest.mark.parametrize("name, split, n", [
    ("fashion", "train", 10_000), ("fashion", "test", 2_000),
    ("digits", "train", 1_437), ("digits", "test", 360),
])
def test_built_in_sets_need_nothing(name, split, n):
    images = data.load(name, split)
    assert images.x.shape == (n, 1, 28, 28) and images.x.dtype == torch.uint8
    assert images.y.shape == (n,) and images.y.dtype == torch.int64
    x = images.images()
    assert x.dtype == torch.float32 and x.min() == 0 and x.max() == 1
    assert set(images.y.tolist()) == set(range(10))


def test_fashion_is_balanced_and_in_the_published_order(real_data):
    full = np.load(real_data / "fashion_mnist.npz")
    for split, per_class in (("train", 1_000), ("test", 200)):
        images = data.load("fashion", split)
        assert images.y.bincount().tolist() == [per_class] * 10
        for label in range(10):
            published = full[f"x_{split}"][full[f"y_{split}"] == label][:per_class]
            assert np.array_equal(images.x[images.y == label, 0].numpy(), published)


def test_the_built_in_file_is_the_one_in_the_record():
    digest = hashlib.sha256((REPO / "data" / "fashion.npz").read_bytes()).hexdigest()
    assert digest in (REPO / "data" / "README.md").read_text()


def test_real_sets_have_the_published_sizes(real_data):
    assert data.load("mnist", "test", root=real_data).x.shape == (10_000, 1, 28, 28)
    assert data.load("cifar10", "test", root=real_data).x.shape == (10_000, 3, 32, 32)


def test_colour_images_are_turned_from_nhwc_to_nchw(tmp_path):
    stored = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "cifar10.npz", x_train=stored, y_train=np.arange(6), x_test=stored, y_test=np.arange(6))
    x = data.load("cifar10", root=tmp_path).x
    assert x.shape == (6, 3, 32, 32)
    assert x[4, 2, 30, 5] == stored[4, 30, 5, 2]
    assert np.array_equal(x.permute(0, 2, 3, 1).numpy(), stored)


def test_search_order_is_root_then_environment_then_built_in(write_npz, tmp_path, monkeypatch):
    folder = write_npz()
    monkeypatch.setenv("VAEKIT_DATA", str(folder))
    assert data.locate("mnist") == folder / "mnist.npz"
    other = tmp_path / "other"
    other.mkdir()
    (other / "mnist.npz").write_bytes((folder / "mnist.npz").read_bytes())
    assert data.locate("mnist", other) == other / "mnist.npz"
    assert data.locate("fashion", other) == data.built_in_folder() / "fashion.npz"


def test_limit_only_and_batches():
    images = data.load("digits", "train", limit=100)
    assert len(images) == 100 and len(images.first(5000)) == 100
    threes = images.only("3")
    assert set(threes.y.tolist()) == {3} and threes.classes == images.classes
    seen = torch.cat([y for _, y in images.batches(33)])
    assert torch.equal(seen, images.y)
    shuffled = [y for _, y in images.batches(33, shuffle=True, generator=torch.Generator().manual_seed(1))]
    assert [len(y) for y in shuffled] == [33, 33, 33, 1]
    assert not torch.equal(torch.cat(shuffled), images.y) and torch.equal(torch.cat(shuffled).sort().values, images.y.sort().values)


@pytest.mark.parametrize("call, words", [
    (lambda: data.load("fashon"), r"unknown data set 'fashon'; choose one of .*fashion.*Did you mean 'fashion'\?"),
    (lambda: data.load("fashion", "validation"), "unknown split 'validation'; choose one of train, test"),
    (lambda: data.load("fashion", limit=0), "limit must be ≥ 1, got 0"),
    (lambda: data.load("fashion").only("Trousers"), "unknown class 'Trousers'.*Did you mean 'Trouser'"),
    (lambda: list(data.load("digits").batches(0)), "batch_size must be ≥ 1, got 0"),
    (lambda: list(data.load("digits").batches(2.5)), "batch_size must be a whole number, got 2.5"),
    (lambda: data.load("mnist", root="/nowhere/at/all"), "root names /nowhere/at/all, which is not a folder"),
    (lambda: data.ImageSet(torch.zeros(3, 28, 28), torch.zeros(3)), r"images have shape \(N, C, H, W\)"),
    (lambda: data.ImageSet(torch.zeros(3, 1, 2, 2), torch.zeros(2)), "one label an image"),
    (lambda: data.ImageSet(torch.zeros(2, 1, 2, 2), torch.tensor([0, 10])), "labels must lie in 0 … 9, got 10 at position 1"),
    (lambda: data.ImageSet(torch.zeros(2, 1, 2, 2), torch.tensor([0, -1])), "labels must lie in 0 … 9, got -1 at position 1"),
    (lambda: data.ImageSet(torch.full((1, 1, 2, 2), 255.0), torch.zeros(1, dtype=torch.int64)), "got values from 255 to 255"),
    (lambda: data.check_images(torch.tensor([0.5, float("nan")])), r"images must lie in \[0, 1\]"),
    (lambda: data.check_images(torch.zeros(3, dtype=torch.uint8)), "images are float in .*uint8"),
])
def test_bad_arguments_are_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.parametrize("changes, words", [
    ({"x_train": None}, "has no x_train, only y_train, x_test, y_test"),
    ({"x_train": np.zeros((20, 28, 28), np.float32)}, r"x_train is float32, but stored images are uint8"),
    ({"x_train": np.zeros((20, 32, 32), np.uint8)}, r"x_train has shape \(20, 32, 32\), expected \(N, 28, 28\)"),
    ({"x_train": np.zeros((0, 28, 28), np.uint8), "y_train": np.zeros(0, np.uint8)}, "with N ≥ 1"),
    ({"y_train": np.zeros(19, np.uint8)}, r"y_train has shape \(19,\) for 20 images"),
    ({"y_train": np.full(20, 10, np.uint8)}, "y_train must lie in 0 … 9, got 10 at position 0"),
    ({"y_train": np.zeros(20, np.float32)}, "y_train is float32, but labels are whole numbers"),
])
def test_a_wrong_npz_is_refused(write_npz, changes, words):
    with pytest.raises(UserError, match=words):
        data.load("mnist", root=write_npz(**changes))


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.999])
def test_a_truncated_or_corrupt_npz_is_refused(write_npz, keep):
    path = write_npz() / "mnist.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(UserError, match=r"mnist.npz is damaged or not an npz .*; delete it and load again"):
        data.load("mnist", root=path.parent)


def test_a_flipped_byte_inside_the_images_is_found(write_npz):
    path = write_npz() / "mnist.npz"
    content = bytearray(path.read_bytes())
    content[5_000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        data.load("mnist", root=path.parent)


def test_no_network_is_one_sentence_with_the_way_out():
    """A real attempt through a proxy that is not there, in a process of its own."""
    code = "from vaekit import data\ntry: data.load('mnist')\nexcept ValueError as e: print(e)"
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    environment = {k: v for k, v in os.environ.items() if k.lower() != "no_proxy"} | nowhere
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert re.search(r"MNIST is not in .*vaekit and could not be downloaded \(no network\)\. "
                     r"Put mnist\.npz there or use load\('fashion'\), which is built in\.", result.stdout)
    assert not [f for f in data.cache_folder().rglob("*") if f.is_file()], "no half-written file"


def test_a_download_is_kept_as_npz(monkeypatch):
    import torchvision.datasets

    class Fake:
        def __init__(self, root, train, download):
            assert download
            n = 20 if train else 10
            self.data, self.targets = torch.arange(n, dtype=torch.uint8).reshape(n, 1, 1).expand(n, 28, 28), torch.arange(n) % 10

    monkeypatch.setattr(torchvision.datasets, "MNIST", Fake)
    assert len(data.load("mnist")) == 20
    monkeypatch.delattr(torchvision.datasets, "MNIST")                 # the second time no download is needed
    again = data.load("mnist", "test")
    assert again.x[9].unique().tolist() == [9]
    assert [f.name for f in data.cache_folder().iterdir()] == ["mnist.npz"]


def test_a_read_only_cache_is_named_before_any_download():
    cache = data.cache_folder()
    cache.mkdir(parents=True)
    with read_only(cache), pytest.raises(UserError, match=r"cannot write to the folder .*vaekit \(Permission denied\); choose another one"):
        data.load("mnist")
    assert not list(cache.iterdir())


def test_per_class_takes_the_first_of_each_in_the_stored_order(digits):
    few = digits[0].per_class(4)
    for label in range(10):
        assert torch.equal(few.x[few.y == label], digits[0].x[digits[0].y == label][:4])
    assert "4 a class" in few.name and few.y.tolist() != sorted(few.y.tolist())


def test_a_split_loses_and_doubles_nothing(digits):
    images = digits[0].first(200)
    rest, held = images.split(0.3, seed=1)
    again, other = images.split(0.3, seed=1)[1], images.split(0.3, seed=2)[1]
    assert len(rest) == 140 and len(held) == 60 and torch.equal(held.x, again.x) and not torch.equal(held.x, other.x)
    rows = [tuple(image.flatten().tolist()) + (label.item(),) for part in (rest, held) for image, label in zip(part.x, part.y)]
    assert sorted(rows) == sorted(tuple(image.flatten().tolist()) + (label.item(),) for image, label in zip(images.x, images.y))
