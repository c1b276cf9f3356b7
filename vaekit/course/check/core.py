"""What every check is made of: the verdicts, and the questions that any function can be asked."""
from __future__ import annotations

import math

import torch
from torch import Tensor


class CheckFailed(AssertionError):
    """An exercise is not solved yet. In a notebook only the sentence is shown, not the checker's own code."""

    def _render_traceback_(self):
        return [f"✗ Not yet. {self}"]


class Passed:
    """An exercise is solved; the repr says what was tested."""

    def __init__(self, sentence: str):
        self.sentence = sentence

    def __repr__(self) -> str:
        return f"✓ {self.sentence}"


def between(name: str, value: float, low: float, high: float) -> Passed:
    """Raise unless low ≤ value ≤ high. Passing gives the same words every time, so the output can be compared between machines."""
    if not low <= float(value) <= high:
        raise CheckFailed(f"{name} is {float(value):.4g}, expected between {low:g} and {high:g}")
    return Passed(f"{name} lies between {low:g} and {high:g}")


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def need(holds: bool, sentence: str) -> None:
    if not holds:
        raise CheckFailed(sentence)


def close(a: Tensor, b: Tensor, tolerance: float = 1e-4) -> bool:
    return a.shape == b.shape and bool(torch.allclose(a.detach(), b.detach(), atol=tolerance, rtol=tolerance))


def number(fn, *args) -> float:
    result = fn(*args)
    if result is None:
        raise CheckFailed("Your function returns nothing. Write your lines where the solution goes, and end with return.")
    if isinstance(result, Tensor) and (result.numel() != 1 or result.is_complex()):
        raise CheckFailed(f"Return one real number, not a tensor of shape {tuple(result.shape)} and type {result.dtype}.")
    if not math.isfinite(float(result)):
        raise CheckFailed("The result is inf or NaN. Is there a root of a negative number, or a division by 0?")
    return float(result)


def tensor(fn, *args, shape: tuple[int, ...], hint: str) -> Tensor:
    result = fn(*args)
    if result is None:
        raise CheckFailed("Your function returns nothing. Write your lines where the solution goes, and end with return.")
    if not isinstance(result, Tensor):
        raise CheckFailed(f"Return a tensor, not {type(result).__name__}.")
    if tuple(result.shape) != shape:
        raise CheckFailed(f"The result has shape {tuple(result.shape)}, expected {shape}. {hint}")
    if not bool(result.isfinite().all()):
        raise CheckFailed("The result contains inf or NaN.")
    return result
