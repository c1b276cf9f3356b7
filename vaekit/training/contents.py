"""What the file of a checkpoint must hold: each thing that is otherwise is refused in a sentence.

A checksum says that a file is as it was written, not that a checkpoint wrote it.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError, brief
from ..files import parse_json
from .history import History


def check_same_run(path: Path, recorded: str, now: Mapping[str, Any]) -> None:
    """Refuse a file of a run with other settings.

    Args:
        recorded: the settings in the file, as JSON.
    Raises:
        UserError: naming each that differs, before and now.
    """
    before = _parsed(path, "settings", recorded)
    if not isinstance(before, dict):
        raise _damaged(path, f"its settings are {brief(before)}")
    changed = _differences(before, now)
    if changed:
        raise UserError(
            f"{path} belongs to a run with other settings ({', '.join(changed)}); "
            "delete it or use another folder"
        )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], of: str = "") -> list[str]:
    """What differs, in words; of dicts inside, their entries."""
    found = []
    for key in {**before, **now}:
        old = before.get(key)
        new = now.get(key)
        name = f"{of}{key}"
        if isinstance(old, dict) and isinstance(new, dict):
            found += _differences(old, new, f"{name} ")
        elif old != new:
            found.append(f"{name} {old} → {new}")
    return found


def rows_of(path: Path, recorded: str) -> list[dict[str, Any]]:
    """The rows of the history, one per epoch.

    Raises:
        UserError: they are something else.
    """
    rows = _parsed(path, "rows", recorded)
    if not isinstance(rows, list) or not rows:
        raise _damaged(path, f"its rows are {brief(rows)}, not one for each epoch")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not _is_row(row, number):
            raise _damaged(path, f"among its rows, that of epoch {number} is {brief(row)}")
        if row.keys() != rows[0].keys():
            raise _damaged(path, f"its rows differ in their columns at epoch {number}")
    return rows


def _is_row(row: Mapping[str, Any], number: int) -> bool:
    """Numbers by name: the epoch's own, and finite losses."""
    if any(isinstance(value, bool) or not isinstance(value, Real) for value in row.values()):
        return False
    if not isinstance(row.get("epoch"), Integral) or row["epoch"] != number:
        return False
    losses = [value for name, value in row.items() if name.endswith("_loss")]
    return bool(losses) and all(math.isfinite(loss) for loss in losses)


def moments_of(
    path: Path, recorded: str, optimizers: Sequence[torch.optim.Optimizer]
) -> list[list[int]]:
    """For each optimiser the positions of the weights whose moments are in the file.

    Raises:
        UserError: they are something else.
    """
    moments = _parsed(path, "moments", recorded)
    if not isinstance(moments, list) or len(moments) != len(optimizers):
        raise _damaged(path, f"its moments are {brief(moments)}, not a list for each optimiser")
    for positions, optimizer in zip(moments, optimizers, strict=True):
        weights = sum(len(group["params"]) for group in optimizer.param_groups)
        if not isinstance(positions, list) or not _are_positions(positions, weights):
            raise _damaged(
                path, f"its moments are {brief(positions)}, not positions among {weights} weights"
            )
    return moments


def _are_positions(positions: Sequence[Any], weights: int) -> bool:
    """Whole numbers in 0 … weights − 1, none twice."""
    if any(type(each) is not int or not 0 <= each < weights for each in positions):
        return False
    return len(set(positions)) == len(positions)


def check_tensors(
    path: Path, tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]
) -> None:
    """Refuse tensors other than those expected: by name, shape and dtype, and without NaN.

    Raises:
        UserError: naming the first.
    """
    missing = sorted(expected.keys() - tensors.keys())
    if missing:
        raise _damaged(path, f"it has no tensor {missing[0]}")
    more = sorted(tensors.keys() - expected.keys())
    if more:
        raise _damaged(path, f"it has a tensor {brief(more[0])}, which belongs to nothing")
    for name, wanted in expected.items():
        found = tensors[name]
        if found.shape != wanted.shape or found.dtype != wanted.dtype:
            raise _damaged(path, f"its tensor {name} is {brief(found)}, not {brief(wanted)}")
        if found.is_floating_point() and not bool(found.isfinite().all()):
            raise _damaged(path, f"its tensor {name} holds NaN or inf")


def is_judged(history: History) -> bool:
    """Whether its epochs have a held-out loss, by which one is the best."""
    return bool({"validation_loss", "test_loss"} & history.last.keys())


def _parsed(path: Path, what: str, text: str) -> Any:
    try:
        return parse_json(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"its {what} are not JSON, {error}") from error


def _damaged(path: Path, what: str) -> UserError:
    return UserError(
        f"{path} is no checkpoint as fit() writes it ({what}); delete it and begin anew"
    )
