"""The numbers of a training run: one row per epoch."""
from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import UserError, brief, pick
from ..files import write_json, write_text


class History:
    """One row per epoch: train_…, validation_… and test_… terms in the loss's units, and seconds.

    `history["test_loss"]` is a column.

    Attributes:
        rows: a dict per epoch.
        selected_on: "validation" or "test", where `fit` kept the weights of the epoch with the
            lowest loss of that set: that loss is then too good to judge the model by. None where
            the last epoch's weights were kept.
    Raises:
        UserError: rows that are no dicts.
    """

    def __init__(self, rows: Sequence[Any] | None = None):
        self.rows: list[dict[str, Any]] = []
        self.selected_on: str | None = None
        for row in rows or ():
            if not isinstance(row, Mapping):
                raise UserError(f"rows must be dicts, one per epoch, got {brief(rows)}")
            self.rows.append(dict(row))

    def add(self, row: Mapping[str, Any]) -> None:
        """Append an epoch's row."""
        self.rows.append(dict(row))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> list[float]:
        self._require_rows()
        pick("column", column, self.columns)
        # an epoch without this entry has no number
        return [row.get(column, math.nan) for row in self.rows]

    @property
    def columns(self) -> list[str]:
        """The names of the rows' entries; none before the first epoch."""
        names: dict[str, None] = {}
        for row in self.rows:
            names |= dict.fromkeys(row)
        return list(names)

    @property
    def last(self) -> dict[str, Any]:
        """The latest epoch's row.

        Raises:
            UserError: there is none yet.
        """
        self._require_rows()
        return self.rows[-1]

    @property
    def best(self) -> int:
        """The epoch with the lowest finite validation loss, counted from 0.

        Without a validation set it is the lowest test loss.

        Raises:
            UserError: no epoch has such a loss.
        """
        watched = "validation_loss" if "validation_loss" in self.columns else "test_loss"
        losses = [row.get(watched, math.nan) for row in self.rows]
        finite = [(loss, epoch) for epoch, loss in enumerate(losses) if math.isfinite(loss)]
        if not finite:
            raise UserError(
                "no epoch has a finite validation or test loss, so none is the best; "
                "give fit() a validation or a test set"
            )
        return min(finite)[1]

    def __repr__(self) -> str:
        if not self.rows:
            return "History(0 epochs: empty)"
        terms = [f"{k} {v:.3g}" for k, v in self.last.items() if k.endswith("_loss")]
        return f"History({len(self)} epochs: {', '.join(terms)})"

    def save(self, path: str | Path) -> Path:
        """Write all rows as CSV or JSON, by the ending of the name.

        In CSV, an entry that a row lacks is left empty.

        Raises:
            UserError: another ending, a file that cannot be written.
        """
        ending = Path(path).suffix
        if ending not in (".csv", ".json"):
            raise UserError(f"path must end in .csv or .json, got {str(path)!r}")
        if ending == ".json":
            return write_json(path, self.rows)

        table = io.StringIO()
        writer = csv.DictWriter(table, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return write_text(path, table.getvalue())

    def _require_rows(self) -> None:
        if not self.rows:
            raise UserError("the history holds no epoch yet; train first")
