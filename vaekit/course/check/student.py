"""A student's function, called with care: one sentence says what went wrong, and on what line."""
from __future__ import annotations

import functools
import inspect
import linecache
import os
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from ...errors import check_seed, first_line
from .core import CheckFailed, FunctionRaised, Passed

# what a function may raise and a check turns into a sentence; an interrupt is the student's own
RAISED = (Exception, SystemExit, GeneratorExit)

# no code of a student lies here: Python's own, what is installed, vaekit
LIBRARIES = tuple(
    os.path.normcase(str(folder)) + os.sep
    for folder in {
        *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        str(Path(torch.__file__).parent),
        str(Path(__file__).parents[2]),
    }
)

Check = TypeVar("Check", bound=Callable[..., Passed])


def exercise(*names: str) -> Callable[[Check], Check]:
    """Makes a function of a `Solution` a check of whatever a student hands in.

    Args:
        names: of the arguments that the student's function is called with.

    Raises:
        CheckFailed: by the check, for anything that is no right solution.
    """

    def decorate(check: Check) -> Check:
        @functools.wraps(check)
        def checked(fn: Any, *, seed: int = 0) -> Passed:
            solution = Solution(fn, names, check.__name__, check_seed(seed))
            try:
                # a cell may have switched gradients off; some checks need them
                with torch.inference_mode(False), torch.enable_grad():
                    return check(solution)
            except CheckFailed:
                raise
            except Exception as error:
                raise CheckFailed(
                    f"The check stopped with {_text_of(error)}. "
                    "Does your function return what its docstring says?"
                ) from error

        # whatever comes gets a sentence from here, and none about its type from vaekit.arguments
        checked.__annotations__ = {"fn": Any, "seed": int, "return": Passed}
        del checked.__dict__["__wrapped__"]
        return cast(Check, checked)

    return decorate


class Solution:
    """A student's function: calling it calls theirs, and every accident becomes a CheckFailed.

    Attributes:
        seed: of the check's random inputs.
    """

    def __init__(self, fn: Any, names: tuple[str, ...], check: str, seed: int = 0):
        if not callable(fn) or isinstance(fn, type):
            kind = f"the class {fn.__name__}" if isinstance(fn, type) else type(fn).__name__
            raise CheckFailed(
                "Hand over the function itself, its name without brackets: "
                f"check.{check}({check}). You gave {kind}."
            )
        self.fn = fn
        self.names = names
        self.seed = seed

    def __call__(self, *args: Any) -> Any:
        before = [_copy(each) for each in args]
        try:
            result = self.fn(*args)
        except CheckFailed:
            # of a function that the check handed in
            raise
        except RAISED as error:
            # with the traceback of the error, so that %debug opens where it arose
            raise self._explain(error, args).with_traceback(error.__traceback__) from error
        for place, (given, copy) in enumerate(zip(args, before)):
            if isinstance(given, Tensor) and not _same(given, copy):
                raise CheckFailed(
                    f"Your function changes its argument {self._name_of(place)} in place, "
                    "and spoils it for whoever called. Make a new tensor, or a clone() first."
                )
        return result

    def _explain(self, error: BaseException, args: tuple[Any, ...]) -> CheckFailed:
        where = students_line(error.__traceback__, getattr(self.fn, "__code__", None))
        if where is None and isinstance(error, TypeError) and not self._takes(args):
            return CheckFailed(
                f"Your function is called with {_arguments(list(self.names))}, "
                f"but takes {_arguments(list(inspect.signature(self.fn).parameters))}."
            )
        return FunctionRaised(f"Your function raised {_text_of(error)}{where or '.'}")

    def _takes(self, args: tuple[Any, ...]) -> bool:
        try:
            inspect.signature(self.fn).bind(*args)
        except ValueError:
            # written in C: its signature cannot be read
            return True
        except TypeError:
            return False
        return True

    def _name_of(self, place: int) -> str:
        """What the student calls an argument."""
        try:
            names = list(inspect.signature(self.fn).parameters.values())
        except (TypeError, ValueError):
            names = []
        positional = [p.name for p in names if p.kind is not inspect.Parameter.VAR_POSITIONAL]
        return (positional if place < len(positional) else self.names)[place]


def _arguments(names: list[str]) -> str:
    """["x", "k"] → "2 arguments (x, k)"."""
    if not names:
        return "none"
    return f"{len(names)} argument{'s' * (len(names) > 1)} ({', '.join(names)})"


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else None


def _same(given: Tensor, copy: Tensor) -> bool:
    if given.shape != copy.shape or given.device != copy.device or given.dtype != copy.dtype:
        return False
    return torch.equal(given.detach(), copy)


def _text_of(error: BaseException) -> str:
    """'NameError: name …': the first line of what an error says, without its full stop."""
    name = type(error).__name__
    line = first_line(error)
    if not line:
        return name
    text = line.rstrip(".:")
    return f"{name}: {text if len(text) <= 200 else text[:199] + '…'}"


def students_line(trace: TracebackType | None, function: CodeType | None) -> str | None:
    """', at line 3: `return …`': the deepest line of the student's own code; None without one.

    Args:
        function: the code that the check called; a helper of it is named.
    """
    own = [
        (frame.f_code, number)
        for frame, number in traceback.walk_tb(trace)
        if not _is_library(frame.f_code.co_filename)
    ]
    if not own:
        return None

    # what Python writes itself, as the methods of a named tuple, has no source to show
    with_source = [each for each in own if linecache.getline(each[0].co_filename, each[1])]
    code, number = (with_source or own)[-1]
    line = linecache.getline(code.co_filename, number).strip()
    place = f", at line {number}"
    if code is not function and not code.co_name.startswith("<"):
        place = f", in {code.co_name} at line {number}"
    if not line:
        return f"{place}."
    return f"{place}: `{line if len(line) <= 100 else line[:99] + '…'}`"


def _is_library(file: str) -> bool:
    if file.startswith("<"):
        # code without a file: a cell of IPython, or what some library wrote by itself
        return not file.startswith(("<ipython-input", "<stdin", "<string", "<doctest"))
    path = os.path.normcase(file)
    return path.startswith(LIBRARIES) or "-packages" + os.sep in path
