"""The binary cross-entropy of logits, in a form that a CPU computes several times faster.

torch takes log1p one number at a time on a CPU, and all its forms of this loss, softplus and
log-sigmoid among them, wait for it. atanh goes by whole vector registers (for times, see
benchmarks/bernoulli_speed.py).
"""
from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .checks import check_same_shape


def binary_cross_entropy(logits: Tensor, x: Tensor) -> Tensor:
    """−x log σ(l) − (1 − x) log σ(−l), nats, for each element by itself.

    Half precision is computed, and returned, in float32: a sum over pixels needs the digits.

    Args:
        logits: l, any shape.
        x: in [0, 1], same shape.
    Raises:
        UserError: two different shapes, whole numbers.
    """
    check_same_shape("logits", logits, "x", x)
    dtype = torch.promote_types(torch.promote_types(logits.dtype, x.dtype), torch.float32)
    logits = logits.to(dtype)
    x = x.to(dtype)
    if logits.device.type != "cpu":
        # a GPU has one kernel for all of it
        return F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return _BinaryCrossEntropy.apply(logits, x)


class _BinaryCrossEntropy(torch.autograd.Function):
    """max(l, 0) (1 − x) + max(−l, 0) x + log(1 + u), u = e^−|l|, with the gradient σ(l) − x.

    log(1 + u) = 2 atanh( u / (2 + u) ). Neither this nor the other two terms cancel digits: all are
    positive.
    """

    @staticmethod
    def forward(logits: Tensor, x: Tensor) -> Tensor:
        u = logits.abs().neg_().exp_()
        # in place from here on: most of the time would go into new memory
        log1p_u = u.div_(u + 2).atanh_().mul_(2)
        log1p_u.addcmul_(logits.clamp(min=0), 1 - x)
        return log1p_u.addcmul_(logits.clamp(max=0), x, value=-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        # of the inputs alone, so that torch can take the derivative of this, too
        logits, x = ctx.saved_tensors
        of_logits = of_x = None
        if ctx.needs_input_grad[0]:
            of_logits = (torch.sigmoid(logits) - x) * gradient
        if ctx.needs_input_grad[1]:
            of_x = -logits * gradient
        return of_logits, of_x
