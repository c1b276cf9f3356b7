"""A slider over sheets of images: what each of several models makes of the same input."""
from __future__ import annotations

import html
from collections.abc import Mapping

import ipywidgets
from torch import Tensor

from ...errors import UserError, at_least
from .parts import PIXELATED, described, grid, picture, png, stop_names


class SheetSlider(ipywidgets.VBox):
    """One slider over several sheets of images, one for each of β = 0.1, 0.5, 1, …, say.

    Each sheet shows what one model makes of the same latents or the same images.

    Args:
        sheets: what the slider stops at → images (N, C, H, W) in [0, 1], all of one shape.
        label: name of the slider.
        captions: a line of text for each stop, shown as it is written.
        columns: images per row.
        scale: CSS pixels per pixel.
    Raises:
        UserError: fewer than two sheets, sheets of different shapes, captions for other stops.
    """

    def __init__(
        self,
        sheets: Mapping[object, Tensor],
        *,
        label: str = "β",
        captions: Mapping[object, str] | None = None,
        columns: int = 8,
        scale: int = 2,
    ):
        _check(sheets, captions)
        columns = at_least("columns", columns, 1)
        scale = at_least("scale", scale, 1, 100)
        grids = {stop: grid(images, columns) for stop, images in sheets.items()}
        self.pictures = {stop: png(each) for stop, each in grids.items()}
        self.captions = captions or {}

        self.slider = ipywidgets.SelectionSlider(
            options=[(str(stop), stop) for stop in sheets],
            description=described(label),
            continuous_update=True,
        )
        self.slider.observe(self._show, names="value")
        height, width = next(iter(grids.values())).shape[1:]
        self.image = picture(width * scale, height * scale)
        self.text = ipywidgets.HTML()

        super().__init__([self.slider, self.image, self.text, ipywidgets.HTML(PIXELATED)])
        self._show()

    def _show(self, change: object = None) -> None:
        stop = self.slider.value
        self.image.value = self.pictures[stop]
        # a caption is text, whatever it is made of
        self.text.value = html.escape(self.captions.get(stop, ""))

    def __repr__(self) -> str:
        return f"SheetSlider({self.slider.description} = {stop_names(self.slider)})"


def _check(sheets: Mapping[object, Tensor], captions: Mapping[object, str] | None) -> None:
    shapes = {tuple(images.shape) for images in sheets.values()}
    if len(sheets) < 2 or len(shapes) != 1:
        raise UserError("a slider needs two or more sheets of the same shape (N, C, H, W)")
    if captions is not None and set(captions) != set(sheets):
        stops = ", ".join(str(stop) for stop in sheets)
        raise UserError(f"captions are needed for the slider's own stops, {stops}")
