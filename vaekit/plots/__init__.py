"""Figures: image sheets, training curves, latent maps; and tables, as Markdown.

Each function returns one matplotlib Figure, the value of a notebook cell; `table` returns a table.
"""
from .charts import curves, lines
from .images import PAD, compare, sheet
from .latents import lattice, walk
from .maps import latent_map
from .planes import rate_distortion
from .style import CLASSES, LINES, SUBSCRIPTS, figure, latent_name
from .tables import MarkdownTable, table

__all__ = [
    "CLASSES",
    "LINES",
    "PAD",
    "SUBSCRIPTS",
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
