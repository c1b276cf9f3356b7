"""How alike two images are: SSIM."""
from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..data.images import ImageSet, image_set
from ..device import seeded
from ..errors import UserError, at_least, check_seed
from .bootstrap import bootstrap
from .reference import reference_of
from .score import Score

# pixels per side, scikit-image's default
WINDOW = 7


def ssim(
    x: Tensor | ImageSet,
    x_hat: Tensor | ImageSet,
    *,
    floor: bool = True,
    resamples: int = 1000,
    seed: int = 0,
) -> Score:
    """Structural similarity of images and their reconstructions: scikit-image's, averaged.

    The data range is 1, because images lie in [0, 1]. (Left to guess, libraries take 2 for
    floats, or the range of each image, and the score changes.) The window is 7×7 and uniform;
    colour channels are averaged. Constant images are welcome: two equal ones score 1.

    Args:
        x, x_hat: images and reconstructions, (N, C, H, W) in [0, 1], at least 7×7 pixels.
        floor: also measure each image against another real image.
        resamples: bootstrap resamples.
        seed: of the resamples, and of the pairs of the floor.
    Returns:
        Score in [−1, 1], higher is better, with a bootstrap interval over images. Its floor is
        the SSIM of each image with *another* real image: what a model would score that has
        learned nothing about the image in front of it. 1 is perfect.
    Raises:
        UserError: different shapes, images too small, values outside [0, 1], NaN.
    Source:
        Wang, Bovik, Sheikh & Simoncelli 2004.
    """
    x = image_set("x", x)
    x_hat = image_set("x_hat", x_hat)
    _check_shapes(x, x_hat)
    at_least("resamples", resamples, 2)
    check_seed(seed)

    originals = x.images()
    values = _per_image(originals, x_hat.images())

    def mean(index: Tensor) -> float:
        return values[index].mean().item()

    low, high = bootstrap(mean, len(values), resamples=resamples, seed=seed)
    chance = _floor(originals, seed) if floor and len(x) > 1 else None
    return Score(
        metric="SSIM",
        value=values.mean().item(),
        low=low,
        high=high,
        n=len(values),
        floor=chance,
        floor_name="another real image",
        reference=reference_of(x),
        better="higher",
        note="" if chance is None else "the floor is another real image's score; perfect is 1",
    )


def _floor(x: Tensor, seed: int) -> float:
    """Each image against the next one of a random order: never against itself."""
    order = torch.randperm(len(x), generator=seeded(seed))
    return _per_image(x[order], x[order.roll(1)]).mean().item()


def _per_image(a: Tensor, b: Tensor) -> Tensor:
    """SSIM of each pair, (N,), float64."""
    from skimage.metrics import structural_similarity

    values = []
    for p, q in zip(_as_array(a), _as_array(b), strict=True):
        values.append(
            structural_similarity(p, q, win_size=WINDOW, data_range=1.0, channel_axis=0)
        )
    return torch.from_numpy(np.array(values))


def _as_array(x: Tensor) -> np.ndarray:
    return x.detach().cpu().double().numpy()


def _check_shapes(x: ImageSet, x_hat: ImageSet) -> None:
    if x.x.shape != x_hat.x.shape:
        raise UserError(
            "SSIM compares images pair by pair, so both need one shape; "
            f"got {tuple(x.x.shape)} and {tuple(x_hat.x.shape)}"
        )
    _, height, width = x.shape
    if min(height, width) < WINDOW:
        raise UserError(
            f"SSIM slides a {WINDOW}×{WINDOW} window, so images must be at least that large, "
            f"got {height}×{width}; enlarge them"
        )
