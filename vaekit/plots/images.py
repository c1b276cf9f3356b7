"""Sheets of images, and rows of them to compare."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..data.images import ImageSet, check_images, image_set
from ..errors import UserError, at_least, brief, finite
from .style import LARGEST_SIDE, figure
from .text import plain_names, with_formulae

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# white pixels around each image of a sheet
PAD = 2


def sheet(
    images: Tensor | ImageSet, *, columns: int = 10, title: str = "", scale: float = 0.62
) -> Figure:
    """A sheet of images (N, C, H, W) in [0, 1], read row by row.

    Args:
        columns: images per row.
        scale: inches per image.
    Raises:
        UserError: no images, images outside [0, 1] or of neither 1 nor 3 channels, less than one
            column, a sheet larger than a picture can be.
    """
    shown = _shown("images", images)
    columns = min(at_least("columns", columns, 1), len(shown))
    rows = math.ceil(len(shown) / columns)
    scale = _scale(scale, max(columns, rows))

    fig, ax = figure(columns * scale + 0.2, rows * scale + 0.45)
    draw(ax, shown, columns)
    ax.set_axis_off()
    ax.set_title(with_formulae(title))
    return fig


def compare(
    rows: Mapping[str, Tensor | ImageSet],
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
        UserError: no rows, rows of different lengths or shapes, images outside [0, 1], another
            number of ticks than of columns.
    """
    shown = _rows(rows)
    first = shown[0]
    n = len(first)
    if ticks is not None and len(ticks) not in (0, n):
        raise UserError(f"ticks must be one name for each of {n} columns, got {len(ticks)}")

    scale = _scale(scale, max(n, len(shown)))
    room_for_ticks = 0.35 if ticks else 0
    fig, ax = figure(n * scale + 1.4, len(shown) * scale + 0.55 + room_for_ticks)
    draw(ax, torch.cat(shown), n)

    height, width = first.shape[-2:]
    ax.set_yticks(_centres(height, len(shown)), plain_names(rows))
    if ticks:
        ax.set_xticks(_centres(width, n), plain_names(ticks))
    else:
        ax.set_xticks([])
    _hide_frame(ax)
    ax.set_xlabel(with_formulae(xlabel))
    ax.set_title(with_formulae(title))

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


def _shown(what: str, images: Tensor | ImageSet) -> Tensor:
    """Images that can be shown, as a tensor on the CPU, (N, C, H, W) float32 with N ≥ 1."""
    if isinstance(images, Tensor):
        images = images.detach()
        # uint8 pixels are divided below
        if images.ndim == 4 and len(images) > 0 and images.dtype != torch.uint8:
            check_images(images)
    found = image_set(what, images).images().cpu()
    if not found.numel():
        raise UserError(f"{what} must be at least one image, got an empty set; there is no picture")
    if found.shape[1] not in (1, 3):
        raise UserError(
            f"{what} must be grey or in colour, 1 or 3 channels, got {found.shape[1]}; "
            "choose the channels to show"
        )
    return found


def _rows(rows: Mapping[str, Tensor | ImageSet]) -> list[Tensor]:
    """The images of each row, all of one number and one shape."""
    if not rows:
        raise UserError("rows must hold at least one row of images, got none")
    counts = {name: len(images) for name, images in rows.items()}
    if len(set(counts.values())) != 1:
        raise UserError(f"compare needs rows of equal length, got {counts}")

    shown = [_shown(f"the images of row {name!r}", images) for name, images in rows.items()]
    shapes = {name: tuple(images.shape[1:]) for name, images in zip(rows, shown)}
    if len(set(shapes.values())) != 1:
        raise UserError(f"compare needs rows of images of one shape, got {shapes}; resize them")
    return shown


def _scale(scale: float, images: int) -> float:
    """Inches per image, if so many images side by side still make a picture."""
    finite("scale", scale, above=0)
    # five inches for names and titles
    if images * scale > LARGEST_SIDE - 5:
        raise UserError(
            f"{images:,} images side by side at scale = {brief(scale)} are larger than a picture "
            "can be; show fewer images, or choose a smaller scale"
        )
    return float(scale)


def _centres(size: int, n: int) -> list[float]:
    """Where the middle of each of n images of `size` pixels lies along a sheet."""
    pitch = size + PAD
    return [PAD + size / 2 + pitch * i for i in range(n)]


def _hide_frame(ax: Axes) -> None:
    ax.grid(False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
