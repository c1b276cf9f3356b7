"""Measuring a model must not change it."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


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
