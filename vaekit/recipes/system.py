"""What is written down of a system: how it is trained, and what its report measured."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from ..errors import at_least, finite


@dataclass(frozen=True)
class Reported:
    """One row of a report's table: with what, and what came out.

    Attributes:
        latent_dim: size of z.
        terms: what was measured on the test set, by name: nats per image, or as the name says.
        beta: weight of the KL.
    Raises:
        UserError: a size < 1, a number that is not finite.
    """

    latent_dim: int
    terms: Mapping[str, float]
    beta: float = 1.0

    def __post_init__(self) -> None:
        at_least("latent_dim", self.latent_dim, 1)
        finite("beta", self.beta, least=0)
        for name, value in self.terms.items():
            finite(f"terms of Reported, {name},", value)


class _Required(TypedDict):
    title: str
    source: str
    data: str
    latent_dim: int | None
    epochs: int
    batch_size: int


class System(_Required, total=False):
    """What is known of a system, by the names that `Recipe` explains; it has the defaults too."""

    lr: float
    weight_decay: float
    schedule: str
    optimizer: str
    betas: Sequence[float]
    condition: str | None
    predicts: bool
    unit: str
    fast: Mapping[str, Any]
    warm_up: float | None
    reported: tuple[Reported, ...]
    note: str
