"""What `fit` and `evaluate` refuse before they begin, and where `fit` stops."""
from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any

from torch import Tensor, nn

from ..contracts import Model
from ..data.images import ImageSet
from ..device import device_of
from ..errors import UserError, at_least, brief
from ..models.base import ImageModel
from ..models.conditioning import require_labels
from .players import Player, size_of_weights
from .tally import Tally


def check_model(model: Any) -> None:
    """Refuse what does not keep the contract of a model.

    Raises:
        UserError: with the way to keep it.
    """
    if not isinstance(model, Model):
        raise UserError(
            "model must keep vaekit.contracts.Model to be trained by fit(), and "
            f"{type(model).__name__} does not; subclass vaekit.models.ImageModel, "
            "which brings what is missing"
        )
    _check_image_shape(model)
    _check_takes_labels(model)
    check_holds_values(model)


def check_is_module(model: Any) -> None:
    """Refuse a model that keeps the contract, but cannot be moved, saved or put in training mode.

    Raises:
        UserError: with the way to become one.
    """
    if not isinstance(model, nn.Module):
        raise UserError(
            "model must be a torch.nn.Module to be trained by fit(), and "
            f"{type(model).__name__} is none; subclass vaekit.models.ImageModel, which is one"
        )


def _check_image_shape(model: Any) -> None:
    shape = model.image_shape
    sides = list(shape) if isinstance(shape, (tuple, list)) else []
    if len(sides) != 3 or not all(isinstance(side, Integral) and int(side) >= 1 for side in sides):
        raise UserError(
            "image_shape of the model must be (C, H, W), three whole numbers ≥ 1, "
            f"got {brief(shape)}; set it to (1, 28, 28), say"
        )


def _check_takes_labels(model: Any) -> None:
    if not _can_be_called(getattr(model, "forward", model), 2):
        raise UserError(
            f"forward of the model {type(model).__name__} must take (x, c), the labels beside the "
            "images, and cannot; define it as forward(self, x, c=None)"
        )


def _can_be_called(function: Callable[..., Any], arguments: int) -> bool:
    """Whether it takes so many arguments by position; True where Python cannot tell."""
    try:
        # what a decorator wraps may take others
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*[None] * arguments)
    except TypeError:
        return False
    return True


def check_holds_values(model: Any) -> None:
    """Refuse a model on torch's meta device, which knows shapes alone.

    Raises:
        UserError: with the way out.
    """
    if device_of(model).type == "meta":
        raise UserError(
            "model lies on the device meta, where tensors have no values; build it on the cpu"
        )


def check_objective(objective: Any) -> None:
    """Refuse what cannot be called with (output, images, labels).

    Raises:
        UserError: naming what came instead.
    """
    if not callable(objective):
        raise UserError(
            "objective must be called with (output, images, labels), as losses.negative_elbo is, "
            f"got {brief(objective)}"
        )
    if isinstance(objective, type):
        name = objective.__name__
        raise UserError(
            f"objective must be an instance, got the class {name}; make one by {name}(…)"
        )
    if not _can_be_called(objective, 3):
        raise UserError(
            "objective must take three arguments, (output, images, labels), "
            f"got {brief(objective)}, which cannot; define it as objective(output, x, c)"
        )


def check_augmented(augmented: Any, x: Tensor) -> None:
    """Refuse what augment made of a batch, if it is no such batch; no value is read.

    Args:
        x: the batch that it was given, (N, C, H, W).
    Raises:
        UserError: naming what came instead.
    """
    is_batch = isinstance(augmented, Tensor) and augmented.is_floating_point()
    if not is_batch or augmented.shape != x.shape:
        raise UserError(
            f"augment must return a floating-point tensor of the batch's shape {tuple(x.shape)}, "
            f"got {type(augmented).__name__} {brief(augmented)}; return the changed images"
        )


def check_images(model: ImageModel, name: str, images: ImageSet | Tensor) -> None:
    """Refuse images that the model cannot be trained on or measured with.

    Args:
        name: what the caller calls them, "train" say.
    Raises:
        UserError: none, images of another shape than the model's, or without the labels that the
            model needs.
    """
    x = images.x if isinstance(images, ImageSet) else images
    if x.ndim != 4:
        raise UserError(f"{name} must be images of shape (N, C, H, W), got {tuple(x.shape)}")
    if len(x) == 0:
        raise UserError(
            f"{name} holds no images; give at least one, or choose less narrowly, "
            f"got shape {tuple(x.shape)}"
        )
    shape = tuple(model.image_shape)
    if tuple(x.shape[1:]) != shape:
        wanted = ", ".join(map(str, shape))
        raise UserError(
            f"the model takes images of shape (N, {wanted}), got {tuple(x.shape)} as {name}; "
            "build it for these images, or resize them"
        )
    require_labels(model, images)


def check_patience(
    patience: int | None, held_out: Mapping[str, Any], players: Sequence[Player]
) -> None:
    """Refuse patience that has nothing to watch.

    Raises:
        UserError: patience < 1, no held-out images, or several players without a common loss.
    """
    if patience is None:
        return
    at_least("patience", patience, 1)
    if not held_out:
        raise UserError(
            f"patience watches the validation or the test loss, got {patience} and neither; "
            "give fit() a validation or a test set, or leave patience out"
        )
    terms = [player.term for player in players]
    if "loss" not in terms:
        raise UserError(
            f"patience watches one loss, but this model's players each have their own "
            f"({', '.join(terms)}) and none says when to stop; leave patience out"
        )


def stop_if_not_finite(tally: Tally, players: Sequence[Player], epoch: int, lr: float) -> None:
    """Refuse to go on, or to save, after inf or NaN in a loss or in the weights.

    Raises:
        UserError: with the step and the advice.
    """
    found = tally.first_not_finite([player.term for player in players])
    if found is not None:
        step, term, value = found
        raise UserError(
            f"the {term.replace('_', ' ')} became {value} "
            f"at epoch {epoch + 1}, step {step + 1}; {_advice(players, lr)}"
        )

    # a last step that goes wrong shows in no loss of this epoch
    size = size_of_weights(players)
    if not math.isfinite(size):
        last = len(tally.steps)
        raise UserError(
            f"the weights became {size} at epoch {epoch + 1}, step {last}; "
            f"{_advice(players, lr)}"
        )


def stop_if_held_out_is_not_finite(
    name: str, means: Mapping[str, float], players: Sequence[Player], epoch: int, lr: float
) -> None:
    """Refuse to go on, or to save, where a held-out set's loss is inf or NaN.

    No epoch could be compared with such a one.

    Raises:
        UserError: with the set, the epoch and the advice.
    """
    for player in players:
        value = means.get(player.term, 0.0)
        if not math.isfinite(value):
            raise UserError(
                f"the {name} {player.term.replace('_', ' ')} became {value} "
                f"at epoch {epoch + 1}, though the training loss is finite; "
                f"look for what differs in these images, or {_advice(players, lr)}"
            )


def _advice(players: Sequence[Player], lr: float) -> str:
    advice = f"try a lower lr than {lr}"
    return advice + ", or a weaker discriminator" if len(players) > 1 else advice
