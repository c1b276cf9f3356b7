"""What moves under the hand: walks, interpolations, maps of codes, dials, a pad to draw on.

Each function gives a widget for JupyterLab, Notebook, Voila and Colab, with a static twin,
`.figure()`. Pictures are decoded in the page where the model is small enough to travel there, else
in the kernel. Where anywidget is absent, plain ipywidgets stand in.
"""
from .attributes import attributes
from .denoise import denoise
from .dial import dial
from .directions import attribute_direction
from .draw import draw
from .interpolate import interpolate
from .map import tsne_map
from .page import page, write_page
from .plain import Denoise, SheetSlider, Walk, png
from .walk import walk

__all__ = [
    "Denoise",
    "SheetSlider",
    "Walk",
    "attribute_direction",
    "attributes",
    "denoise",
    "dial",
    "draw",
    "interpolate",
    "page",
    "png",
    "tsne_map",
    "walk",
    "write_page",
]
