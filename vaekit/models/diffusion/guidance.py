"""Guidance without a classifier: move the prediction away from the unconditional one."""
from __future__ import annotations

import math
from numbers import Real

import torch
from torch import Tensor, nn

from ...errors import UserError, brief

# images that pass the network at once: bounds the memory of sampling
CHUNK = 512


def predict(
    network: nn.Module, x_t: Tensor, t: Tensor, cond: Tensor | None, guidance: float | None
) -> Tensor:
    """The network's guided prediction, (N, C, H, W), a chunk of the images at a time.

    Args:
        network: (x_t, t, cond) → prediction.
        x_t: (N, C, H, W).
        t: (N,).
        cond: the encoded condition, (N, width), or None. A row of zeros is "no condition".
        guidance: w in uncond + w · (cond − uncond); 1 or None: the prediction as trained.
    """
    predictions = []
    for start in range(0, len(x_t), CHUNK):
        chunk = slice(start, start + CHUNK)
        chunk_cond = None if cond is None else cond[chunk]
        predictions.append(_guided(network, x_t[chunk], t[chunk], chunk_cond, guidance))
    return torch.cat(predictions)


def _guided(
    network: nn.Module, x_t: Tensor, t: Tensor, cond: Tensor | None, guidance: float | None
) -> Tensor:
    """The prediction with the condition, moved away from that without.

    Source:
        Ho & Salimans 2022, equation 6, whose w is ours minus 1.
    """
    if cond is None or guidance in (None, 1):
        return network(x_t, t, cond)

    # one call for both
    no_cond = torch.zeros_like(cond)
    both = network(torch.cat([x_t, x_t]), torch.cat([t, t]), torch.cat([cond, no_cond]))
    conditional, unconditional = both.chunk(2)
    return unconditional + guidance * (conditional - unconditional)


def share(name: str, value: float) -> float:
    """`value`, if it lies in [0, 1); else a UserError."""
    if not 0 <= value < 1:
        raise UserError(f"{name} must lie in [0, 1), got {brief(value)}")
    return float(value)


def check_guidance(guidance: float | None, *, conditional: bool, drop: float) -> None:
    """Refuse guidance that this model cannot follow.

    Args:
        guidance: as for `predict`.
        conditional: whether the model has a condition.
        drop: share of training images whose condition was withheld.
    Raises:
        UserError: an unconditional model, one trained with drop = 0, not a number ≥ 0.
    """
    share("drop", drop)
    if guidance in (None, 1):
        return
    if not isinstance(guidance, Real):
        raise UserError(f"guidance must be a number ≥ 0, got {guidance!r}")
    if not conditional:
        raise UserError(
            "guidance needs a condition to strengthen, but this model is unconditional; "
            f"leave guidance out, got {guidance}"
        )
    if drop == 0:
        raise UserError(
            "guidance compares with a prediction without the condition, "
            "which drop = 0 never trains; build the model with drop > 0"
        )
    if not math.isfinite(guidance) or guidance < 0:
        raise UserError(f"guidance must be ≥ 0, got {guidance}")
