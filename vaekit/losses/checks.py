"""What the losses ask of their arguments, in sentences; none looks at the values of a GPU."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..data.images import check_images
from ..errors import UserError, brief, finite


def check_float(**tensors: Tensor) -> None:
    """Raise UserError for a tensor of whole or complex numbers."""
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise UserError(
                f"{name} must be float, got {tensor.dtype}; use .float(), and divide bytes by 255"
            )


def check_same_shape(name: str, a: Tensor, other: str, b: Tensor) -> None:
    """Raise UserError for two tensors of different shapes, or of whole numbers.

    Args:
        name, other: what to call a and b in the error.
    """
    check_float(**{name: a, other: b})
    # broadcasting would answer with a plausible, wrong number
    if a.shape != b.shape:
        raise UserError(
            f"{name} must have the shape of {other}, got {tuple(a.shape)} for {tuple(b.shape)}"
        )


def check_broadcast(**tensors: Tensor) -> None:
    """Raise UserError for float tensors whose shapes do not broadcast."""
    check_float(**tensors)
    try:
        torch.broadcast_shapes(*(tensor.shape for tensor in tensors.values()))
    except RuntimeError:
        shapes = ", ".join(f"{name} {tuple(each.shape)}" for name, each in tensors.items())
        raise UserError(f"the shapes must broadcast, got {shapes}") from None


def check_range(x: Tensor) -> None:
    """Raise UserError for images outside [0, 1]."""
    try:
        check_images(x)
    except UserError as error:
        raise UserError(f"x: {error}") from None


def check_objective(objective: Any) -> None:
    """Raise UserError for what cannot be called, and so is no objective."""
    if not callable(objective):
        raise UserError(
            "objective must be a function of (output, x, c), such as losses.negative_elbo, "
            f"got {brief(objective)}"
        )


def check_output(output: Any, *names: str) -> None:
    """Raise UserError for a model's output that lacks a tensor that is read of it.

    Args:
        names: of the tensors; those of a VAE's output if none is given.
    """
    for name in names or ("logits", "mean", "log_var", "z"):
        if not isinstance(getattr(output, name, None), Tensor):
            raise UserError(
                f"output must have a tensor {name or repr(name)}, as that of a VAE does, "
                f"got {brief(output)}"
            )


def check_weights(**weights: float) -> None:
    """Raise UserError for a weight that is negative, NaN or infinite."""
    reasons = {
        "beta": "; a negative weight would reward posteriors far from the prior",
        "nats": "; a rate is 0 or more",
    }
    for name, value in weights.items():
        try:
            finite(name, value, least=0)
        except UserError as error:
            raise UserError(f"{error}{reasons.get(name, '')}") from None
