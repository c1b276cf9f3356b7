"""Short trainings, images of two modes, objectives that keep notes, stop a run or spoil it."""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from support.gan import SHAPE
from torch import Tensor

from vaekit import losses, training
from vaekit.contracts import Model, Objective
from vaekit.data import ImageSet


def fit_elbo(
    model: Model,
    images: tuple[ImageSet, ImageSet],
    *,
    epochs: int = 2,
    batch_size: int = 50,
    **settings: Any,
) -> training.History:
    """`training.fit` with the −ELBO, on a pair of training and test set."""
    train, test = images
    return training.fit(
        model,
        train,
        losses.negative_elbo,
        test=test,
        epochs=epochs,
        batch_size=batch_size,
        **settings,
    )


def two_modes(n: int = 256) -> Tensor:
    """Images with either the upper half or the lower half white, in turns: (n, 1, 4, 4)."""
    x = torch.zeros(n, *SHAPE)
    x[::2, :, :2] = 1
    x[1::2, :, 2:] = 1
    return x


class Call(NamedTuple):
    """What an objective was called with."""

    output: Any
    x: Tensor
    c: Tensor | None


class Recorded:
    """An objective that keeps its calls."""

    def __init__(self, objective: Objective = losses.negative_elbo):
        self.objective = objective
        self.calls: list[Call] = []

    def __call__(self, output: Any, x: Tensor, c: Tensor | None) -> dict[str, Tensor]:
        self.calls.append(Call(output, x, c))
        return self.objective(output, x, c)


def killed_after(calls: int, objective: Objective) -> Objective:
    """The objective, and after so many calls of it the user's Ctrl-C.

    It has the objective's name, so of the same code.
    """
    made = 0

    @functools.wraps(objective)
    def killed(output: Any, x: Tensor, c: Tensor | None) -> dict[str, Tensor]:
        nonlocal made
        made += 1
        if made > calls:
            raise KeyboardInterrupt
        return objective(output, x, c)

    return killed


def spoiled(
    objective: Objective,
    spoil: Callable[[dict[str, Tensor]], dict[str, Tensor]],
    *,
    epoch: int,
    step: int,
    steps: int,
) -> Objective:
    """The objective, whose terms pass through `spoil` from this training step on.

    Args:
        epoch, step: of the first spoiled step, both counted from 1.
        steps: per epoch.
    """
    first = (epoch - 1) * steps + step
    made = 0

    @functools.wraps(objective)
    def broken(output: Any, x: Tensor, c: Tensor | None) -> dict[str, Tensor]:
        nonlocal made
        terms = dict(objective(output, x, c))
        # measuring the test set is no step of training
        if not torch.is_grad_enabled():
            return terms
        made += 1
        return spoil(terms) if made >= first else terms

    return broken
