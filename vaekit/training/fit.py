"""fit(): one loop for every model. Below it, the few things that it is made of."""
from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..contracts import Model, Objective
from ..data.images import ImageSet, as_image_set
from ..device import device_of, evaluating, own_random_state, pick_device, seeded
from ..errors import UserError, at_least
from ..losses import at
from ..models.base import ImageModel
from ..models.conditioning import require_labels
from .checkpoints import Checkpoint
from .history import History
from .players import Player, gradient_norms, players_of, set_lr, size_of_weights
from .settings import ADAM, Settings, fingerprint
from .tally import Tally
from .terms import terms_of


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
    betas: tuple[float, float] = ADAM,
    patience: int | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
    checkpoint: str | Path | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
) -> History:
    """Train `model` in place, and give its history.

    A model of several players, as a GAN is, names them by its method `players`: which term of the
    loss is minimised by whose parameters. Each player has an optimiser of its own. All gradients
    are taken at the same weights, then all step; each player's gradient norm is recorded.

    Args:
        model: see `vaekit.contracts.Model`.
        train, test: image sets, or tensors of images (N, C, H, W).
        objective: maps (model's output, images, labels) to named terms of shape (N,); the mean of
            "loss" is minimised, all are recorded. A `losses.Scheduled` one changes in the course
            of training; the test set always sees its final form.
        validation: images that patience watches in place of the test set, so that no choice is
            made on the latter.
        epochs: passes over the training set.
        batch_size: images per step; the last step of an epoch may have fewer.
        lr, weight_decay: of the optimiser.
        schedule: "constant", or "one-cycle" (Smith 2018): up to `lr` over 30 % of the steps, then
            down to almost 0.
        optimizer, betas: "adam" or "radam", and the decays of its two averages.
        patience: stop after so many epochs without a better loss, and take the best weights back.
            Needs `validation` or `test`, and a single player.
        augment: maps a batch of training images to a changed one, anew in each epoch.
        checkpoint: a file to save to after each epoch; if it exists already, training goes on from
            it, to the same end.
        seed: each epoch is seeded by (seed, epoch), so an interrupted run repeats itself exactly.
        device: "auto" takes cuda, then mps, then cpu. On cuda the model runs in bfloat16 where
            the GPU has it, and the objective in float32.
        progress: show a bar.
    Raises:
        UserError: settings out of range, images outside [0, 1], a loss that is no longer finite, a
            checkpoint of another run.
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
    _check_model(model)
    held_out = _present(validation=validation, test=test)
    for images in (train, *held_out.values()):
        require_labels(model, images)

    # all images move once: at 28×28 a whole data set is small beside a network's activations
    chosen = pick_device(device)
    train_set = as_image_set(train).to(chosen)
    held_out = {name: as_image_set(images).to(chosen) for name, images in held_out.items()}
    _move(model, chosen)
    players = players_of(model, settings, chosen)
    _check_patience(patience, held_out, players)

    facts = fingerprint(settings, model, train_set, objective, augment)
    saved = Checkpoint(checkpoint, facts, model, [player.optimizer for player in players])
    steps = math.ceil(len(train_set) / batch_size)
    bar = _progress_bar(epochs * steps, len(saved.history) * steps, progress)

    with bar, own_random_state(), _usable_afterwards(model):
        for epoch in range(len(saved.history), epochs):
            if saved.stale_for(patience):
                break
            start = time.perf_counter()

            tally = _train_epoch(
                model, train_set, objective, players, settings, epoch, augment, bar
            )
            _stop_if_not_finite(tally, players, epoch, lr)

            row = {"epoch": epoch + 1, **_prefixed("train", tally.means())}
            for name, images in held_out.items():
                row |= _prefixed(name, evaluate(model, images, objective, seed=seed))
            row["seconds"] = time.perf_counter() - start

            saved.after_epoch(row)
            losses = {name: f"{v:.4g}" for name, v in row.items() if name.endswith("_loss")}
            bar.set_postfix(losses)

    if patience is not None:
        saved.restore_best()
    return saved.history


def _train_epoch(
    model: ImageModel,
    train: ImageSet,
    objective: Objective,
    players: Sequence[Player],
    settings: Settings,
    epoch: int,
    augment: Callable[[Tensor], Tensor] | None,
    bar: Any,
) -> Tally:
    """One pass over the training set: the sums of each loss term, still on the device."""
    tally = Tally()
    minimised = [player.term for player in players]
    steps = math.ceil(len(train) / settings.batch_size)
    generator = _seed_epoch(settings.seed, epoch)
    batches = train.batches(settings.batch_size, shuffle=True, generator=generator)

    model.train()
    for step, (x, c) in enumerate(batches):
        done = (epoch * steps + step) / (settings.epochs * steps)
        set_lr(players, settings.lr_at(done))

        if augment is not None:
            x = augment(x)
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


def evaluate(
    model: ImageModel,
    images: ImageSet | Tensor,
    objective: Objective,
    *,
    batch_size: int = 1000,
    seed: int = 0,
) -> dict[str, float]:
    """The mean of every loss term over a set of images, on the model's device.

    One latent draw per image, from `seed`, as in training. The model's modes and the caller's
    random state stay as they were.

    Raises:
        UserError: images outside [0, 1], or without the labels that the model needs.
    """
    require_labels(model, images)
    device = device_of(model)
    tally = Tally()
    with evaluating(model), own_random_state():
        _seed_epoch(seed, -1)
        for x, c in as_image_set(images).to(device).batches(batch_size):
            tally.add(terms_of(model, objective, x, c), len(x))
    return tally.means()


def _seed_epoch(seed: int, epoch: int) -> torch.Generator:
    """Seed the model's noise, and give the generator of the batch order.

    Both follow from (seed, epoch) alone.
    """
    number = 1_000_003 * seed + epoch
    torch.manual_seed(number)
    return seeded(number)


@contextmanager
def _usable_afterwards(model: nn.Module) -> Iterator[None]:
    """Leave the model in evaluation mode, also after Ctrl-C or an error."""
    try:
        yield
    finally:
        model.eval()


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


def _check_model(model: nn.Module) -> None:
    if not isinstance(model, Model):
        raise UserError(
            f"fit() trains models that keep vaekit.contracts.Model, and {type(model).__name__} "
            "does not; subclass vaekit.models.ImageModel, which brings what is missing"
        )


def _stop_if_not_finite(tally: Tally, players: Sequence[Player], epoch: int, lr: float) -> None:
    """Refuse to go on, or to save, after inf or NaN in a loss or in the weights."""
    advice = f"try a lower lr than {lr}"
    if len(players) > 1:
        advice += ", or a weaker discriminator"

    found = tally.first_not_finite([player.term for player in players])
    if found is not None:
        step, term, value = found
        raise UserError(
            f"the {term.replace('_', ' ')} became {value} "
            f"at epoch {epoch + 1}, step {step + 1}; {advice}"
        )

    # a last step that goes wrong shows in no loss of this epoch
    size = size_of_weights(players)
    if not math.isfinite(size):
        last = len(tally.steps)
        raise UserError(f"the weights became {size} at epoch {epoch + 1}, step {last}; {advice}")


def _check_patience(
    patience: int | None, held_out: Mapping[str, Any], players: Sequence[Player]
) -> None:
    if patience is None:
        return
    at_least("patience", patience, 1)
    if not held_out:
        raise UserError(
            "patience watches the validation or the test loss; "
            "give fit() a validation or a test set, or leave patience out"
        )
    terms = [player.term for player in players]
    if "loss" not in terms:
        raise UserError(
            f"patience watches one loss, but this model's players each have their own "
            f"({', '.join(terms)}) and none says when to stop; leave patience out"
        )


def _progress_bar(total: int, initial: int, shown: bool) -> Any:
    from tqdm.auto import tqdm

    # tqdm's notebook bar does not read the variable itself
    off = os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
    return tqdm(
        total=total,
        initial=initial,
        desc="training",
        unit="step",
        leave=False,
        disable=off or not shown,
    )
