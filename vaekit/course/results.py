"""How the labs went."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UserError


@dataclass(frozen=True)
class LabResult:
    """How one lab went; `error` is empty if it ran through."""

    name: str
    title: str
    seconds: float
    cells: int
    error: str = ""
    has_picture: bool = False


def summary(results: Sequence[LabResult]) -> str:
    """A table in plain text: lab, cells, seconds, and ok or what failed.

    Raises:
        UserError: no results.
    """
    if not results:
        raise UserError("results are empty; run at least one lab")
    width = max(len(result.name) for result in results)
    lines = [f"{'lab':{width}}  cells  seconds  result"]
    for result in results:
        outcome = result.error or "ok"
        lines.append(
            f"{result.name:{width}}  {result.cells:5}  {result.seconds:7.1f}  {outcome}"
        )
    return "\n".join(lines)
