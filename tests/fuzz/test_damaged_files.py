"""A damaged file is refused in a sentence, or what it held is read: never other values.

More files are tried by `make fuzz`.
"""
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.damage import another_header, another_value, damaged, fuzz

from vaekit import files
from vaekit.course.notebooks import read_notebook
from vaekit.data.npz import read_npz
from vaekit.errors import UserError


def made(write: Callable[[Path], object], ending: str, folder: Path) -> bytes:
    """The content of a file that `write` writes."""
    path = folder / f"made{ending}"
    write(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def outcome(
    content: bytes,
    path: Path,
    read: Callable[[Path], Any],
    is_original: Callable[[Any], bool],
) -> str:
    """ "refused" in a sentence, or "same content"; any other end fails the test."""
    path.write_bytes(content)
    try:
        value = read(path)
    except UserError as error:
        text = str(error)
        assert "\n" not in text
        assert path.name in text
        assert "; " in text
        return "refused"
    assert is_original(value)
    return "same content"


# two of the same shape: they could be taken for one another
TENSORS = {
    "a.weight": torch.arange(12.0).reshape(3, 4),
    "b.weight": -torch.arange(12.0).reshape(3, 4),
    "steps": torch.tensor(7),
    "mask": torch.tensor([True, False]),
    "half": torch.tensor([1.5, torch.nan], dtype=torch.bfloat16),
}
NOTES = {"recipe": "fc-vae", "latent_dim": "20", "rows": json.dumps([{"loss": 0.1}])}


def is_same_weights(value: tuple[dict, dict]) -> bool:
    tensors, notes = value
    if notes != NOTES or tensors.keys() != TENSORS.keys():
        return False
    return all(is_same_tensor(tensors[name], TENSORS[name]) for name in TENSORS)


def is_same_tensor(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Bit by bit, so that NaN is NaN."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    return torch.equal(a.reshape(-1).view(torch.uint8), b.reshape(-1).view(torch.uint8))


@pytest.fixture(scope="module")
def weights(folder) -> bytes:
    return made(lambda path: files.save_weights(path, TENSORS, NOTES), ".safetensors", folder)


@fuzz
@given(st.data())
def test_damaged_weights(folder, weights, outcomes, data):
    content = data.draw(damaged(weights))
    end = outcome(content, folder / "w.safetensors", files.load_weights, is_same_weights)
    outcomes[end] += 1


@fuzz
@given(st.data())
def test_weights_with_another_header(folder, weights, outcomes, data):
    content = data.draw(another_header(weights))
    end = outcome(content, folder / "h.safetensors", files.load_weights, is_same_weights)
    outcomes[end] += 1


@fuzz
@given(st.data())
def test_weights_spliced_of_two_files(folder, weights, outcomes, data):
    others = {name: torch.zeros_like(tensor) for name, tensor in TENSORS.items()}
    later = made(lambda path: files.save_weights(path, others, NOTES), ".safetensors", folder)
    assert len(later) == len(weights)
    cut = data.draw(st.integers(1, len(weights) - 1))

    def is_either(value: tuple[dict, dict]) -> bool:
        tensors, _ = value
        return is_same_weights(value) or all(not t.any() for t in tensors.values())

    content = weights[:cut] + later[cut:]
    end = outcome(content, folder / "s.safetensors", files.load_weights, is_either)
    outcomes[end] += 1


ROW = {
    "recipe": "mlp-vae-mnist",
    "latent_dim": 2,
    "beta": 0.5,
    "measured": {"nll": 101.25, "kl": 7.5},
    "losses": [1.5, 2.25, 1e-7, None, True],
    "name": "β = ½",
}


def read_sealed(path: Path) -> Any:
    return files.read_json(path, sealed=True)


def is_same_row(value: Any) -> bool:
    # 1 == True in Python, but not in JSON
    return json.dumps(value, sort_keys=True) == json.dumps(ROW, sort_keys=True)


@pytest.fixture(scope="module")
def row(folder) -> bytes:
    return made(lambda path: files.write_json(path, ROW, sealed=True), ".json", folder)


@fuzz
@given(st.data())
def test_damaged_sealed_json(folder, row, outcomes, data):
    content = data.draw(damaged(row))
    outcomes[outcome(content, folder / "row.json", read_sealed, is_same_row)] += 1


@fuzz
@given(st.data())
def test_sealed_json_with_another_value(folder, row, outcomes, data):
    changed = data.draw(another_value(json.loads(row)))
    content = json.dumps(changed).encode()
    outcomes[outcome(content, folder / "value.json", read_sealed, is_same_row)] += 1


@fuzz
@given(st.data())
def test_damaged_json_without_a_seal_is_refused_or_json(folder, row, outcomes, data):
    """Nothing can be said of its values; but it raises nothing else."""
    content = data.draw(damaged(row) | st.binary(max_size=200))
    read = outcome(content, folder / "plain.json", files.read_json, lambda value: True)
    outcomes[read.replace("same content", "some JSON")] += 1


@pytest.mark.parametrize("text", [
    "[" * 100_000,
    "1" * 5_000,
    '{"a": 1, "a": 2}',
    '"\\ud800"',
    "\ufeff[]",
    "",
    "NaN ,",
])
def test_json_that_is_hard_to_read(folder, text):
    path = folder / "hard.json"
    read = outcome(text.encode(), path, files.read_json, lambda value: value == "\ud800")
    assert read == ("same content" if "ud800" in text else "refused")


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 8, 8), np.uint8)
LABELS = np.array([2, 0, 1])


@pytest.fixture(scope="module", params=[np.savez, np.savez_compressed])
def npz(request) -> bytes:
    file = io.BytesIO()
    request.param(file, x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:1], y_test=LABELS[:1] * 0)
    return file.getvalue()


def read_train(path: Path) -> tuple[np.ndarray, np.ndarray]:
    return read_npz(path, "train", (8, 8), 10)


def is_same_data(value: tuple[np.ndarray, np.ndarray]) -> bool:
    x, y = value
    same_dtype = x.dtype == np.uint8 and np.issubdtype(y.dtype, np.integer)
    return same_dtype and np.array_equal(x, IMAGES) and np.array_equal(y, LABELS)


@fuzz
@given(st.data())
def test_damaged_npz(folder, npz, outcomes, data):
    content = data.draw(damaged(npz))
    outcomes[outcome(content, folder / "mnist.npz", read_train, is_same_data)] += 1


NOTEBOOK = nbformat.v4.writes(
    nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# A lab"),
            nbformat.v4.new_code_cell(
                "1 + 1",
                outputs=[nbformat.v4.new_output("execute_result", {"text/plain": "2"})],
            ),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
).encode()


@fuzz
@given(st.data())
def test_a_damaged_notebook_is_refused_or_a_notebook(folder, outcomes, data):
    """A notebook has no checksum; but what is read is one, and nothing else is raised."""
    content = data.draw(damaged(NOTEBOOK))

    def is_notebook(value: Any) -> bool:
        return all(isinstance(cell["source"], str) for cell in value["cells"])

    read = outcome(content, folder / "lab.ipynb", read_notebook, is_notebook)
    outcomes[read.replace("same content", "a notebook")] += 1


def test_outcomes_can_fail(folder):
    """The judge itself: another value, another exception, a sentence without the file's name."""
    path = folder / "judge"
    with pytest.raises(AssertionError):
        outcome(b"", path, lambda path: 1, lambda value: value == 2)
    with pytest.raises(ZeroDivisionError):
        outcome(b"", path, lambda path: 1 / 0, lambda value: True)
    counts = Counter()
    counts[outcome(b"", path, lambda path: 2, lambda value: value == 2)] += 1
    assert counts == {"same content": 1}
