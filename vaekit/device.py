"""Where a model runs, and what must hold while it is measured."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import torch
from torch import Tensor, nn

from .errors import UserError, pick


@contextmanager
def evaluating(model) -> Iterator:
    """The model in evaluation mode and without gradient; afterwards each part is as it was (a backbone may have been frozen on purpose).

    A model need not be a torch module.
    """
    modes = [(part, part.training) for part in model.modules()] if isinstance(model, nn.Module) else []
    for part, _ in modes:
        part.training = False
    try:
        with torch.no_grad():
            yield model
    finally:
        for part, mode in modes:
            part.training = mode


def pick_device(device: str = "auto") -> torch.device:
    """ "auto" is cuda if there is one, then mps (Apple), then cpu."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    pick("device", device.split(":")[0], ("auto", "cuda", "mps", "cpu"))
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UserError("device 'cuda' was asked for, but torch sees no GPU; use device='auto' or 'cpu'")
    if device == "mps" and not torch.backends.mps.is_available():
        raise UserError("device 'mps' was asked for, but torch sees none; use device='auto' or 'cpu'")
    try:
        return torch.device(device)
    except RuntimeError as error:
        raise UserError(f"{device!r} is no device; use auto, cuda, cuda:0, mps or cpu") from error


def device_of(model: nn.Module) -> torch.device:
    """Where its weights are; the CPU if it has none, as a formula in a model's place."""
    return next(chain(model.parameters(), model.buffers()), torch.zeros(())).device


def normal(shape: Sequence[int], generator: torch.Generator | None) -> Tensor:
    """A draw of N(0, I), made where the generator is, so that a seed means the same on every device."""
    return torch.randn(shape, generator=generator, device=generator.device if generator else None)
