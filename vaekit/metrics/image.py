"""How alike two images are: SSIM."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..data.images import ImageSet, image_set
from ..errors import UserError, at_least
from .score import Score, bootstrap

WINDOW = 7          # pixels a side, scikit-image's default


def ssim(x: Tensor | ImageSet, x_hat: Tensor | ImageSet, *, floor: bool = True, resamples: int = 1000, seed: int = 0) -> Score:
    """Structural similarity of images and their reconstructions: scikit-image's, averaged over the images.

    The data range is 1, because images lie in [0, 1]. (Left to guess, libraries take 2 for floats, or the range of each image, and the
    score changes.) The window is 7×7 and uniform; colour channels are averaged. Constant images are welcome: two equal ones score 1.

    Args:
        x, x_hat: images and reconstructions, (N, C, H, W) in [0, 1], at least 7×7 pixels.
    Returns:
        Score in [−1, 1], higher is better, with a bootstrap interval over images. Its floor is the SSIM of each image with *another* real
        image: what a model would score that has learned nothing about the image in front of it. 1 is perfect.
    Raises:
        UserError: different shapes, images too small, values outside [0, 1], NaN.
    Source: Wang, Bovik, Sheikh & Simoncelli 2004.
    """
    x, x_hat = image_set("x", x), image_set("x_hat", x_hat)
    if x.x.shape != x_hat.x.shape:
        raise UserError(f"SSIM compares images pair by pair, so both need one shape; got {tuple(x.x.shape)} and {tuple(x_hat.x.shape)}")
    if min(x.shape[1:]) < WINDOW:
        raise UserError(f"SSIM slides a {WINDOW}×{WINDOW} window, so images must be at least that large, got {x.shape[1]}×{x.shape[2]}; enlarge them")
    at_least("resamples", resamples, 2)
    x, x_hat = x.images(), x_hat.images()
    values = _each(x, x_hat)
    low, high = bootstrap(lambda index: values[index].mean().item(), len(values), resamples=resamples, seed=seed)
    # an image is paired with the next one of a random order: never with itself
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    chance = _each(x[order], x[order.roll(1)]).mean().item() if floor and len(x) > 1 else None
    return Score("SSIM", values.mean().item(), low, high, len(values), chance, "another real image", better="higher",
                 note="" if chance is None else "the floor is another real image's score; perfect is 1")


def _each(a: Tensor, b: Tensor) -> Tensor:
    """SSIM of each pair, (N,), float64."""
    from skimage.metrics import structural_similarity

    a, b = (t.detach().cpu().double().numpy() for t in (a, b))
    values = [structural_similarity(p, q, win_size=WINDOW, data_range=1.0, channel_axis=0) for p, q in zip(a, b, strict=True)]
    return torch.from_numpy(np.array(values))
