"""What an objective makes of a batch: its terms, checked."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..contracts import Objective
from ..device import has_bf16
from ..errors import UserError, brief
from ..losses import samples_of
from ..models.base import ImageModel


def terms_of(
    model: ImageModel,
    objective: Objective,
    x: Tensor,
    c: Tensor | None,
    minimised: Sequence[str] = (),
) -> Mapping[str, Tensor]:
    """The objective's terms of a batch, (N,) each, in float32 whatever the model runs in.

    Args:
        model: on the device of x.
        objective: see `vaekit.contracts.Objective`.
        x, c: images (N, C, H, W) and their labels, as a batch brings them; None if there are none.
        minimised: the terms that must be among them.
    Raises:
        UserError: terms that are not one value per image, a minimised term that is missing or has
            no gradient.
    """
    bf16 = x.device.type == "cuda" and has_bf16(x.device)
    with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
        draws = samples_of(objective)
        output = model(x, c) if draws == 1 else model(x, c, samples=draws)

    terms = objective(_float(output), x, c)
    _check_terms(terms, minimised, len(x))
    _check_minimised(terms, minimised)
    return terms


def _float(output: Any) -> Any:
    """What a model returns, its floating-point tensors in float32."""
    if isinstance(output, Tensor):
        return output.float() if output.is_floating_point() else output
    if isinstance(output, Mapping):
        return {name: _float(part) for name, part in output.items()}
    if isinstance(output, tuple):
        parts = [_float(part) for part in output]
        # a named tuple is made of its parts, a plain one of a list of them
        return type(output)(*parts) if hasattr(output, "_fields") else tuple(parts)
    return output


def _check_terms(terms: Any, wanted: Sequence[str], images: int) -> None:
    """An objective gives one value per image of each term, and every term that is minimised."""
    if not isinstance(terms, Mapping):
        raise UserError(
            "an objective returns its terms by name, {'loss': values of shape (N,)}, "
            f"got {type(terms).__name__}"
        )
    for name in wanted:
        if name not in terms:
            got = ", ".join(map(str, terms)) or "none"
            raise UserError(f"the term {name!r} is minimised, but the objective gave {got}")
    for name, values in terms.items():
        if not isinstance(values, Tensor) or values.is_complex():
            raise UserError(
                f"the term {name!r} must be a tensor of real numbers, one per image, ({images},), "
                f"got {type(values).__name__} {brief(values)}; compute it by torch's functions"
            )
        if values.shape != (images,):
            raise UserError(
                f"the term {name!r} has shape {tuple(values.shape)}, but an objective gives one "
                f"value per image, ({images},); sum over pixels, and leave the mean to fit()"
            )


def _check_minimised(terms: Mapping[str, Tensor], minimised: Sequence[str]) -> None:
    """In training, a term that is minimised has a gradient; no value of it is read."""
    for name in minimised:
        if torch.is_grad_enabled() and not terms[name].requires_grad:
            raise UserError(
                f"the term {name!r} is minimised, but has no gradient, got a tensor "
                f"{brief(terms[name])} with requires_grad False; compute it from the model's "
                "output, without detach(), no_grad() or numpy"
            )
