"""Recipes at work: train one, build its model, keep its weights."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from ..data.augment import AUGMENTATIONS
from ..data.images import ImageSet
from ..data.load import SOURCES, load
from ..errors import UserError, pick
from ..files import load_weights, save_weights
from ..losses import Scheduled, WarmUp, negative_elbo
from ..models import nets
from ..models.conditioning import is_conditional, make
from ..training.fit import fit
from ..training.history import History
from .table import Recipe, get


class Run(NamedTuple):
    """What `train` gives back."""

    recipe: Recipe
    model: nn.Module
    history: History
    train: ImageSet
    test: ImageSet
    settings: dict


def train(name: str, *, data: str | None = None, latent_dim: int | None = None, beta: float | None = None, condition: str | None = None,
          loss: Callable | None = None, fast: bool = False, root: str | Path | None = None, limit: int | None = None,
          classes: Sequence[str] = (), per_class: int | None = None, test_limit: int | None = None, validation: float | None = None,
          augment: str | None = None, seed: int = 0, device: str = "auto", checkpoint: str | Path | None = None, progress: bool = True,
          **overrides) -> Run:
    """Train a recipe, as its report did unless told otherwise.

    Args:
        data: a name for `load`; the report's data set if left out.
        latent_dim: size of z; the report's if left out. A diffusion model has none.
        beta: weight of the KL, for a recipe trained with `losses.negative_elbo`; 1 if left out.
        condition: how the class reaches a conditional recipe: "one-hot", "embedding" or "attributes"; the report's way if left out.
        loss: another objective, see `losses`.
        fast: the recipe's fast schedule instead of the report's.
        limit: train on the first so many images only.
        classes: train and test on these classes only; the model still knows all of them, so labels keep their meaning.
        per_class: train on the first so many images of each class.
        test_limit: test on the first so many images only: a small training is else outlasted by its test after every epoch.
        validation: share of the training images that is held out, for `patience` to watch in place of the test set.
        augment: one of augment.AUGMENTATIONS in place of the recipe's own.
        overrides: epochs, batch_size, lr, weight_decay, schedule, optimizer, betas, patience; None means the recipe's own.
    Raises:
        UserError: unknown recipe or data set, data not to be had, settings out of range, a condition for an unconditional recipe, a latent_dim
            for one without a latent space.
    """
    recipe = get(name)
    settings = recipe.settings(fast=fast, **overrides)
    loss = _objective(recipe, loss, beta, settings.pop("warm_up", None))
    data = recipe.data if data is None else pick("data set", data, SOURCES)
    train_set, test_set = load(data, "train", root=root, limit=limit), load(data, "test", root=root)
    train_set, test_set = (images.only(*classes) if classes else images for images in (train_set, test_set))
    train_set = train_set if per_class is None else train_set.per_class(per_class)
    test_set = test_set if test_limit is None else test_set.first(test_limit)
    train_set, held_out = (train_set, None) if validation is None else train_set.split(validation, seed=seed)
    model = build(name, latent_dim, train_set.shape, seed, condition, len(train_set.classes))
    changed = recipe.augment if augment is None else AUGMENTATIONS[pick("augmentation", augment, AUGMENTATIONS)]
    history = fit(model, train_set, loss, test=test_set, validation=held_out, seed=seed, device=device, checkpoint=checkpoint, progress=progress,
                  augment=changed, **settings)
    return Run(recipe, model, history, train_set, test_set, settings | {"data": data, "seed": seed, "beta": 1.0 if loss is recipe.loss else beta})


def build(name: str, latent_dim: int | None = None, image_shape: nets.Shape = (1, 28, 28), seed: int = 0, condition: str | None = None,
          classes: int = 10, weight: float = 1.0) -> nn.Module:
    """A recipe's model with fresh weights drawn from `seed`. `condition` as for `train`; `classes` counts them, or the attributes; `weight` is
    how loudly the model is told."""
    recipe = get(name)
    if condition is not None and recipe.condition is None:
        raise UserError(f"recipe {name!r} is unconditional: leave condition out, or choose a conditional recipe such as 'fc-cvae'")
    if latent_dim is not None and recipe.latent_dim is None:
        raise UserError(f"recipe {name!r} has no latent space: leave latent_dim out")
    latent_dim = recipe.latent_dim if latent_dim is None else latent_dim
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        # an embedding has the latent's size; where there is no latent any size will do, the model refuses it
        told = (make(condition or recipe.condition, classes, 1 if latent_dim is None else latent_dim, weight),) if recipe.condition else ()
        return recipe.build(latent_dim, tuple(image_shape), *told)


def save(path: str | Path, name: str, model: nn.Module) -> Path:
    """Weights with what `load_model` needs to build the model again."""
    metadata = {"recipe": name, "image_shape": ",".join(map(str, model.image_shape))}
    metadata |= {"latent_dim": str(model.latent_dim)} if hasattr(model, "latent_dim") else {}
    if is_conditional(model):
        metadata |= {"condition": model.condition.kind, "classes": str(model.condition.size), "weight": str(model.condition.weight)}
    return save_weights(path, model.state_dict(), metadata)


def load_model(path: str | Path) -> nn.Module:
    """The model that `save` wrote, ready to use (evaluation mode).

    Raises:
        UserError: no such file, damaged, or not written by `save`.
    """
    tensors, metadata = load_weights(path)
    if not {"recipe", "image_shape"} <= metadata.keys():
        raise UserError(f"{path} does not name its recipe; it was not written by vaekit.recipes.save")
    latent_dim = int(metadata["latent_dim"]) if "latent_dim" in metadata else None
    model = build(metadata["recipe"], latent_dim, tuple(map(int, metadata["image_shape"].split(","))),
                  condition=metadata.get("condition"), classes=int(metadata.get("classes", 10)), weight=float(metadata.get("weight", 1)))
    if hasattr(model, "settle") and tensors.keys() < model.state_dict().keys():
        model.settle()                                                       # saved without what only training needs
    try:
        model.load_state_dict(tensors)                                       # half precision, if stored so, becomes float32
    except RuntimeError as error:
        raise UserError(f"{path} does not fit recipe {metadata['recipe']!r} of this version; train it again") from error
    return model.eval()


def _objective(recipe: Recipe, loss: Callable | None, beta: float | None, warm_up: float | None) -> Callable:
    if beta is None:
        return loss or recipe.loss
    if loss is not None or recipe.loss is not negative_elbo:
        raise UserError(f"beta weighs the KL of losses.negative_elbo; recipe {recipe.name!r} is trained with "
                        f"{'the loss you pass' if loss else 'another loss'}. Leave beta out")
    if warm_up and beta > 1:                     # at a high lr, a large β from the first step on makes latents collapse that would have been of use
        return Scheduled(negative_elbo, beta=WarmUp(float(beta), over=warm_up, start=1.0))
    return partial(negative_elbo, beta=float(beta))
