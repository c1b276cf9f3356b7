"""The sliders where the canvas is not: plain ipywidgets (≥ 7.7) and PNGs.

A slider never redraws a figure: it sends one image, or one sheet of them, at its native size, and
the browser enlarges it.
"""
from .controls import Controls, Still
from .denoise import Denoise
from .parts import png
from .sheets import SheetSlider
from .walk import Walk

__all__ = ["Controls", "Denoise", "SheetSlider", "Still", "Walk", "png"]
