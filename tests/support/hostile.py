"""Walk over public functions with hostile values: what each gets, and how it may end."""
from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import math
import os
import pkgutil
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import torch
from torch import Tensor, nn

import vaekit
from vaekit.data import ImageSet
from vaekit.errors import UserError, brief

HUGE = 10**30

# what every argument is given, by name
HOSTILE: dict[str, Any] = {
    "none": None,
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "zero": 0,
    "-1": -1,
    "huge": HUGE,
    "empty text": "",
    "empty list": [],
    "list": [1, "a"],
    "folder": tempfile.gettempdir(),
}
ALL = tuple(HOSTILE)

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
class Case:
    """A public function or class, with what works.

    Attributes:
        arguments: makes the arguments of a call that works, by name; a method's include self, what
            *args or **kwargs collect is a tuple or a dict by that name.
        accepts: for each argument the names of the hostile values that are rightly accepted.
            "*" stands for every argument.
        words: what a message calls an argument, where not by its own name.
        not_a_number: arguments for which NaN or inf in the result is right.
    """

    arguments: Callable[[], dict[str, Any]]
    accepts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    not_a_number: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exempt:
    """A public function that is not walked over, and why."""

    reason: str


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


def public_functions(room: str) -> dict[str, Callable[..., Any]]:
    """All public functions, constructors and methods that a room of vaekit defines, by name.

    "losses" gives {"losses.terms.bernoulli_nll": …}; a constructor has the name of its class.
    """
    found: dict[str, Callable[..., Any]] = {}
    for module in _modules(room):
        short = module.__name__.removeprefix("vaekit.")
        for name, value in vars(module).items():
            if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
                continue
            if isinstance(value, FunctionType):
                found[f"{short}.{name}"] = value
            elif isinstance(value, type) and _is_walked(value):
                found |= _methods(value, f"{short}.{name}")
    return found


def _modules(room: str) -> Iterator[Any]:
    module = importlib.import_module(f"vaekit.{room}")
    yield module
    for info in pkgutil.walk_packages(getattr(module, "__path__", []), f"{module.__name__}."):
        yield importlib.import_module(info.name)


def _is_walked(cls: type) -> bool:
    """No contracts, no errors, and no named tuples, which only hold what a function gave."""
    if getattr(cls, "_is_protocol", False):
        return False
    return not issubclass(cls, (BaseException, tuple))


def _methods(cls: type, name: str) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    if "__init__" in vars(cls):
        found[name] = cls
    for method, value in vars(cls).items():
        if method.startswith("_"):
            continue
        if isinstance(value, FunctionType):
            found[f"{name}.{method}"] = value
        elif isinstance(value, (staticmethod, classmethod)):
            found[f"{name}.{method}"] = getattr(cls, method)
    return found


def cases_of(room: str) -> dict[str, Case | Exempt]:
    """CASES of tests/hostile/cases/ROOM.py and of ROOM_….py; none if there are no such files."""
    folder = Path(__file__).parents[1] / "hostile" / "cases"
    found: dict[str, Case | Exempt] = {}
    for path in sorted({*folder.glob(f"{room}.py"), *folder.glob(f"{room}_*.py")}):
        spec = importlib.util.spec_from_file_location(f"hostile_cases_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found |= module.CASES
    return found


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


def call(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """function(arguments by name), where *args and **kwargs have a name too."""
    parameters = inspect.signature(function).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if name not in arguments:
            continue
        value = arguments[name]
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            positional += value
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            named |= value
        elif parameter.kind is inspect.Parameter.POSITIONAL_ONLY or (
            inspect.Parameter.VAR_POSITIONAL in kinds
            and parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ):
            positional.append(value)
        else:
            named[name] = value
    result = function(*positional, **named)
    if hasattr(result, "__enter__") and hasattr(result, "gen"):
        # a context manager does nothing before it is entered
        with result as entered:
            return entered
    if inspect.isgenerator(result):
        return list(result)
    return result


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


@contextmanager
def own_folder() -> Iterator[None]:
    """In an empty folder of its own: what is written by a name goes there."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


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


def rooms() -> list[str]:
    """The rooms of vaekit that hold public functions; the command line has a walk of its own."""
    return [room for room in vaekit.__all__ if room != "cli"]
