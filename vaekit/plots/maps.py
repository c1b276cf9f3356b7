"""A map of a latent space: where the images lie in it, coloured by class."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..data.images import check_labels
from ..errors import UserError, finite
from .labels import halo, move_apart
from .style import CLASSES, LARGEST_LATENT, figure
from .text import plain, with_formulae

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def latent_map(
    z: Tensor,
    y: Tensor,
    classes: Sequence[str],
    *,
    title: str = "",
    extra: Tensor | None = None,
    extra_name: str = "",
    xlabel: str = "z₁",
    ylabel: str = "z₂",
    limit: float | None = None,
    densest: bool = False,
) -> Figure:
    """Latents as points coloured by class, each class named at its median.

    Args:
        z: latents (N, 2).
        y: their labels (N,), positions in `classes`.
        extra: more points (M, 2), drawn as crosses; `extra_name` names them in the legend.
        limit: both axes run from −limit to limit; as far as the points if left out.
        densest: name each class where its points lie densest; the median of a class of several
            islands may lie among the points of another.
    Raises:
        UserError: points that are not two-dimensional or not finite, no points, labels that are
            no positions in `classes`, limit ≤ 0.
    """
    z = _points("z", z)
    y = _positions(y, len(z), classes)
    if limit is not None:
        limit = finite("limit", limit, above=0, most=LARGEST_LATENT)
    fig, ax = figure(6.2, 5.4)
    _draw_classes(ax, z, y, classes, limit, densest)

    if extra is not None:
        across, up = _points("extra", extra).T
        name = plain(extra_name)
        ax.scatter(across, up, s=36, marker="x", color="black", linewidths=1.2, label=name)
        if extra_name:
            ax.legend(loc="upper right", framealpha=0.9, frameon=True)
    if limit:
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    ax.set(
        title=with_formulae(title), xlabel=with_formulae(xlabel), ylabel=with_formulae(ylabel)
    )
    return fig


def _draw_classes(
    ax: Axes,
    z: Tensor,
    y: Tensor,
    classes: Sequence[str],
    limit: float | None,
    densest: bool,
) -> None:
    """The points of each class in its colour, and its name in their middle."""
    points_of = {int(label): z[y == label] for label in y.unique()}
    middle = _densest if densest else _median
    middles = [tuple(middle(points).tolist()) for points in points_of.values()]
    if limit:
        width = 2 * limit
        height = 2 * limit
    else:
        width, height = (z.amax(0) - z.amin(0)).tolist()
    places = move_apart(middles, width, height)
    # few points may be large without hiding one another
    size = 7 if len(z) > 1000 else 16

    for (label, points), place in zip(points_of.items(), places):
        colour = CLASSES[label % len(CLASSES)]
        ax.scatter(points[:, 0], points[:, 1], s=size, alpha=0.7, color=colour, linewidths=0)
        ax.annotate(
            plain(classes[label]),
            place,
            ha="center",
            va="center",
            fontsize=9,
            weight="bold",
            color=colour,
            path_effects=halo(),
        )


def _median(points: Tensor) -> Tensor:
    return points.median(0).values


def _densest(points: Tensor) -> Tensor:
    """The point whose nearest fifth of all the points (N, 2) lies closest around it."""
    fifth = max(1, len(points) // 5)
    radii = torch.cdist(points, points[:2000]).kthvalue(min(fifth, 2000), dim=1).values
    return points[radii.argmin()]


def _points(what: str, points: Tensor) -> Tensor:
    """Points (N, 2) on the CPU, if there are any and all are finite."""
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise UserError(
            f"{what}: a latent map needs points (N, 2), got {tuple(points.shape)}; "
            "reduce them with PCA or t-SNE first"
        )
    points = points.detach().cpu()
    if points.is_complex() or not points.isfinite().all():
        raise UserError(
            f"{what} must be finite real numbers, got {points.dtype} with NaN, inf or "
            "imaginary parts"
        )
    return points.float()


def _positions(y: Tensor, n: int, classes: Sequence[str]) -> Tensor:
    """Labels (N,) on the CPU, if there is one per point and each is a position in `classes`."""
    if y.shape != (n,) or y.is_floating_point() or y.is_complex():
        raise UserError(
            f"y must be one whole-numbered label for each of {n} points, "
            f"got {y.dtype} of shape {tuple(y.shape)}"
        )
    if not classes:
        raise UserError("classes must be the names of the labels in y, got none")
    y = y.cpu()
    check_labels(y, len(classes), "y")
    return y
