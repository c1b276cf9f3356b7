"""A recipe's model, with fresh weights."""
from __future__ import annotations

from collections.abc import Sequence

import torch

from ..device import own_random_state
from ..errors import UserError, at_least, brief, check_seed, finite
from ..models.base import ImageModel, as_shape
from ..models.conditioning import make
from .recipe import Recipe
from .table import get


def build(
    recipe: str | Recipe,
    latent_dim: int | None = None,
    image_shape: Sequence[int] = (1, 28, 28),
    seed: int = 0,
    condition: str | None = None,
    classes: int = 10,
    weight: float = 1.0,
) -> ImageModel:
    """A recipe's model with fresh weights drawn from `seed`, ready for use (evaluation mode).

    As it comes from a file, so that drawing from it changes nothing; `fit` trains it all the same.

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
    check_seed(seed)
    at_least("classes", classes, 1)
    finite("weight", weight)
    if condition is not None and recipe.condition is None:
        raise UserError(
            f"recipe {recipe.name!r} is unconditional: leave condition out, "
            f"or choose a conditional recipe such as 'fc-cvae', got {brief(condition)}"
        )
    if latent_dim is not None and recipe.latent_dim is None:
        raise UserError(
            f"recipe {recipe.name!r} has no latent space: leave latent_dim out, got {latent_dim}"
        )
    if latent_dim is None:
        latent_dim = recipe.latent_dim
    if latent_dim is not None:
        at_least("latent_dim", latent_dim, 1)
    shape = as_shape(image_shape)

    with own_random_state():
        torch.manual_seed(seed)
        if recipe.predicts:
            return recipe.build(latent_dim, shape, classes).eval()
        if recipe.condition is None:
            return recipe.build(latent_dim, shape).eval()

        # an embedding has the latent's size; a model without a latent refuses it at any size
        added_to = 1 if latent_dim is None else latent_dim
        kind = recipe.condition if condition is None else condition
        code = make(kind, classes, added_to, weight)
        return recipe.build(latent_dim, shape, code).eval()
