"""Recipes at work: train one."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..contracts import Objective
from ..data.augment import AUGMENTATIONS
from ..data.images import ImageSet
from ..data.selection import Selection
from ..errors import UserError, brief, finite, pick
from ..losses import Scheduled, WarmUp
from ..models.base import ImageModel
from ..training import History, fit
from ..training.progress import MakeBar
from .elbo import beta_of, is_elbo
from .fresh import build
from .recipe import Recipe
from .table import get


class Run(NamedTuple):
    """What `train` gives back: what was trained, on what, and with which settings."""

    recipe: Recipe
    model: ImageModel
    history: History
    train: ImageSet
    test: ImageSet
    settings: dict[str, Any]


def train(
    recipe: str | Recipe,
    data: str | Selection | None = None,
    *,
    latent_dim: int | None = None,
    beta: float | None = None,
    condition: str | None = None,
    loss: Objective | None = None,
    fast: bool = False,
    augment: str | None = None,
    seed: int = 0,
    device: str | torch.device = "auto",
    checkpoint: str | Path | None = None,
    progress: bool | str | MakeBar = True,
    **overrides: Any,
) -> Run:
    """Train a recipe, as its report did where nothing else is said.

    Args:
        recipe: its name, or a recipe of your own.
        data: a data set by name, or a `data.Selection` of its images; the report's data set if
            left out.
        latent_dim: size of z; the report's if left out. Some models have none.
        beta: weight of the KL, for a recipe trained with `losses.negative_elbo` or
            `losses.negative_elbo_gaussian`; the recipe's own if left out, 1 for most.
        condition: how the class reaches a conditional recipe: "one-hot", "embedding" or
            "attributes"; the report's way if left out.
        loss: another objective, see `losses`.
        fast: the recipe's fast schedule instead of the report's.
        augment: one of augment.AUGMENTATIONS in place of the recipe's own.
        seed: of the first weights, the batches, the noise and the validation split.
        device, checkpoint, progress: as for `training.fit`.
        overrides: epochs, batch_size, lr, weight_decay, schedule, optimizer, betas, patience; None
            means the recipe's own.
    Raises:
        UserError: unknown recipe, data set or setting, data not to be had, settings out of range,
            a condition for an unconditional recipe, a latent_dim for one without a latent space.
    """
    recipe = get(recipe)
    settings = recipe.settings(fast=fast, **overrides)
    objective = _objective(recipe, loss, beta, fast)
    selection = _selection(recipe, data)
    train_set, held_out, test_set = selection.load(seed)

    model = build(
        recipe, latent_dim, train_set.shape, seed, condition, classes=_classes(recipe, train_set)
    )
    history = fit(
        model,
        train_set,
        objective,
        test=test_set,
        validation=held_out,
        augment=recipe.augment if augment is None else _augmentation(augment),
        checkpoint=checkpoint,
        seed=seed,
        device=device,
        progress=progress,
        **settings,
    )

    settings["data"] = selection.name
    settings["latent_dim"] = recipe.latent_dim if latent_dim is None else latent_dim
    settings["seed"] = seed
    settings["beta"] = beta_of(objective) if beta is None else beta
    return Run(recipe, model, history, train_set, test_set, settings)


def _selection(recipe: Recipe, data: str | Selection | None) -> Selection:
    if data is None:
        return Selection(recipe.data)
    if isinstance(data, str):
        return Selection(data)
    return data


def _classes(recipe: Recipe, images: ImageSet) -> int:
    """The number of classes or attributes; a model that is given none is built all the same."""
    if not images.labelled and (recipe.condition is not None or recipe.predicts):
        raise UserError(
            f"recipe {recipe.name!r} needs labels, and {images.name} has none; "
            "sort the images into one folder a class, add attributes.csv, or choose another recipe"
        )
    return max(1, len(images.classes))


def _augmentation(name: str) -> Callable[[Tensor], Tensor]:
    return AUGMENTATIONS[pick("augmentation", name, AUGMENTATIONS)]


def _objective(
    recipe: Recipe, loss: Objective | None, beta: float | None, fast: bool
) -> Objective:
    """The recipe's objective, another one, or the ELBO at another β."""
    if loss is not None and not callable(loss):
        raise UserError(
            f"loss must be an objective, called with (output, images, labels), got {brief(loss)}"
        )
    if beta is None:
        return recipe.loss if loss is None else loss

    if loss is not None or not is_elbo(recipe.loss):
        trained_with = "another loss" if loss is None else "the loss you pass"
        raise UserError(
            "beta weighs the KL of losses.negative_elbo and losses.negative_elbo_gaussian; "
            f"recipe {recipe.name!r} is trained with {trained_with}. Leave beta out"
        )

    beta = finite("beta", beta, least=0)
    if fast and recipe.warm_up is not None and beta > 1:
        # at a high learning rate, a large β from the first step on makes latents collapse that
        # would have been of use
        return Scheduled(recipe.loss, beta=WarmUp(beta, over=recipe.warm_up, start=1.0))
    elbo: Callable[..., Any] = recipe.loss
    return partial(elbo, beta=beta)
