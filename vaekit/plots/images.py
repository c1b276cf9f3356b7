"""Sheets of images, and rows of them to compare."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..data.images import check_images
from ..errors import UserError, at_least
from .style import figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# white pixels around each image of a sheet
PAD = 2


def sheet(images: Tensor, *, columns: int = 10, title: str = "", scale: float = 0.62) -> Figure:
    """A sheet of images (N, C, H, W) in [0, 1], read row by row.

    Args:
        columns: images per row.
        scale: inches per image.
    Raises:
        UserError: images outside [0, 1], less than one column.
    """
    columns = min(at_least("columns", columns, 1), len(images))
    rows = math.ceil(len(images) / columns)

    fig, ax = figure(columns * scale + 0.2, rows * scale + 0.45)
    draw(ax, images, columns)
    ax.set_axis_off()
    ax.set_title(title)
    return fig


def compare(
    rows: Mapping[str, Tensor],
    *,
    title: str = "",
    scale: float = 0.62,
    ticks: Sequence[str] | None = None,
    xlabel: str = "",
) -> Figure:
    """Named rows of images, one above the other.

    Args:
        rows: {"original": (N, C, H, W), "reconstruction": (N, C, H, W), …}, all in [0, 1].
        scale: inches per image.
        ticks: N names, one below each column.
    Raises:
        UserError: rows of different lengths, images outside [0, 1].
    """
    counts = {name: len(images) for name, images in rows.items()}
    if len(set(counts.values())) != 1:
        raise UserError(f"compare needs rows of equal length, got {counts}")

    first = next(iter(rows.values()))
    n = len(first)
    room_for_ticks = 0.35 if ticks else 0
    fig, ax = figure(n * scale + 1.4, len(rows) * scale + 0.55 + room_for_ticks)
    draw(ax, torch.cat([images.cpu() for images in rows.values()]), n)

    height, width = first.shape[-2:]
    ax.set_yticks(_centres(height, len(rows)), rows)
    if ticks:
        ax.set_xticks(_centres(width, n), ticks)
    else:
        ax.set_xticks([])
    _hide_frame(ax)
    ax.set_xlabel(xlabel)
    ax.set_title(title)

    # the layout makes room for long names only once the images' aspect is known
    fig.draw_without_rendering()
    return fig


def draw(ax: Axes, images: Tensor, columns: int, *, padding: int = PAD, **kwargs: Any) -> None:
    """Images (N, C, H, W) in [0, 1] as one picture on `ax`, `columns` per row.

    Args:
        padding: white pixels around each image.
        kwargs: for matplotlib's `imshow`.
    """
    from torchvision.utils import make_grid

    check_images(images)
    pixels = images.detach().cpu().float()
    montage = make_grid(pixels, nrow=columns, padding=padding, pad_value=1.0)
    ax.imshow(montage.permute(1, 2, 0).numpy(), interpolation="nearest", **kwargs)


def _centres(size: int, n: int) -> list[float]:
    """Where the middle of each of n images of `size` pixels lies along a sheet."""
    pitch = size + PAD
    return [PAD + size / 2 + pitch * i for i in range(n)]


def _hide_frame(ax: Axes) -> None:
    ax.grid(False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
