"""Changed copies of training images, by name: what a model should not depend on."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import UserError, at_least, brief, finite, pick

# pixels a side of a blur's weights: nearly three of its largest standard deviations each way
KERNEL = 9


def mirror(x: Tensor) -> Tensor:
    """Mirror about half of the images, left to right; each call chooses others.

    Args:
        x: images, (N, C, H, W).
    Returns:
        Images of the same shape.
    Raises:
        UserError: images of another shape.
    """
    _check_shape(x)
    mirrored = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
    return torch.where(mirrored, x.flip(3), x)


def jitter(
    x: Tensor,
    *,
    shift: int = 2,
    flip: bool = False,
    border: str = "constant",
) -> Tensor:
    """Move the whole batch by up to `shift` pixels, each call in another direction.

    Args:
        x: images, (N, C, H, W), float.
        shift: the largest move in pixels, along each axis; less than the image's sides.
        flip: also mirror about half of the images.
        border: what comes in at the edge: "constant" is black, "reflect" the mirrored border.
    Returns:
        Images of the same shape.
    Raises:
        UserError: images of another shape, shift out of range, unknown border.
    """
    _check_shape(x)
    pick("border", border, ("constant", "reflect"))
    height, width = x.shape[-2:]
    at_least("shift", shift, 0, min(height, width) - 1)
    down, right = torch.randint(-shift, shift + 1, (2,)).tolist()

    top = shift + down
    left = shift + right
    padded = F.pad(x, (shift, shift, shift, shift), mode=border)
    moved = padded[..., top:top + height, left:left + width]

    return mirror(moved) if flip else moved


def soften(x: Tensor, *, most: float = 1.5) -> Tensor:
    """Mirror about half of the images, and blur half of them; each call chooses others.

    A classifier that judges generated images meets blur that real ones do not have. It has to know
    it from training, else it takes blur for the absence of what is small.

    Args:
        x: images, (N, C, H, W), float.
        most: the largest standard deviation of the Gaussian blur, in pixels; each call draws one
            between 0 and that, for all that it blurs.
    Returns:
        Images of the same shape.
    Raises:
        UserError: images of another shape or smaller than the blur, most out of range.
    """
    from torchvision.transforms.functional import gaussian_blur

    _check_shape(x)
    finite("most", most, above=0, most=1.5)
    if min(x.shape[-2:]) <= KERNEL // 2:
        raise UserError(
            f"x must be images of at least {KERNEL // 2 + 1} pixels a side to be blurred, "
            f"got {brief(x)}"
        )
    mirrored = mirror(x)
    chosen = torch.randperm(len(x), device=x.device)[: len(x) // 2]
    if not len(chosen):
        return mirrored
    # torchvision divides by it
    deviation = max(most * torch.rand(()).item(), 0.01)
    softened = gaussian_blur(mirrored[chosen], [KERNEL, KERNEL], [deviation, deviation])
    # the weights of the blur add up to 1 but for rounding
    return mirrored.index_copy(0, chosen, softened.clamp(0, 1))


def _check_shape(x: Tensor) -> None:
    """Their shape and dtype alone: the values lie on a GPU, perhaps."""
    if x.ndim != 4 or x.numel() == 0 or not x.is_floating_point():
        raise UserError(
            f"x must be float images of shape (N, C, H, W) with N ≥ 1, got {brief(x)}"
        )


AUGMENTATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "flip": mirror,
    "flip-blur": soften,
    # reflected, because a generator would learn to draw a black border
    "shift-flip": partial(jitter, flip=True, border="reflect"),
}
