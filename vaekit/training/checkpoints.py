"""A training run that can be interrupted at any point: weights, optimisers, best weights and history in one safetensors file."""
from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from ..errors import UserError
from ..files import check_writable, load_weights, save_weights
from .history import History


class Checkpoint:
    """The state of a run beside `path` (None: kept in memory only). Opening it brings model and optimisers back to where they were.

    Raises:
        UserError: the file belongs to a run with other settings or another model, or is damaged; the folder cannot be written.
    """

    def __init__(self, path: str | Path | None, settings: dict, model: nn.Module, optimizers: Sequence[torch.optim.Optimizer]):
        self.path, self.settings, self.model, self.optimizers = path and Path(path), settings, model, optimizers
        self.history = History()
        self.best: dict[str, torch.Tensor] = {}
        if self.path and self.path.exists():
            self._resume()
        elif self.path:
            check_writable(self.path.parent)

    def stale_for(self, patience: int | None) -> bool:
        """True once the last `patience` epochs brought no better loss (`History.best`)."""
        return patience is not None and len(self.history) > 0 and len(self.history) - 1 - self.history.best >= patience

    def after_epoch(self, row: dict) -> None:
        self.history.add(row)
        if {"validation_loss", "test_loss"} & row.keys() and self.history.best == len(self.history) - 1:
            self.best = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        if self.path:
            self._save()

    def restore_best(self) -> None:
        if self.best:
            self.model.load_state_dict(self.best)

    def _save(self) -> None:
        tensors = {f"model.{k}": v for k, v in self.model.state_dict().items()} | {f"best.{k}": v for k, v in self.best.items()}
        for number, optimizer in enumerate(self.optimizers):
            for index, state in optimizer.state_dict()["state"].items():
                tensors |= {f"{_prefix(number)}{index}.{k}": v for k, v in state.items()}
        save_weights(self.path, tensors, {"rows": json.dumps(self.history.rows), "settings": json.dumps(self.settings)})

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
        self.history, self.best = History(json.loads(metadata["rows"])), _strip(tensors, "best.")
        for number, optimizer in enumerate(self.optimizers):
            _resume_optimizer(optimizer, _strip(tensors, _prefix(number)))


def _prefix(number: int) -> str:
    return f"optimizer{number or ''}."


def _resume_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        # files hold contiguous tensors, but a fused optimiser walks through memory: a moment must lie as its parameter does, channels last or not
        laid = value if key == "step" else torch.empty_like(parameters[int(index)]).copy_(value)
        state.setdefault(int(index), {})[key] = laid
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


def _strip(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
