"""What is wrong with the arguments of a call, where Python, beartype or torch say it badly."""
from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import LARGEST_SEED, UserError, WrongType, brief, first_line
from .hints import arguments_of, configuration, hints_of, name_of, strict, words

# how torch and numpy speak of tensors that lie on different devices, or have dtypes they cannot use
OF_DEVICES = re.compile(r"\b(device|devices|cuda|mps|meta|Meta)\b|\bcuda:|torch\.cuda\.")
OF_DTYPES = re.compile(r"\bdtypes?\b|scalar type|not implemented for '|Input type")

# what images, weights, pixels and labels are
USUAL_DTYPES = ("float32", "uint8")

# the code of vaekit, and of torch beside it
VAEKIT = str(Path(__file__).parents[1])


def wrong_type(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> WrongType:
    """The error that names the first argument of a wrong type."""
    from beartype.door import is_bearable

    hints = hints_of(function)
    for name, value in arguments_of(function, args, kwargs):
        if name in hints and not is_bearable(value, strict(hints[name]), conf=configuration()):
            return WrongType(
                f"{name} of {name_of(function)} must be {words(hints[name])}, "
                f"got {type(value).__name__} {brief(value)}{_way_out(value)}"
            )
    # only a value that is another one at each look gets here
    wanted = ", ".join(f"{name}: {words(hint)}" for name, hint in hints.items())
    return WrongType(f"the arguments of {name_of(function)} must be ({wanted})")


def _way_out(value: Any) -> str:
    """A tensor or an array of one number is none to Python, but holds one."""
    holds_one = getattr(value, "shape", None) == () and hasattr(value, "item")
    return "; use .item()" if holds_one else ""


def explain(
    error: Exception,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> UserError | None:
    """What torch says badly: a number beyond all memory, tensors of several devices or dtypes."""
    try:
        arguments = list(arguments_of(function, args, kwargs))
    except TypeError:
        # one argument too many, or too few: Python says that itself
        return None
    explanation = _too_large(error, function, arguments)
    if explanation is None and not _is_of_the_user(error):
        tensors = _tensors(arguments)
        explanation = (
            _several_devices(error, function, tensors)
            or _bad_dtypes(error, function, arguments)
        )
    if explanation is not None:
        explanation.explains = error  # type: ignore[attr-defined]
    return explanation


def _is_of_the_user(error: Exception) -> bool:
    """True if it arose in code of the user's own, such as an objective: its words stay."""
    trace = error.__traceback__
    if trace is None:
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    file = trace.tb_frame.f_code.co_filename
    # beartype's wrappers have no file
    return not (file.startswith((VAEKIT, "<@beartype")) or "site-packages" in file)


def _too_large(
    error: Exception, function: Callable[..., Any], arguments: list[tuple[str, Any]]
) -> UserError | None:
    """The error that names a number which torch cannot count with, or no memory holds."""
    numbers = [(name, value) for name, value in arguments if type(value) is int]
    for name, value in numbers:
        if abs(value) > LARGEST_SEED:
            return UserError(
                f"{name} of {name_of(function)} must lie within ±2**63, got {brief(value)}"
            )

    out_of_memory = isinstance(error, MemoryError) or "allocate" in str(error)
    # a seed may be large, and needs no memory
    large = [(name, value) for name, value in numbers if value > 10**6 and "seed" not in name]
    large += [(name, value) for name, value in arguments if name == "memory_mb" and value > 1000]
    if out_of_memory and large:
        name, value = max(large, key=lambda pair: pair[1])
        return UserError(
            f"{name} of {name_of(function)} = {value} needs more memory than there is; "
            f"choose a smaller {name}"
        )
    return None


def _tensors(arguments: list[tuple[str, Any]]) -> dict[str, Any]:
    """The tensors among the arguments, by name; of a model its first weight."""
    tensors = {}
    for name, value in arguments:
        if _is_model(value):
            value = next(iter(value.parameters()), None)
        # a set of images: its images
        value = getattr(value, "x", value)
        if hasattr(value, "device") and hasattr(value, "dtype"):
            tensors[name] = value
    return tensors


def _is_model(value: Any) -> bool:
    return callable(getattr(value, "parameters", None))


def _several_devices(
    error: Exception, function: Callable[..., Any], tensors: dict[str, Any]
) -> UserError | None:
    """The error that names tensors, or models, that lie on different devices."""
    where = {name: str(tensor.device) for name, tensor in tensors.items()}
    are_several = len(set(where.values())) > 1 and OF_DEVICES.search(str(error))
    # a meta tensor has no values: nothing can be computed of it
    if not are_several and "meta" not in where.values():
        return None
    places = ", ".join(f"{name} on {device}" for name, device in where.items())
    return UserError(
        f"the arguments of {name_of(function)} lie on different devices ({places}); "
        "move them to one by .to(device)"
    )


def _bad_dtypes(
    error: Exception, function: Callable[..., Any], arguments: list[tuple[str, Any]]
) -> UserError | None:
    """The error that names tensors of an unusual dtype, where torch cannot compute with them."""
    if not OF_DTYPES.search(str(error)):
        return None
    dtypes = {name: _dtype(tensor) for name, tensor in _tensors(arguments).items()}
    unusual = {name: dtype for name, dtype in dtypes.items() if dtype not in USUAL_DTYPES}
    if not unusual:
        return None
    models = [name for name, value in arguments if name in unusual and _is_model(value)]
    ways_out = [f"use {name}.float()" for name in models]
    if len(ways_out) < len(unusual):
        ways_out.append("convert images and latents by .float(), labels by .long()")
    named = ", ".join(f"{name} {dtype}" for name, dtype in unusual.items())
    return UserError(
        f"{name_of(function)} cannot compute with these dtypes ({named}: {first_line(error)}); "
        f"{' and '.join(ways_out)}"
    )


def _dtype(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")
