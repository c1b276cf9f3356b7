"""What the views have in common: checks of what they are given, and the widget itself."""
from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..data import ImageSet
from ..errors import UserError
from .plain.parts import check_classes
from .plain.stand_ins import stand_in
from .scene import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .canvas import Answer

__all__ = ["check_classes", "check_images_of", "has_canvas", "widget"]


def has_canvas() -> bool:
    """True where anywidget is installed; else plain ipywidgets stand in."""
    return importlib.util.find_spec("anywidget") is not None


def widget(
    view: str,
    scene: Scene,
    *,
    figure: Callable[[], Figure],
    answers: Mapping[str, Answer] | None = None,
    needs_kernel: str | None = None,
    plain: Callable[[], Any] | None = None,
) -> Any:
    """The widget of a view; see `canvas.Canvas`.

    Args:
        plain: makes what stands in where anywidget is absent, if not `plain.stand_ins`.
    """
    if has_canvas():
        from .canvas import Canvas

        return Canvas(view, scene, figure=figure, answers=answers, needs_kernel=needs_kernel)
    found = stand_in(view, scene, answers or {}, figure) if plain is None else plain()
    found.figure = figure
    return found


def check_images_of(model: Any, images: ImageSet) -> None:
    """Refuse images of another size than the model's.

    Raises:
        UserError: they are.
    """
    if tuple(images.shape) != tuple(model.image_shape):
        raise UserError(
            f"images are {tuple(images.shape)}, but this model takes {tuple(model.image_shape)}; "
            "pass images of its size"
        )
