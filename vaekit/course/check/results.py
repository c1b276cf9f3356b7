"""What a student's function returns: a number, a tensor, a pair; anything else is refused."""
from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .core import CheckFailed, is_plain, need, real_number

ACCURATE = (torch.float32, torch.float64)


def number(fn: Callable[..., Any], *args: Any) -> float:
    """fn(*args), which must be one finite real number."""
    result = _returned(fn, *args)
    found = real_number(result)
    if found is None:
        raise CheckFailed(f"Return one real number, not {_what(result)}.{_way_to_number(result)}")
    if not math.isfinite(found):
        raise CheckFailed(
            "The result is inf or NaN. Is there a root of a negative number, or a division by 0?"
        )
    return found


def tensor(
    fn: Callable[..., Any],
    *args: Any,
    shape: tuple[int, ...],
    hint: str,
    finite: bool = True,
    why_float: str = "",
) -> Tensor:
    """fn(*args), which must be a tensor of that shape.

    Args:
        hint: follows a wrong shape.
        finite: refuse inf and NaN too.
        why_float: comes before the refusal of another dtype.
    """
    return _tensor(_returned(fn, *args), shape, hint, finite, why_float)


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
    return _tensor(first, shape, hint), _tensor(second, shape, hint)


def gradients(result: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Of the sum of a result by each input; zeros where none arrives."""
    if not result.requires_grad:
        return tuple(torch.zeros_like(each) for each in inputs)
    try:
        found = torch.autograd.grad(result.sum(), inputs, retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        raise CheckFailed(
            "The gradient of your result cannot be computed. "
            "Is a tensor changed in place after it was used?"
        ) from error
    need(
        all(each is None or bool(each.isfinite().all()) for each in found),
        "The gradient of your result is inf or NaN. Is there a root of 0, or a division by 0?",
    )
    return tuple(
        torch.zeros_like(given) if each is None else each for given, each in zip(inputs, found)
    )


def _returned(fn: Callable[..., Any], *args: Any) -> Any:
    result = fn(*args)
    if result is None:
        raise CheckFailed(
            "Your function returns nothing. "
            "Write your lines where the solution goes, and end with return."
        )
    if inspect.isgenerator(result):
        raise CheckFailed("Your function is a generator: write return, not yield.")
    if inspect.iscoroutine(result):
        result.close()
        raise CheckFailed("Your function is a coroutine: write def, not async def.")
    return result


def _tensor(
    result: Any,
    shape: tuple[int, ...],
    hint: str,
    finite: bool = True,
    why_float: str = "",
) -> Tensor:
    if not isinstance(result, Tensor):
        raise CheckFailed(f"Return a tensor, not {type(result).__name__}.{_way_to_tensor(result)}")
    if tuple(result.shape) != shape:
        raise CheckFailed(
            f"The result has shape {tuple(result.shape)}, expected {shape}. {hint}"
        )
    if not is_plain(result):
        raise CheckFailed(
            f"The result is {_what(result)}. Return an ordinary one, on the CPU as the arguments."
        )
    if result.dtype not in ACCURATE:
        raise CheckFailed(f"{why_float or 'The result should be float'}; yours is {result.dtype}.")
    if finite and not bool(result.isfinite().all()):
        raise CheckFailed(
            "The result contains inf or NaN. Is there a logarithm of 0 or of a negative number, "
            "or a division by 0?"
        )
    return result


def _way_to_tensor(result: Any) -> str:
    if isinstance(result, (int, float)):
        return " No gradient can pass through a Python number."
    if isinstance(result, (list, tuple)) and all(isinstance(each, Tensor) for each in result):
        return " If these are its rows, torch.stack makes one tensor of them."
    if isinstance(result, np.ndarray):
        return " Compute with torch: no gradient passes through numpy."
    return ""


def _way_to_number(result: Any) -> str:
    if isinstance(result, complex) or (isinstance(result, Tensor) and result.is_complex()):
        return " Its real part is meant."
    if callable(getattr(result, "predict", None)):
        return " Let it predict, and return how well it does."
    return ""


def _what(result: Any) -> str:
    """A result in a few words, for "not …"."""
    if isinstance(result, Tensor):
        place = "" if result.device.type == "cpu" else f", on the device {result.device}"
        layout = "" if result.layout == torch.strided else f", {result.layout}"
        return f"a tensor of shape {tuple(result.shape)} and type {result.dtype}{place}{layout}"
    if isinstance(result, np.ndarray):
        return f"an array of shape {result.shape} and type {result.dtype}"
    return type(result).__name__
