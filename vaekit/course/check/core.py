"""The verdicts of a check, and what it asks of a property."""
from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import brief


class CheckFailed(AssertionError):
    """An exercise is not solved yet.

    In a notebook only the sentence is shown, not the checker's own code.
    """

    opening = "✗ Not yet."

    def _render_traceback_(self) -> list[str]:
        return [f"{self.opening} {self}"]


class FunctionRaised(CheckFailed):
    """The student's function raised an error; the sentence says which, and on what line."""

    opening = "✗"


class Passed:
    """An exercise is solved; the repr says what was tested."""

    def __init__(self, sentence: str):
        self.sentence = sentence

    def __repr__(self) -> str:
        return f"✓ {self.sentence}"


def between(name: str, value: Any, low: float, high: float) -> Passed:
    """The value and a verdict; raises CheckFailed unless low ≤ value ≤ high.

    A comparison between machines leaves out the value, which may differ in its last digits.

    Args:
        value: a number, or a tensor or an array of one.
    """
    found = real_number(value)
    if found is None:
        raise CheckFailed(
            f"{name} is {brief(value)}, expected a number between {low:g} and {high:g}"
        )
    if not low <= found <= high:
        raise CheckFailed(f"{name} is {found:.4g}, expected between {low:g} and {high:g}")
    return Passed(f"{name}: {found:.3g}, as expected (between {low:g} and {high:g})")


def real_number(value: Any) -> float | None:
    """The value of what holds one real number: of Python, numpy or torch; None for the rest."""
    if isinstance(value, Tensor):
        if value.numel() != 1 or value.is_complex() or not is_plain(value):
            return None
        value = value.detach().item()
    elif isinstance(value, np.ndarray):
        if value.size != 1:
            return None
        value = value.item()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        return None
    try:
        return float(value)
    except OverflowError:
        # a whole number beyond the largest float
        return math.inf


def is_plain(value: Tensor) -> bool:
    """True for a tensor whose values lie in the CPU's memory, one after the other."""
    return value.device.type == "cpu" and value.layout == torch.strided


def need(holds: bool, sentence: str) -> None:
    """Raise CheckFailed with the sentence unless the property holds."""
    if not holds:
        raise CheckFailed(sentence)


def close(a: Tensor, b: Tensor, tolerance: float = 1e-4) -> bool:
    """Same shape, and no entry differs by more than the tolerance, absolute plus relative."""
    if a.shape != b.shape:
        return False
    # a solution may compute in float64
    first = a.detach().double()
    second = b.detach().double()
    return torch.allclose(first, second, atol=tolerance, rtol=tolerance)
