"""What `fit` and `evaluate` refuse before they begin, and where `fit` stops."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

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
    check_holds_values(model)


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
