"""Recipes at work: train one, build its model, keep its weights."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..contracts import Objective, Shape
from ..data.augment import AUGMENTATIONS
from ..data.images import ImageSet
from ..data.selection import Selection
from ..device import own_random_state
from ..errors import UserError, pick
from ..files import load_weights, save_weights
from ..losses import Scheduled, WarmUp, negative_elbo
from ..models.base import ImageModel, as_shape
from ..models.conditioning import make
from ..training import History, fit
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
    device: str = "auto",
    checkpoint: str | Path | None = None,
    progress: bool = True,
    **overrides: Any,
) -> Run:
    """Train a recipe, as its report did where nothing else is said.

    Args:
        recipe: its name, or a recipe of your own.
        data: a data set by name, or a `data.Selection` of its images; the report's data set if
            left out.
        latent_dim: size of z; the report's if left out. Some models have none.
        beta: weight of the KL, for a recipe trained with `losses.negative_elbo`; 1 if left out.
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
        UserError: unknown recipe or data set, data not to be had, settings out of range, a
            condition for an unconditional recipe, a latent_dim for one without a latent space.
    """
    recipe = get(recipe)
    settings = recipe.settings(fast=fast, **overrides)
    objective = _objective(recipe, loss, beta, fast)
    selection = _selection(recipe, data)
    train_set, held_out, test_set = selection.load(seed)

    model = build(
        recipe, latent_dim, train_set.shape, seed, condition, classes=len(train_set.classes)
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
    # the ELBO has β = 1 where nothing else is said, and other objectives have none
    settings["beta"] = 1.0 if objective is negative_elbo else beta
    return Run(recipe, model, history, train_set, test_set, settings)


def build(
    recipe: str | Recipe,
    latent_dim: int | None = None,
    image_shape: Shape = (1, 28, 28),
    seed: int = 0,
    condition: str | None = None,
    classes: int = 10,
    weight: float = 1.0,
) -> ImageModel:
    """A recipe's model with fresh weights drawn from `seed`.

    Args:
        recipe: its name, or a recipe of your own.
        latent_dim, condition: as for `train`.
        image_shape: (C, H, W).
        seed: of the weights; the caller's random state stays as it was.
        classes: number of classes, or of attributes.
        weight: factor on the condition's code, or on what an embedding adds.
    Raises:
        UserError: as for `train`; images that the networks do not suit.
    """
    recipe = get(recipe)
    if condition is not None and recipe.condition is None:
        raise UserError(
            f"recipe {recipe.name!r} is unconditional: leave condition out, "
            "or choose a conditional recipe such as 'fc-cvae'"
        )
    if latent_dim is not None and recipe.latent_dim is None:
        raise UserError(f"recipe {recipe.name!r} has no latent space: leave latent_dim out")
    if latent_dim is None:
        latent_dim = recipe.latent_dim
    image_shape = as_shape(image_shape)

    with own_random_state():
        torch.manual_seed(seed)
        if recipe.condition is None:
            return recipe.build(latent_dim, image_shape)

        # an embedding has the latent's size; a model without a latent refuses it at any size
        added_to = 1 if latent_dim is None else latent_dim
        code = make(condition or recipe.condition, classes, added_to, weight)
        return recipe.build(latent_dim, image_shape, code)


def save(path: str | Path, recipe: str | Recipe, model: ImageModel) -> Path:
    """Write weights with what `load_model` needs to build the model again."""
    recipe = get(recipe)
    metadata = {
        "recipe": recipe.name,
        "image_shape": ",".join(str(side) for side in model.image_shape),
    }
    if recipe.latent_dim is not None:
        metadata["latent_dim"] = str(model.latent_dim)
    condition = model.condition
    if condition.kind is not None:
        metadata["condition"] = condition.kind
        metadata["classes"] = str(condition.size)
        metadata["weight"] = str(condition.weight)
    return save_weights(path, model.state_dict(), metadata)


def load_model(path: str | Path) -> ImageModel:
    """The model that `save` wrote, ready to use (evaluation mode).

    Raises:
        UserError: no such file, damaged, or not written by `save`.
    """
    tensors, metadata = load_weights(path)
    if not {"recipe", "image_shape"} <= metadata.keys():
        raise UserError(
            f"{path} does not name its recipe; it was not written by vaekit.recipes.save"
        )
    model = _model_of(metadata)

    if tensors.keys() < model.state_dict().keys():
        # saved without what only training needs
        model.for_inference()
    try:
        # half precision, if stored so, becomes float32
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise UserError(
            f"{path} does not fit recipe {metadata['recipe']!r} of this version; train it again"
        ) from error
    return model.eval()


def _model_of(metadata: Mapping[str, str]) -> ImageModel:
    """A fresh model of the recipe, shape and condition that a file of weights names."""
    recipe = get(metadata["recipe"])
    latent_dim = None
    # files of classifiers once gave their number of features as latent_dim
    if recipe.latent_dim is not None and "latent_dim" in metadata:
        latent_dim = int(metadata["latent_dim"])

    channels, height, width = metadata["image_shape"].split(",")
    return build(
        recipe,
        latent_dim,
        (int(channels), int(height), int(width)),
        condition=metadata.get("condition"),
        classes=int(metadata.get("classes", 10)),
        weight=float(metadata.get("weight", 1)),
    )


def _selection(recipe: Recipe, data: str | Selection | None) -> Selection:
    if data is None:
        return Selection(recipe.data)
    if isinstance(data, str):
        return Selection(data)
    return data


def _augmentation(name: str) -> Callable[[Tensor], Tensor]:
    return AUGMENTATIONS[pick("augmentation", name, AUGMENTATIONS)]


def _objective(
    recipe: Recipe, loss: Objective | None, beta: float | None, fast: bool
) -> Objective:
    """The recipe's objective, another one, or the ELBO at another β."""
    if beta is None:
        return recipe.loss if loss is None else loss

    if loss is not None or recipe.loss is not negative_elbo:
        trained_with = "another loss" if loss is None else "the loss you pass"
        raise UserError(
            "beta weighs the KL of losses.negative_elbo; "
            f"recipe {recipe.name!r} is trained with {trained_with}. Leave beta out"
        )

    beta = float(beta)
    if fast and recipe.warm_up is not None and beta > 1:
        # at a high learning rate, a large β from the first step on makes latents collapse that
        # would have been of use
        return Scheduled(negative_elbo, beta=WarmUp(beta, over=recipe.warm_up, start=1.0))
    return partial(negative_elbo, beta=beta)
