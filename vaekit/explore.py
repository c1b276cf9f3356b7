"""Sliders: walk through a latent space by hand. Plain ipywidgets (≥ 7.7) and a PNG, so they run in JupyterLab, Notebook, Colab and Binder.

A slider never redraws a figure: it decodes one latent and sends about 1 kB of PNG at native size, which the browser enlarges.
"""
from __future__ import annotations

import io
from collections.abc import Sequence

import ipywidgets
import torch
from torch import Tensor

from .errors import UserError, at_least
from .plots import SUBSCRIPTS

# the browser would smooth 28 pixels into fog
PIXELATED = "<style>.vaekit-pixels img, img.vaekit-pixels { image-rendering: pixelated; }</style>"


class Walk(ipywidgets.VBox):
    """One slider per latent dimension, and the image decoded where they stand.

    Args:
        model: anything with `decode` and `latent_dim`.
        dims: how many of the latent dimensions get a slider, the first ones, or which, as a sequence.
        low, high: ends of the sliders, a number or one for each.
        start: latent (latent_dim,) to set out from; zeros if left out.
        size: width of the picture in CSS pixels.
    """

    def __init__(self, model, dims: int | Sequence[int] = 2, *, low=-5.0, high=5.0, start: Tensor | None = None, size: int = 224):
        dims = range(at_least("dims", dims, 1)) if isinstance(dims, int) else dims
        if not dims or min(dims) < 0 or max(dims) >= model.latent_dim:
            raise UserError(f"dims must lie in 0 … {model.latent_dim - 1} for this model, got {list(dims)}")
        self.model, self.dims = model, list(dims)
        self.z = torch.zeros(1, model.latent_dim) if start is None else start.detach().cpu().reshape(1, -1).clone()
        lows, highs = _each(low, self.dims), _each(high, self.dims)
        self.sliders = [self._slider(dim, a, b) for dim, a, b in zip(self.dims, lows, highs)]
        self.image = ipywidgets.Image(format="png", width=size, height=size)
        self.image.add_class("vaekit-pixels")
        super().__init__([*self.sliders, self.image, ipywidgets.HTML(PIXELATED)])
        self._decode()

    def _slider(self, dim: int, low: float, high: float) -> ipywidgets.FloatSlider:
        value = min(max(float(self.z[0, dim]), low), high)
        slider = ipywidgets.FloatSlider(value, min=low, max=high, step=(high - low) / 100, description=f"z{dim + 1}".translate(SUBSCRIPTS),
                                        readout_format=".2f", continuous_update=True)
        slider.observe(lambda change: self._decode(), names="value")
        return slider

    def _decode(self) -> None:
        for dim, slider in zip(self.dims, self.sliders):
            self.z[0, dim] = slider.value
        with torch.inference_mode():
            self.image.value = png(self.model.decode(self.z)[0])

    def __repr__(self) -> str:                 # stable: the default one prints every byte of the picture
        return f"Walk({len(self.sliders)} slider{'s' * (len(self.sliders) > 1)} over a {self.model.latent_dim}-dimensional latent space)"


def png(image: Tensor) -> bytes:
    """One image (C, H, W) in [0, 1] as PNG bytes at its native size."""
    from PIL import Image

    pixels = image.detach().cpu().mul(255).round().byte().permute(1, 2, 0).squeeze(2).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _each(value, dims) -> list[float]:
    return [float(v) for v in value] if isinstance(value, Sequence) else [float(value)] * len(dims)
