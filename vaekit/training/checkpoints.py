"""A training run that can be interrupted at any point.

Weights, optimisers, best weights and history lie in one safetensors file.
"""
from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import UserError, at_least, brief
from ..files import check_writable, load_weights, save_weights
from .contents import check_same_run, check_tensors, is_judged, moments_of, rows_of
from .history import History
from .refusals import check_holds_values


class Checkpoint:
    """The state of a run. Opening it brings model and optimisers back to where they were.

    Args:
        path: its file; None keeps the state in memory only.
        settings: what must be equal for the file to be of this run, as JSON holds it.
        model, optimizers: whose state is kept.
    Raises:
        UserError: the file belongs to a run with other settings or another model, or is damaged;
            the folder cannot be written.
    """

    def __init__(
        self,
        path: str | Path | None,
        settings: Mapping[str, Any],
        model: nn.Module,
        optimizers: Sequence[torch.optim.Optimizer],
    ):
        check_holds_values(model)
        self.path = None if path is None else _file(path)
        self.settings = dict(settings)
        self.model = model
        self.optimizers = optimizers
        self.history = History()
        self.best: dict[str, Tensor] = {}

        if self.path is None:
            return
        if self.path.exists():
            self._resume(self.path)
        else:
            check_writable(self.path.parent)

    def stale_for(self, patience: int | None) -> bool:
        """True once the last `patience` epochs brought no better loss (`History.best`).

        Raises:
            UserError: patience < 1.
        """
        if patience is not None:
            at_least("patience", patience, 1)
        if patience is None or len(self.history) == 0:
            return False
        epochs_since_best = len(self.history) - 1 - self.history.best
        return epochs_since_best >= patience

    def after_epoch(self, row: Mapping[str, Any]) -> None:
        """Add the epoch's row, keep the weights if they are the best, write the file."""
        self.history.add(dict(row))
        if self._just_improved():
            state = self.model.state_dict()
            self.best = {name: value.detach().clone() for name, value in state.items()}
        if self.path is not None:
            self._save(self.path)

    def restore_best(self) -> None:
        """Take the best weights back, if any epoch was judged."""
        if self.best:
            self.model.load_state_dict(self.best)

    def _just_improved(self) -> bool:
        return is_judged(self.history) and self.history.best == len(self.history) - 1

    def _save(self, path: Path) -> None:
        tensors = {}
        for name, value in self.model.state_dict().items():
            tensors[f"model.{name}"] = value
        for name, value in self.best.items():
            tensors[f"best.{name}"] = value
        for number, optimizer in enumerate(self.optimizers):
            for index, state in optimizer.state_dict()["state"].items():
                for key, value in state.items():
                    tensors[f"{_prefix(number)}{index}.{key}"] = value

        metadata = {
            "rows": json.dumps(self.history.rows),
            "settings": json.dumps(self.settings),
            "moments": json.dumps([_with_moments(one) for one in self.optimizers]),
        }
        save_weights(path, tensors, metadata)

    def _resume(self, path: Path) -> None:
        """Bring all back from the file; nothing is changed before all of it is checked."""
        tensors, metadata = load_weights(path)
        if "settings" not in metadata:
            raise UserError(
                f"{path} holds weights but no training state; give the checkpoint another name"
            )
        check_same_run(path, metadata["settings"], self.settings)
        rows = rows_of(path, metadata.get("rows", ""))
        history = History(rows)
        moments = moments_of(path, metadata.get("moments", ""), self.optimizers)

        state = self.model.state_dict()
        weights = _strip(tensors, "model.")
        if _shapes(weights) != _shapes(state):
            raise UserError(f"{path} belongs to another model; delete it or use another folder")
        expected = {f"model.{name}": value for name, value in state.items()}
        if is_judged(history):
            expected |= {f"best.{name}": value for name, value in state.items()}
        for number, optimizer in enumerate(self.optimizers):
            expected |= _expected_moments(number, optimizer, moments[number])
        check_tensors(path, tensors, expected)

        self.history = history
        self.model.load_state_dict(weights)
        self.best = _strip(tensors, "best.")
        for number, optimizer in enumerate(self.optimizers):
            _resume_optimizer(optimizer, _strip(tensors, _prefix(number)))


def _file(path: str | Path) -> Path:
    if not str(path).strip():
        raise UserError(f"checkpoint must name a file, got {str(path)!r}")
    file = Path(os.path.expanduser(path))
    try:
        # not is_dir(), which in some versions of Python takes a name too long for a missing file
        is_folder = stat.S_ISDIR(os.stat(file).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        # check_writable speaks of the folder
        is_folder = False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"checkpoint cannot be the file {brief(str(file))} ({reason}); "
            "choose another, shorter name or another folder"
        ) from error
    if is_folder:
        raise UserError(f"checkpoint must be a file, and {file} is a folder; add a file name")
    return file


def _prefix(number: int) -> str:
    """optimizer. for the first one, optimizer1. for the second."""
    return "optimizer." if number == 0 else f"optimizer{number}."


def _with_moments(optimizer: torch.optim.Optimizer) -> list[int]:
    """The positions of the weights that have moved: one that got no gradient has no moments."""
    return sorted(optimizer.state_dict()["state"])


def _weights_of(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def _expected_moments(
    number: int, optimizer: torch.optim.Optimizer, positions: Sequence[int]
) -> dict[str, Tensor]:
    """Tensors of the shapes and dtypes that Adam and RAdam keep for these weights."""
    weights = _weights_of(optimizer)
    expected = {}
    for index in positions:
        prefix = f"{_prefix(number)}{index}."
        expected[f"{prefix}step"] = torch.zeros(())
        expected[f"{prefix}exp_avg"] = weights[index]
        expected[f"{prefix}exp_avg_sq"] = weights[index]
    return expected


def _resume_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    weights = _weights_of(optimizer)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        if key != "step":
            value = _laid_out_like(weights[int(index)], value)
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})


def _laid_out_like(parameter: nn.Parameter, moment: Tensor) -> Tensor:
    """The moment in its parameter's memory format, channels last or not.

    Files hold contiguous tensors, but a fused optimiser walks through memory.
    """
    return torch.empty_like(parameter).copy_(moment)


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def _strip(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with the prefix, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
