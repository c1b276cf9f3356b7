"""A walk through a latent space by hand."""
from __future__ import annotations

from collections.abc import Sequence

import ipywidgets
from torch import Tensor

from ...contracts import Decoder, require
from ...device import evaluating
from ...errors import UserError, at_least, finite
from ...plots import latent_name
from ...plots.latents import starting_point
from ...plots.style import LARGEST_LATENT
from .parts import LARGEST_SIDE, PIXELATED, check_classes, class_chooser, picture, png


class Walk(ipywidgets.VBox):
    """One slider per latent dimension, and the image decoded where they stand.

    For a conditional model a list of classes to choose from stands above.

    Args:
        model: anything with `decode` and `latent_dim`.
        dims: how many of the latent dimensions get a slider, the first ones; or which, as a
            sequence.
        low, high: ends of the sliders, a number or one for each.
        start: latent (latent_dim,) to set out from; zeros if left out.
        size: width of the picture in CSS pixels.
        classes: names of the classes of a conditional model, in the order of its labels.
    Raises:
        UserError: a model without latents, dims that it does not have, ends that are not one for
            each slider or do not run from a smaller number to a larger one, a start of another
            length; classes without a condition, or a condition without classes.
    """

    def __init__(
        self,
        model: Decoder,
        dims: int | Sequence[int] = 2,
        *,
        low: float | Sequence[float] = -5.0,
        high: float | Sequence[float] = 5.0,
        start: Tensor | None = None,
        size: int = 224,
        classes: Sequence[str] = (),
    ):
        require(model, "decode", "latent_dim")
        size = at_least("size", size, 1, LARGEST_SIDE)
        self.model = model
        self.dims = _dims_of(model, dims)
        check_classes(model, classes)
        self.z = starting_point(model, start)  # (1, latent_dim)

        lows = _one_per_slider("low", low, len(self.dims))
        highs = _one_per_slider("high", high, len(self.dims))
        self.sliders = [
            self._slider(dim, left, right)
            for dim, left, right in zip(self.dims, lows, highs)
        ]
        self.image = picture(size, size)
        self.choice = class_chooser(classes)
        self.choice.observe(self._decode, names="value")

        controls = [self.choice, *self.sliders] if classes else self.sliders
        super().__init__([*controls, self.image, ipywidgets.HTML(PIXELATED)])
        self._decode()

    def _slider(self, dim: int, low: float, high: float) -> ipywidgets.FloatSlider:
        if low >= high:
            raise UserError(f"low must be < high for each slider, got {low:g} and {high:g}")
        start = float(self.z[0, dim])
        slider = ipywidgets.FloatSlider(
            min(max(start, low), high),
            min=low,
            max=high,
            step=(high - low) / 100,
            description=latent_name(dim),
            readout_format=".2f",
            continuous_update=True,
        )
        slider.observe(self._decode, names="value")
        return slider

    def _decode(self, change: object = None) -> None:
        for dim, slider in zip(self.dims, self.sliders):
            self.z[0, dim] = slider.value
        with evaluating(self.model):
            images = self.model.decode(self.z, self.choice.value)
        self.image.value = png(images[0])

    def __repr__(self) -> str:
        # stable: the default one prints every byte of the picture
        number = len(self.sliders)
        sliders = "1 slider" if number == 1 else f"{number} sliders"
        text = f"{sliders} over a {self.model.latent_dim}-dimensional latent space"
        if self.choice.options:
            text += f", {len(self.choice.options)} classes"
        return f"Walk({text})"


def _dims_of(model: Decoder, dims: int | Sequence[int]) -> list[int]:
    """The dimensions that get a slider; a UserError if the model does not have them."""
    chosen = list(range(at_least("dims", dims, 1))) if isinstance(dims, int) else list(dims)
    if not chosen or min(chosen) < 0 or max(chosen) >= model.latent_dim:
        raise UserError(
            f"dims must lie in 0 … {model.latent_dim - 1} for this model, got {chosen}"
        )
    if len(set(chosen)) < len(chosen):
        raise UserError(f"dims must name each dimension once, got {chosen}")
    return chosen


def _one_per_slider(what: str, value: float | Sequence[float], number: int) -> list[float]:
    """The ends of the sliders, one number each."""
    ends = list(value) if isinstance(value, Sequence) else [value] * number
    if len(ends) != number:
        raise UserError(
            f"{what} must be one number, or one for each of {number} sliders, got {len(ends)}"
        )
    return [finite(what, end, least=-LARGEST_LATENT, most=LARGEST_LATENT) for end in ends]
