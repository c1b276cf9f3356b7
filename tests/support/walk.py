"""Walk over public functions with hostile values: what each gets, and how it may end."""
from __future__ import annotations

import copy
import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from support.hostile import HOSTILE, Case, call, own_folder
from torch import Tensor, nn

from vaekit.data import ImageSet
from vaekit.errors import UserError, brief

# one of these words says what to do instead
WAY_OUT = re.compile(
    r"\b(must|choose|leave|use|needs?|give|pass|try|check|takes?|delete|divide|rescale|move|call"
    r"|train|convert|restore|install|subclass|save|load|lower|wait|set|make|build|run|write|name"
    r"|needed)\b"
    r"|\bare (float|0 or 1|two|images|whole)|have shape"
)

# what a sentence calls an argument whose own name is short
SYNONYMS = {
    "c": ("class", "classes", "label", "labels", "attributes"),
    "n": ("images", "samples", "rows"),
    "size": ("batch_size",),
    "image": ("images",),
}

# Python itself refuses a wrong number of arguments, and names the one
ARITY = re.compile(r"unexpected keyword argument|required (positional|keyword-only) argument")


@dataclass(frozen=True)
class Outcome:
    """How one call with one hostile value ended: how is "accepted", "refused" or a fault."""

    argument: str
    value: str
    how: str
    text: str = ""

    @property
    def is_fault(self) -> bool:
        return self.how not in ("accepted", "refused")


def walk(function: Callable[..., Any], case: Case) -> list[Outcome]:
    """Every argument with every hostile value, the others as they work."""
    working = case.arguments()
    signature = inspect.signature(function)
    outcomes = []
    for argument, parameter in signature.parameters.items():
        if argument == "self":
            continue
        given = working.get(argument, parameter.default)
        for value in hostile_values(given):
            made = _value(value, given)
            if _same(made, given) or _same(made, parameter.default):
                continue
            arguments = case.arguments() | {argument: _collected(made, parameter)}
            outcomes.append(_try(function, arguments, argument, value, made, case))
    return outcomes


def hostile_values(given: Any) -> list[str]:
    """The names of what an argument is given in place of a value that works."""
    names = list(HOSTILE)
    if isinstance(given, Tensor):
        names += ["another dtype", "complex", "meta device", "empty set"]
        if given.is_floating_point():
            names += ["all nan", "one inf"]
    if isinstance(given, nn.Module):
        names.append("meta device")
    if isinstance(given, ImageSet):
        names.append("no images")
    return names


def _value(name: str, given: Any) -> Any:
    if name in HOSTILE:
        return copy.copy(HOSTILE[name])
    if name == "another dtype":
        return given.long() if given.is_floating_point() else given.float()
    if name == "complex":
        return given.to(torch.complex64)
    if name == "meta device":
        return copy.deepcopy(given).to("meta")
    if name == "empty set":
        return given[:0] if given.ndim else given.new_zeros(0)
    if name == "no images":
        return given.x[:0]
    if name == "all nan":
        return torch.full_like(given, math.nan)
    changed = given.detach().clone()
    changed.view(-1)[-1] = math.inf
    return changed


def _collected(value: Any, parameter: inspect.Parameter) -> Any:
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return (value,)
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        return {"unknown": value}
    return value


def _same(a: Any, b: Any) -> bool:
    """True for what is no change: the default, or what works already."""
    if a is b:
        return True
    simple = (int, float, str, list, type(None))
    return isinstance(a, simple) and isinstance(b, simple) and type(a) is type(b) and a == b


def _try(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    argument: str,
    name: str,
    value: Any,
    case: Case,
) -> Outcome:
    listed = name in (*case.accepts.get(argument, ()), *case.accepts.get("*", ()))
    try:
        with own_folder():
            result = call(function, arguments)
    except (UserError, TypeError) as error:
        text = str(error)
        fault = _fault_of_refusal(error, argument, name, value, case)
        if fault is None and listed and "*" not in case.accepts:
            fault = "listed as accepted, but refused"
        return Outcome(argument, name, fault or "refused", text)
    except Exception as error:
        return Outcome(argument, name, f"raised {type(error).__name__}", str(error))

    if not listed:
        return Outcome(argument, name, "accepted, but not listed", brief(result))
    if argument not in case.not_a_number and has_nan(result):
        return Outcome(argument, name, "accepted with NaN or inf", brief(result))
    return Outcome(argument, name, "accepted", brief(result))


def _fault_of_refusal(
    error: Exception, argument: str, name: str, value: Any, case: Case
) -> str | None:
    """What is missing in a refusal's text; None if nothing is."""
    text = str(error)
    if "\n" in text:
        return "more than one line"
    # what names an argument's type or device calls it by its own name, whatever else is said
    words = {argument, case.words.get(argument, argument), *SYNONYMS.get(argument, ())}
    if not any(_says(text, word) for word in words):
        return f"does not name {' or '.join(sorted(words))}"
    if not isinstance(error, UserError):
        return None if ARITY.search(text) else "a TypeError of Python or torch"
    if not any(_says(text, form) for form in _forms(name, value)):
        return "does not name the value"
    if not WAY_OUT.search(text):
        return "names no way out"
    return None


def _says(text: str, word: str) -> bool:
    """True if the word stands in the text, and not only as a part of another."""
    return re.search(rf"(?<![\w.]){re.escape(word)}(?![\w])", text, re.IGNORECASE) is not None


def _forms(name: str, value: Any) -> list[str]:
    """How a message may write a value."""
    forms = [brief(value), str(value) or "''", type(value).__name__]
    if isinstance(value, (str, list)) and not value:
        # as a path, an empty text is the current folder
        forms += ["empty", "no", "none", "nothing", "not one", "0", "'.'"]
    if isinstance(value, (list, tuple)) and value:
        # the first item that is wrong
        forms += [repr(each) for each in value]
    if isinstance(value, Tensor):
        dtype = str(value.dtype)
        forms += [str(tuple(value.shape)), dtype, dtype.removeprefix("torch.")]
    if name in ("nan", "all nan"):
        forms.append("NaN")
    if name in ("inf", "-inf", "one inf"):
        forms.append("inf")
    if name in ("empty set", "no images"):
        forms += ["empty", "no", "0", "at least one"]
    if name == "meta device":
        forms.append("meta")
    return [form for form in forms if form]


def has_nan(value: Any) -> bool:
    """True if there is NaN or inf anywhere in a result."""
    if isinstance(value, Tensor):
        return value.is_floating_point() and not bool(value.isfinite().all())
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        return any(has_nan(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_nan(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return any(has_nan(getattr(value, each.name)) for each in fields(value))
    return False
