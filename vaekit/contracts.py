"""What the rooms may ask of one another: a model, an objective.

Plots, metrics, sliders and the training loop are written for these, so they serve all models, those
of a student included.

Where a method takes c, it is a label or a row of attributes for each image, or one for all. A model
that has no condition refuses a c, but for one method: forward is given the labels of every batch,
and then does not read them. What has a condition says so by an attribute `condition` (see
`models.conditioning`).
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from .errors import UserError

Shape = tuple[int, int, int]


@runtime_checkable
class Objective(Protocol):
    """What is minimised: named terms of a model's output, one value per image.

    The mean of "loss" over the batch is minimised, for a model of several players each player's
    term; all terms are recorded. Nothing is reduced inside.
    """

    def __call__(self, output: Any, x: Tensor, c: Tensor | None, /) -> Mapping[str, Tensor]:
        """Model's output, images (N, C, H, W) in [0, 1], labels (N,) or None → terms, (N,) each."""
        ...


@runtime_checkable
class Model(Protocol):
    """What `fit`, plots and sliders ask of a model; `fit` also asks that it is a torch module."""

    image_shape: Shape

    # what must be equal for a checkpoint to be of this model, where shapes would not show it
    settings: dict[str, Any]

    def __call__(self, x: Tensor, c: Tensor | None = None) -> Any:
        """What the objective needs, for images (N, C, H, W) in [0, 1].

        c are the labels as they come with a batch; a model without a condition does not read them.
        """
        ...

    def sample(
        self, n: int, c: Any = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """n new images, (n, C, H, W) in [0, 1]."""
        ...

    def players(self) -> dict[str, list[torch.nn.Parameter]]:
        """Which term of the loss is minimised by whose parameters: {"loss": all of them}."""
        ...

    def after_step(self) -> None:
        """Called after every step of the optimisers: for a moving average of the weights, say."""
        ...


@runtime_checkable
class Decoder(Protocol):
    """What walks, lattices and sliders ask: a latent space whose points are images."""

    latent_dim: int

    def decode(self, z: Tensor, c: Any = None) -> Tensor:
        """Latents (N, latent_dim) → images (N, C, H, W) in [0, 1]."""
        ...


@runtime_checkable
class LatentVariableModel(Protocol):
    """What likelihoods and latent diagnostics ask: q(z | x), p(x | z), and the prior N(0, I)."""

    likelihood: str

    def posterior(self, x: Tensor, c: Any = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), (N, D) each."""
        ...

    def log_likelihood(self, x: Tensor, z: Tensor, c: Any = None) -> Tensor:
        """log p(x | z), nats, (N,): one latent (N, D) for each image."""
        ...


def require(model: Any, *methods: str) -> None:
    """Refuse what has not these methods or attributes.

    Raises:
        UserError: one is missing; the message names it.
    """
    missing = [name for name in methods if not hasattr(model, name)]
    if missing:
        raise UserError(
            f"model must have {', '.join(methods)}, and {type(model).__name__} has no "
            f"{', '.join(missing)}; subclass vaekit.models.ImageModel, or see vaekit.contracts"
        )
