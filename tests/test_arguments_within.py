"""What lies within a sequence or a mapping is looked at too, up to a number of items."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
import torch
from torch import Tensor

from vaekit.arguments import checked
from vaekit.arguments.hints import LOOKED_AT
from vaekit.errors import WrongType


@checked
def nested(
    series: Mapping[str, Sequence[float] | Tensor] | None = None,
    rows: Sequence[Sequence[int]] = (),
    sizes: tuple[int, ...] = (),
    pair: tuple[str, Sequence[int]] = ("", ()),
) -> str:
    return "taken"


@pytest.mark.parametrize(
    "argument, value",
    [
        ("series", {"a": [1, 2], "b": [1, None]}),
        ("series", {"a": "text"}),
        ("series", {"a": [1], 2: [1]}),
        ("rows", [[1, 2], [3, 4, "a", 5]]),
        ("rows", [[1], "ab"]),
        ("sizes", (1, 2, None, 4)),
        ("pair", ("a", [1, 2, None, 3])),
    ],
)
def test_what_lies_within_is_looked_at_every_time(argument, value):
    for _ in range(50):
        with pytest.raises(WrongType, match=f"^{argument} of nested must be "):
            nested(**{argument: value})


def test_what_fits_at_every_depth_is_taken():
    assert nested({"a": [1, 2.5], "b": torch.ones(2)}, [[1], (2, 3)], (1, 2), ("a", range(3)))


def test_only_the_first_items_are_looked_at_and_always_the_same():
    row = [0] * LOOKED_AT + ["a"]
    assert {nested({"a": row}, [row], tuple(row)) for _ in range(50)} == {"taken"}
    row[LOOKED_AT - 1] = "a"
    for _ in range(50):
        with pytest.raises(WrongType, match="^sizes of nested must be "):
            nested(sizes=tuple(row))
