"""How often code looks at the values of tensors: on a GPU each look waits for all its work."""
from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import vaekit

PACKAGE = Path(vaekit.__file__).parent

# operations whose answer, or its shape, depends on values
READING_OPERATIONS = {
    "aten::_local_scalar_dense",
    "aten::_unique2",
    "aten::equal",
    "aten::is_nonzero",
    "aten::item",
    "aten::masked_select",
    "aten::nonzero",
    "aten::unique_dim",
}

# methods that bring values to Python; on the CPU they reach no operation
READING_METHODS = {"cpu", "numpy", "tolist"}


@contextmanager
def reads() -> Iterator[Counter[str]]:
    """Count the looks at values inside, by place: "training/tally.py: table"."""
    places: Counter[str] = Counter()
    with _Methods(places), _Operations(places):
        yield places


class _Methods(TorchFunctionMode):
    def __init__(self, places: Counter[str]):
        super().__init__()
        self.places = places

    def __torch_function__(self, function, types, args=(), kwargs=None) -> Any:
        if getattr(function, "__name__", "") in READING_METHODS:
            self.places[_place()] += 1
        return function(*args, **(kwargs or {}))


class _Operations(TorchDispatchMode):
    def __init__(self, places: Counter[str]):
        super().__init__()
        self.places = places

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None) -> Any:
        name = operation._schema.name
        if name in READING_OPERATIONS or _chooses_by_mask(name, args):
            self.places[_place()] += 1
        return operation(*args, **(kwargs or {}))


def _chooses_by_mask(name: str, args: tuple) -> bool:
    """x[mask]: how many there are depends on the mask's values."""
    if name not in ("aten::index", "aten::index_put_"):
        return False
    indices = [index for index in args[1] if index is not None]
    return any(index.dtype == torch.bool for index in indices)


def _place() -> str:
    """The innermost function of vaekit that is running, or of the test that calls it."""
    for frame in reversed(traceback.extract_stack()):
        path = Path(frame.filename)
        if path.is_relative_to(PACKAGE):
            return f"{path.relative_to(PACKAGE)}: {frame.name}"
        if path.name.startswith("test_"):
            return f"{path.name}: {frame.name}"
    return "elsewhere"
