"""A lab's parameters: what NAME=VALUE means, and whether the lab takes it."""
from __future__ import annotations

import ast
import keyword
import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from ..errors import UserError, brief
from .notebooks import Notebook

LONGEST_VALUE = 10_000

# the types that are compared; a parameter of another one takes any value
TYPES: dict[str, tuple[type, ...]] = {
    "int": (Integral,),
    "float": (Real,),
    "str": (str,),
    "bool": (bool,),
    "list": (list, tuple),
    "tuple": (list, tuple),
    "dict": (dict,),
    "None": (type(None),),
}


def parse_parameters(pairs: str | Iterable[object]) -> dict[str, Any]:
    """["epochs=5", "dataset=mnist"] → {"epochs": 5, "dataset": "mnist"}.

    A value that is a Python literal is read as one; any other is text.

    Raises:
        UserError: something that is not NAME=VALUE, a name given twice.
    """
    given = [pairs] if isinstance(pairs, str) else list(pairs)
    parameters: dict[str, Any] = {}
    for pair in given:
        if not isinstance(pair, str):
            raise UserError(f"pairs must be parameters, texts of NAME=VALUE, got {brief(given)}")
        name, value = _split(pair)
        parsed = _literal(value)
        if name in parameters:
            raise UserError(
                f"parameter {name} is given twice, as {brief(parameters[name])} and as "
                f"{brief(parsed)}; give it once"
            )
        parameters[name] = parsed
    return parameters


def check_parameters(lab: str, notebook: Notebook, parameters: Mapping[str, Any]) -> None:
    """A lab must have these parameters, and their values must be of the types that it declares.

    A name that the lab does not have would quietly run the defaults, a wrong type fail minutes
    later.

    Args:
        lab: its name.
    Raises:
        UserError: a parameter that the lab does not have, a value that it cannot take.
    """
    if not parameters:
        return
    known = declared(notebook, lab)
    for name, value in parameters.items():
        if name not in known:
            raise UserError(
                f"{lab} has no parameter {name}; it has {', '.join(known) or 'none'}"
            )
        _check_value(f"{name} of {lab}", name, value, known[name])


def declared(notebook: Notebook, lab: str) -> dict[str, tuple[str, ...]]:
    """The parameters of a lab, by name: the names of their types, none if any value will do.

    Raises:
        UserError: the cell tagged `parameters` is no Python.
    """
    found: dict[str, tuple[str, ...]] = {}
    for statement in _statements(notebook, lab):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found[statement.target.id] = _names_of(statement.annotation)
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            found[statement.targets[0].id] = _name_of_default(statement.value)
    return found


def inject(notebook: Notebook, parameters: Mapping[str, Any]) -> None:
    """Put a cell that sets these parameters after the lab's own, as papermill does."""
    from nbformat.v4 import new_code_cell

    if not parameters:
        return
    lines = [f"{name} = {plain(value)!r}" for name, value in parameters.items()]
    cell = new_code_cell("\n".join(lines), metadata={"tags": ["injected-parameters"]})
    place = notebook["cells"].index(_parameters_cell(notebook)) + 1
    notebook["cells"].insert(place, cell)


def plain(value: Any) -> Any:
    """A value whose repr is Python: numpy's numbers as Python's."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def _split(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals or not name.isidentifier() or keyword.iskeyword(name):
        raise UserError(f"a parameter is NAME=VALUE, got {brief(pair)}; write epochs=5, say")
    if not value.strip():
        raise UserError(
            f"a parameter is NAME=VALUE, got {brief(pair)}; write {name}='' for an empty text"
        )
    if len(value) > LONGEST_VALUE:
        raise UserError(
            f"the value of {name} has {len(value)} characters, and {LONGEST_VALUE} are the most; "
            "give a shorter one"
        )
    return name, value


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        # {[1]: 2} has no hash; thousands of minus signs are nested too deeply
        return text


def _check_value(what: str, name: str, value: Any, types: tuple[str, ...]) -> None:
    if types and not any(_is(value, each) for each in types):
        text = ""
        if "str" in types:
            text = f"; write {name}=\"'{value}'\" for the text"
        raise UserError(f"{what} must be {' or '.join(types)}, got {brief(value)}{text}")
    if isinstance(value, Real) and not isinstance(value, Integral) and not math.isfinite(value):
        raise UserError(f"{what} must be a finite float, got {brief(value)}")
    if not _is_literal(value):
        raise UserError(f"{what} must be a number, a text or a list of these, got {brief(value)}")


def _is(value: Any, name: str) -> bool:
    # to Python, True is a number too
    if isinstance(value, bool):
        return name == "bool"
    return isinstance(value, TYPES[name])


def _is_literal(value: Any) -> bool:
    """True if a cell can hold the value: if its repr gives it back."""
    try:
        ast.literal_eval(repr(plain(value)))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _parameters_cell(notebook: Notebook) -> dict[str, Any] | None:
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            return cell
    return None


def _statements(notebook: Notebook, lab: str) -> list[ast.stmt]:
    cell = _parameters_cell(notebook)
    if cell is None:
        return []
    try:
        return ast.parse(cell["source"]).body
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise UserError(
            f"the parameters cell of {lab} is no plain Python ({error}); "
            "correct it, or run the lab without parameters"
        ) from error


def _names_of(annotation: ast.expr) -> tuple[str, ...]:
    """int | None → ("int", "None"); none of an annotation that is not known here."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except (ValueError, SyntaxError):
            return ()
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        left = _names_of(annotation.left)
        right = _names_of(annotation.right)
        return (*left, *right) if left and right else ()
    if isinstance(annotation, ast.Subscript):
        return _names_of(annotation.value)
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return ("None",)
    known = isinstance(annotation, ast.Name) and annotation.id in TYPES
    return (annotation.id,) if known and isinstance(annotation, ast.Name) else ()


def _name_of_default(default: ast.expr) -> tuple[str, ...]:
    """The type of a default without an annotation; none of None and of what is computed."""
    try:
        name = type(ast.literal_eval(default)).__name__
    except (ValueError, TypeError, MemoryError, RecursionError):
        return ()
    return (name,) if name in TYPES else ()
