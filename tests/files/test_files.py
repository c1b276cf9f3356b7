"""Files: whole or not at all, and named where they cannot be read or written."""
import os

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


@pytest.mark.parametrize("dtype", [
    torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.uint8, torch.int64, torch.bool,
])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_weights_of_any_dtype_and_shape_round_trip(tmp_path, dtype, shape):
    tensor = torch.arange(24).to(dtype)[:torch.Size(shape).numel()].reshape(shape)
    path = files.save_weights(tmp_path / "w.safetensors", {"a": tensor})
    read, _ = files.load_weights(path)
    assert read["a"].dtype == dtype
    assert read["a"].shape == tensor.shape
    assert torch.equal(read["a"], tensor)


def test_two_names_of_the_same_weights_are_stored_twice(tmp_path):
    tied = torch.ones(3)
    path = files.save_weights(tmp_path / "w.safetensors", {"a": tied, "b": tied})
    read, _ = files.load_weights(path)
    assert torch.equal(read["a"], tied)
    assert torch.equal(read["b"], tied)


@pytest.mark.parametrize("tensors, metadata", [
    ({"a": torch.zeros(2, device="meta")}, None),
    ({"a": [1, 2]}, None),
    ({1: torch.zeros(2)}, None),
    ([torch.zeros(2)], None),
    ({"a": torch.zeros(2)}, {"a": "b", "c": 1}),
])
def test_what_cannot_be_stored_is_named(tmp_path, tensors, metadata):
    with pytest.raises(UserError, match="tensors must be tensors with values by name|metadata of"):
        files.save_weights(tmp_path / "w.safetensors", tensors, metadata)
    assert not list(tmp_path.iterdir())


def test_weights_without_a_checksum_are_refused(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "w.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(UserError, match="carries no checksum.*; load weights that vaekit saved"):
        files.load_weights(path)


def test_other_values_than_were_recorded_are_refused(tmp_path):
    path = files.save_weights(tmp_path / "w.safetensors", {"a": torch.zeros(2)})
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match="is damaged: its values have the sha256 .*was recorded"):
        files.load_weights(path)


def test_a_repeated_name_in_the_header_is_refused(tmp_path):
    path = files.save_weights(tmp_path / "w.safetensors", {"a": torch.zeros(2)}, {"k": "v"})
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = content[8:8 + length].rstrip()
    twice = header[:-1] + b',"__metadata__":{"k":"other"}}'
    path.write_bytes(len(twice).to_bytes(8, "little") + twice + content[8 + length:])
    with pytest.raises(UserError, match="is not a readable safetensors file"):
        files.load_weights(path)


@pytest.mark.parametrize("read", [
    files.load_weights,
    files.read_text,
    files.read_json,
    files.read_bytes,
    lambda path: files.verified(path, "0" * 64),
])
def test_what_is_no_file_is_refused_at_once(tmp_path, read):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe):
        with pytest.raises(UserError, match="is no regular file; choose another path"):
            read(path)
    with pytest.raises(UserError, match="check the path"):
        read(tmp_path / "missing")
    with pytest.raises(UserError, match="cannot read .*null"):
        read("a\0b")


def test_an_unreadable_file_is_not_called_damaged(tmp_path):
    path = files.write_text(tmp_path / "a.json", "[]")
    path.chmod(0)
    tmp_path.chmod(0o755)
    with read_only(tmp_path), pytest.raises(UserError, match=r"cannot read .*Permission denied"):
        files.read_json(path)


def test_a_name_as_long_as_a_name_may_be(tmp_path):
    path = tmp_path / ("ü" * 120 + ".json")
    assert files.read_json(files.write_json(path, [1])) == [1]


@pytest.mark.parametrize("path", ["", ".", "/", "a\0b"])
def test_a_path_that_names_no_file_is_refused(path):
    with pytest.raises(UserError, match="path must name a file"):
        files.write_text(path, "text")


def test_a_folder_in_place_of_the_file_is_named(tmp_path):
    (tmp_path / "weights.safetensors").mkdir()
    with pytest.raises(UserError, match=r"cannot write .*weights.safetensors \(Is a directory\)"):
        files.save_weights(tmp_path / "weights.safetensors", {"a": torch.zeros(1)})
    assert [file.name for file in tmp_path.iterdir()] == ["weights.safetensors"]


@pytest.mark.parametrize("value", [{1, 2}, {"a": object()}, {(1, 2): 3}])
def test_what_is_no_json_is_refused_before_anything_is_written(tmp_path, value):
    path = files.write_text(tmp_path / "a.json", "old")
    with pytest.raises(UserError, match="value for .* must be what JSON holds, got"):
        files.write_json(path, value)
    assert path.read_text() == "old"


def test_a_text_that_is_no_unicode_is_refused(tmp_path):
    with pytest.raises(UserError, match="is no Unicode .*surrogates"):
        files.write_text(tmp_path / "a.txt", "half \ud800")
    assert not list(tmp_path.iterdir())


def test_sealed_json_keeps_its_entries_and_finds_a_change(tmp_path):
    value = {"β": [1, 2.5, None], "a": {"b": True}}
    path = files.write_json(tmp_path / "a.json", value, sealed=True)
    assert files.read_json(path, sealed=True) == value

    path.write_text(path.read_text().replace("2.5", "2.6"))
    with pytest.raises(UserError, match="is damaged: its checksum does not fit"):
        files.read_json(path, sealed=True)


def test_json_without_a_seal_is_refused_where_one_is_wanted(tmp_path):
    path = files.write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(UserError, match="is damaged: its checksum does not fit"):
        files.read_json(path, sealed=True)


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
