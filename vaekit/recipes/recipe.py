"""What a recipe is: one system of a report, ready to be built and trained."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ..contracts import Objective
from ..data import source_of
from ..errors import UserError, at_least, brief, finite, pick
from ..models.base import ImageModel
from ..models.conditioning import CONDITIONS
from ..training import ADAM
from ..training.settings import Settings
from .system import Reported

# the arguments of `fit` that a recipe sets
SETTINGS = ("epochs", "batch_size", "lr", "weight_decay", "schedule", "optimizer", "betas")
# and those that can be given beside them
OVERRIDES = (*SETTINGS, "patience")


@dataclass(frozen=True)
class Recipe:
    """One system: what to build, how the report trained it, what the report measured.

    Attributes:
        name: by which `get` knows it.
        title: what it is, in a line.
        source: the report's key, or "house" for what serves the labs themselves.
        build: (latent_dim, image_shape) → model, with the condition third if it has one.
        loss: the objective that it is trained with.
        latent_dim: size of z; None if there is no latent space.
        epochs … betas: how it is trained, as for `training.fit`.
        condition: how the class reaches the model, one of conditioning.CONDITIONS; None if it
            does not.
        predicts: whether the model predicts attributes; `build` then takes their number third.
        data: the report's data set, one of data.SOURCES, or "folder:PATH".
        augment: maps a batch of training images to a changed one.
        unit: of the loss.
        fast: settings that reach the same numbers sooner; none if empty.
        warm_up: share of the fast training in which a β above 1 rises from 1; None: no rise.
        reported: the rows of the report's table.
        note: where this differs from the report, or what the report leaves open.
    Raises:
        UserError: a setting out of range, a name that is unknown or empty.
    """

    name: str
    title: str
    source: str
    build: Callable[..., ImageModel]
    loss: Objective
    latent_dim: int | None
    epochs: int
    batch_size: int
    lr: float = 1e-3
    weight_decay: float = 0.0
    schedule: str = "constant"
    optimizer: str = "adam"
    betas: Sequence[float] = ADAM
    condition: str | None = None
    predicts: bool = False
    data: str = "mnist"
    augment: Callable[[Tensor], Tensor] | None = None
    unit: str = "nats per image"
    fast: Mapping[str, Any] = field(default_factory=dict)
    warm_up: float | None = None
    reported: tuple[Reported, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        for what in ("name", "title", "source", "unit"):
            text = getattr(self, what)
            if not text.strip():
                raise UserError(f"{what} must hold at least a letter, got {text!r}")
        if not callable(self.build):
            raise UserError(
                f"build must be a function of (latent_dim, image_shape), got {brief(self.build)}"
            )
        if not callable(self.loss):
            raise UserError(
                "loss must be an objective, called with (output, images, labels), "
                f"got {brief(self.loss)}"
            )
        if self.latent_dim is not None:
            at_least("latent_dim", self.latent_dim, 1)
        if self.condition is not None:
            pick("condition", self.condition, CONDITIONS)
        source_of(self.data)
        if self.warm_up is not None:
            finite("warm_up", self.warm_up, above=0, most=1)
        for name in self.fast:
            pick("setting of fast", name, SETTINGS)
        own = {name: getattr(self, name) for name in SETTINGS}
        for settings in (own, own | dict(self.fast)):
            Settings(**settings, seed=0)

    def settings(self, *, fast: bool = False, **overrides: Any) -> dict[str, Any]:
        """The arguments of `fit` that make this training.

        Args:
            fast: the fast schedule instead of the report's.
            overrides: other values, and patience; None leaves the recipe's own.
        Raises:
            UserError: there is no fast schedule, an unknown setting or one out of range.
        """
        for name, value in overrides.items():
            try:
                pick("setting", name, OVERRIDES)
            except UserError as error:
                raise UserError(f"{error} Got {name}={brief(value)}.") from None
        settings = {name: getattr(self, name) for name in SETTINGS}
        if fast:
            self._check_fast()
            settings |= self.fast
        for name, value in overrides.items():
            if value is not None:
                settings[name] = value
        # now, not after data has been fetched
        Settings(**{name: settings[name] for name in SETTINGS}, seed=0)
        return settings

    def reported_at(self, latent_dim: int | None, beta: float | None = 1.0) -> Mapping[str, float]:
        """What the report measured with these settings; nothing if it gives no such row."""
        for row in self.reported:
            if row.latent_dim == latent_dim and row.beta == beta:
                return row.terms
        return {}

    def _check_fast(self) -> None:
        if not self.fast:
            raise UserError(
                f"recipe {self.name!r} has no fast schedule; leave --fast out, or set --epochs"
            )
