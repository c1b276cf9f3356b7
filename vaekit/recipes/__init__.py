"""Every system of the student reports by name.

A recipe holds data, model, loss and optimiser, and the numbers that the report gives. Its defaults
are the report's hyper-parameters; `train` takes others.

The reports, by key:
    S0  "Variational Autoencoder for Image Generation", TDDE70, Linköping University
    S1  "Variational Autoencoder for Image Generation", AI3611, Shanghai Jiao Tong University
    S2  "Image generation with Variational Autoencoders (VAE)", Universities of Pavia and Milano
    S3  "Generative models using VAEs & GANs", CPSC 8810, Clemson University
    S4  "Generating Images using conditional Variational Autoencoders"
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .system import Reported

if TYPE_CHECKING:
    from . import pretrained
    from .fresh import build
    from .recipe import Recipe
    from .run import Run, train
    from .table import RECIPES, get
    from .weights import load_model, save

__all__ = [
    "RECIPES",
    "Recipe",
    "Reported",
    "Run",
    "build",
    "get",
    "load_model",
    "pretrained",
    "save",
    "train",
]

# what needs torch is imported when it is first asked for: from which module
_MODULES = {
    "RECIPES": "table",
    "Recipe": "recipe",
    "Run": "run",
    "build": "fresh",
    "get": "table",
    "load_model": "weights",
    "pretrained": "pretrained",
    "save": "weights",
    "train": "run",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
        return module if name == _MODULES[name] else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
