"""How a run trains: its numbers, its optimisers, and by what a checkpoint knows it again."""
from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..contracts import Objective
from ..data.images import ImageSet
from ..errors import UserError, at_least, brief, check_seed, finite, pick
from ..losses import changes, describe
from ..models.base import ImageModel

# the decays of Adam's two averages that its authors recommend (Kingma & Ba 2015)
ADAM = (0.9, 0.999)
OPTIMIZERS = ("adam", "radam")

# half a second's work
MOST_BYTES_HASHED = 500_000_000


def one_cycle(
    progress: float, *, warmup: float = 0.3, start: float = 1 / 25, end: float = 1e-4
) -> float:
    """The factor on the learning rate after a share `progress` of all steps.

    It rises by a cosine from `start` to 1 during the share `warmup`, and falls to `end`.

    Raises:
        UserError: a share outside [0, 1], a factor below 0.
    Source:
        Smith 2018.
    """
    finite("progress", progress, least=0, most=1)
    finite("warmup", warmup, least=0, below=1)
    finite("start", start, least=0)
    finite("end", end, least=0)

    if progress < warmup:
        low = start
        position = progress / warmup
    else:
        low = end
        position = (1 - progress) / (1 - warmup)
    return low + (1 - low) * 0.5 * (1 - math.cos(math.pi * position))


def constant(progress: float) -> float:
    """The factor 1 throughout.

    Raises:
        UserError: a share of the steps outside [0, 1].
    """
    finite("progress", progress, least=0, most=1)
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
    betas: Sequence[float]
    seed: int

    def __post_init__(self) -> None:
        self._set("epochs", at_least("epochs", self.epochs, 1))
        self._set("batch_size", at_least("batch_size", self.batch_size, 1))
        finite("lr", self.lr, above=0)
        if not isinstance(self.lr, (int, float)):
            self._set("lr", float(self.lr))
        self._set("weight_decay", finite("weight_decay", self.weight_decay, least=0))
        self._set("betas", _decays(self.betas))
        self._set("seed", check_seed(self.seed))
        pick("schedule", self.schedule, SCHEDULES)
        pick("optimizer", self.optimizer, OPTIMIZERS)

    def _set(self, name: str, value: Any) -> None:
        """A checked number as Python's own, which JSON holds; numpy's are none of them."""
        object.__setattr__(self, name, value)

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
        first, second = self.betas
        if self.optimizer == "radam":
            return torch.optim.RAdam(
                weights, lr=self.lr, weight_decay=self.weight_decay, betas=(first, second)
            )
        # fused: one pass over the memory instead of ten
        return torch.optim.Adam(
            weights,
            lr=self.lr,
            weight_decay=self.weight_decay,
            betas=(first, second),
            fused=device.type in ("cpu", "cuda"),
        )


def _decays(betas: Sequence[float]) -> tuple[float, ...]:
    """The two betas as a tuple of floats."""
    if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
        raise UserError(f"betas are two numbers in [0, 1), got {brief(betas)}")
    return tuple(float(beta) for beta in betas)


def fingerprint(
    settings: Settings,
    model: ImageModel,
    train: ImageSet,
    objective: Objective,
    augment: Callable[[Tensor], Tensor] | None,
    held_out: Mapping[str, ImageSet] | None = None,
) -> dict[str, Any]:
    """All that must be equal for a checkpoint to be of this run, as JSON holds it.

    Patience is no part of it, as it only says where a run ends: every epoch is the same with
    another one. Nor is the number of epochs, where nothing depends on it. So a run can be
    prolonged.

    Args:
        held_out: the images by the name of their part, "validation" or "test".
    Raises:
        UserError: `model.settings` holds what JSON does not.
    """
    held_out = held_out or {}
    facts = asdict(settings)
    if settings.schedule == "constant" and not changes(objective):
        # nothing depends on where the run ends
        del facts["epochs"]

    facts["data"] = train.name
    facts["images"] = len(train)
    facts["content"] = content_of(train)
    for part in ("validation", "test"):
        facts[part] = _in_words(held_out[part]) if part in held_out else None
    facts["watched"] = watched(held_out)
    facts["loss"] = describe(objective)
    facts["augment"] = None if augment is None else describe(augment)
    facts["model"] = model.settings
    return _as_json_holds(facts)


def watched(held_out: Mapping[str, Any]) -> str | None:
    """Which held-out part decides which epoch is the best: "validation" before "test"."""
    return next((part for part in ("validation", "test") if part in held_out), None)


def content_of(images: ImageSet) -> str:
    """A hash of the pixels and labels, 16 hexadecimal digits.

    Of more than half a gigabyte of pixels, every so many images are read, so that they are about as
    many bytes; of the labels, all.
    """
    size = images.x.numel() * images.x.element_size()
    every = math.ceil(size / MOST_BYTES_HASHED) or 1
    digest = hashlib.sha256()
    for tensor in (images.x[::every], images.y):
        digest.update(repr((tensor.dtype, tuple(tensor.shape))).encode())
        values = tensor.cpu().contiguous().reshape(-1).view(torch.uint8)
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()[:16]


def _in_words(images: ImageSet) -> str:
    return f"{images.name} ({len(images)} images, content {content_of(images)})"


def _as_json_holds(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts as they come back from a file: tuples are lists there."""
    try:
        return json.loads(json.dumps(facts))
    except (TypeError, ValueError) as error:
        raise UserError(
            f"model.settings must be what JSON holds ({error}), got {brief(facts['model'])}; "
            "use numbers, texts, lists and dicts"
        ) from error
