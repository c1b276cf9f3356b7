"""Public functions, the cases of how they are called, and the hostile values."""
from __future__ import annotations

import importlib
import importlib.util
import inspect
import math
import os
import pkgutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

import vaekit

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


def rooms() -> list[str]:
    """The rooms of vaekit that hold public functions; the command line has a walk of its own."""
    return [room for room in vaekit.__all__ if room != "cli"]
