"""Figures: image sheets, training curves, latent maps; diagrams of models; tables, as Markdown.

Each function returns one matplotlib Figure, the value of a notebook cell; `table` returns a table.
What draws loads on first use: a table alone needs no torch, which takes 0.2 to 0.5 GB.
"""
from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .tables import MarkdownTable, table

if TYPE_CHECKING:
    from .charts import curves, lines
    from .diagrams import Diagram
    from .images import PAD, compare, sheet
    from .latents import lattice, walk
    from .maps import latent_map
    from .planes import rate_distortion
    from .style import CLASSES, LINES, SUBSCRIPTS, figure, latent_name

__all__ = [
    "CLASSES",
    "LINES",
    "PAD",
    "SUBSCRIPTS",
    "Diagram",
    "MarkdownTable",
    "compare",
    "curves",
    "figure",
    "latent_map",
    "latent_name",
    "lattice",
    "lines",
    "rate_distortion",
    "sheet",
    "table",
    "walk",
]

# what each module has to offer
MODULES = {
    "charts": ("curves", "lines"),
    "diagrams": ("Diagram",),
    "images": ("PAD", "compare", "sheet"),
    "latents": ("lattice", "walk"),
    "maps": ("latent_map",),
    "planes": ("rate_distortion",),
    "style": ("CLASSES", "LINES", "SUBSCRIPTS", "figure", "latent_name"),
}


def __getattr__(name: str) -> Any:
    for module, names in MODULES.items():
        if name in names:
            return getattr(importlib.import_module(f".{module}", __name__), name)
    raise AttributeError(f"module 'vaekit.plots' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
