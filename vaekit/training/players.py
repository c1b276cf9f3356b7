"""Who moves in a step: one player for most models, two for a GAN."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..errors import UserError, brief
from ..models.base import ImageModel
from .settings import Settings


class Player(NamedTuple):
    """The term of the loss that is minimised, by which weights and which optimiser."""

    term: str
    weights: list[nn.Parameter]
    optimizer: torch.optim.Optimizer


def players_of(model: ImageModel, settings: Settings, device: torch.device) -> list[Player]:
    """The model's players, each with an optimiser of its own.

    Raises:
        UserError: there are none; one has no weights that need a gradient, or others than the
            model's.
    """
    players = []
    for term, given in _named_players(model).items():
        weights = _weights_of(model, term, given)
        # a frozen part stays frozen
        free = [weight for weight in weights if weight.requires_grad]
        if not free:
            raise UserError(
                f"the model has no weights to train for its term {term!r}: all are frozen; "
                "use requires_grad_(True) on those that are to learn"
            )
        players.append(Player(term, free, settings.make_optimizer(free, device)))
    return players


def _named_players(model: ImageModel) -> Mapping[str, Any]:
    named: Any = model.players()
    if not isinstance(named, Mapping) or not named:
        raise UserError(
            "players() of the model must return the weights of each term, "
            f"got {brief(named)}; return {{'loss': list(self.parameters())}}"
        )
    return named


def _weights_of(model: ImageModel, term: str, given: Any) -> list[nn.Parameter]:
    """The weights of one player, all of which are the model's own."""
    weights = list(given) if isinstance(given, Iterable) else [given]
    own = {id(weight) for weight in model.parameters()}
    for weight in weights:
        if id(weight) not in own:
            raise UserError(
                f"players() of the model must give weights among model.parameters() for the term "
                f"{term!r}, got {type(weight).__name__} {brief(weight)}; assign each part to an "
                "attribute of the model, a list of parts as nn.ModuleList"
            )
        if weight.is_inference():
            raise UserError(
                f"the model's weights of the term {term!r} cannot be trained, got some made under "
                "torch.inference_mode(); build the model outside of it"
            )
    return weights


def set_lr(players: Sequence[Player], lr: float) -> None:
    """The learning rate of the step to come."""
    for player in players:
        for group in player.optimizer.param_groups:
            group["lr"] = lr


def gradient_norms(players: Sequence[Player], images: int) -> dict[str, Tensor]:
    """Each player's gradient norm, once per image, so that it is averaged like a loss term."""
    norms = {}
    for player in players:
        gradients = [weight.grad for weight in player.weights if weight.grad is not None]
        norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
        name = player.term.removesuffix("_loss")
        norms[f"{name}_gradient"] = norm.expand(images)
    return norms


def size_of_weights(players: Sequence[Player]) -> float:
    """The sum of all weights' norms: inf or NaN if a single weight is."""
    norms = [weight.detach().norm() for player in players for weight in player.weights]
    return torch.stack(norms).sum().item()
