"""Tables that a notebook shows as Markdown."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import UserError, brief


@dataclass(frozen=True, repr=False)
class MarkdownTable:
    """A table of text that a notebook shows as Markdown; `str()` gives the Markdown itself."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        rule = ["---"] * len(self.head)
        lines = [self.head, rule, *self.rows]
        return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

    def _repr_markdown_(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        # one line without the numbers: they may differ from machine to machine
        return f"MarkdownTable({', '.join(self.head)}; rows: {len(self.rows)})"


def table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> MarkdownTable:
    """A table with a line of headings, for a notebook or for a page of results.

    Args:
        head: one name per column.
        rows: one value per column in each; what is not text is shown as `str` gives it, so
            format numbers first. A line break becomes a space, | is escaped.
    Raises:
        UserError: no columns, or a row of another length than the head.

    >>> print(table(["model", "FID"], [["VAE", 41], ["GAN", 29]]))
    | model | FID |
    | --- | --- |
    | VAE | 41 |
    | GAN | 29 |
    """
    if not head:
        raise UserError("a table needs at least one column, got an empty head")
    names = brief(list(head))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(head):
            raise UserError(
                f"each row of a table needs one cell per column of head {names}, "
                f"got {len(row)} in row {number}: {list(row)}"
            )
    return MarkdownTable(
        tuple(_cell(name) for name in head),
        tuple(tuple(_cell(value) for value in row) for row in rows),
    )


def _cell(value: object) -> str:
    """One cell as Markdown: on one line, and no | that would begin another cell."""
    text = " ".join(str(value).split())
    # one that is escaped already stays as it is: a second backslash would undo the first
    return re.sub(r"(?<!\\)\|", r"\\|", text)
