"""A walk through a latent space: a pad over two of its axes, a slider for each, the image."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..contracts import Decoder, require
from ..data import ImageSet
from ..device import evaluating
from ..errors import at_least
from ..plots.images import compare, draw
from ..plots.style import CLASSES, figure
from .axes import Axes, choose, codes_of
from .parts import check_classes, check_images_of, has_canvas, widget
from .scene import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# points on the map: more hide the pictures beneath
MOST_POINTS = 2000
# pictures of a static twin: along a slider, and on each side of the pad
COLUMNS = 11
TILES = 15


def walk(
    model: Decoder,
    images: ImageSet | None = None,
    *,
    dims: int | str | Sequence[int] | None = None,
    low: float | Sequence[float] | None = None,
    high: float | Sequence[float] | None = None,
    start: Tensor | None = None,
    classes: Sequence[str] = (),
    scale: int = 7,
    name: str = "walk",
) -> Any:
    """Sliders over a latent space, and for two or more a pad that one drags over.

    The pad shows the decoded grid of the first two axes, and the codes of `images` by class.

    Args:
        model: anything with `decode` and `latent_dim`.
        images: whose codes are shown, and say how far the sliders go; then the model needs
            `encode`.
        dims: how many latent dimensions get a slider, the first ones; or which; or "active", those
            whose codes vary most; or "principal", the principal axes of the codes. Left out: the
            dimensions if there are two or one, else the active ones, without images the first two.
        low, high: ends of the sliders, a number or one for each; ±3 without images.
        start: latent (latent_dim,) to set out from. Left out: where the codes of `images` are
            densest, without images zeros.
        classes: names of the classes of a conditional model, in the order of its labels.
        scale: CSS pixels per pixel of the image.
        name: by which a `tsne_map` marks where this walk stands.
    Returns:
        A widget; `.figure()` is its static twin. `.z`, the latent where it stands, and `.label`
        can be read, and set.
    Raises:
        UserError: a model without latents, with inf or NaN in its weights; dims that it does not
            have, ends that are not one for each slider or do not run from a smaller number to a
            larger one, a start of another length; classes without a condition, or a condition
            without classes; images of another size.
    """
    require(model, "decode", "latent_dim", "image_shape")
    scale = at_least("scale", scale, 1, 100)
    check_classes(model, classes)
    codes = None
    if images is not None:
        check_images_of(model, images)
        images = images.first(min(len(images), MOST_POINTS))
        codes = codes_of(model, images)
    axes = choose(model, codes, dims=dims, low=low, high=high, start=start)

    scene = Scene(axes=axes.facts(), spread=axes.spread, scale=scale, name=name)
    scene.add_model(model)
    if classes:
        scene.facts["choices"] = list(classes)
    if images is not None and codes is not None:
        add_codes(scene, axes, images, codes)

    def twin() -> Figure:
        if len(axes.names) == 2:
            return _pad_figure(model, axes, images, codes, classes)
        return _figure(model, axes, classes)

    if not has_canvas():
        return widget("walk", scene, figure=twin)
    from .standing import WalkCanvas

    return WalkCanvas(scene, axes, figure=twin)


def add_codes(scene: Scene, axes: Axes, images: ImageSet, codes: Tensor) -> None:
    """The codes of images on the map of the first two axes, by class where there are classes."""
    places = axes.places(codes)
    if places.shape[1] == 1:
        # a strip shows only the first
        places = torch.cat([places, torch.zeros_like(places)], 1)
    by_class = images.labelled and images.y.ndim == 1
    scene.add_points("codes", places[:, :2], images.y if by_class else None)
    scene.facts["classes"] = list(images.classes) if by_class else []


def _pad_figure(
    model: Decoder,
    axes: Axes,
    images: ImageSet | None,
    codes: Tensor | None,
    classes: Sequence[str],
) -> Figure:
    """The pad of two axes: the decoded grid, and on it the codes by class.

    Of a conditional model the grid is that of the first class.
    """
    fig, ax = figure(6.4, 5.6)
    (left, bottom), (right, top) = axes.low, axes.high
    middles = (torch.arange(TILES) + 0.5) / TILES
    across = left + middles * (right - left)
    # image rows run downwards
    up = bottom + middles.flip(0) * (top - bottom)
    u = torch.cartesian_prod(up, across).flip(1)
    with evaluating(model):
        tiles = model.decode(axes.origin + u @ axes.directions, 0 if classes else None)
    draw(ax, tiles.cpu(), TILES, padding=0, extent=(left, right, bottom, top))

    if images is not None and codes is not None and images.labelled and images.y.ndim == 1:
        places = axes.places(codes)
        for label, name in enumerate(images.classes):
            of_class = places[images.y.cpu() == label]
            colour = CLASSES[label % len(CLASSES)]
            ax.scatter(*of_class.T, s=9, color=colour, edgecolor="white", linewidth=0.3, label=name)
        fig.legend(loc="outside right center", markerscale=2)
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="auto")
    ax.set(xlabel=axes.names[0], ylabel=axes.names[1], title="The latent plane, decoded")
    ax.grid(False)
    return fig


def _figure(model: Decoder, axes: Axes, classes: Sequence[str]) -> Figure:
    """Each slider from end to end, the others where they set out."""
    rows = {}
    for k, name in enumerate(axes.names):
        u = torch.tensor(axes.start).repeat(COLUMNS, 1)
        u[:, k] = torch.linspace(axes.low[k], axes.high[k], COLUMNS)
        with evaluating(model):
            rows[name] = model.decode(axes.origin + u @ axes.directions, 0 if classes else None)
    return compare(rows, title="Each slider from end to end")
