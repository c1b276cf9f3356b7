"""Public functions refuse an argument of the wrong Python type, in one sentence that names it.

The type hints say what each argument may be; beartype reads them. It is asked at the first call of
a function, not at its import: to prepare all of them at once would double the time that a lab needs
to start.
"""
from __future__ import annotations

import contextlib
import functools
import sys
import types
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Any

from ..errors import UserError
from .explanations import explain, wrong_type
from .hints import Violation, arguments_of, configuration, hints_of, strict


def check_package(name: str) -> None:
    """From now on, what is imported from this package has its public functions checked."""
    sys.meta_path.insert(0, _Finder(name))


class _Finder(MetaPathFinder):
    """Finds a package's modules where Python finds them, and has them loaded by `_Loader`."""

    def __init__(self, package: str):
        self.package = package

    def find_spec(
        self, fullname: str, path: Any, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{self.package}."):
            return None
        # the command line reads its values by their types itself, and must start at once
        if fullname.split(".")[1] == "cli":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Runs a module as Python does, then puts a check before each of its public functions."""

    def exec_module(self, module: types.ModuleType) -> None:
        super().exec_module(module)
        for name, value in list(vars(module).items()):
            if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
                continue
            if isinstance(value, types.FunctionType):
                setattr(module, name, checked(value))
            elif isinstance(value, type) and not getattr(value, "_is_protocol", False):
                _check_methods(value)


def _check_methods(cls: type) -> None:
    """A check before the constructor and each public method that the class itself defines."""
    for name, value in list(vars(cls).items()):
        if name.startswith("_") and name != "__init__":
            continue
        if isinstance(value, types.FunctionType):
            setattr(cls, name, checked(value))
        elif isinstance(value, (staticmethod, classmethod)):
            setattr(cls, name, type(value)(checked(value.__func__)))


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which now refuses an argument that its type hints do not allow.

    Raises:
        WrongType: by the function returned; it is a UserError and a TypeError.
    """
    prepared: Any = None

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        nonlocal prepared
        if prepared is None:
            prepared = _prepare(function)
        try:
            return prepared(*args, **kwargs)
        except Violation:
            raise wrong_type(function, args, kwargs) from None
        except UserError as error:
            # explained within: of the user's own call that can be said again, in its own names
            within = getattr(error, "explains", None)
            explanation = None if within is None else explain(within, function, args, kwargs)
            if explanation is None:
                raise
            raise explanation from within
        except (RuntimeError, ArithmeticError, MemoryError, ValueError, TypeError) as error:
            explanation = explain(error, function, args, kwargs)
            if explanation is None:
                raise
            raise explanation from error

    return wrapper


def _prepare(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with checks of its parameters before it."""
    import inspect

    from beartype import beartype

    hints = {name: strict(hint) for name, hint in hints_of(function).items()}
    # beartype does not see through a decorator, and lets a generator begin before it checks
    if hasattr(function, "__wrapped__") or inspect.isgeneratorfunction(function):
        return _checked_one_by_one(function, hints)
    copy = _copy(function)
    copy.__annotations__ = hints
    decorate: Any = beartype(conf=configuration())
    return decorate(copy)


def _checked_one_by_one(
    function: Callable[..., Any], hints: dict[str, Any]
) -> Callable[..., Any]:
    """The function with a check of each argument before it; slower than beartype's own."""
    from beartype.door import is_bearable

    def prepared(*args: Any, **kwargs: Any) -> Any:
        # one argument too many, or too few, Python names itself
        with contextlib.suppress(TypeError):
            for name, value in arguments_of(function, args, kwargs):
                if name in hints and not is_bearable(value, hints[name], conf=configuration()):
                    raise Violation
        return function(*args, **kwargs)

    return prepared


def _copy(function: Callable[..., Any]) -> types.FunctionType:
    """A function with the same code, whose hints may be changed."""
    copy = types.FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__qualname__ = function.__qualname__
    copy.__module__ = function.__module__
    return copy
