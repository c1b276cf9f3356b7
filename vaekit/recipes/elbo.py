"""The objectives whose KL has a weight β: as a recipe's loss, or in a partial of it."""
from __future__ import annotations

from functools import partial

from ..contracts import Objective
from ..losses import negative_elbo, negative_elbo_gaussian

ELBOS = (negative_elbo, negative_elbo_gaussian)


def is_elbo(objective: Objective) -> bool:
    """True if a β can be given to it."""
    function = objective.func if isinstance(objective, partial) else objective
    return any(function is each for each in ELBOS)


def beta_of(objective: Objective) -> float | None:
    """Its β, 1 where nothing else is said; None for an objective without."""
    if not is_elbo(objective):
        return None
    return objective.keywords.get("beta", 1.0) if isinstance(objective, partial) else 1.0
