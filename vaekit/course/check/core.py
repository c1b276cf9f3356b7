"""What every check is made of: its verdicts, and what can be required of any function."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class CheckFailed(AssertionError):
    """An exercise is not solved yet.

    In a notebook only the sentence is shown, not the checker's own code.
    """

    def _render_traceback_(self) -> list[str]:
        return [f"✗ Not yet. {self}"]


class Passed:
    """An exercise is solved; the repr says what was tested."""

    def __init__(self, sentence: str):
        self.sentence = sentence

    def __repr__(self) -> str:
        return f"✓ {self.sentence}"


def between(name: str, value: float, low: float, high: float) -> Passed:
    """Raise unless low ≤ value ≤ high.

    Passing gives the same words every time, so the output can be compared between machines.
    """
    if not low <= float(value) <= high:
        raise CheckFailed(
            f"{name} is {float(value):.4g}, expected between {low:g} and {high:g}"
        )
    return Passed(f"{name} lies between {low:g} and {high:g}")


def need(holds: bool, sentence: str) -> None:
    """Raise CheckFailed with the sentence unless the property holds."""
    if not holds:
        raise CheckFailed(sentence)


def close(a: Tensor, b: Tensor, tolerance: float = 1e-4) -> bool:
    """Same shape, and no entry differs by more than the tolerance, absolute plus relative."""
    if a.shape != b.shape:
        return False
    return torch.allclose(a.detach(), b.detach(), atol=tolerance, rtol=tolerance)


def number(fn: Callable[..., Any], *args: Any) -> float:
    """fn(*args), which must be one finite real number."""
    result = _returned(fn, *args)
    if isinstance(result, Tensor) and (result.numel() != 1 or result.is_complex()):
        raise CheckFailed(
            "Return one real number, "
            f"not a tensor of shape {tuple(result.shape)} and type {result.dtype}."
        )
    if not math.isfinite(float(result)):
        raise CheckFailed(
            "The result is inf or NaN. Is there a root of a negative number, or a division by 0?"
        )
    return float(result)


def tensor(fn: Callable[..., Any], *args: Any, shape: tuple[int, ...], hint: str) -> Tensor:
    """fn(*args), which must be a finite tensor of that shape; the hint follows a wrong shape."""
    return _finite_tensor(_returned(fn, *args), shape, hint)


def pair(
    fn: Callable[..., Any],
    *args: Any,
    shape: tuple[int, ...],
    names: str,
    hint: str,
) -> tuple[Tensor, Tensor]:
    """fn(*args), which must be two finite tensors of that shape; `names` says what they are."""
    result = _returned(fn, *args)
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise CheckFailed(f"Return two tensors, {names}: return a, b.")
    first, second = result
    return _finite_tensor(first, shape, hint), _finite_tensor(second, shape, hint)


def _returned(fn: Callable[..., Any], *args: Any) -> Any:
    result = fn(*args)
    if result is None:
        raise CheckFailed(
            "Your function returns nothing. "
            "Write your lines where the solution goes, and end with return."
        )
    return result


def _finite_tensor(result: Any, shape: tuple[int, ...], hint: str) -> Tensor:
    if not isinstance(result, Tensor):
        raise CheckFailed(f"Return a tensor, not {type(result).__name__}.")
    if tuple(result.shape) != shape:
        raise CheckFailed(
            f"The result has shape {tuple(result.shape)}, expected {shape}. {hint}"
        )
    if not bool(result.isfinite().all()):
        raise CheckFailed("The result contains inf or NaN.")
    return result
