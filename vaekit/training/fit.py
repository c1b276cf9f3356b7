"""fit(): one loop for every model. Below it, what it is made of: evaluation, the schedule, the players, the device."""
from __future__ import annotations

import math
import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data.images import ImageSet, as_image_set
from ..device import pick_device
from ..errors import UserError, at_least, pick
from ..losses import describe
from ..models.conditioning import is_conditional, labels_of
from .checkpoints import Checkpoint
from .history import History

Loss = Callable[..., dict[str, Tensor]]     # loss(model's output, images, labels) → named terms, (N,) each; "loss" is the one to minimise
ADAM = (0.9, 0.999)                         # the decays of Adam's two averages that its authors recommend


def fit(model: nn.Module, train: ImageSet | Tensor, loss: Loss, *, test: ImageSet | Tensor | None = None,
        validation: ImageSet | Tensor | None = None, epochs: int = 10, batch_size: int = 128, lr: float = 1e-3, weight_decay: float = 0.0,
        schedule: str = "constant", optimizer: str = "adam", betas: tuple[float, float] = ADAM, patience: int | None = None,
        augment: Callable[[Tensor], Tensor] | None = None, checkpoint: str | Path | None = None, seed: int = 0, device: str = "auto",
        progress: bool = True) -> History:
    """Train `model` in place, and tell how it went.

    A model with several players, as a GAN has, says so by a method `players`: which term of the loss is minimised by whose parameters. Each player
    has an optimiser of its own. All gradients are taken at the same weights, then all step; the norm of each player's gradient is recorded.

    Args:
        train, test: image sets, or tensors of images (N, C, H, W).
        validation: images that patience watches in place of the test set, so that no choice is made on the latter.
        loss: maps (model's output, images, labels) to named terms of shape (N,); the mean of "loss" is minimised, all are recorded.
            One with a method `at(progress)` changes in the course of training (`losses.Scheduled`); the test set always sees its final form.
        schedule: "constant", or "one-cycle" (Smith 2018): up to `lr` over 30 % of the steps, then down to almost 0.
        optimizer, betas: "adam" (Kingma & Ba 2015) or "radam" (Liu et al. 2020), and the decays of its two averages.
        patience: stop after so many epochs without a better loss, and take the best weights back. Needs `validation` or `test`, and a single player.
        augment: maps a batch of training images to a changed one, anew in each epoch; the test set stays as it is.
        checkpoint: a file to save to after each epoch; if it exists already, training goes on from it, to the same end.
        seed: each epoch is seeded by (seed, epoch), so a run that was interrupted repeats itself exactly.
        device: "auto" takes cuda, then mps, then cpu.
    Raises:
        UserError: settings out of range, images outside [0, 1], a loss that is no longer finite, a checkpoint of another run.
    """
    held_out = {name: images for name, images in (("validation", validation), ("test", test)) if images is not None}
    for images in (train, *held_out.values()):
        labels_of(model, images)                                              # a conditional model cannot train on images alone
    train = as_image_set(train)
    _check_settings(epochs, batch_size, lr, weight_decay, schedule, optimizer, betas)
    device = pick_device(device)
    model, train = _to(model, device), train.to(device)
    players = _players(model)
    _check_patience(patience, held_out, players)
    optimizers = [_optimizer(optimizer, parameters, lr, weight_decay, betas, device) for parameters in players.values()]
    steps = math.ceil(len(train) / batch_size)
    settings = dict(batch_size=batch_size, lr=lr, weight_decay=weight_decay, schedule=schedule, seed=seed, data=train.name, images=len(train),
                    loss=describe(loss))
    settings |= {} if schedule == "constant" and not hasattr(loss, "at") else {"epochs": epochs}    # a constant run can be prolonged, a cycle cannot
    settings |= {} if (optimizer, tuple(betas)) == ("adam", ADAM) else {"optimizer": optimizer, "betas": list(betas)}
    settings |= {} if augment is None else {"augment": describe(augment)}
    settings |= {"model": model.settings} if hasattr(model, "settings") else {}
    saved = Checkpoint(checkpoint, settings, model, optimizers)
    history = saved.history
    bar = _progress_bar(epochs * steps, len(history) * steps, progress)

    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):     # leave the caller's random state as it was
        for epoch in range(len(history), epochs):
            if saved.stale_for(patience):
                break
            start, sums = time.perf_counter(), defaultdict(float)
            generator = _seed(seed, epoch)
            model.train()
            for step, (x, c) in enumerate(train.batches(batch_size, shuffle=True, generator=generator)):
                x = x if augment is None else augment(x)
                done = (epoch * steps + step) / (epochs * steps)
                for group in (group for each in optimizers for group in each.param_groups):
                    group["lr"] = lr * SCHEDULES[schedule](done)
                terms = _terms(model, loss.at(done) if hasattr(loss, "at") else loss, x, c, device)
                objectives = {term: terms[term].mean() for term in players}
                _stop_if_not_finite(objectives, epoch, step, lr, len(players) > 1)
                for each in optimizers:
                    each.zero_grad(set_to_none=True)
                for waiting, (term, parameters) in zip(range(len(players))[::-1], players.items()):
                    objectives[term].backward(inputs=parameters, retain_graph=waiting > 0)
                for each in optimizers:
                    each.step()
                _add(sums, terms | (_gradient_norms(players, len(x)) if len(players) > 1 else {}))
                bar.update()
            # a last step that goes wrong shows in no loss of this epoch, and must not be saved
            size = torch.stack([p.detach().norm() for parameters in players.values() for p in parameters]).sum()
            _stop_if_not_finite({"weights": size}, epoch, step, lr, len(players) > 1)
            row = {"epoch": epoch + 1, **{f"train_{k}": v / len(train) for k, v in sums.items()}}
            for name, images in held_out.items():
                row |= {f"{name}_{k}": v for k, v in evaluate(model, images, loss, seed=seed).items()}
            saved.after_epoch(row | {"seconds": time.perf_counter() - start})
            bar.set_postfix({k: f"{v:.4g}" for k, v in row.items() if k.endswith("_loss")})
    bar.close()
    if patience is not None:
        saved.restore_best()
    model.eval()
    return history


@torch.no_grad()
def evaluate(model: nn.Module, images: ImageSet | Tensor, loss: Loss, *, batch_size: int = 1000, seed: int = 0) -> dict[str, float]:
    """The mean of every loss term over a set of images, on the model's device, in evaluation mode.

    One latent sample an image, drawn from `seed`: the same estimate of the ELBO as in training, at the same β.
    """
    labels_of(model, images)
    images = as_image_set(images)
    device, was_training, sums = next(model.parameters()).device, model.training, defaultdict(float)
    model.eval()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        _seed(seed, -1)
        for x, c in images.to(device).batches(batch_size):
            _add(sums, _terms(model, loss, x, c, device))
    model.train(was_training)
    return {k: v / len(images) for k, v in sums.items()}


def one_cycle(progress: float, *, warmup: float = 0.3, start: float = 1 / 25, end: float = 1e-4) -> float:
    """The factor on the learning rate after a fraction `progress` of all steps: cosine up from `start`, cosine down to `end`."""
    low, position = (start, progress / warmup) if progress < warmup else (end, (1 - progress) / (1 - warmup))
    return low + (1 - low) * 0.5 * (1 - math.cos(math.pi * position))


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": lambda progress: 1.0, "one-cycle": one_cycle}


def _terms(model, loss, x, c, device) -> dict[str, Tensor]:
    # bf16 pays only where there are tensor cores; the objective itself is always summed in float32
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda" and torch.cuda.is_bf16_supported()):
        # an objective may want several draws of z for each image
        output = model(x, *((c,) if is_conditional(model) else ()), **({"samples": loss.samples} if hasattr(loss, "samples") else {}))
    return loss(_float(output), x, c)


def _float(output):
    return output.float() if isinstance(output, Tensor) else type(output)(*(_float(part) for part in output))


def _to(model, device) -> nn.Module:
    convolutional = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return model.to(device, memory_format=torch.channels_last) if convolutional and device.type == "cuda" else model.to(device)


def _players(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    players = model.players() if hasattr(model, "players") else {"loss": list(model.parameters())}
    return {term: [p for p in parameters if p.requires_grad] for term, parameters in players.items()}


def _optimizer(name: str, parameters: list[nn.Parameter], lr, weight_decay, betas, device: torch.device) -> torch.optim.Optimizer:
    if name == "radam":
        return torch.optim.RAdam(parameters, lr=lr, weight_decay=weight_decay, betas=betas)
    return torch.optim.Adam(parameters, lr=lr, weight_decay=weight_decay, betas=betas, fused=device.type in ("cpu", "cuda"))


def _gradient_norms(players: dict[str, list[nn.Parameter]], n: int) -> dict[str, Tensor]:
    norms = {term: torch.stack([p.grad.norm() for p in parameters if p.grad is not None]).norm() for term, parameters in players.items()}
    return {f"{term.removesuffix('_loss')}_gradient": norm.expand(n) for term, norm in norms.items()}


def _seed(seed: int, epoch: int) -> torch.Generator:
    """Seed the models' noise and return the generator of the batch order: both follow from (seed, epoch) alone."""
    torch.manual_seed(1_000_003 * seed + epoch)
    return torch.Generator().manual_seed(1_000_003 * seed + epoch)


def _add(sums, terms) -> None:
    for name, values in terms.items():
        sums[name] += values.detach().sum().item()


def _stop_if_not_finite(objectives: dict[str, Tensor], epoch: int, step: int, lr: float, adversarial: bool) -> None:
    for term, value in ((term, objective.item()) for term, objective in objectives.items()):
        if not math.isfinite(value):
            advice = ", or a weaker discriminator" if adversarial else ""
            raise UserError(f"the {term.replace('_', ' ')} became {value} at epoch {epoch + 1}, step {step + 1}; try a lower lr than {lr}{advice}")


def _check_settings(epochs, batch_size, lr, weight_decay, schedule, optimizer, betas) -> None:
    at_least("epochs", epochs, 1)
    at_least("batch_size", batch_size, 1)
    pick("schedule", schedule, SCHEDULES)
    pick("optimizer", optimizer, ("adam", "radam"))
    if len(betas) != 2 or not all(0 <= beta < 1 for beta in betas):
        raise UserError(f"betas are two numbers in [0, 1), got {betas}")
    if not (lr > 0 and math.isfinite(lr)):
        raise UserError(f"lr must be > 0, got {lr}")
    if weight_decay < 0:
        raise UserError(f"weight_decay must be ≥ 0, got {weight_decay}")


def _check_patience(patience: int | None, held_out: dict, players: dict) -> None:
    if patience is None:
        return
    at_least("patience", patience, 1)
    if not held_out:
        raise UserError("patience watches the validation or the test loss; give fit() a validation or a test set, or leave patience out")
    if "loss" not in players:
        raise UserError(f"patience watches one loss, but this model's players each have their own ({', '.join(players)}) "
                        "and none says when to stop; leave patience out")


def _progress_bar(total: int, initial: int, shown: bool):
    from tqdm.auto import tqdm

    hidden = not shown or os.environ.get("TQDM_DISABLE", "0") not in ("", "0")           # tqdm's notebook bar does not read it itself
    return tqdm(total=total, initial=initial, desc="training", unit="step", leave=False, disable=hidden)
