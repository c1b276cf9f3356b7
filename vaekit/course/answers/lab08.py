"""Reference solutions of lab 08."""
from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["arc", "guided"]


def guided(with_class: Tensor, without: Tensor, w: float) -> Tensor:
    """Classifier-free guidance of two predictions: (N, …) twice → (N, …).

    Source:
        Ho & Salimans 2022, equation 6, whose w is ours minus 1.
    """
    return without + w * (with_class - without)


def arc(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Points on the arc from a to b, which have the same length: (D,) twice, (T,) → (T, D)."""
    angle = torch.acos((a @ b) / (a.norm() * b.norm()))
    t = t.unsqueeze(1)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)
