"""What moves under the hand: sliders over latents, over sheets of images, over diffusion.

Plain ipywidgets (≥ 7.7) and PNGs, so they run in JupyterLab, Notebook, Colab and Binder. A slider
never redraws a figure: it sends one image, or one sheet of them, at its native size, and the
browser enlarges it.
"""
from .denoise import Denoise
from .parts import png
from .sheets import SheetSlider
from .walk import Walk

__all__ = ["Denoise", "SheetSlider", "Walk", "png"]
