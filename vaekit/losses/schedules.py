"""Weights that change during training, as functions of progress: 0 at the first step, 1 at the end.

An objective whose weights change is a `Scheduled` one. Whoever trains need not know the difference:
`at(objective, progress)` gives the objective to train with now.
"""
from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor

from ..contracts import Objective
from ..errors import UserError, at_least, brief, finite, pick
from .checks import check_objective
from .description import describe
from .objectives import samples_of

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
        cycles = progress * self.cycles
        nearest = round(cycles)
        if nearest > 0 and math.isclose(cycles, nearest, rel_tol=1e-12):
            # where a cycle starts, progress may be rounded to just before it; the end of training
            # is the end of the last cycle, not the start of another
            position = 1.0 if nearest >= self.cycles else 0.0
        else:
            position = cycles % 1.0
        return self.to * min(1.0, position / self.rise)


class Scheduled:
    """An objective whose weights follow schedules: Scheduled(negative_elbo, beta=WarmUp(1.0)).

    `fit` trains with `at(progress)`. Called itself, it is the objective at the end of training: the
    test set is measured with that one throughout, because totals at different weights do not
    compare.

    Args:
        objective: a function of (output, x, c) and of the weights to be scheduled.
        schedules: for each such weight a `Schedule`, a function of progress, by the weight's name.
    Raises:
        UserError: no schedule given, one for a weight that the objective does not have, or an
            objective without weights.
    """

    def __init__(self, objective: Callable[..., Mapping[str, Tensor]], **schedules: Any):
        wrong = [f"{name}={brief(each)}" for name, each in schedules.items() if not callable(each)]
        if not schedules or wrong:
            raise UserError(
                "Scheduled needs schedules by the name of the weight they set, such as "
                f"beta=WarmUp(1.0), got {', '.join(wrong) or 'none'}; for fixed weights use partial"
            )
        _check_names(objective, schedules)
        self.objective = objective
        self.schedules = schedules

    def at(self, progress: float) -> Objective:
        """The objective with the weights of this point of training, 0 … 1."""
        _check_progress(progress)
        weights = {name: schedule(progress) for name, schedule in self.schedules.items()}
        return partial(self.objective, **weights)

    @property
    def samples(self) -> int:
        """How many draws of z per image the objective wants."""
        return samples_of(self.objective)

    def __call__(self, output: Any, x: Tensor, c: Tensor | None = None) -> Mapping[str, Tensor]:
        return self.at(1.0)(output, x, c)

    def __repr__(self) -> str:
        parts = [describe(self.objective)]
        for name, schedule in self.schedules.items():
            parts.append(f"{name}={describe(schedule)}")
        return f"Scheduled({', '.join(parts)})"


def changes(objective: Objective) -> bool:
    """Whether the weights depend on progress, so that a finished run cannot be made longer.

    So it is with an objective that has a method `at`, as a `Scheduled` one has.

    Raises:
        UserError: what cannot be called.
    """
    check_objective(objective)
    if isinstance(objective, partial):
        return changes(objective.func)
    return callable(getattr(objective, "at", None))


def at(objective: Objective, progress: float) -> Objective:
    """The objective at this point of training, 0 … 1: its `at(progress)`, if it has that method.

    Raises:
        UserError: progress outside 0 … 1; what cannot be called.
    """
    _check_progress(progress)
    if not changes(objective):
        return objective
    if isinstance(objective, partial):
        return partial(at(objective.func, progress), *objective.args, **objective.keywords)
    return objective.at(progress)  # type: ignore[attr-defined]


def _check_progress(progress: float) -> None:
    if not 0 <= progress <= 1:
        raise UserError(f"progress must lie between 0 and 1, got {brief(progress)}")


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
        finite(name, value, least=0)


def _check_share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise UserError(
            f"{name} is a share of training and must be above 0 and at most 1, got {brief(value)}"
        )
