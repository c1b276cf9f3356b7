"""fit(): one loop for every model. Below it, the few things that it is made of."""
from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..contracts import Objective
from ..data.images import ImageSet
from ..device import own_random_state, pick_device, wake_log1p
from ..losses import at
from ..models.base import ImageModel
from .checkpoints import Checkpoint
from .estimators import check_size_of_training_set, depends_on_batch
from .evaluate import LARGE, means_of
from .history import History
from .modes import frozen_parts, to_training, usable_afterwards
from .parts import Part, part_of
from .players import Player, gradient_norms, players_of, set_lr
from .progress import Bar, MakeBar, progress_bar
from .refusals import (
    check_augmented,
    check_is_module,
    check_model,
    check_objective,
    check_patience,
    stop_if_held_out_is_not_finite,
    stop_if_not_finite,
)
from .seeds import seed_epoch
from .settings import ADAM, Settings, fingerprint, watched
from .tally import Tally
from .terms import terms_of


# within a block of the caller's without gradient, too
@torch.inference_mode(False)
@torch.enable_grad()
def fit(
    model: ImageModel,
    train: ImageSet | Tensor,
    objective: Objective,
    *,
    test: ImageSet | Tensor | None = None,
    validation: ImageSet | Tensor | None = None,
    epochs: int = 10,
    batch_size: int = 128,
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    schedule: str = "constant",
    optimizer: str = "adam",
    betas: Sequence[float] = ADAM,
    patience: int | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
    checkpoint: str | Path | None = None,
    seed: int = 0,
    device: str | torch.device = "auto",
    progress: bool | str | MakeBar = True,
) -> History:
    """Train `model` in place, and give its history.

    A model of several players, as a GAN is, names them by its method `players`: which term of the
    loss is minimised by whose parameters. Each player has an optimiser of its own. All gradients
    are taken at the same weights, then all step; each player's gradient norm is recorded.

    Args:
        model: a torch module, see `vaekit.contracts.Model`. Its frozen parts stay as they are:
            weights that need no gradient, and a part in evaluation mode inside a model in training
            mode. Of a model that is in evaluation mode as a whole, every part is trained, but for
            those in which all weights are frozen.
        train, test: image sets, or tensors of images (N, C, H, W), which have no labels.
        objective: maps (model's output, images, labels) to named terms of shape (N,); the mean of
            "loss" is minimised, all are recorded. A `losses.Scheduled` one changes in the course
            of training; the test set always sees its final form. One that estimates from the batch
            is measured in batches of the training's size (see `evaluate`).
        validation: images that patience watches in place of the test set, so that no choice is
            made on the latter.
        epochs: passes over the training set.
        batch_size: images per step; the last step of an epoch may have fewer.
        lr, weight_decay: of the optimiser.
        schedule: "constant", or "one-cycle" (Smith 2018): up to `lr` over 30 % of the steps, then
            down to almost 0.
        optimizer, betas: "adam" or "radam", and the decays of its two averages.
        patience: stop after so many epochs without a better loss, and take the best weights back.
            Needs `validation` or `test`, and a single player. `History.selected_on` then says which
            set was watched: if it is the test set, its loss is too good to report.
        augment: maps a batch of training images to a changed one, anew in each epoch.
        checkpoint: a file to save to after each epoch; if it exists already, training goes on from
            it, to the same end.
        seed: each epoch is seeded by (seed, epoch), so an interrupted run repeats itself exactly.
        device: "auto" takes cuda, then mps, then cpu. On cuda the model runs in bfloat16 where
            the GPU has it, and the objective in float32.
        progress: show a bar; a text is its label, such as "d = 8, 4 of 6"; a function makes a bar
            of your own (see `training.progress`).
    Raises:
        UserError: settings out of range, a set without images or with images outside [0, 1], a
            loss that is no longer finite, a checkpoint of another run.
    """
    settings = Settings(
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        weight_decay=weight_decay,
        schedule=schedule,
        optimizer=optimizer,
        betas=betas,
        seed=seed,
    )
    check_model(model)
    check_is_module(model)
    check_objective(objective)
    chosen = pick_device(device)
    # all images move once: at 28×28 a whole data set is small beside a network's activations
    parts = {
        name: part_of(model, name, images, chosen)
        for name, images in _present(train=train, validation=validation, test=test).items()
    }
    train_part = parts.pop("train")
    check_size_of_training_set(objective, len(train_part))
    _move(model, chosen)
    players = players_of(model, settings, chosen)
    check_patience(patience, parts, players)

    course = Course(model, train_part, parts, objective, augment, players, settings)
    optimizers = [player.optimizer for player in players]
    facts = _facts_of(course) if checkpoint is not None else {}
    saved = Checkpoint(checkpoint, facts, model, optimizers)
    if patience is not None:
        saved.history.selected_on = watched(parts)

    bar = progress_bar(epochs * course.steps, len(saved.history) * course.steps, progress)
    wake_log1p()
    with own_random_state(), usable_afterwards(model), bar:
        _train(course, saved, patience, bar)
    if patience is not None:
        saved.restore_best()
    return saved.history


class Course(NamedTuple):
    """All that a run is made of."""

    model: ImageModel
    train: Part
    held_out: dict[str, Part]
    objective: Objective
    augment: Callable[[Tensor], Tensor] | None
    players: Sequence[Player]
    settings: Settings

    @property
    def steps(self) -> int:
        """Per epoch."""
        return math.ceil(len(self.train) / self.settings.batch_size)


def _facts_of(course: Course) -> dict[str, Any]:
    """By what a checkpoint knows the run again."""
    return fingerprint(
        course.settings,
        course.model,
        course.train.images,
        course.objective,
        course.augment,
        {name: part.images for name, part in course.held_out.items()},
    )


def _train(course: Course, saved: Checkpoint, patience: int | None, bar: Bar) -> None:
    """Epoch after epoch, from where the checkpoint stands."""
    frozen = frozen_parts(course.model)
    settings = course.settings
    for epoch in range(len(saved.history), settings.epochs):
        if saved.stale_for(patience):
            break
        start = time.perf_counter()

        to_training(course.model, frozen)
        tally = _train_epoch(course, epoch, bar)
        stop_if_not_finite(tally, course.players, epoch, settings.lr)

        row = {"epoch": epoch + 1, **_prefixed("train", tally.means())}
        for name, part in course.held_out.items():
            means = _measured(course, part)
            stop_if_held_out_is_not_finite(name, means, course.players, epoch, settings.lr)
            row |= _prefixed(name, means)
        row["seconds"] = time.perf_counter() - start

        saved.after_epoch(row)
        bar.show({name: value for name, value in row.items() if name.endswith("_loss")})


def _train_epoch(course: Course, epoch: int, bar: Bar) -> Tally:
    """One pass over the training set: the sums of each loss term, still on the device."""
    model, train, _, objective, augment, players, settings = course
    tally = Tally()
    minimised = [player.term for player in players]
    generator = seed_epoch(settings.seed, epoch)

    for step, (x, c) in enumerate(train.shuffled(settings.batch_size, generator)):
        done = (epoch * course.steps + step) / (settings.epochs * course.steps)
        set_lr(players, settings.lr_at(done))

        if augment is not None:
            augmented = augment(x)
            check_augmented(augmented, x)
            x = augmented
        terms = dict(terms_of(model, at(objective, done), x, c, minimised))

        for player in players:
            player.optimizer.zero_grad(set_to_none=True)

        # all gradients are taken at the same weights, before anyone moves
        for n, player in enumerate(players, start=1):
            another_follows = n < len(players)
            loss = terms[player.term].mean()
            loss.backward(inputs=player.weights, retain_graph=another_follows)

        for player in players:
            player.optimizer.step()
        model.after_step()

        if len(players) > 1:
            terms |= gradient_norms(players, len(x))
        tally.add(terms, len(x))
        bar.update()

    return tally


def _measured(course: Course, part: Part) -> dict[str, float]:
    """Each term's mean over a held-out part, by the estimator of the training."""
    batch_size = LARGE
    if depends_on_batch(course.objective):
        batch_size = min(course.settings.batch_size, len(course.train))
    return means_of(
        course.model, part, course.objective, batch_size=batch_size, seed=course.settings.seed
    )


def _move(model: nn.Module, device: torch.device) -> None:
    """To the device; convolutions channels last where tensor cores want them so."""
    model.to(device)
    convolutional = any(isinstance(module, nn.Conv2d) for module in model.modules())
    if convolutional and device.type == "cuda":
        model.to(memory_format=torch.channels_last)


def _present(**sets: ImageSet | Tensor | None) -> dict[str, ImageSet | Tensor]:
    """Those image sets that there are, by name."""
    return {name: images for name, images in sets.items() if images is not None}


def _prefixed(prefix: str, terms: Mapping[str, float]) -> dict[str, float]:
    return {f"{prefix}_{name}": value for name, value in terms.items()}
