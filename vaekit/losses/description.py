"""What an objective or a network is, in words and digests: by them, a checkpoint knows its own."""
from __future__ import annotations

import dataclasses
import dis
import hashlib
import operator
import os
import re
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path as FilePath
from types import CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

PACKAGE = __name__.partition(".")[0]
FOLDER = str(FilePath(__file__).parents[1])
# Python's own repr holds an address in memory, which is another one in every process
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
# deeper inside one another, objects are described by their class alone
DEPTH = 8

# ids of the values that a value was found in
Path = tuple[int, ...]


def describe(objective: object) -> str:
    """An objective in words, the same in every process: by it, a checkpoint knows its own.

    Functions of vaekit, of other packages and of Python are described by their names, a partial by
    its function and arguments. Any other function has a digest of what it does after its name,
    "loss#1a2b3c4d": of its compiled code, its defaults, its attributes, the variables of functions
    around it, and what it uses of its own module. An object is described by its repr or its
    attributes, slots included, and a digest of its class.

    Not seen: the values of weights, which training changes; what is read from a file or from
    within an object of another package. Another version of Python compiles to another digest.
    """
    return _describe(objective, ())


def describe_network(network: nn.Module) -> str:
    """A digest of a network's layers, with what the shapes of their weights do not show.

    That is each layer's class and its plain public attributes: a stride, a slope, a flag. Values
    of weights are not seen.
    """
    return hashlib.sha256("\n".join(_layers(network, ())).encode()).hexdigest()[:12]


def _describe(value: Any, outer: Path) -> str:
    if id(value) in outer:
        # a function that calls itself, say
        return "…"
    outer = (*outer, id(value))
    if len(outer) > DEPTH:
        return type(value).__qualname__

    for kinds, words in KINDS:
        if isinstance(value, kinds):
            return words(value, outer)
    if hasattr(value, "__wrapped__") and _is_foreign(type(value)):
        # as by functools.cache; a wrapper of one's own may do more than what it wraps
        return _describe(value.__wrapped__, outer)
    return _object(value, outer)


def _partial(value: partial, outer: Path) -> str:
    arguments = [*_each(value.args, outer), *_named(value.keywords, outer)]
    return f"{_describe(value.func, outer)}({', '.join(arguments)})"


def _method(value: MethodType, outer: Path) -> str:
    return f"{_describe(value.__self__, outer)}.{value.__func__.__name__}"


def _function(value: FunctionType, outer: Path) -> str:
    if _is_known(value):
        public = {n: v for n, v in vars(value).items() if not n.startswith("_")}
        attributes = ", ".join(_named(public, outer))
        return f"{value.__qualname__}({attributes})" if attributes else value.__qualname__
    parts = [
        *_code(value.__code__, value.__doc__),
        *_each(value.__defaults__ or (), outer),
        *_named(value.__kwdefaults__ or {}, outer),
        *_variables_around(value, outer),
        # with __wrapped__, what a decorator wraps
        *_named(vars(value), outer),
    ]
    used = sorted(_globals_of(value.__code__))
    module = value.__globals__
    parts += [f"{name}={_describe(module[name], outer)}" for name in used if name in module]
    return _with_digest(value.__qualname__, parts)


def _class(value: type, outer: Path) -> str:
    """Its name, and a digest of its methods and of those it inherits within its module."""
    if _is_foreign(value):
        return value.__qualname__
    parts = []
    for each in value.__mro__:
        if each.__module__ == value.__module__:
            members = {name: _plain(member) for name, member in vars(each).items()}
            parts += _named({n: m for n, m in members.items() if _is_seen(n, m)}, outer)
    return _with_digest(value.__qualname__, parts)


def _plain(member: Any) -> Any:
    """The function of a static method, a class method or a property."""
    if isinstance(member, (staticmethod, classmethod)):
        return member.__func__
    return member.fget if isinstance(member, property) else member


def _is_seen(name: str, member: Any) -> bool:
    return isinstance(member, FunctionType) or not name.startswith("_")


def _tensor(value: Tensor, outer: Path) -> str:
    facts = f"tensor({value.dtype}, {tuple(value.shape)}"
    if value.requires_grad or value.device.type == "meta":
        # training changes it
        return f"{facts})"
    content = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    return f"{facts}, {hashlib.sha256(content).hexdigest()[:8]})"


def _array(value: np.ndarray, outer: Path) -> str:
    digest = hashlib.sha256(value.tobytes()).hexdigest()[:8]
    return f"array({value.dtype}, {value.shape}, {digest})"


def _network(value: nn.Module, outer: Path) -> str:
    return _with_digest(type(value).__qualname__, _layers(value, outer))


def _layers(network: nn.Module, outer: Path) -> Iterator[str]:
    for name, layer in network.named_modules():
        plain = {n: v for n, v in vars(layer).items() if _is_fact_of_layer(n, v)}
        weights = [f"{n}{tuple(w.shape)}" for n, w in layer.named_parameters(recurse=False)]
        words = ", ".join([*_named(plain, outer), *weights])
        yield f"{name}: {_describe(type(layer), outer)}({words})"


def _is_fact_of_layer(name: str, value: Any) -> bool:
    if name.startswith("_") or name == "training":
        return False
    values = value if isinstance(value, (tuple, list)) else [value]
    return all(isinstance(each, (bool, int, float, str, type(None))) for each in values)


def _object(value: Any, outer: Path) -> str:
    kind = type(value)
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        inside = [f"{name}={_describe(getattr(value, name), outer)}" for name in names]
        return f"{_describe(kind, outer)}({', '.join(inside)})"

    words = _describe(kind, outer)
    if kind.__repr__ is not object.__repr__:
        digest = words.removeprefix(kind.__qualname__)
        return ADDRESS.sub("", repr(value)) + digest
    attributes = _named(_slots(value) | getattr(value, "__dict__", {}), outer)
    return f"{words}({', '.join(attributes)})" if attributes else words


def _slots(value: Any) -> dict[str, Any]:
    """The attributes that its class, or one it inherits from, lists in __slots__."""
    names = [
        name
        for each in type(value).__mro__
        for name, member in vars(each).items()
        if isinstance(member, MemberDescriptorType)
    ]
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def _each(values: Iterable[Any], outer: Path) -> list[str]:
    return [_describe(value, outer) for value in values]


def _named(values: Mapping[str, Any], outer: Path) -> list[str]:
    return [f"{name}={_describe(value, outer)}" for name, value in sorted(values.items())]


def _code(code: CodeType, doc: str | None = None) -> Iterator[str]:
    """Instructions, names and constants of compiled code, and of the code inside it."""
    yield code.co_code.hex()
    yield " ".join(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant)
        elif constant != doc or doc is None:
            yield _describe(constant, ())


def _globals_of(code: CodeType) -> set[str]:
    """The names that compiled code, and the code inside it, looks up in its module."""
    looked_up = [each for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"]
    names = {each.argval for each in looked_up}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _globals_of(constant)
    return names


def _variables_around(function: FunctionType, outer: Path) -> Iterator[str]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        try:
            yield f"{name}={_describe(cell.cell_contents, outer)}"
        except ValueError:
            # not assigned yet
            yield name


def _is_known(function: FunctionType) -> bool:
    """True for a function of vaekit, of other packages or of Python: its name says enough.

    Its module's name alone proves nothing, as functools.wraps copies that.
    """
    if not _is_foreign_file(function.__code__.co_filename):
        return False
    if not hasattr(function, "__wrapped__") and "<" not in function.__qualname__:
        return True
    # a decorator's code says nothing of what it wraps, nor has a lambda a name
    module = sys.modules.get(function.__module__ or "")
    try:
        found = operator.attrgetter(function.__qualname__)(module)
    except AttributeError:
        return False
    return found is function and _is_foreign(function)


def _is_foreign_file(file: str) -> bool:
    folders = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    inside = tuple(folder + os.sep for folder in (FOLDER, *folders))
    # parts of Python itself are frozen into it
    return file.startswith((*inside, "<frozen "))


def _is_foreign(value: FunctionType | type) -> bool:
    """True for what is of a module of vaekit, of other packages or of Python itself."""
    name = value.__module__ or ""
    if name.partition(".")[0] in (PACKAGE, "builtins"):
        return True
    if name == "__main__":
        # a notebook, or a script that is run
        return False
    folders = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    return (getattr(sys.modules.get(name), "__file__", None) or "").startswith(tuple(folders))


def _with_digest(name: str, parts: Iterable[str]) -> str:
    return f"{name}#{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:8]}"


def _name(value: Any, outer: Path) -> str:
    return value.__name__


def _mapping(value: Mapping, outer: Path) -> str:
    pairs = [f"{_describe(k, outer)}: {_describe(v, outer)}" for k, v in value.items()]
    return f"{{{', '.join(pairs)}}}"


def _sequence(value: list | tuple, outer: Path) -> str:
    return f"{type(value).__qualname__}({', '.join(_each(value, outer))})"


def _set(value: set | frozenset, outer: Path) -> str:
    # in an order of its own in every process
    return f"{type(value).__qualname__}({', '.join(sorted(_each(value, outer)))})"


# what is described in which way, the first that fits
KINDS: list[tuple[Any, Callable[[Any, Path], str]]] = [
    (partial, _partial),
    (MethodType, _method),
    (FunctionType, _function),
    (type, _class),
    (ModuleType, _name),
    (type(len), lambda value, outer: value.__qualname__),
    (Tensor, _tensor),
    (np.ndarray, _array),
    (nn.Module, _network),
    (Mapping, _mapping),
    ((list, tuple), _sequence),
    ((set, frozenset), _set),
]
