"""Reference solutions of lab 09."""
from __future__ import annotations

from torch import Tensor

__all__ = ["attribute_vector", "auc"]


def attribute_vector(codes: Tensor, has: Tensor) -> Tensor:
    """The difference of the mean codes with and without an attribute: (N, D), (N,) → (D,).

    Source:
        Larsen et al. 2016.
    """
    return codes[has].mean(0) - codes[~has].mean(0)


def auc(members: Tensor, others: Tensor) -> float:
    """How often a member has the smaller error of two, ties counting half: (N,), (M,) → 0 … 1.

    Source:
        Mann & Whitney 1947; Yeom et al. 2018 for the attack.
    """
    smaller = (members[:, None] < others).double().mean()
    equal = (members[:, None] == others).double().mean()
    return float(smaller + equal / 2)
