"""Sliders: walk through a latent space by hand, choose a class, move along a row of models, watch an image come out of noise.

Plain ipywidgets (≥ 7.7) and a PNG, so they run in JupyterLab, Notebook, Colab and Binder.

A slider never redraws a figure: it sends a PNG of one latent or of one row of images at native size, which the browser enlarges.
"""
from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import ipywidgets
import torch
from torch import Tensor

from ..errors import UserError, at_least
from ..models.conditioning import is_conditional
from ..models.diffusion import to_images
from ..plots import SUBSCRIPTS

# the browser would smooth 28 pixels into fog
PIXELATED = "<style>.vaekit-pixels img, img.vaekit-pixels { image-rendering: pixelated; }</style>"


class Walk(ipywidgets.VBox):
    """One slider per latent dimension, and the image decoded where they stand; for a conditional model, a list of classes to choose from above.

    Args:
        model: anything with `decode` and `latent_dim`.
        dims: how many of the latent dimensions get a slider, the first ones, or which, as a sequence.
        low, high: ends of the sliders, a number or one for each.
        start: latent (latent_dim,) to set out from; zeros if left out.
        size: width of the picture in CSS pixels.
        classes: names of the classes of a conditional model, in the order of its labels.
    Raises:
        UserError: dims that the model does not have; classes without a condition, or a condition without classes.
    """

    def __init__(self, model, dims: int | Sequence[int] = 2, *, low=-5.0, high=5.0, start: Tensor | None = None, size: int = 224,
                 classes: Sequence[str] = ()):
        dims = range(at_least("dims", dims, 1)) if isinstance(dims, int) else dims
        if not dims or min(dims) < 0 or max(dims) >= model.latent_dim:
            raise UserError(f"dims must lie in 0 … {model.latent_dim - 1} for this model, got {list(dims)}")
        _check_classes(model, classes)
        self.model, self.dims = model, list(dims)
        self.z = torch.zeros(1, model.latent_dim) if start is None else start.detach().cpu().reshape(1, -1).clone()
        lows, highs = _each(low, self.dims), _each(high, self.dims)
        self.sliders = [self._slider(dim, a, b) for dim, a, b in zip(self.dims, lows, highs)]
        self.image = ipywidgets.Image(format="png", width=size, height=size)
        self.image.add_class("vaekit-pixels")
        self.choice = _chooser(classes)
        self.choice.observe(lambda change: self._decode(), names="value")
        super().__init__([*([self.choice] if classes else []), *self.sliders, self.image, ipywidgets.HTML(PIXELATED)])
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
            told = () if self.choice.value is None else (self.choice.value,)
            self.image.value = png(self.model.decode(self.z, *told)[0])

    def __repr__(self) -> str:                 # stable: the default one prints every byte of the picture
        chooser = f", {len(self.choice.options)} classes" * bool(self.choice.options)
        return f"Walk({len(self.sliders)} slider{'s' * (len(self.sliders) > 1)} over a {self.model.latent_dim}-dimensional latent space{chooser})"


class Along(ipywidgets.VBox):
    """One slider over a row of sheets, β = 0.1, 0.5, 1, …, say: what each model makes of the same latents or the same images.

    Args:
        sheets: what the slider stops at → images (N, C, H, W) in [0, 1], all of one shape.
        label: name of the slider. captions: a line of text for each stop.
        columns: images a row. scale: CSS pixels per pixel.
    Raises:
        UserError: fewer than two sheets, sheets of different shapes, captions for other stops.
    """

    def __init__(self, sheets: Mapping[object, Tensor], *, label: str = "β", captions: Mapping[object, str] | None = None,
                 columns: int = 8, scale: int = 2):
        from torchvision.utils import make_grid

        if len(sheets) < 2 or len({tuple(images.shape) for images in sheets.values()}) != 1:
            raise UserError("a slider needs two or more sheets of the same shape (N, C, H, W)")
        if captions is not None and set(captions) != set(sheets):
            raise UserError(f"captions are needed for the slider's own stops, {', '.join(map(str, sheets))}")
        grids = {stop: make_grid(images.detach().cpu(), at_least("columns", columns, 1), padding=1, pad_value=1.0) for stop, images in sheets.items()}
        self.pictures, self.captions = {stop: png(grid) for stop, grid in grids.items()}, captions or {}
        height, width = next(iter(grids.values())).shape[1:]
        self.slider = ipywidgets.SelectionSlider(options=[(str(stop), stop) for stop in sheets], description=label, continuous_update=True)
        self.image = ipywidgets.Image(format="png", width=width * scale, height=height * scale)
        self.image.add_class("vaekit-pixels")
        self.text = ipywidgets.HTML()
        self.slider.observe(lambda change: self._show(), names="value")
        super().__init__([self.slider, self.image, self.text, ipywidgets.HTML(PIXELATED)])
        self._show()

    def _show(self) -> None:
        self.image.value, self.text.value = self.pictures[self.slider.value], self.captions.get(self.slider.value, "")

    def __repr__(self) -> str:
        return f"Along({self.slider.description} = {', '.join(name for name, _ in self.slider.options)})"


class Denoise(ipywidgets.VBox):
    """Sliders over diffusion: how many steps, how much guidance, and where on the way from noise to image to look.

    The upper row is x_t, the lower one the model's estimate of the image at that moment. A walk is computed when it is first asked for and then
    kept, so the slider over the way only fetches pictures.

    Args:
        model: a `diffusion.Diffusion`.
        classes: names of the classes of a conditional model, in the order of its labels; an unconditional one has neither these nor guidance.
        steps, guidance: what their sliders stop at; both begin in the middle.
        n: images a row. seed: of the noise they all start from. scale: CSS pixels per pixel.
    Raises:
        UserError: classes without a condition, or a condition without classes; no stops, or stops that the model does not have.
    """

    def __init__(self, model, *, classes: Sequence[str] = (), steps: Sequence[int] = (5, 10, 20, 50), guidance: Sequence[float] = (0, 1, 2, 4, 8),
                 n: int = 6, seed: int = 0, scale: int = 3):
        _check_classes(model, classes)
        if not steps or not guidance:
            raise UserError("a slider needs stops: at least one number of steps and one guidance")
        self.model, self.walks = model, {}
        self.x_T = torch.randn(at_least("n", n, 1), *model.image_shape, generator=torch.Generator().manual_seed(seed))
        self.choice, self.steps, self.guidance = _chooser(classes), _stops("steps", steps), _stops("guidance", guidance)
        for stop in steps:                                            # a wrong stop is told now, not at the first touch; nothing is computed yet
            for weight in guidance if classes else (1,):
                self._trajectory(self.choice.value, stop, weight)
        self.way = ipywidgets.IntSlider(0, 0, 0, description="way", readout=False)
        height, width = 2 * (model.image_shape[1] + 1) + 1, n * (model.image_shape[2] + 1) + 1
        self.image, self.text = ipywidgets.Image(format="png", width=width * scale, height=height * scale), ipywidgets.HTML()
        self.image.add_class("vaekit-pixels")
        asked = [self.choice, self.steps, self.guidance] if classes else [self.steps]
        for control in asked:
            control.observe(lambda change: self._walk(), names="value")
        self.way.observe(lambda change: self._show(), names="value")
        super().__init__([*asked, self.way, self.image, self.text, ipywidgets.HTML(PIXELATED)])
        self._walk()

    def _trajectory(self, label, steps: int, guidance: float):
        return self.model.trajectory(self.x_T, label, steps=steps, guidance=None if label is None else guidance)

    def _walk(self) -> None:
        """The walk that the sliders ask for, made if it is not there yet; then its end is shown."""
        from torchvision.utils import make_grid

        asked = self.choice.value, self.steps.value, self.guidance.value
        if asked not in self.walks:
            self.walks[asked] = [(step.t, png(make_grid(to_images(torch.cat([step.x_t, step.x0])), len(self.x_T), padding=1, pad_value=1.0)))
                                 for step in self._trajectory(*asked)]
        self.way.max = len(self.walks[asked]) - 1
        self.way.value = self.way.max
        self._show()

    def _show(self) -> None:
        asked = self.choice.value, self.steps.value, self.guidance.value
        t, self.image.value = self.walks[asked][self.way.value]
        self.text.value = f"t = {t} of {self.model.steps}: above x<sub>t</sub>, below what the model takes the image to be"

    def __repr__(self) -> str:
        told = f", guidance = {', '.join(name for name, _ in self.guidance.options)}" * bool(self.choice.options)
        return f"Denoise(steps = {', '.join(name for name, _ in self.steps.options)}{told})"


def png(image: Tensor) -> bytes:
    """One image (C, H, W) in [0, 1] as PNG bytes at its native size."""
    from PIL import Image

    pixels = image.detach().cpu().mul(255).round().byte().permute(1, 2, 0).squeeze(2).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _each(value, dims) -> list[float]:
    return [float(v) for v in value] if isinstance(value, Sequence) else [float(value)] * len(dims)


def _chooser(classes: Sequence[str]) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=[(name, label) for label, name in enumerate(classes)], description="class")


def _stops(name: str, stops: Sequence) -> ipywidgets.SelectionSlider:
    return ipywidgets.SelectionSlider(options=[(f"{stop:g}", stop) for stop in stops], value=stops[len(stops) // 2], description=name,
                                      continuous_update=True)


def _check_classes(model, classes: Sequence[str]) -> None:
    if bool(classes) != is_conditional(model):
        raise UserError("a conditional model needs classes=…, the names to choose from" if is_conditional(model)
                        else "this model is unconditional, so there is no class to choose; leave classes out")
    if classes and len(classes) != model.condition.size:
        raise UserError(f"this model knows {model.condition.size} classes, got {len(classes)} names")
