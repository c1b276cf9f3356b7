"""Reference solutions of the exercises, one module per lab, for a student who is stuck.

`check.or_reference` finds them by the name of the exercise.
"""
from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import lab01, lab02, lab03, lab04, lab05, lab06, lab07, lab08, lab09

LABS: tuple[ModuleType, ...] = (lab01, lab02, lab03, lab04, lab05, lab06, lab07, lab08, lab09)


def answers() -> dict[str, Callable[..., Any]]:
    """The reference solution of each exercise, by its name."""
    return {name: getattr(lab, name) for lab in LABS for name in lab.__all__}
