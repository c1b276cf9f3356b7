"""The type hints of a function's parameters, as strictly as they are meant, and in words."""
from __future__ import annotations

import functools
import itertools
import operator
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

# of a longer sequence or mapping, only so many items are looked at
LOOKED_AT = 1000


class Violation(Exception):
    """What beartype raises; `vaekit.arguments.checked` says it in other words."""


@functools.cache
def configuration() -> Any:
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
        violation_param_type=Violation, hint_overrides=frozen(overrides)
    )


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The type hints of the parameters that are checked here.

    Not checked: names that only a type checker imports, and contracts. What a function needs of a
    model is often less than the whole contract, and it says itself what is missing.
    """
    import inspect

    # what a decorator wraps has the hints, and the names that stand in them
    function = inspect.unwrap(function)
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


def strict(hint: Any) -> Any:
    """The hint, where a sequence is none of letters, and its first items are looked at.

    So are those of sequences and mappings within. beartype looks at one item by chance: the same
    call would be refused now and then.
    """
    from beartype.vale import Is

    kind = get_origin(hint)
    parts = get_args(hint)
    if kind in (Union, types.UnionType):
        return functools.reduce(operator.or_, map(strict, parts))
    if kind is tuple and Ellipsis not in parts:
        # one hint for each item: beartype looks at all of them
        return tuple[tuple(map(strict, parts))]  # type: ignore[misc]
    # the bare kind: a hint with its items would have beartype look at one by chance again
    if kind in (Sequence, list, tuple):
        item = strict(parts[0])
        return Annotated[kind, Is[lambda value: not _is_text(value) and _all_are(value, item)]]
    if kind in (Mapping, dict):
        key, item = map(strict, parts)
        return Annotated[
            kind, Is[lambda value: _all_are(value, key) and _all_are(value.values(), item)]
        ]
    return hint


def _is_text(value: Any) -> bool:
    return isinstance(value, (str, bytes))


def _all_are(values: Iterable[Any], hint: Any) -> bool:
    """True if the first values, in their order, fit the hint."""
    from beartype.door import is_bearable

    first = itertools.islice(values, LOOKED_AT)
    return all(is_bearable(each, hint, conf=configuration()) for each in first)


def _is_contract(hint: Any) -> bool:
    return getattr(hint, "_is_protocol", False) or getattr(hint, "checked_as_contract", False)


def name_of(function: Callable[..., Any]) -> str:
    return function.__qualname__.removesuffix(".__init__")


def arguments_of(
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
