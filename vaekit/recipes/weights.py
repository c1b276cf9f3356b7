"""A recipe's model in a file: its weights, and what is needed to build it again."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from ..contracts import require
from ..errors import UserError, brief
from ..files import load_weights, save_weights
from ..models.base import ImageModel
from ..training.refusals import check_holds_values
from .fresh import build
from .recipe import Recipe
from .table import get

Value = TypeVar("Value")


def save(path: str | Path, recipe: str | Recipe, model: ImageModel) -> Path:
    """Write weights with what `load_model` needs to build the model again.

    Raises:
        UserError: unknown recipe, no model of it, a file that cannot be written.
    """
    recipe = get(recipe)
    require(model, "image_shape", "condition", "state_dict")
    check_holds_values(model)
    metadata = {
        "recipe": recipe.name,
        "image_shape": ",".join(str(side) for side in model.image_shape),
    }
    if recipe.latent_dim is not None:
        require(model, "latent_dim")
        metadata["latent_dim"] = str(model.latent_dim)
    if recipe.predicts:
        require(model, "num_attributes")
        metadata["classes"] = str(model.num_attributes)
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
    return model_from(path, *load_weights(path))


def model_from(
    path: str | Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> ImageModel:
    """The model of a file that is read already.

    Args:
        path: the file, for messages.
    Raises:
        UserError: it names no model, or the tensors are not that model's.
    """
    if not {"recipe", "image_shape"} <= metadata.keys():
        raise UserError(
            f"{path} does not name its recipe; it was not written by vaekit.recipes.save"
        )
    try:
        model = _named(metadata)
    except (UserError, RuntimeError, MemoryError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{path} names a model that cannot be built ({reason}); train it again"
        ) from error

    if tensors.keys() < model.state_dict().keys():
        # saved without what only training needs
        model.for_inference()
    if not _fits(tensors, model.state_dict()):
        raise UserError(
            f"{path} does not fit recipe {metadata['recipe']!r} of this version; train it again"
        )
    # half precision, if stored so, becomes float32
    model.load_state_dict(dict(tensors))
    return model.eval()


def _named(metadata: Mapping[str, str]) -> ImageModel:
    """A fresh model of the recipe, shape and condition that a file of weights names."""
    recipe = get(metadata["recipe"])
    latent_dim = None
    # files of classifiers once gave their number of features as latent_dim
    if recipe.latent_dim is not None and "latent_dim" in metadata:
        latent_dim = read_note(metadata, "latent_dim", int)
    return build(
        recipe,
        latent_dim,
        read_note(metadata, "image_shape", _sides),
        condition=metadata.get("condition"),
        classes=read_note(metadata, "classes", int, default="10"),
        weight=read_note(metadata, "weight", float, default="1"),
    )


def read_note(
    metadata: Mapping[str, str],
    name: str,
    read: Callable[[str], Value],
    *,
    default: str | None = None,
) -> Value:
    """An entry of a file's metadata, all of which is text.

    Args:
        read: makes the value of the text.
        default: the text where the entry is missing.
    Raises:
        UserError: the text is something else.
    """
    text = metadata.get(name, default)
    try:
        return read(text)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise UserError(f"its {name} {brief(text)} is not what was written") from error


def _sides(text: str) -> tuple[int, int, int]:
    channels, height, width = (int(side) for side in text.split(","))
    return channels, height, width


def _fits(tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> bool:
    """Tensors of the same names, shapes and kinds of numbers, without NaN."""
    if tensors.keys() != state.keys():
        return False
    for name, found in tensors.items():
        wanted = state[name]
        same_kind = found.is_floating_point() == wanted.is_floating_point()
        if found.shape != wanted.shape or not same_kind or found.is_complex():
            return False
        if found.is_floating_point() and not bool(found.isfinite().all()):
            return False
    return True
