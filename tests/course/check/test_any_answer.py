"""Whatever a student hands in, a check answers in one sentence.

Every check of the package meets every answer; a new check without a right solution in
`support.solutions` fails here.
"""
from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from support.solutions import EXERCISES, SOLUTIONS
from torch import Tensor

from vaekit.course import check

# their results are one number, of any type
ONE_NUMBER = {
    "auc",
    "comparable_total",
    "effective_beta",
    "frechet_distance",
    "free_bits",
    "information_gap",
    "label_gain",
    "mmd",
    "probe",
}
# these are called with numbers and functions only
WITHOUT_TENSORS = {"comparable_total", "effective_beta", "sample_class"}

every_exercise = pytest.mark.parametrize("name", EXERCISES)


def sentence(name: str, answer: Any) -> str:
    """What the check says; fails if it is no CheckFailed with one line that reads as a sentence."""
    torch.manual_seed(0)
    with warnings.catch_warnings(), pytest.raises(check.CheckFailed) as caught:
        # of torch, about sparse tensors
        warnings.simplefilter("ignore")
        getattr(check, name)(answer)
    return checked_sentence(caught.value)


def checked_sentence(failed: check.CheckFailed) -> str:
    text = str(failed)
    assert "\n" not in text
    assert text[0].isupper()
    assert text[-1] in ".?`)", text
    assert len(text) < 420, text
    assert "The check stopped" not in text, text

    (shown,) = failed._render_traceback_()
    assert shown in (f"✗ Not yet. {text}", f"✗ {text}")
    return text


def test_every_check_has_a_right_solution_here():
    assert sorted(SOLUTIONS) == EXERCISES


@every_exercise
def test_the_right_solution_passes(name):
    torch.manual_seed(0)
    assert repr(getattr(check, name)(SOLUTIONS[name])).startswith(f"✓ {name}: ")


class AClass:
    """No function."""


NO_FUNCTION = {
    "None": None,
    "NaN": math.nan,
    "a number": 3,
    "empty text": "",
    "text": "squared_error",
    "a list": [1, "a"],
    "a dict": {},
    "a class": AClass,
    "a layer's class": torch.nn.Linear,
    "its result": torch.zeros(3),
    "an object": object(),
    "...": ...,
}


@every_exercise
@pytest.mark.parametrize("answer", NO_FUNCTION.values(), ids=NO_FUNCTION)
def test_what_is_no_function(name, answer):
    assert "function itself" in sentence(name, answer)


WRONG_ARGUMENTS = {
    "none": lambda: 0.0,
    "seven": lambda a, b, c, d, e, f, g: 0.0,
    "by name only": lambda *, x: 0.0,
}


@every_exercise
@pytest.mark.parametrize("answer", WRONG_ARGUMENTS.values(), ids=WRONG_ARGUMENTS)
def test_a_function_of_other_arguments(name, answer):
    assert "is called with" in sentence(name, answer)


def a_generator(*args: Any) -> Iterator[float]:
    yield 1.0


async def a_coroutine(*args: Any) -> float:
    return 1.0


def returning(value: Any) -> Callable[..., Any]:
    return lambda *args: value


RETURNS = {
    "nothing": returning(None),
    "NaN": returning(math.nan),
    "inf": returning(math.inf),
    "a number too large": returning(10**400),
    "text": returning("abc"),
    "a number as text": returning("1.0"),
    "empty text": returning(""),
    "an empty list": returning([]),
    "a list": returning([1, "a"]),
    "a list of tensors": returning([torch.zeros(2)] * 3),
    "three": returning((1, 2, 3)),
    "two texts": returning(("a", "b")),
    "a dict": returning({"loss": 1.0}),
    "a set": returning({1.0}),
    "yes": returning(True),
    "numpy's yes": returning(np.bool_(True)),
    "a complex number": returning(1j),
    "an object": returning(object()),
    "a function": returning(len),
    "a class": returning(AClass),
    "...": returning(...),
    "a fraction": returning(Fraction(-1, 3)),
    "an array": returning(np.zeros(7)),
    "an array of text": returning(np.array("a")),
    "an array of objects": returning(np.array(None, dtype=object)),
    "an empty tensor": returning(torch.zeros(0)),
    "a tensor of a shape never asked for": returning(torch.zeros(1, 2, 3, 5, 7)),
    "a tensor that needs a gradient": returning(torch.full((11,), 3.0, requires_grad=True)),
    "a number that needs a gradient": returning(torch.tensor(-77.0, requires_grad=True)),
    "a tensor on the meta device": returning(torch.zeros((), device="meta")),
    "a sparse tensor": returning(torch.ones(2, 2).to_sparse()),
    "a complex tensor": returning(torch.tensor(1j)),
    "a bool tensor": returning(torch.tensor(True)),
    "a tensor NaN": returning(torch.tensor(math.nan)),
    "a generator": a_generator,
    "a coroutine": a_coroutine,
}


@every_exercise
@pytest.mark.parametrize("answer", RETURNS.values(), ids=RETURNS)
def test_what_is_returned(name, answer):
    sentence(name, answer)


def each(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The change for a result, and for each one of a pair."""
    return lambda result: tuple(map(change, result)) if type(result) is tuple else change(result)


def first_only(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The change for a result, and for the first of a pair."""

    def changed(result: Any) -> Any:
        return (change(result[0]), result[1]) if type(result) is tuple else change(result)

    return changed


def one_nan(result: Any) -> Tensor:
    changed = torch.as_tensor(result).detach().clone()
    changed.view(-1)[-1] = math.nan
    return changed


SPOILT = {
    "text": each(str),
    "in a list": lambda result: [result],
    "in a list each": each(lambda result: [result]),
    "first in a list": first_only(lambda result: [result]),
    "as three": lambda result: (result, result, result),
    "in a dict": each(lambda result: {"result": result}),
    "on the meta device": each(lambda result: torch.as_tensor(result).to("meta")),
    "first on the meta device": first_only(lambda result: torch.as_tensor(result).to("meta")),
    "complex": each(lambda result: torch.as_tensor(result).to(torch.complex64)),
    "bool": each(lambda result: torch.as_tensor(result).bool()),
    "NaN": each(lambda result: torch.as_tensor(result) * math.nan),
    "-inf": each(lambda result: torch.full_like(torch.as_tensor(result), -math.inf)),
    "one NaN": each(one_nan),
    "one NaN in the first": first_only(one_nan),
    "twice": each(lambda result: torch.stack([torch.as_tensor(result)] * 2)),
    "None in place of the first": first_only(lambda result: None),
    "a generator": lambda result: (each for each in [result]),
}


@every_exercise
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_the_right_result_spoilt(name, spoil):
    right = SOLUTIONS[name]
    sentence(name, lambda *args: spoil(right(*args)))


@pytest.mark.parametrize("name", sorted(set(EXERCISES) - ONE_NUMBER))
@pytest.mark.parametrize("dtype", [torch.int64, torch.float16, torch.bfloat16])
def test_the_right_tensor_in_a_wrong_dtype(name, dtype):
    right = SOLUTIONS[name]
    text = sentence(name, lambda *args: each(lambda result: result.to(dtype))(right(*args)))
    assert str(dtype) in text


@pytest.mark.slow
@every_exercise
@pytest.mark.parametrize("call", [2, 3, 5, 9, 17])
@pytest.mark.parametrize("late", [None, "text", [1.0], torch.zeros(1, 2, 3)], ids=repr)
def test_what_goes_wrong_at_a_later_call(name, call, late):
    calls = []

    def answer(*args: Any) -> Any:
        calls.append(args)
        return late if len(calls) >= call else SOLUTIONS[name](*args)

    torch.manual_seed(0)
    try:
        getattr(check, name)(answer)
    except check.CheckFailed as failed:
        checked_sentence(failed)
    assert len(calls) <= call


class Unprintable(Exception):
    def __str__(self) -> str:
        raise ValueError("not even this")


def endless(*args: Any) -> Any:
    return endless(*args)


def raising(error: BaseException) -> Callable[..., Any]:
    def raises(*args: Any) -> Any:
        raise error

    return raises


RAISED = {
    "NameError": raising(NameError("name 'eps' is not defined")),
    "KeyError": raising(KeyError("a")),
    "ValueError without text": raising(ValueError()),
    "two lines": raising(RuntimeError("first line\nsecond line")),
    "an endless text": raising(ValueError("no " * 10_000)),
    "AssertionError": raising(AssertionError("not so")),
    "StopIteration": raising(StopIteration()),
    "ZeroDivisionError": raising(ZeroDivisionError("division by zero")),
    "MemoryError": raising(MemoryError()),
    "a TypeError": raising(TypeError("not this one")),
    "a warning": raising(UserWarning("beware")),
    "SystemExit": raising(SystemExit(0)),
    "GeneratorExit": raising(GeneratorExit()),
    "no text at all": raising(Unprintable()),
    "endless recursion": endless,
}


@every_exercise
@pytest.mark.parametrize("answer", RAISED.values(), ids=RAISED)
def test_what_is_raised(name, answer):
    assert sentence(name, answer).startswith("Your function raised ")


@every_exercise
def test_an_interrupt_is_no_answer(name):
    with pytest.raises(KeyboardInterrupt):
        getattr(check, name)(raising(KeyboardInterrupt()))


def add_one(x: Tensor) -> None:
    x.data.logical_not_() if x.dtype == torch.bool else x.data.add_(1)


def by_numpy(x: Tensor) -> None:
    values = x.detach().numpy()
    # True becomes False; True + 1 would stay True
    values[...] = ~values if values.dtype == bool else values + 1


def change_shape(x: Tensor) -> None:
    x.data = x.detach().unsqueeze(0)


@pytest.mark.parametrize("name", sorted(set(EXERCISES) - WITHOUT_TENSORS))
@pytest.mark.parametrize("change", [add_one, by_numpy, change_shape])
@pytest.mark.parametrize("which", [0, -1])
def test_arguments_changed_in_place(name, change, which):
    right = SOLUTIONS[name]

    def answer(*args: Any) -> Any:
        result = right(*args)
        tensors = [each for each in args if isinstance(each, Tensor)]
        change(tensors[which])
        return result

    assert "in place" in sentence(name, answer)


@pytest.mark.parametrize("value", NO_FUNCTION.values(), ids=NO_FUNCTION)
def test_between_of_what_is_no_number_within(value):
    with pytest.raises(check.CheckFailed) as caught:
        check.between("test loss", value, 230, 260)
    text = str(caught.value)
    assert text.startswith("test loss is ")
    assert "expected" in text
    assert "\n" not in text
