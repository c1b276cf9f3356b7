"""Data sets by name: the built-in ones, the folders searched, and files that are refused."""
import hashlib

import numpy as np
import pytest
import torch
from conftest import REPO

from vaekit import data
from vaekit.data.digits import digits as digits_of
from vaekit.errors import UserError


@pytest.mark.parametrize("name, split, n", [
    ("fashion", "train", 10_000),
    ("fashion", "test", 2_000),
    ("digits", "train", 1_437),
    ("digits", "test", 360),
])
def test_built_in_sets_need_nothing(name, split, n):
    images = data.load(name, split)
    assert images.x.shape == (n, 1, 28, 28)
    assert images.x.dtype == torch.uint8
    assert images.y.shape == (n,)
    assert images.y.dtype == torch.int64
    assert set(images.y.tolist()) == set(range(10))

    x = images.images()
    assert x.dtype == torch.float32
    assert x.min() == 0
    assert x.max() == 1


@pytest.mark.parametrize("split, per_class", [("train", 1_000), ("test", 200)])
def test_fashion_is_balanced_and_in_the_published_order(real_data, split, per_class):
    full = np.load(real_data / "fashion_mnist.npz")
    images = data.load("fashion", split)
    assert images.y.bincount().tolist() == [per_class] * 10
    for label in range(10):
        published = full[f"x_{split}"][full[f"y_{split}"] == label]
        built_in = images.x[images.y == label, 0].numpy()
        assert np.array_equal(built_in, published[:per_class])


def test_the_built_in_file_is_the_one_in_the_record():
    digest = hashlib.sha256((REPO / "data" / "fashion.npz").read_bytes()).hexdigest()
    assert digest in (REPO / "data" / "README.md").read_text()


def test_real_sets_have_the_published_sizes(real_data):
    mnist = data.load("mnist", "test", root=real_data)
    assert mnist.x.shape == (10_000, 1, 28, 28)

    cifar = data.load("cifar10", "test", root=real_data)
    assert cifar.x.shape == (10_000, 3, 32, 32)


def test_colour_images_are_turned_from_nhwc_to_nchw(tmp_path):
    stored = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    labels = np.arange(6)
    np.savez(
        tmp_path / "cifar10.npz",
        x_train=stored,
        y_train=labels,
        x_test=stored,
        y_test=labels,
    )
    x = data.load("cifar10", root=tmp_path).x
    assert x.shape == (6, 3, 32, 32)
    assert x[4, 2, 30, 5] == stored[4, 30, 5, 2]
    assert np.array_equal(x.permute(0, 2, 3, 1).numpy(), stored)


def test_limit_takes_the_first_images(digits):
    images = data.load("digits", limit=100)
    assert len(images) == 100
    assert torch.equal(images.x, digits[0].x[:100])


def test_search_order_is_root_then_environment_then_built_in(write_npz, tmp_path, monkeypatch):
    folder = write_npz()
    monkeypatch.setenv("VAEKIT_DATA", str(folder))
    assert data.locate("mnist") == folder / "mnist.npz"

    other = tmp_path / "other"
    other.mkdir()
    (other / "mnist.npz").write_bytes((folder / "mnist.npz").read_bytes())
    assert data.locate("mnist", other) == other / "mnist.npz"
    assert data.locate("fashion", other) == data.built_in_folder() / "fashion.npz"


@pytest.mark.parametrize("name", ["~nosuchuser/x", "/nowhere/at/all", "a" * 5000, "\x7f"])
def test_a_variable_that_names_no_folder_is_named(name, monkeypatch):
    monkeypatch.setenv("VAEKIT_DATA", name)
    words = "VAEKIT_DATA names .*, which is not a folder; make it, or leave VAEKIT_DATA out"
    with pytest.raises(UserError, match=words):
        data.load("mnist")


@pytest.mark.parametrize("name", ["digits", "shapes", "fashion"])
def test_a_wrong_root_is_named_also_where_no_file_is_needed(name):
    with pytest.raises(UserError, match="root names 'no-folder'"):
        data.load(name, root="no-folder")


@pytest.mark.parametrize("name", ["digits", "shapes", "fashion", "mnist"])
def test_a_set_of_one_size_takes_no_other(name):
    words = r"size \(64, 48\) cannot be chosen: the images of .* are 28×28; leave size out"
    with pytest.raises(UserError, match=words):
        data.load(name, size=(64, 48))


@pytest.mark.parametrize("name, here", [
    ("digits", True),
    ("faces", True),
    ("fashion", True),
    ("mnist", False),
    ("celeba", False),
    ("folder:/nowhere/at/all", False),
])
def test_what_is_here_needs_no_network_and_no_steps(name, here):
    assert data.is_here(name) == here


def test_what_a_library_makes_has_no_file():
    assert data.locate("digits") is None
    assert data.locate("shapes") is None


@pytest.mark.parametrize("arguments, words", [
    (
        {"name": "fashon"},
        r"unknown data set 'fashon'; choose one of .*fashion.*Did you mean 'fashion'\?",
    ),
    (
        {"name": "fashion", "split": "validation"},
        "unknown split 'validation'; choose one of train, test",
    ),
    (
        {"name": "fashion", "limit": 0},
        "limit must be ≥ 1, got 0",
    ),
    (
        {"name": "mnist", "root": "/nowhere/at/all"},
        "root names '/nowhere/at/all', which is not a folder",
    ),
])
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(UserError, match=words):
        data.load(**arguments)


def test_the_digits_themselves_name_an_unknown_split():
    with pytest.raises(UserError, match="unknown split 'validation'"):
        digits_of("validation")


@pytest.mark.parametrize("changes, words", [
    (
        {"x_train": None},
        "has no x_train, only y_train, x_test, y_test",
    ),
    (
        {"x_train": np.zeros((20, 28, 28), np.float32)},
        "x_train is float32, but stored images are uint8",
    ),
    (
        {"x_train": np.zeros((20, 32, 32), np.uint8)},
        r"x_train has shape \(20, 32, 32\), expected \(N, 28, 28\)",
    ),
    (
        {"x_train": np.zeros((0, 28, 28), np.uint8), "y_train": np.zeros(0, np.uint8)},
        "with N ≥ 1",
    ),
    (
        {"y_train": np.zeros(19, np.uint8)},
        r"y_train has shape \(19,\) for 20 images",
    ),
    (
        {"y_train": np.full(20, 10, np.uint8)},
        "y_train must lie in 0 … 9, got 10 at position 0",
    ),
    (
        {"y_train": np.zeros(20, np.float32)},
        "y_train is float32, but labels are whole numbers",
    ),
])
def test_a_wrong_npz_is_refused(write_npz, changes, words):
    folder = write_npz(**changes)
    with pytest.raises(UserError, match=words):
        data.load("mnist", root=folder)


@pytest.mark.parametrize("share, further", [(0, 0), (0, 10), (0.5, 0), (0.999, 0)])
def test_a_truncated_npz_is_refused(write_npz, share, further):
    """Cut after a share of its bytes, or after a few."""
    path = write_npz() / "mnist.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:int(share * len(whole)) + further])
    words = r"mnist.npz is damaged or not an npz .*; delete it and load again"
    with pytest.raises(UserError, match=words):
        data.load("mnist", root=path.parent)


def test_a_flipped_byte_inside_the_images_is_found(write_npz):
    path = write_npz() / "mnist.npz"
    content = bytearray(path.read_bytes())
    content[5_000] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        data.load("mnist", root=path.parent)
