"""A training run that can be interrupted at any point: weights, optimiser, best weights and history in one safetensors file."""
from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

from .errors import UserError
from .files import check_writable, load_weights, save_weights


class Checkpoint:
    """The state of a run beside `path` (None: kept in memory only). Opening it brings model and optimiser back to where they were.

    Raises:
        UserError: the file belongs to a run with other settings or another model, or is damaged; the folder cannot be written.
    """

    def __init__(self, path: str | Path | None, settings: dict, model: nn.Module, optimizer: torch.optim.Optimizer):
        self.path, self.settings, self.model, self.optimizer = path and Path(path), settings, model, optimizer
        self.rows: list[dict] = []
        self.best: dict[str, torch.Tensor] = {}
        if self.path and self.path.exists():
            self._resume()
        elif self.path:
            check_writable(self.path.parent)

    def stale_for(self, patience: int | None) -> bool:
        """True once the last `patience` epochs brought no better test loss."""
        return patience is not None and bool(self.rows) and len(self.rows) - 1 - self._best_epoch() >= patience

    def after_epoch(self, rows: list[dict]) -> None:
        self.rows = list(rows)
        if "test_loss" in rows[-1] and self._best_epoch() == len(rows) - 1:
            self.best = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        if self.path:
            self._save()

    def restore_best(self) -> None:
        if self.best:
            self.model.load_state_dict(self.best)

    def _best_epoch(self) -> int:
        losses = [row["test_loss"] for row in self.rows]
        return losses.index(min(losses))

    def _save(self) -> None:
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()} | {f"best.{k}": v for k, v in self.best.items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{k}": v for k, v in state.items()}
        save_weights(self.path, tensors, {"rows": json.dumps(self.rows), "settings": json.dumps(self.settings)})

    def _resume(self) -> None:
        tensors, metadata = load_weights(self.path)
        if "settings" not in metadata:
            raise UserError(f"{self.path} holds weights but no training state; give the checkpoint another name")
        before = json.loads(metadata["settings"])
        changed = [f"{k} {before.get(k)} → {self.settings.get(k)}" for k in before | self.settings if before.get(k) != self.settings.get(k)]
        if changed:
            raise UserError(f"{self.path} belongs to a run with other settings ({', '.join(changed)}); delete it or use another folder")
        try:
            self.model.load_state_dict(_strip(tensors, "model."))
        except RuntimeError as error:
            raise UserError(f"{self.path} belongs to another model; delete it or use another folder") from error
        self.rows, self.best = json.loads(metadata["rows"]), _strip(tensors, "best.")
        self._resume_optimizer(_strip(tensors, "optimizer."))

    def _resume_optimizer(self, tensors: dict[str, torch.Tensor]) -> None:
        state: dict[int, dict] = {}
        for name, value in tensors.items():
            index, key = name.split(".", 1)
            state.setdefault(int(index), {})[key] = value
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": state})


def _strip(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
