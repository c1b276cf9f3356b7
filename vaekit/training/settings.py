"""How a run trains: its numbers, its optimisers, and by what a checkpoint knows it again."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from ..contracts import Objective
from ..data.images import ImageSet
from ..errors import UserError, at_least, pick
from ..losses import changes, describe
from ..models.base import ImageModel

# the decays of Adam's two averages that its authors recommend (Kingma & Ba 2015)
ADAM = (0.9, 0.999)
OPTIMIZERS = ("adam", "radam")


def one_cycle(
    progress: float, *, warmup: float = 0.3, start: float = 1 / 25, end: float = 1e-4
) -> float:
    """The factor on the learning rate after a share `progress` of all steps.

    It rises by a cosine from `start` to 1 during the share `warmup`, and falls to `end`.

    Source:
        Smith 2018.
    """
    if progress < warmup:
        low = start
        position = progress / warmup
    else:
        low = end
        position = (1 - progress) / (1 - warmup)
    return low + (1 - low) * 0.5 * (1 - math.cos(math.pi * position))


def constant(progress: float) -> float:
    """The factor 1 throughout."""
    return 1.0


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "one-cycle": one_cycle}


@dataclass(frozen=True)
class Settings:
    """The numbers of a run, checked; `fit` explains each.

    Raises:
        UserError: one is out of range.
    """

    epochs: int
    batch_size: int
    lr: float
    weight_decay: float
    schedule: str
    optimizer: str
    betas: tuple[float, float]
    seed: int

    def __post_init__(self) -> None:
        at_least("epochs", self.epochs, 1)
        at_least("batch_size", self.batch_size, 1)
        pick("schedule", self.schedule, SCHEDULES)
        pick("optimizer", self.optimizer, OPTIMIZERS)
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise UserError(f"betas are two numbers in [0, 1), got {self.betas}")
        if not (self.lr > 0 and math.isfinite(self.lr)):
            raise UserError(f"lr must be > 0, got {self.lr}")
        if self.weight_decay < 0:
            raise UserError(f"weight_decay must be ≥ 0, got {self.weight_decay}")

    def lr_at(self, progress: float) -> float:
        """The learning rate after a share `progress` of all steps, 0 … 1."""
        return self.lr * SCHEDULES[self.schedule](progress)

    def make_optimizer(
        self, weights: Sequence[nn.Parameter], device: torch.device
    ) -> torch.optim.Optimizer:
        """An optimiser of these weights.

        Source:
            Kingma & Ba 2015 (Adam); Liu et al. 2020 (RAdam).
        """
        if self.optimizer == "radam":
            return torch.optim.RAdam(
                weights, lr=self.lr, weight_decay=self.weight_decay, betas=self.betas
            )
        # fused: one pass over the memory instead of ten
        return torch.optim.Adam(
            weights,
            lr=self.lr,
            weight_decay=self.weight_decay,
            betas=self.betas,
            fused=device.type in ("cpu", "cuda"),
        )


def fingerprint(
    settings: Settings,
    model: ImageModel,
    train: ImageSet,
    objective: Objective,
    augment: Callable | None,
) -> dict[str, Any]:
    """All that must be equal for a checkpoint to be of this run, as JSON holds it."""
    facts = asdict(settings)
    facts["betas"] = list(settings.betas)
    if settings.schedule == "constant" and not changes(objective):
        # nothing depends on where the run ends, so it can be prolonged
        del facts["epochs"]

    facts["data"] = train.name
    facts["images"] = len(train)
    facts["loss"] = describe(objective)
    facts["augment"] = None if augment is None else describe(augment)
    facts["model"] = model.settings
    return facts
