"""Public functions refuse an argument of the wrong Python type, in one sentence that names it.

The type hints say what each argument may be; beartype reads them. It is asked at the first call of
a function, not at its import: to prepare all of them at once would double the time that a lab needs
to start.
"""
from __future__ import annotations

import functools
import itertools
import operator
import re
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Annotated, Any, Union, get_args, get_origin

from .errors import LARGEST_SEED, UserError, WrongType, brief

# of a longer sequence, only so many items are looked at
LOOKED_AT = 1000
# how torch and numpy speak of tensors that lie on different devices, or have dtypes they cannot use
OF_DEVICES = re.compile(r"\b(device|devices|cuda|mps|meta|Meta)\b|\bcuda:|torch\.cuda\.")
OF_DTYPES = re.compile(r"\bdtypes?\b|scalar type|not implemented for '|Input type|used as indices")


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
        except _Violation:
            raise _wrong_type(function, args, kwargs) from None
        except UserError as error:
            # explained within: of the user's own call that can be said again, in its own names
            within = getattr(error, "explains", None)
            explanation = None if within is None else _explain(within, function, args, kwargs)
            if explanation is None:
                raise
            raise explanation from within
        except (RuntimeError, ArithmeticError, MemoryError, ValueError, TypeError) as error:
            explanation = _explain(error, function, args, kwargs)
            if explanation is None:
                raise
            raise explanation from error

    return wrapper


class _Violation(Exception):
    """What beartype raises; `checked` says it in other words."""


@functools.cache
def _configuration() -> Any:
    import numbers

    import beartype
    import numpy as np
    from beartype.vale import IsInstance

    # numpy's numbers are numbers too, and a whole one may stand where a float is wanted;
    # True is none, though Python counts with it
    overrides = {
        int: Annotated[numbers.Integral, ~IsInstance[bool]],
        float: Annotated[numbers.Real, ~IsInstance[bool]],
        bool: bool | np.bool_,
    }
    frozen: Any = beartype.FrozenDict
    return beartype.BeartypeConf(
        violation_param_type=_Violation, hint_overrides=frozen(overrides)
    )


def _prepare(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with beartype's checks of its parameters before it."""
    from beartype import beartype

    copy = _copy(function)
    hints = {name: _strict(hint) for name, hint in _hints(function).items()}
    copy.__annotations__ = hints
    inner = getattr(function, "__wrapped__", None)
    if inner is not None:
        # beartype reads the hints of what a decorator, as contextmanager, wraps
        copy.__wrapped__ = _copy(inner)  # type: ignore[attr-defined]
        copy.__wrapped__.__annotations__ = hints  # type: ignore[attr-defined]
    decorate: Any = beartype(conf=_configuration())
    return decorate(copy)


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


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The type hints of the parameters that are checked here.

    Not checked: names that only a type checker imports, and contracts. What a function needs of a
    model is often less than the whole contract, and it says itself what is missing.
    """
    hints = {}
    for name, hint in function.__annotations__.items():
        if name == "return":
            continue
        if isinstance(hint, str):
            try:
                hint = eval(hint, function.__globals__)
            except NameError:
                continue
        if not any(_is_contract(each) for each in (hint, *get_args(hint))):
            hints[name] = hint
    return hints


def _strict(hint: Any) -> Any:
    """The hint, where a sequence is none of letters, and all of its items are looked at.

    beartype looks at one item by chance: the same call would be refused now and then.
    """
    from beartype.door import is_bearable
    from beartype.vale import Is

    if get_origin(hint) in (Union, types.UnionType):
        return functools.reduce(operator.or_, map(_strict, get_args(hint)))
    if get_origin(hint) not in (Sequence, list):
        return hint
    (item,) = get_args(hint)

    def fits(value: Any) -> bool:
        if isinstance(value, (str, bytes)):
            return False
        first = itertools.islice(value, LOOKED_AT)
        return all(is_bearable(each, item, conf=_configuration()) for each in first)

    return Annotated[hint, Is[fits]]


def _is_contract(hint: Any) -> bool:
    return getattr(hint, "_is_protocol", False) or getattr(hint, "checked_as_contract", False)


def _wrong_type(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> WrongType:
    """The error that names the first argument of a wrong type."""
    from beartype.door import is_bearable

    hints = _hints(function)
    for name, value in _arguments(function, args, kwargs):
        if name in hints and not is_bearable(value, _strict(hints[name]), conf=_configuration()):
            return WrongType(
                f"{name} of {_name(function)} must be {words(hints[name])}, "
                f"got {type(value).__name__} {brief(value)}"
            )
    return WrongType(f"an argument of {_name(function)} has the wrong type; see its type hints")


def _explain(
    error: Exception,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> UserError | None:
    """What torch says badly: a number beyond all memory, tensors of several devices or dtypes."""
    try:
        arguments = list(_arguments(function, args, kwargs))
    except TypeError:
        # one argument too many, or too few: Python says that itself
        return None
    tensors = _tensors(arguments)
    explanation = (
        _too_large(error, function, arguments)
        or _several_devices(error, function, tensors)
        or _bad_dtypes(error, function, tensors)
    )
    if explanation is not None:
        explanation.explains = error  # type: ignore[attr-defined]
    return explanation


def _too_large(
    error: Exception, function: Callable[..., Any], arguments: list[tuple[str, Any]]
) -> UserError | None:
    """The error that names a number which torch cannot count with, or no memory holds."""
    numbers = [(name, value) for name, value in arguments if type(value) is int]
    for name, value in numbers:
        if abs(value) > LARGEST_SEED:
            return UserError(
                f"{name} of {_name(function)} must lie within ±2**63, got {brief(value)}"
            )

    out_of_memory = isinstance(error, MemoryError) or "allocate" in str(error)
    large = [(name, value) for name, value in numbers if value > 10**6]
    if out_of_memory and large:
        name, value = max(large, key=lambda pair: pair[1])
        return UserError(
            f"{name} of {_name(function)} = {value} needs more memory than there is; "
            f"choose a smaller {name}"
        )
    return None


def _tensors(arguments: list[tuple[str, Any]]) -> dict[str, Any]:
    """The tensors among the arguments, by name; of a model its first weight."""
    tensors = {}
    for name, value in arguments:
        if callable(getattr(value, "parameters", None)):
            value = next(iter(value.parameters()), None)
        # a set of images: its images
        value = getattr(value, "x", value)
        if hasattr(value, "device") and hasattr(value, "dtype"):
            tensors[name] = value
    return tensors


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
        f"the arguments of {_name(function)} lie on different devices ({places}); "
        "move them to one by .to(device)"
    )


def _bad_dtypes(
    error: Exception, function: Callable[..., Any], tensors: dict[str, Any]
) -> UserError | None:
    """The error that names the dtypes of the tensors, where torch cannot compute with them."""
    if not tensors or not OF_DTYPES.search(str(error)):
        return None
    dtypes = ", ".join(
        f"{name} {str(tensor.dtype).removeprefix('torch.')}" for name, tensor in tensors.items()
    )
    return UserError(
        f"{_name(function)} cannot compute with these dtypes ({dtypes}); "
        "convert images and latents by .float(), labels by .long()"
    )


def _name(function: Callable[..., Any]) -> str:
    return function.__qualname__.removesuffix(".__init__")


def _arguments(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    """(name, value) of each argument of a call; those of *args one by one."""
    import inspect

    signature = inspect.signature(function)
    for name, value in signature.bind(*args, **kwargs).arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            yield from ((name, each) for each in value)
        elif kind is inspect.Parameter.VAR_KEYWORD:
            yield from ((name, each) for each in value.values())
        else:
            yield name, value


def words(hint: Any) -> str:
    """A type hint as a reader would say it: "int or None"."""
    if hint is None or hint is type(None):
        return "None"
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(words(each) for each in get_args(hint))
    if isinstance(hint, type) and not get_args(hint):
        return hint.__name__
    return str(hint).replace("collections.abc.", "").replace("typing.", "")
