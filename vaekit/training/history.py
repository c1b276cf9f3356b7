"""The numbers of a training run: one row per epoch."""
from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from ..errors import pick
from ..files import atomic


class History:
    """One row per epoch: train_…, validation_… and test_… terms in the loss's units, and seconds.

    `history["test_loss"]` is a column.
    """

    def __init__(self, rows: list[dict[str, Any]] | None = None):
        self.rows = list(rows or [])

    def add(self, row: dict[str, Any]) -> None:
        """Append an epoch's row."""
        self.rows.append(row)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> list[float]:
        pick("column", column, self.columns)
        return [row[column] for row in self.rows]

    @property
    def columns(self) -> list[str]:
        """The names of a row's entries; none before the first epoch."""
        return list(self.rows[0]) if self.rows else []

    @property
    def last(self) -> dict[str, Any]:
        """The latest epoch's row."""
        return self.rows[-1]

    @property
    def best(self) -> int:
        """The epoch with the lowest validation loss, counted from 0.

        Without a validation set it is the lowest test loss.
        """
        watched = "validation_loss" if "validation_loss" in self.columns else "test_loss"
        losses = self[watched]
        return losses.index(min(losses))

    def __repr__(self) -> str:
        if not self.rows:
            return "History(0 epochs: empty)"
        terms = [f"{k} {v:.3g}" for k, v in self.last.items() if k.endswith("_loss")]
        return f"History({len(self)} epochs: {', '.join(terms)})"

    def save(self, path: str | Path) -> Path:
        """Write all rows as CSV or JSON, by the ending of the name.

        Raises:
            UserError: another ending, a folder that cannot be written.
        """
        path = Path(path)
        ending = pick("ending", path.suffix, (".csv", ".json"))
        with atomic(path) as temporary, open(temporary, "w", newline="") as file:
            if ending == ".json":
                json.dump(self.rows, file, indent=1)
            else:
                writer = csv.DictWriter(file, self.columns)
                writer.writeheader()
                writer.writerows(self.rows)
        return path
