"""Changed copies of training images, by name: what a model should not care about."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F


def mirror(x: Tensor) -> Tensor:
    """Mirror every second image or so, left to right, others each call: (N, C, H, W) → the same."""
    mirrored = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
    return torch.where(mirrored, x.flip(3), x)


def jitter(x: Tensor, *, shift: int = 2, flip: bool = False, border: str = "constant") -> Tensor:
    """Move the whole batch by up to `shift` pixels, a different way each call; with `flip`, mirror every second image as well.

    border: what comes in at the edge: "constant" is black, "reflect" the mirrored rim.
    """
    down, right = torch.randint(-shift, shift + 1, (2,)).tolist()
    padded = F.pad(x, (shift,) * 4, mode=border)
    x = padded[..., shift + down:shift + down + x.shape[-2], shift + right:shift + right + x.shape[-1]]
    return mirror(x) if flip else x


# for a generator no black rim: it would learn to draw one
AUGMENTATIONS: dict[str, Callable[[Tensor], Tensor]] = {"flip": mirror, "shift-flip": partial(jitter, flip=True, border="reflect")}
