"""What the sliders are built from: pictures as PNG, a choice of classes, a slider over stops."""
from __future__ import annotations

import html
import io
from collections.abc import Sequence
from typing import Any

import ipywidgets
from torch import Tensor

from ...data.images import check_images
from ...errors import UserError, at_least, finite
from ...models.conditioning import is_conditional

# CSS pixels: more than any screen has
LARGEST_SIDE = 20_000

# the browser would blur 28 pixels when it enlarges them
PIXELATED = (
    "<style>"
    ".vaekit-pixels img, img.vaekit-pixels { image-rendering: pixelated; }"
    "</style>"
)


def png(image: Tensor) -> bytes:
    """One image (C, H, W) in [0, 1] as PNG bytes at its native size.

    Raises:
        UserError: no image, neither grey nor in colour, or outside [0, 1].
    """
    from PIL import Image

    if image.ndim != 3 or image.shape[0] not in (1, 3) or not image.numel():
        raise UserError(
            "image must be one image (C, H, W), grey or in colour (C = 1 or 3), "
            f"got {tuple(image.shape)}"
        )
    check_images(image)

    pixels = image.detach().cpu().mul(255).round().byte()
    pixels = pixels.permute(1, 2, 0).squeeze(2)  # (H, W, 3), or (H, W) if it is grey
    buffer = io.BytesIO()
    Image.fromarray(pixels.numpy()).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def grid(images: Tensor, columns: int) -> Tensor:
    """Images (N, C, H, W) in [0, 1] as one of three channels, one white pixel around each.

    Raises:
        UserError: no images, neither grey nor in colour, or outside [0, 1]; less than one column.
    """
    from torchvision.utils import make_grid

    columns = at_least("columns", columns, 1)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not images.numel():
        raise UserError(
            "images must be (N, C, H, W) with N ≥ 1, grey or in colour (C = 1 or 3), "
            f"got {tuple(images.shape)}"
        )
    check_images(images)
    return make_grid(images.detach().cpu(), columns, padding=1, pad_value=1.0)


def picture(width: int, height: int) -> ipywidgets.Image:
    """An empty picture of this size in CSS pixels, whose own pixels stay sharp when enlarged.

    They do where `ipywidgets.HTML(PIXELATED)` stands beside it.
    """
    width = at_least("width", width, 1, LARGEST_SIDE)
    height = at_least("height", height, 1, LARGEST_SIDE)
    image = ipywidgets.Image(format="png", width=width, height=height)
    image.add_class("vaekit-pixels")
    return image


def class_chooser(classes: Sequence[str]) -> ipywidgets.Dropdown:
    """A list of names to choose from; its value is the label, None if there are no names."""
    options = [(name, label) for label, name in enumerate(classes)]
    return ipywidgets.Dropdown(options=options, description="class")


def stop_slider(name: str, stops: Sequence[float]) -> ipywidgets.SelectionSlider:
    """A slider that stops at these numbers only, and begins at the middle one.

    Raises:
        UserError: no stops, or one that is not finite.
    """
    if not stops:
        raise UserError(f"the slider {name} needs stops, at least one number, got none")
    for stop in stops:
        finite(f"a stop of {name}", stop)
    return ipywidgets.SelectionSlider(
        options=[(f"{stop:g}", stop) for stop in stops],
        value=stops[len(stops) // 2],
        description=described(name),
        continuous_update=True,
    )


def described(text: str) -> str:
    """The name of a slider; ipywidgets shows it as it is written.

    Up to version 7, which Colab has, they read it as HTML.
    """
    is_read_as_html = int(ipywidgets.__version__.split(".")[0]) < 8
    return html.escape(text) if is_read_as_html else text


def stop_names(slider: ipywidgets.SelectionSlider) -> str:
    """What a slider stops at, for a repr: "0.1, 1, 10"."""
    return ", ".join(name for name, _ in slider.options)


def check_classes(model: Any, classes: Sequence[str]) -> None:
    """A conditional model needs a name for each of its classes, any other model none.

    Raises:
        UserError: classes without a condition, a condition without classes, a wrong number.
    """
    if is_conditional(model) and not classes:
        raise UserError("a conditional model needs classes=…, the names to choose from; got none")
    if classes and not is_conditional(model):
        raise UserError(
            "this model is unconditional, so there is no class to choose; leave classes out"
        )
    if classes and len(classes) != model.condition.size:
        raise UserError(
            f"this model knows {model.condition.size} classes, got {len(classes)} names"
        )
