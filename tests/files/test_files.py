"""Files: whole or not at all, and named where they cannot be read or written."""
import pytest
import torch
from conftest import read_only

from vaekit import files
from vaekit.errors import UserError


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), files.atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_finished_write_replaces_and_is_readable_by_others(tmp_path):
    path = tmp_path / "new" / "result.txt"
    with files.atomic(path) as temporary:
        temporary.write_text("whole")
    assert path.read_text() == "whole"
    assert path.stat().st_mode & 0o044


def test_weights_round_trip(tmp_path):
    tensors = {
        # transposed, so not contiguous
        "a": torch.arange(6.0).reshape(2, 3).T,
        "b": torch.tensor(1),
    }
    path = files.save_weights(tmp_path / "w.safetensors", tensors, {"key": "value"})
    read, metadata = files.load_weights(path)
    assert metadata == {"key": "value"}
    for name, tensor in tensors.items():
        assert torch.equal(read[name], tensor)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(UserError, match="no weights at .*missing.safetensors; train them first"):
        files.load_weights(tmp_path / "missing.safetensors")


def test_damaged_weights_are_named(tmp_path):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(b"not weights")
    with pytest.raises(UserError, match="not a readable safetensors file"):
        files.load_weights(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    tmp_path.chmod(0o755)
    words = "cannot write to the folder .*locked"
    with read_only(folder), pytest.raises(UserError, match=words):
        files.check_writable(folder)


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "a-file").write_text("")
    with pytest.raises(UserError, match="cannot write to the folder"):
        files.check_writable(tmp_path / "a-file" / "inside")
