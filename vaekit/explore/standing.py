"""Views that Python can ask where they stand, and set somewhere else."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..errors import UserError, at_least, brief
from ..models.conditioning import is_conditional
from .axes import Axes
from .canvas import Answer, Canvas
from .scene import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# a place at the end of a slider is one of it, whatever the last digit
ROUNDING = 1e-4


class WalkCanvas(Canvas):
    """A walk in a notebook: see `walk`.

    Attributes:
        axes: over which it goes.
    """

    def __init__(self, scene: Scene, axes: Axes, *, figure: Callable[[], Figure]):
        super().__init__("walk", scene, figure=figure)
        self.axes = axes

    @property
    def z(self) -> Tensor:
        """The latent where the walk stands, (latent_dim,): known when the hand rests."""
        u = torch.tensor(self.state.get("u", self.axes.start))
        origin = torch.tensor(self.state.get("origin", self.axes.origin.tolist()))
        return origin + u @ self.axes.directions

    @z.setter
    def z(self, latent: Tensor) -> None:
        size = tuple(self.axes.origin.shape)
        if not isinstance(latent, Tensor) or tuple(latent.shape) != size:
            raise UserError(f"z must be a latent of shape {size}, got {brief(latent)}")
        latent = latent.detach().cpu().float()
        u = self.axes.places(latent)
        for name, place, low, high in zip(
            self.axes.names, u.tolist(), self.axes.low, self.axes.high
        ):
            # NaN is between no ends
            if not low - ROUNDING <= place <= high + ROUNDING:
                raise UserError(
                    f"z must lie where the sliders go: {name} from {low:.2f} to {high:.2f}, "
                    f"got {place:.2f}; make the walk with wider low and high"
                )
        # what the sliders do not reach stays as it is in z
        origin = latent - u @ self.axes.directions
        self.state = self.state | {"u": u.tolist(), "origin": origin.tolist()}

    @property
    def label(self) -> Any:
        """The class that is shown; None of a model without condition."""
        return self.state.get("label", 0) if is_conditional(self.models[0]) else None

    @label.setter
    def label(self, label: int) -> None:
        model = self.models[0]
        if not is_conditional(model):
            raise UserError(
                f"label: this model is unconditional, got {brief(label)}; leave label as it is"
            )
        self.state = self.state | {"label": at_least("label", label, 0, model.condition.size - 1)}


class DrawCanvas(Canvas):
    """A pad to draw on in a notebook: see `draw`."""

    def __init__(self, scene: Scene, *, figure: Callable[[], Figure], encode: Answer):
        super().__init__("draw", scene, figure=figure, answers={"encode": encode})

    @property
    def image(self) -> Tensor:
        """The drawing, (C, H, W) in [0, 1]: known when the hand rests."""
        shape = tuple(self.models[0].image_shape)
        pixels = self.state.get("pixels")
        return torch.zeros(shape) if pixels is None else torch.tensor(pixels).reshape(shape) / 255

    @image.setter
    def image(self, image: Tensor) -> None:
        shape = tuple(self.models[0].image_shape)
        if not isinstance(image, Tensor) or tuple(image.shape) != shape:
            raise UserError(f"image must be a picture of shape {shape}, got {brief(image)}")
        image = image.detach().cpu().float()
        if not bool(((image >= 0) & (image <= 1)).all()):
            raise UserError(f"image must lie in [0, 1], got {brief(image)}; rescale it")
        pixels = image.mul(255).round().int().flatten()
        self.state = self.state | {"pixels": pixels.tolist()}
