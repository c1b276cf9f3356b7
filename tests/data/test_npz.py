"""Data files made to harm: every size is checked before anything is read."""
import io
import tracemalloc
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from vaekit.data import npz
from vaekit.errors import UserError

IMAGES = np.arange(4 * 28 * 28).reshape(4, 28, 28).astype(np.uint8)
LABELS = np.arange(4, dtype=np.uint8)


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    return npz.read_npz(path, "train", (28, 28), 10)


def npy(array: np.ndarray, **options) -> bytes:
    """An array as the content of an npy file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


def header(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    """An npy file that ends after its header."""
    file = io.BytesIO()
    facts = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, facts)
    return file.getvalue()


def write(path: Path, x: bytes, y: bytes | None = None, **options) -> Path:
    """An npz of these two members."""
    with zipfile.ZipFile(path / "mnist.npz", "w", **options) as file:
        file.writestr("x_train.npy", x)
        file.writestr("y_train.npy", npy(LABELS) if y is None else y)
    return path / "mnist.npz"


def change_directory(path: Path, offset: int, value: bytes) -> None:
    """Other bytes in the zip's directory entry of its first member."""
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + offset:entry + offset + len(value)] = value
    path.write_bytes(content)


@contextmanager
def little_memory(megabytes: float) -> Iterator[None]:
    """Fails if Python and NumPy hold more than this at any moment inside the block."""
    tracemalloc.start()
    try:
        yield
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < megabytes * 1e6


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_was_written_is_read(tmp_path, compression):
    x, y = read(write(tmp_path, npy(IMAGES), compression=compression))
    assert np.array_equal(x, IMAGES)
    assert np.array_equal(y, LABELS)
    assert x.flags.writeable


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_both_versions_of_npy_are_read(tmp_path, version):
    x, _ = read(write(tmp_path, npy(IMAGES, version=version)))
    assert np.array_equal(x, IMAGES)


def test_an_array_in_fortran_order_is_read(tmp_path):
    x, _ = read(write(tmp_path, npy(np.asfortranarray(IMAGES))))
    assert np.array_equal(x, IMAGES)


def test_labels_of_any_integer_dtype_are_read(tmp_path):
    for dtype in (">i8", "<u2", "i1"):
        _, y = read(write(tmp_path, npy(IMAGES), npy(LABELS.astype(dtype))))
        assert np.array_equal(y, LABELS)


def test_a_bare_npy_is_refused(tmp_path):
    path = tmp_path / "mnist.npz"
    path.write_bytes(npy(IMAGES))
    with pytest.raises(UserError, match="mnist.npz is damaged or not an npz .*not a zip file"):
        read(path)


@pytest.mark.parametrize("member, words", [
    (b"", "EOF"),
    (b"<html>a web page</html>", "magic string"),
    (npy(IMAGES)[:30], "EOF|Unexpected|array header"),
    (b"\x93NUMPY\x09\x00" + bytes(50), "we only support|npy version|format version"),
    (npy(np.array([None] * 4), allow_pickle=True), "should have|object"),
    (header((4, 28, 28)), "x_train should have 3,136 bytes of values, the zip has 0"),
    (npy(IMAGES) + b"more", "x_train should have 3,136 bytes of values, the zip has 3,140"),
    (header((10**9, 28, 28)), "x_train should have 784,000,000,000 bytes .*, the zip has 0"),
    (header((10**30, 28, 28)), "x_train should have 784,000,.*, the zip has 0"),
    (header((-4, -28, 28)), "x_train should have 3,136 bytes of values, the zip has 0"),
])
def test_a_member_that_is_no_npy_is_refused(tmp_path, member, words):
    path = write(tmp_path, member)
    with pytest.raises(UserError, match=words):
        read(path)


def test_a_negative_side_is_refused(tmp_path):
    path = write(tmp_path, header((-4, -28, 28)) + bytes(4 * 28 * 28))
    with pytest.raises(UserError, match=r"x_train has shape \(-4, -28, 28\), expected"):
        read(path)


def test_an_encrypted_member_is_named(tmp_path):
    path = write(tmp_path, npy(IMAGES))
    change_directory(path, 8, b"\x01\x00")
    with pytest.raises(UserError, match="damaged or not an npz .*x_train is encrypted"):
        read(path)


@pytest.mark.parametrize("method", [12, 14, 99])
def test_a_member_compressed_in_another_way_is_named(tmp_path, method):
    path = write(tmp_path, npy(IMAGES))
    change_directory(path, 10, method.to_bytes(2, "little"))
    with pytest.raises(UserError, match=f"compressed by the unknown method {method}"):
        read(path)


def test_an_array_that_stands_twice_is_refused(tmp_path):
    path = write(tmp_path, npy(IMAGES))
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as file:
        warnings.simplefilter("ignore")
        file.writestr("x_train.npy", npy(IMAGES[::-1]))
    with pytest.raises(UserError, match="x_train stands twice"):
        read(path)


def test_a_zip_bomb_is_refused_before_it_is_read(tmp_path, monkeypatch):
    many = np.zeros((50_000, 28, 28), np.uint8)
    labels = npy(np.zeros(50_000, np.uint8))
    path = write(tmp_path, npy(many), labels, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 200_000

    monkeypatch.setattr(npz, "LARGEST_ARRAY", 30_000_000)
    words = "x_train has 39,200,000 bytes, more than the 30,000,000 that are held in memory"
    with little_memory(1), pytest.raises(UserError, match=words):
        read(path)


def test_the_limit_is_far_above_what_cifar_needs():
    assert npz.LARGEST_ARRAY / 5 > 50_000 * 32 * 32 * 3


def test_no_more_is_read_than_the_header_promised(tmp_path):
    """The stream goes on for 40 MB where header and directory agree upon 3,136 bytes."""
    honest = npy(IMAGES)
    path = write(tmp_path, honest + bytes(40_000_000), compression=zipfile.ZIP_DEFLATED)
    change_directory(path, 24, len(honest).to_bytes(4, "little"))
    with little_memory(1), pytest.raises(UserError, match="Bad CRC-32"):
        read(path)


def test_a_stream_that_ends_early_is_refused(tmp_path):
    """The directory promises more than the stream holds, as the header does."""
    short = header((4, 28, 28)) + bytes(100)
    path = write(tmp_path, short, compression=zipfile.ZIP_DEFLATED)
    change_directory(path, 24, (len(short) + 3036).to_bytes(4, "little"))
    with pytest.raises(UserError, match="damaged or not an npz"):
        read(path)


def test_a_file_that_cannot_be_read_is_not_called_damaged(tmp_path):
    with pytest.raises(UserError, match="there is no file .*mnist.npz; check the path"):
        read(tmp_path / "mnist.npz")
    with pytest.raises(UserError, match=r"cannot be read \(Is a directory\); permit it"):
        read(tmp_path)
