"""Public functions refuse an argument of a wrong type, and stay the functions that they were."""
from __future__ import annotations

import contextlib
import inspect
import pickle
import subprocess
import sys
import timeit
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import pytest
import torch
from torch import Tensor

from vaekit import losses
from vaekit.arguments import checked
from vaekit.arguments.hints import words
from vaekit.contracts import Model
from vaekit.errors import WrongType
from vaekit.models import ImageModel
from vaekit.models.classifier import Classifier


@checked
def draw(
    n: int,
    scale: float = 1.0,
    /,
    *names: str,
    shown: bool = False,
    to: str | None = None,
    **more: int,
) -> tuple:
    """Everything that a function may be given."""
    return n, scale, names, shown, to, more


# how arguments are given


def test_right_arguments_go_through_as_they_are():
    assert draw(1) == (1, 1.0, (), False, None, {})
    everything = draw(1, 2.0, "a", "b", shown=True, to="x", extra=3)
    assert everything == (1, 2.0, ("a", "b"), True, "x", {"extra": 3})


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: draw("3"), "n of draw must be int, got str '3'"),
        (lambda: draw(1, "2"), "scale of draw must be float, got str '2'"),
        (lambda: draw(1, 2, "a", 3), "names of draw must be str, got int 3"),
        (lambda: draw(1, shown=2), "shown of draw must be bool, got int 2"),
        (lambda: draw(1, to=3), "to of draw must be str or None, got int 3"),
        (lambda: draw(1, extra="x"), "more of draw must be int, got str 'x'"),
        (lambda: draw(None), "n of draw must be int, got NoneType None"),
        (lambda: draw(1.0), "n of draw must be int, got float 1.0"),
    ],
)
def test_a_wrong_type_is_named(call, message):
    with pytest.raises(WrongType) as caught:
        call()
    assert str(caught.value) == message
    assert caught.value.__suppress_context__, "no traceback of the machinery"


def test_a_missing_argument_stays_pythons_own_error():
    with pytest.raises(TypeError, match=r"draw\(\) missing 1 required positional argument: 'n'"):
        draw()


# numbers


@pytest.mark.parametrize("number", [3, np.int64(3), np.uint8(3)])
def test_numpys_whole_numbers_are_numbers(number):
    assert draw(number, number)[:2] == (3, 3)


@pytest.mark.parametrize("number", [3, 3.0, np.float64(3), np.float32(3), np.float16(3)])
def test_any_real_number_may_stand_for_a_float(number):
    assert draw(1, number)[1] == 3


@pytest.mark.parametrize("truth", [True, False])
def test_true_and_false_are_no_numbers(truth):
    with pytest.raises(WrongType, match=f"n of draw must be int, got bool {truth}"):
        draw(truth)
    with pytest.raises(WrongType, match=f"scale of draw must be float, got bool {truth}"):
        draw(1, truth)


def test_numpys_truth_is_a_truth():
    assert draw(1, shown=np.bool_(True))[3]


@pytest.mark.parametrize("number", [torch.tensor(2.0), torch.tensor(2), np.array(2.0)])
def test_a_tensor_of_one_number_is_none_and_told_its_way_out(number):
    kind = type(number).__name__
    with pytest.raises(WrongType, match=rf"^scale of draw must be float, got {kind} .*; use .item"):
        draw(1, number)


def test_several_numbers_are_not_sent_to_item():
    with pytest.raises(WrongType, match=r"got Tensor of shape \(2,\) and dtype torch.float32$"):
        draw(1, torch.zeros(2))


# sequences


@checked
def label(names: Sequence[str], positions: Sequence[int] | Tensor = ()) -> int:
    return len(names)


@pytest.mark.parametrize("names", [["a", "b"], ("a", "b"), []])
def test_a_sequence_may_be_of_any_kind(names):
    assert label(names, range(3)) == len(names)


@pytest.mark.parametrize("text", ["cat", "", b"cat"])
def test_one_text_is_no_sequence(text):
    with pytest.raises(WrongType, match="names of label must be Sequence.str., got "):
        label(text)
    with pytest.raises(WrongType, match="positions of label must be Sequence.int. or Tensor, got"):
        label([], text)


def test_every_item_is_looked_at_every_time():
    for _ in range(50):
        with pytest.raises(WrongType, match="positions of label must be"):
            label([], [1, 2, "a", 3, 4])


# unions and their words


@pytest.mark.parametrize(
    "hint, text",
    [
        (int | None, "int or None"),
        (str | Tensor, "str or Tensor"),
        (Sequence[int] | Tensor, "Sequence[int] or Tensor"),
        (dict[str, int], "dict[str, int]"),
        (None, "None"),
    ],
)
def test_a_hint_is_said_in_words(hint, text):
    assert words(hint) == text


# kinds of functions


class Cat:
    @classmethod
    def named(cls, name: str) -> Cat:
        return cls()

    @staticmethod
    def says(times: int) -> str:
        return "meow" * times


Cat.named = classmethod(checked(Cat.__dict__["named"].__func__))
Cat.says = staticmethod(checked(Cat.__dict__["says"].__func__))


def test_class_methods_and_static_methods_are_checked():
    assert isinstance(Cat.named("Tom"), Cat)
    assert Cat.says(2) == Cat().says(2) == "meowmeow"
    with pytest.raises(WrongType, match="name of Cat.named must be str, got int 3"):
        Cat.named(3)
    with pytest.raises(WrongType, match="times of Cat.says must be int, got str 'x'"):
        Cat.says("x")


@checked
@contextlib.contextmanager
def opened(name: str) -> Iterator[str]:
    yield name


def test_a_context_manager_is_checked():
    with opened("door") as name:
        assert name == "door"
    with pytest.raises(WrongType, match="name of opened must be str, got int 3"), opened(3):
        pass


@dataclass
class Point:
    x: float
    label: str = ""


Point.__init__ = checked(Point.__init__)


def test_a_dataclass_is_checked():
    assert Point(1, label="a").x == 1
    with pytest.raises(WrongType, match="x of Point must be float, got str 'a'"):
        Point("a")


@checked
@torch.no_grad()
def without_gradient(x: Tensor) -> Tensor:
    return 2 * x


def test_a_decorated_function_is_checked():
    assert not without_gradient(torch.ones(1, requires_grad=True)).requires_grad
    with pytest.raises(WrongType, match="x of without_gradient must be Tensor, got int 3"):
        without_gradient(3)


@checked
def count(to: int) -> Iterator[int]:
    yield from range(to)


def test_a_generator_is_checked_when_it_is_called():
    assert list(count(3)) == [0, 1, 2]
    with pytest.raises(WrongType, match="to of count must be int, got str 'x'"):
        count("x")
    with pytest.raises(TypeError, match=r"count\(\) missing 1 required positional argument"):
        count()


def test_a_method_of_the_package_behind_a_decorator_is_checked():
    # its hints are names of its own module, not of torch's, where the decorator lives
    with pytest.raises(WrongType, match="x of Classifier.classify must be Tensor, got int 3"):
        Classifier().classify(3)


@checked
def use(model: Model, other: ImageModel) -> str:
    return "used"


def test_models_are_not_asked_for_their_type():
    assert use(object(), object()) == "used"


# a function stays what it was


def test_name_docstring_signature_and_source_are_kept():
    function = losses.gaussian_kl
    inner = inspect.unwrap(function)
    assert inner is not function
    assert function.__name__ == "gaussian_kl"
    assert function.__module__ == "vaekit.losses.terms"
    assert function.__doc__ == inner.__doc__
    assert inspect.signature(function) == inspect.signature(inner)
    assert inspect.getsource(function).startswith("def gaussian_kl(")


def test_a_function_can_be_pickled():
    assert pickle.loads(pickle.dumps(losses.gaussian_kl)) is losses.gaussian_kl


def wrong_type_in_another_process(start: str) -> str:
    with ProcessPoolExecutor(1, mp_context=get_context(start)) as pool:
        try:
            pool.submit(losses.gaussian_kl, 1, 2).result()
        except WrongType as error:
            return str(error)
    return "accepted"


@pytest.mark.slow
def test_the_check_holds_in_a_spawned_process_and_its_error_comes_back():
    message = wrong_type_in_another_process("spawn")
    assert message == "mean of gaussian_kl must be Tensor, got int 1"


FRESH = """
from vaekit.device import seeded
try:
    seeded("x")
except TypeError as error:
    print(error)
"""


def test_the_check_holds_in_a_fresh_process():
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "seed of seeded must be int, got str 'x'"


# what it costs


def seconds(function: Callable, *arguments: Tensor) -> float:
    """The fastest of many rounds, per call: short ones, which another process seldom enters."""
    return min(timeit.repeat(lambda: function(*arguments), number=20, repeat=225)) / 20


def test_a_checked_call_costs_little_of_a_small_loss():
    mean = torch.zeros(128, 20)
    function = losses.gaussian_kl
    function(mean, mean)
    with_check = seconds(function, mean, mean)
    without = seconds(inspect.unwrap(function), mean, mean)
    # measured: 1.05; a batch of a training step takes a thousand times as long
    assert with_check < 1.5 * without
