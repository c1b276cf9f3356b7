"""Pictures of a latent space: where the images lie in it, and what its points decode to."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..contracts import Decoder
from ..errors import UserError
from .images import compare, draw
from .labels import halo, move_apart
from .style import CLASSES, figure, latent_name

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
) -> Figure:
    """Latents as points coloured by class, each class named at its median.

    Args:
        z: latents (N, 2).
        y: their labels (N,), positions in `classes`.
        extra: more points (M, 2), drawn as crosses; `extra_name` names them in the legend.
        limit: both axes run from −limit to limit; as far as the points if left out.
    Raises:
        UserError: latents that are not two-dimensional.
    """
    if z.ndim != 2 or z.shape[1] != 2:
        raise UserError(
            f"a latent map needs points (N, 2), got {tuple(z.shape)}; "
            "reduce them with PCA or t-SNE first"
        )
    fig, ax = figure(6.2, 5.4)
    _draw_classes(ax, z.detach().cpu(), y.cpu(), classes, limit)

    if extra is not None:
        across, up = extra.detach().cpu().T
        ax.scatter(across, up, s=36, marker="x", color="black", linewidths=1.2, label=extra_name)
        ax.legend(loc="upper right", framealpha=0.9, frameon=True)
    if limit:
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return fig


@torch.no_grad()
def walk(
    model: Decoder,
    *,
    low: float = -5,
    high: float = 5,
    n: int = 15,
    dim: int = 0,
    start: Tensor | None = None,
    title: str = "",
) -> Figure:
    """n images decoded along one latent dimension, `dim`, from `low` to `high`.

    The other dimensions stay at `start`, (latent_dim,); at 0 if it is left out.
    """
    if start is None:
        start = torch.zeros(model.latent_dim)
    values = torch.linspace(low, high, n)
    z = start.detach().cpu().reshape(1, -1).repeat(n, 1)  # (n, latent_dim)
    z[:, dim] = values

    return compare(
        {"decoded": model.decode(z)},
        title=title,
        ticks=[_tick(value) for value in values.tolist()],
        xlabel=latent_name(dim),
    )


@torch.no_grad()
def lattice(
    model: Decoder,
    *,
    x: tuple[float, float] = (-5, 5),
    y: tuple[float, float] = (-5, 5),
    n: int = 15,
    title: str = "",
) -> Figure:
    """Images decoded on an n × n grid over a two-dimensional latent space.

    Each is drawn where its latent lies: z₁ runs over the range x, z₂ over the range y.

    Raises:
        UserError: a model with another number of latent dimensions.
    """
    if model.latent_dim != 2:
        raise UserError(
            f"a lattice shows a model with latent_dim 2, this one has {model.latent_dim}; "
            "use plots.walk"
        )
    left, right = x
    bottom, top = y

    # image rows run downwards, so the largest z₂ comes first
    up = torch.linspace(top, bottom, n)
    across = torch.linspace(left, right, n)
    z = torch.cartesian_prod(up, across).flip(1)  # (n · n, 2)

    # an image lies around its latent: the outer ones reach half a step beyond the range
    half_x = (right - left) / (n - 1) / 2
    half_y = (top - bottom) / (n - 1) / 2
    extent = (left - half_x, right + half_x, bottom - half_y, top + half_y)

    fig, ax = figure(5.4, 5.6)
    draw(ax, model.decode(z), n, padding=0, extent=extent)
    ax.set_aspect("auto")
    ax.grid(False)
    ax.set(title=title, xlabel="z₁", ylabel="z₂")
    return fig


def _draw_classes(
    ax: Axes,
    z: Tensor,
    y: Tensor,
    classes: Sequence[str],
    limit: float | None,
) -> None:
    """The points of each class in its colour, and its name at their median."""
    points_of = {int(label): z[y == label] for label in y.unique()}
    medians = [tuple(points.median(0).values.tolist()) for points in points_of.values()]
    if limit:
        width = 2 * limit
        height = 2 * limit
    else:
        width, height = (z.amax(0) - z.amin(0)).tolist()
    places = move_apart(medians, width, height)

    for (label, points), place in zip(points_of.items(), places):
        colour = CLASSES[label % len(CLASSES)]
        ax.scatter(points[:, 0], points[:, 1], s=5, alpha=0.6, color=colour, linewidths=0)
        ax.annotate(
            classes[label],
            place,
            ha="center",
            va="center",
            fontsize=9,
            weight="bold",
            color=colour,
            path_effects=halo(),
        )


def _tick(value: float) -> str:
    """One decimal, with a true minus, and no minus before zero."""
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")
