"""Guidance without a classifier: move the prediction away from the unconditional one."""
from __future__ import annotations

import math
from numbers import Real

import torch
from torch import Tensor, nn

from ...errors import UserError

# images that pass the network at once: bounds the memory of sampling
CHUNK = 512


def predict(
    network: nn.Module, x_t: Tensor, t: Tensor, code: Tensor | None, guidance: float | None
) -> Tensor:
    """The network's guided prediction, (N, C, H, W), a chunk of the images at a time.

    Args:
        network: (x_t, t, code) → prediction.
        x_t: (N, C, H, W).
        t: (N,).
        code: the condition's code, (N, width), or None. A row of zeros is "no condition".
        guidance: w in uncond + w · (cond − uncond); 1 or None: the prediction as trained.
    """
    predictions = []
    for start in range(0, len(x_t), CHUNK):
        chunk = slice(start, start + CHUNK)
        chunk_code = None if code is None else code[chunk]
        predictions.append(_guided(network, x_t[chunk], t[chunk], chunk_code, guidance))
    return torch.cat(predictions)


def _guided(
    network: nn.Module, x_t: Tensor, t: Tensor, code: Tensor | None, guidance: float | None
) -> Tensor:
    """uncond + w · (cond − uncond). Source: Ho & Salimans 2022, equation 6 (w here is 1 + w)."""
    if code is None or guidance in (None, 1):
        return network(x_t, t, code)

    # one call for both halves
    codes = torch.cat([code, torch.zeros_like(code)])
    both = network(torch.cat([x_t, x_t]), torch.cat([t, t]), codes)
    cond, uncond = both.chunk(2)
    return uncond + guidance * (cond - uncond)


def check_guidance(guidance: float | None, *, conditional: bool, drop: float) -> None:
    """Refuse guidance that this model cannot follow.

    Args:
        guidance: as for `predict`.
        conditional: whether the model has a condition.
        drop: share of training images whose condition was withheld.
    Raises:
        UserError: an unconditional model, one trained with drop = 0, not a number ≥ 0.
    """
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
