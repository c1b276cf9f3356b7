"""Which parts of a model are in training mode while it is trained."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn


def frozen_parts(model: nn.Module) -> list[nn.Module]:
    """The parts that are in evaluation mode on purpose, and stay so while the rest is trained.

    Inside a model in training mode, these are all parts in evaluation mode. A model that is in
    evaluation mode itself, as after `fit` or from a file, says nothing of its parts; then they are
    those whose weights are all frozen (requires_grad False), with what they hold.
    """
    if model.training:
        return [part for part in model.modules() if not part.training]

    frozen: dict[nn.Module, None] = {}
    for part in model.modules():
        weights = list(part.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            inside = (inner for inner in part.modules() if not inner.training)
            frozen |= dict.fromkeys(inside)
    return list(frozen)


def to_training(model: nn.Module, frozen: Iterable[nn.Module]) -> None:
    """The model in training mode, but for its frozen parts."""
    model.train()
    for part in frozen:
        part.training = False


@contextmanager
def usable_afterwards(model: nn.Module) -> Iterator[None]:
    """Leave the model in evaluation mode, also after Ctrl-C or an error.

    The gradients of the last step are dropped: they take as much memory as the weights.
    """
    try:
        yield
    finally:
        model.eval()
        model.zero_grad(set_to_none=True)
