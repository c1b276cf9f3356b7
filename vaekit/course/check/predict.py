"""Predictions: the student chooses before the measurement, and the measurement answers."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import UserError, brief
from .core import CheckFailed, Passed


class Surprise(Passed):
    """The measurement says something else than was expected; nothing failed."""

    def __repr__(self) -> str:
        return f"↯ {self.sentence}"


def prediction(choice: Any, outcomes: Mapping[str, Any], because: str = "") -> Passed:
    """What the measurement says of a choice that was made before it.

    A wrong prediction is no failure: it is where something can be learned.

    Args:
        choice: a key of outcomes.
        outcomes: each possible answer → whether it came true, by what was measured.
        because: a sentence that explains the answer.
    Raises:
        CheckFailed: no choice yet, or one that is not among the answers.
        UserError: not exactly one of the outcomes came true.
    """
    true = [name for name, holds in outcomes.items() if bool(holds)]
    if len(true) != 1:
        raise UserError(
            f"outcomes must have one answer that came true, got {len(true)} of {list(outcomes)}; "
            "make them exclude each other"
        )
    answers = ", ".join(repr(name) for name in outcomes)
    if not isinstance(choice, str) or choice not in outcomes:
        raise CheckFailed(f"Choose one of {answers} first; your choice is {brief(choice)}.")
    reason = f" {because}" if because else ""
    if choice == true[0]:
        return Passed(f"as you expected: {choice}.{reason}")
    return Surprise(f"you expected {choice}, measured: {true[0]}.{reason}")
