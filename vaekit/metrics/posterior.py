"""What a model says of its latents, checked: a student's model may answer anything."""
from __future__ import annotations

from torch import Tensor

from ..contracts import LatentVariableModel
from ..errors import UserError


def posterior_of(
    model: LatentVariableModel, x: Tensor, c: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Mean and log-variance, if that is what the model gives: (N, D) each.

    Raises:
        UserError: it gives something else; the message says what.
    """
    found = model.posterior(x, c)
    is_pair = isinstance(found, tuple) and len(found) == 2
    if not is_pair or not all(isinstance(part, Tensor) for part in found):
        raise UserError(
            f"the posterior of {type(model).__name__} must be (mean, log_var), "
            f"got {type(found).__name__}"
        )
    mean, log_var = found
    if mean.ndim != 2 or len(mean) != len(x) or mean.shape != log_var.shape:
        raise UserError(
            f"the posterior of {type(model).__name__} must be mean and log_var (N, D) each, "
            f"got {tuple(mean.shape)} and {tuple(log_var.shape)} for {len(x)} images"
        )
    return mean, log_var
