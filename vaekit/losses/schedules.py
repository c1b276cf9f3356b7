"""Weights that change in the course of training, as functions of progress: 0 at the first step, 1 once all are done."""
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from ..errors import UserError, at_least, pick


@dataclass(frozen=True)
class WarmUp:
    """Rise in a straight line from `start` to `to` over the first part `over` of training, then stay.

    Source: Bowman et al. 2016, Sønderby et al. 2016 for β; Burgess et al. 2018 for the capacity.
    """

    to: float = 1.0
    over: float = 0.5
    start: float = 0.0

    def __post_init__(self):
        _check(start=self.start, to=self.to)
        _share("over", self.over)

    def __call__(self, progress: float) -> float:
        return self.start + (self.to - self.start) * min(1.0, progress / self.over)


@dataclass(frozen=True)
class Cyclic:
    """`cycles` times: rise from 0 to `to` over the part `rise` of the cycle, then stay until it ends.

    Source: Fu et al. 2019, equation 6.
    """

    to: float = 1.0
    cycles: int = 4
    rise: float = 0.5

    def __post_init__(self):
        _check(to=self.to)
        at_least("cycles", self.cycles, 1)
        _share("rise", self.rise)

    def __call__(self, progress: float) -> float:
        position = 1.0 if progress >= 1 else progress * self.cycles % 1.0
        return self.to * min(1.0, position / self.rise)


class Scheduled:
    """An objective whose weights follow schedules: Scheduled(negative_elbo, beta=WarmUp(1.0)).

    `fit` trains with `at(progress)`. Called itself, it is the objective at the end of training: that is what the test set is measured with
    throughout, because totals at different weights do not compare.

    Raises:
        UserError: no schedule given, or one for a weight that the objective does not have.
    """

    def __init__(self, objective: Callable[..., dict[str, Tensor]], **schedules: Callable[[float], float]):
        if not schedules or not all(callable(schedule) for schedule in schedules.values()):
            raise UserError("Scheduled needs schedules by the name of the weight they set, such as beta=WarmUp(1.0); for fixed weights use partial")
        known = inspect.signature(objective).parameters
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
            for name in schedules:
                pick("weight", name, list(known)[3:])                                          # those after output, x, c
        self.objective, self.schedules = objective, schedules

    def at(self, progress: float) -> Callable[..., dict[str, Tensor]]:
        """The objective with the weights of this point of training, 0 … 1."""
        if not 0 <= progress <= 1:
            raise UserError(f"progress lies between 0 and 1, got {progress}")
        return partial(self.objective, **{name: schedule(progress) for name, schedule in self.schedules.items()})

    def __call__(self, output, x: Tensor, c: Tensor | None = None) -> dict[str, Tensor]:
        return self.at(1.0)(output, x, c)

    def __repr__(self) -> str:
        return f"Scheduled({describe(self.objective)}, {', '.join(f'{name}={describe(s)}' for name, s in self.schedules.items())})"


def describe(loss: Callable) -> str:
    """An objective in words, the same in every process: by it, a checkpoint knows its own."""
    if isinstance(loss, partial):
        weights = [*map(repr, loss.args), *(f"{name}={value!r}" for name, value in sorted(loss.keywords.items()))]
        return f"{describe(loss.func)}({', '.join(weights)})"
    if hasattr(loss, "__qualname__"):
        return loss.__qualname__
    return type(loss).__qualname__ if type(loss).__repr__ is object.__repr__ else repr(loss)


def _check(**values: float) -> None:
    for name, value in values.items():
        if not value >= 0:
            raise UserError(f"{name} must be ≥ 0, got {value}; no objective here has a negative weight")


def _share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise UserError(f"{name} is a share of training, above 0 and at most 1, got {value}")
