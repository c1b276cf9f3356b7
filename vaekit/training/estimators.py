"""Objectives that estimate from the batch: which they are, and what they must know of the run."""
from __future__ import annotations

from functools import partial
from typing import Any

from ..errors import UserError
from ..losses import Scheduled, beta_tcvae, capacity, free_bits

# q(z) is estimated from the batch, or the KL averaged over it before it is priced
OF_THE_BATCH = (beta_tcvae, capacity, free_bits)


def depends_on_batch(objective: Any) -> bool:
    """Whether an image's terms depend on what else is in its batch.

    The library's own objectives that do are known; one of your own says so by an attribute,
    `objective.depends_on_batch = True`.
    """
    return any(
        one in OF_THE_BATCH or getattr(one, "depends_on_batch", False) is True
        for one in _unwrapped(objective)
    )


def check_size_of_training_set(objective: Any, images: int) -> None:
    """Refuse a β-TCVAE that was told another size of the training set than it has.

    Raises:
        UserError: naming both.
    """
    for one in _unwrapped(objective):
        given = one.keywords.get("images", images) if isinstance(one, partial) else images
        if given != images and beta_tcvae in _unwrapped(one):
            raise UserError(
                f"images of beta_tcvae must be {images}, the size of the training set, "
                f"got {given}"
            )


def _unwrapped(objective: Any) -> list[Any]:
    """The objective and, one after the other, what its partials, schedules and wrappers hold."""
    found = [objective]
    while True:
        outer = found[-1]
        inner: Any
        if isinstance(outer, partial):
            inner = outer.func
        elif isinstance(outer, Scheduled):
            inner = outer.objective
        else:
            inner = getattr(outer, "__wrapped__", None)
        if inner is None:
            return found
        found.append(inner)
