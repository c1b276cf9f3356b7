"""Drawing by formula: a shape is its signed distance, its edge one pixel of blending."""
from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Canvas:
    """Images being painted, and where each of their pixels lies.

    Lengths are in units of half a head's height, u to the right and v downwards from the head's
    middle, in a frame that tilts with the head.

    Attributes:
        image: (n, 3, H, W) in [0, 1], painted in place.
        u: (n, 1, H, W).
        v: (n, 1, H, W).
        scale: pixels of one unit.
        origin: (row, column) of the head's middle in this window of the image, in pixels.
    """

    image: Tensor
    u: Tensor
    v: Tensor
    scale: float
    origin: tuple[float, float]

    def window(self, top: float, bottom: float, left: float, right: float) -> Canvas:
        """The part of the canvas between these lengths, to be painted alone: that is faster."""
        _, _, height, width = self.image.shape
        row, column = self.origin
        first_row = min(max(int(row + top * self.scale), 0), height)
        last_row = min(max(int(row + bottom * self.scale) + 1, first_row), height)
        first_column = min(max(int(column + left * self.scale), 0), width)
        last_column = min(max(int(column + right * self.scale) + 1, first_column), width)

        rows = slice(first_row, last_row)
        columns = slice(first_column, last_column)
        return replace(
            self,
            image=self.image[..., rows, columns],
            u=self.u[..., rows, columns],
            v=self.v[..., rows, columns],
            origin=(row - first_row, column - first_column),
        )

    def of(self, rows: Tensor) -> Canvas:
        """A copy of some of the images, by their positions."""
        return replace(self, image=self.image[rows], u=self.u[rows], v=self.v[rows])

    def moved(self, right: Tensor, down: Tensor) -> Canvas:
        """The same canvas, its middle moved; both (n, 1, 1, 1)."""
        return replace(self, u=self.u - right, v=self.v - down)

    def paint(self, distance: Tensor, colour: Tensor, strength: Tensor | float = 1.0) -> None:
        """Paint where the signed distance is negative.

        Args:
            distance: in units, (n, 1, H, W).
            colour: (n, 3, 1, 1), or (n, 3, H, W).
            strength: 1 covers, 0 leaves the image as it is.
        """
        # half a pixel inside the edge it covers, half a pixel outside it does not show
        cover = (0.5 - distance * self.scale).clamp_(0, 1)
        self.image.lerp_(colour.expand_as(self.image), cover * strength)


def ellipse(
    u: Tensor, v: Tensor, half_width: Tensor | float, half_height: Tensor | float
) -> Tensor:
    """Signed distance from an ellipse about the origin, to first order at its edge.

    It is f / |∇f| of f = (u / half_width)² + (v / half_height)² − 1.
    """
    across = 1 / half_width
    along = 1 / half_height
    p = (u * across).square_()
    q = (v * along).square_()
    slope = (p * across**2).addcmul_(q, torch.as_tensor(along) ** 2).add_(1e-12).rsqrt_()
    return p.add_(q).sub_(1).mul_(slope).mul_(0.5)


def box(
    u: Tensor,
    v: Tensor,
    half_width: Tensor | float,
    half_height: Tensor | float,
    round: float = 0.0,
) -> Tensor:
    """Signed distance from an upright box about the origin, grown by `round` with round corners."""
    outside_u = u.abs() - half_width
    outside_v = v.abs() - half_height
    corner = (outside_u.clamp(min=0).square_() + outside_v.clamp(min=0).square_()).sqrt_()
    return corner + torch.maximum(outside_u, outside_v).clamp_(max=0) - round


def arc(u: Tensor, v: Tensor, bend: Tensor | float, half_width: float) -> Tensor:
    """Distance from the parabola v = −bend · u² between −half_width and half_width, nearly.

    Args:
        bend: positive, the ends lie above the middle, as those of a smile do.
    """
    inside = u.clamp(-half_width, half_width)
    height = v + bend * inside * inside
    # beside a slope the way straight down is longer than the distance
    steep = (2 * bend * inside).square_().add_(1)
    return ((u - inside).square_() + height.square_() / steep).sqrt_()
