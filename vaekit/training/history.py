"""What a training run tells: one row an epoch."""
from __future__ import annotations

import csv
import json
from pathlib import Path

from ..errors import pick
from ..files import atomic


class History:
    """One row an epoch: train_…, validation_… and test_… terms in the loss's units, and seconds. `history["test_loss"]` is a column."""

    def __init__(self, rows: list[dict] | None = None):
        self.rows = list(rows or [])

    def add(self, row: dict) -> None:
        self.rows.append(row)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> list[float]:
        pick("column", column, self.columns)
        return [row[column] for row in self.rows]

    @property
    def columns(self) -> list[str]:
        return list(self.rows[0]) if self.rows else []

    @property
    def last(self) -> dict:
        return self.rows[-1]

    @property
    def best(self) -> int:
        """Where the loss was lowest that may choose the weights, counted from 0: the validation set's if there is one, else the test set's."""
        losses = self["validation_loss" if "validation_loss" in self.columns else "test_loss"]
        return losses.index(min(losses))

    def __repr__(self) -> str:
        terms = ", ".join(f"{k} {v:.3g}" for k, v in self.last.items() if k.endswith("_loss")) if self.rows else "empty"
        return f"History({len(self)} epochs: {terms})"

    def save(self, path: str | Path) -> Path:
        """Write all rows as CSV or JSON, by the ending of the name."""
        with atomic(path) as temporary, open(temporary, "w", newline="") as file:
            if pick("ending", Path(path).suffix, (".csv", ".json")) == ".json":
                json.dump(self.rows, file, indent=1)
            else:
                writer = csv.DictWriter(file, self.columns)
                writer.writeheader()
                writer.writerows(self.rows)
        return Path(path)
