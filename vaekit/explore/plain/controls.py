"""A few labelled controls above one picture: what stands in for a view of the canvas."""
from __future__ import annotations

import html
import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
from torch import Tensor

from ...errors import UserError, finite
from .parts import PIXELATED, described, picture, png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# what a control offers: the two ends of a slider, names to choose from, or a box to tick
Offer = tuple[float, float] | Sequence[str] | bool
# CSS pixels
HEIGHT = 224


class Controls(ipywidgets.VBox):
    """Controls by name, and the picture that the kernel makes of where they stand.

    Args:
        offers: by the name of the control: (low, high) gives a slider that begins in the middle,
            a list of names a list to choose from, True or False a box to tick.
        decode: where they stand → one image (C, H, W) in [0, 1]. A slider gives its number, a list
            the position of the name that is chosen, a box whether it is ticked.
        starts: where sliders set out, by name, if not in the middle.
    Raises:
        UserError: no controls, nothing to choose from, ends that are not finite or the wrong way
            round.
    """

    def __init__(
        self,
        offers: Mapping[str, Offer],
        decode: Callable[[dict[str, Any]], Tensor],
        *,
        starts: Mapping[str, float] | None = None,
    ):
        if not offers:
            raise UserError("offers must name at least one control, got none")
        starts = starts or {}
        self.decode = decode
        self.controls = {
            name: _control(name, offer, starts.get(name)) for name, offer in offers.items()
        }
        first = png(decode(self.values))
        self.image = picture(HEIGHT * _ratio(first)[0] // _ratio(first)[1], HEIGHT)
        self.image.value = first
        for control in self.controls.values():
            control.observe(self._show, names="value")
        shown = [*self.controls.values(), self.image, ipywidgets.HTML(PIXELATED)]
        super().__init__(shown)

    @property
    def values(self) -> dict[str, Any]:
        """Where the controls stand, by name."""
        return {name: control.value for name, control in self.controls.items()}

    def _show(self, change: object = None) -> None:
        self.image.value = png(self.decode(self.values))

    def __repr__(self) -> str:
        # stable: the default one prints every byte of the picture
        return f"Controls({', '.join(self.controls)})"


class Still(ipywidgets.VBox):
    """A figure, and a sentence that says why it does not move.

    Args:
        sentence: shown as it is written.
        figure: draws the picture.
    """

    def __init__(self, sentence: str, figure: Callable[[], Figure]):
        buffer = io.BytesIO()
        figure().savefig(buffer, format="png", dpi=100)
        self.image = ipywidgets.Image(value=buffer.getvalue(), format="png")
        super().__init__([ipywidgets.HTML(html.escape(sentence)), self.image])

    def __repr__(self) -> str:
        return "Still()"


def _control(name: str, offer: Offer, start: float | None) -> Any:
    if isinstance(offer, bool):
        return ipywidgets.Checkbox(offer, description=described(name))
    if isinstance(offer, tuple):
        low, high = (finite(f"an end of {name}", end) for end in offer)
        if low >= high:
            raise UserError(f"{name} must run from a smaller number to a larger one, got {offer}")
        return ipywidgets.FloatSlider(
            (low + high) / 2 if start is None else min(max(start, low), high),
            min=low,
            max=high,
            step=(high - low) / 100,
            description=described(name),
            continuous_update=True,
        )
    if not offer:
        raise UserError(f"{name} needs at least one name to choose from, got none")
    options = [(word, position) for position, word in enumerate(offer)]
    return ipywidgets.Dropdown(options=options, description=described(name))


def _ratio(image: bytes) -> tuple[int, int]:
    """Width and height of a PNG in its own pixels."""
    from PIL import Image

    with Image.open(io.BytesIO(image)) as found:
        return found.size
