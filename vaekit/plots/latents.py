"""Pictures of a latent space: what its points decode to."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..contracts import Decoder, require
from ..device import evaluating
from ..errors import UserError, at_least, brief, finite
from .images import compare, draw
from .style import LARGEST_LATENT, figure, latent_name
from .text import with_formulae

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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

    Raises:
        UserError: a model without latents, n < 1, a dimension that it does not have, a start of
            another length or with inf or NaN, ends that are not finite.
    """
    require(model, "decode", "latent_dim")
    dim = at_least("dim", dim, 0, model.latent_dim - 1)
    low = finite("low", low, least=-LARGEST_LATENT, most=LARGEST_LATENT)
    high = finite("high", high, least=-LARGEST_LATENT, most=LARGEST_LATENT)
    values = torch.linspace(low, high, at_least("n", n, 1, 900))
    z = starting_point(model, start).repeat(n, 1)  # (n, latent_dim)
    z[:, dim] = values

    return compare(
        {"decoded": _decoded(model, z)},
        title=title,
        ticks=[_tick(value) for value in values.tolist()],
        xlabel=latent_name(dim),
    )


def lattice(
    model: Decoder,
    *,
    x: Sequence[float] = (-5, 5),
    y: Sequence[float] = (-5, 5),
    n: int = 15,
    title: str = "",
) -> Figure:
    """Images decoded on an n × n grid over a two-dimensional latent space.

    Each is drawn where its latent lies: z₁ runs over the range x, z₂ over the range y.

    Args:
        x, y: (from, to).
    Raises:
        UserError: a model without latents, or with another number of dimensions than 2; n < 2;
            a range that does not run from a smaller number to a larger one; a model that does not
            decode each latent to one image.
    """
    require(model, "decode", "latent_dim")
    if model.latent_dim != 2:
        raise UserError(
            f"a lattice shows a model with latent_dim 2, this one has {model.latent_dim}; "
            "use plots.walk"
        )
    left, right = _range("x", x)
    bottom, top = _range("y", y)
    n = at_least("n", n, 2, 200)

    # image rows run downwards, so the largest z₂ comes first
    up = torch.linspace(top, bottom, n)
    across = torch.linspace(left, right, n)
    z = torch.cartesian_prod(up, across).flip(1)  # (n · n, 2)

    # an image lies around its latent: the outer ones reach half a step beyond the range
    half_x = (right - left) / (n - 1) / 2
    half_y = (top - bottom) / (n - 1) / 2
    extent = (left - half_x, right + half_x, bottom - half_y, top + half_y)

    images = _decoded(model, z)
    fig, ax = figure(5.4, 5.6)
    draw(ax, images, n, padding=0, extent=extent)
    ax.set_aspect("auto")
    height, width = images.shape[-2:]
    if height != width:
        # as many images across as up, so faces keep their shape
        ax.set_box_aspect(height / width)
    ax.grid(False)
    ax.set(title=with_formulae(title), xlabel="z₁", ylabel="z₂")
    return fig


def starting_point(model: Decoder, start: Tensor | None) -> Tensor:
    """The latent (1, latent_dim) that a walk sets out from: a copy of `start`, or zeros.

    Raises:
        UserError: one of another length, or with inf or NaN.
    """
    require(model, "latent_dim")
    if start is None:
        return torch.zeros(1, model.latent_dim)
    if not start.is_floating_point() or start.numel() != model.latent_dim:
        raise UserError(
            f"start must be a float latent of shape ({model.latent_dim},), "
            f"got {start.dtype} of shape {tuple(start.shape)}"
        )
    point = start.detach().cpu().reshape(1, -1).clone()
    if not point.isfinite().all():
        raise UserError("start must be finite, got NaN or inf in it")
    return point


def _decoded(model: Decoder, z: Tensor) -> Tensor:
    """The images of the latents (N, latent_dim): (N, C, H, W) with 1 or 3 channels."""
    with evaluating(model):
        images = model.decode(z)
    is_image_each = isinstance(images, Tensor) and images.ndim == 4 and len(images) == len(z)
    if not is_image_each or images.shape[1] not in (1, 3):
        raise UserError(
            f"decode of {type(model).__name__} must give each latent one image (C, H, W) of 1 or "
            f"3 channels, got {type(images).__name__} {brief(images)} for {len(z)} latents"
        )
    return images


def _range(what: str, ends: Sequence[float]) -> tuple[float, float]:
    """The ends of a range, from a smaller number to a larger one."""
    if len(ends) != 2:
        raise UserError(f"{what} must be two numbers, from and to, got {brief(ends)}")
    low = finite(f"the lower end of {what}", ends[0], least=-LARGEST_LATENT, most=LARGEST_LATENT)
    high = finite(f"the upper end of {what}", ends[1], above=low, most=LARGEST_LATENT)
    return low, high


def _tick(value: float) -> str:
    """One decimal, with a true minus, and no minus before zero."""
    return f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")
