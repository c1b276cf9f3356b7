"""Weights that change during training, as functions of progress: 0 at the first step, 1 at the end.

An objective whose weights change is a `Scheduled` one. Whoever trains need not know the difference:
`at(objective, progress)` gives the objective to train with now.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor

from ..contracts import Objective
from ..errors import UserError, at_least, pick

Schedule = Callable[[float], float]


@dataclass(frozen=True)
class WarmUp:
    """Rise in a straight line from `start` to `to`, then stay there.

    The rise takes the first part `over` of training.

    Source:
        Bowman et al. 2016, Sønderby et al. 2016 for β; Burgess et al. 2018 for the capacity.
    """

    to: float = 1.0
    over: float = 0.5
    start: float = 0.0

    def __post_init__(self) -> None:
        _check_weights(start=self.start, to=self.to)
        _check_share("over", self.over)

    def __call__(self, progress: float) -> float:
        risen = min(1.0, progress / self.over)
        return self.start + (self.to - self.start) * risen


@dataclass(frozen=True)
class Cyclic:
    """`cycles` times: rise in a straight line from 0 to `to`, then stay until the cycle ends.

    The rise takes the first part `rise` of each cycle.

    Source:
        Fu et al. 2019, equation 6.
    """

    to: float = 1.0
    cycles: int = 4
    rise: float = 0.5

    def __post_init__(self) -> None:
        _check_weights(to=self.to)
        at_least("cycles", self.cycles, 1)
        _check_share("rise", self.rise)

    def __call__(self, progress: float) -> float:
        # the end of training is the end of the last cycle, not the start of another
        position = 1.0 if progress >= 1 else progress * self.cycles % 1.0
        return self.to * min(1.0, position / self.rise)


class Scheduled:
    """An objective whose weights follow schedules: Scheduled(negative_elbo, beta=WarmUp(1.0)).

    `fit` trains with `at(progress)`. Called itself, it is the objective at the end of training: the
    test set is measured with that one throughout, because totals at different weights do not
    compare.

    Args:
        objective: a function of (output, x, c) and of the weights to be scheduled.
        schedules: for each such weight a function of progress, by the weight's name.
    Raises:
        UserError: no schedule given, one for a weight that the objective does not have, or an
            objective without weights.
    """

    def __init__(self, objective: Callable[..., Mapping[str, Tensor]], **schedules: Schedule):
        if not schedules or not all(callable(schedule) for schedule in schedules.values()):
            raise UserError(
                "Scheduled needs schedules by the name of the weight they set, "
                "such as beta=WarmUp(1.0); for fixed weights use partial"
            )
        _check_names(objective, schedules)
        self.objective = objective
        self.schedules = schedules

    def at(self, progress: float) -> Objective:
        """The objective with the weights of this point of training, 0 … 1."""
        if not 0 <= progress <= 1:
            raise UserError(f"progress lies between 0 and 1, got {progress}")
        weights = {name: schedule(progress) for name, schedule in self.schedules.items()}
        return partial(self.objective, **weights)

    def __call__(self, output: Any, x: Tensor, c: Tensor | None = None) -> Mapping[str, Tensor]:
        return self.at(1.0)(output, x, c)

    def __repr__(self) -> str:
        parts = [describe(self.objective)]
        for name, schedule in self.schedules.items():
            parts.append(f"{name}={describe(schedule)}")
        return f"Scheduled({', '.join(parts)})"


def changes(objective: Objective) -> bool:
    """Whether the weights depend on progress, so that a finished run cannot be made longer."""
    return isinstance(objective, Scheduled)


def at(objective: Objective, progress: float) -> Objective:
    """The objective at this point of training, 0 … 1: only a `Scheduled` one changes."""
    if isinstance(objective, Scheduled):
        return objective.at(progress)
    return objective


def describe(objective: object) -> str:
    """An objective in words, the same in every process: by it, a checkpoint knows its own.

    A function is described by its name, a partial by its function and arguments, any other object
    by its repr, or by its class where the repr is Python's own.
    """
    if isinstance(objective, partial):
        arguments = [describe(value) for value in objective.args]
        for name, value in sorted(objective.keywords.items()):
            arguments.append(f"{name}={describe(value)}")
        return f"{describe(objective.func)}({', '.join(arguments)})"

    # functions and classes have one
    qualified_name = getattr(objective, "__qualname__", None)
    if qualified_name is not None:
        return qualified_name

    # Python's own repr holds an address in memory, which is another one in every process
    if type(objective).__repr__ is object.__repr__:
        return type(objective).__qualname__
    return repr(objective)


def _check_names(objective: Callable, schedules: Mapping[str, Schedule]) -> None:
    parameters = inspect.signature(objective).parameters
    takes_any_name = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    if takes_any_name:
        return
    # output, x and c come first, then the weights
    weights = list(parameters)[3:]
    if not weights:
        raise UserError(
            f"{describe(objective)} has no weights to schedule; train with it as it is, "
            "without Scheduled"
        )
    for name in schedules:
        pick("weight", name, weights)


def _check_weights(**weights: float) -> None:
    for name, value in weights.items():
        # `not >=` refuses NaN, which `<` would let through
        if not value >= 0:
            raise UserError(
                f"{name} must be ≥ 0, got {value}; no objective here has a negative weight"
            )


def _check_share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise UserError(f"{name} is a share of training, above 0 and at most 1, got {value}")
