"""Which details are lost? The power of images at each frequency, from coarse to fine.

A frequency is how many waves fit into the height of an image: 1 is light above and dark below,
half the height is a change from pixel to pixel. Blur is power that is missing at high frequencies.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..data.images import ImageSet, image_set
from ..device import seeded
from ..errors import UserError, at_least, brief, check_seed, finite
from .bootstrap import interval, times_drawn
from .score import Score

# ITU-R BT.601: how bright red, green and blue look
LUMINANCE = (0.299, 0.587, 0.114)

# octaves, in cycles per image height
BANDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)

# images at a time
BATCH = 1000


class Spectrum(NamedTuple):
    """Power by frequency.

    Attributes:
        frequency: middle of each ring, 1, 2, … cycles per image height, (K,).
        power: mean over the ring's components and over images, (K,).
        components: how many each ring has, (K,). Without a window, the sum of components · power
            is the variance of the luminance over the pixels of an image.
    """

    frequency: Tensor
    power: Tensor
    components: Tensor


def power_spectrum(images: Tensor | ImageSet, *, window: bool = True) -> Spectrum:
    """The radially averaged power spectrum of the images' luminance.

    Each image has its mean subtracted. Natural images have about 1 / frequency² of power, noise
    the same at every frequency, and a blurred image lacks the high end.

    Args:
        images: (N, C, H, W) in [0, 1], grey or in colour.
        window: multiply by a Hann window first, whose mean square is divided out: a transform takes
            opposite edges for neighbours, and the step between them for detail. Without it the
            power sums to the variance exactly (Parseval).
    Returns:
        Rings one cycle wide, up to the corner of the frequency plane; a ring that no component
        falls into is left out.
    Raises:
        UserError: images outside [0, 1], neither grey nor in colour, less than 2 pixels high or
            wide.
    Source:
        Field 1987; van der Schaaf & van Hateren 1996 for natural images.
    """
    images = image_set("images", images)
    power = _mean_power(images, window)
    ring = _radius(images.shape).round().long().flatten()  # (H·W,)
    count = ring.bincount()
    total = ring.bincount(power.flatten())

    # the mean is subtracted: ring 0 holds nothing
    found = (count > 0).nonzero().flatten()
    found = found[found > 0]
    return Spectrum(found.double(), total[found] / count[found], count[found])


def lost_frequencies(
    real: Tensor | ImageSet,
    reconstructed: Tensor | ImageSet,
    *,
    bands: Sequence[float] = BANDS,
    window: bool = True,
    resamples: int = 200,
    seed: int = 0,
) -> dict[str, Score]:
    """For each band of frequencies, the share of the real images' power that is kept.

    A share of 1 has as much detail as the real images, 0.1 has lost nine tenths of it. It counts
    power, not likeness: noise would bring it back.

    Args:
        real: (N, C, H, W) in [0, 1].
        reconstructed: the same images as a model gives them back, in the same order.
        bands: edges in cycles per image height, rising; the lower edge belongs to a band. Those
            beyond half the height are left out.
        window: as for `power_spectrum`.
        resamples: bootstrap resamples of the images.
        seed: of the resamples.
    Returns:
        A Score with a bootstrap interval for each band, by a name such as "4–8 cycles".
    Raises:
        UserError: images of different shapes or numbers, fewer than 2, edges that do not rise,
            a band that holds no power of the real images.
    """
    real = image_set("real", real)
    reconstructed = image_set("reconstructed", reconstructed)
    if real.x.shape != reconstructed.x.shape:
        raise UserError(
            "real and reconstructed must be the same images, of one shape, "
            f"got {tuple(real.x.shape)} and {tuple(reconstructed.x.shape)}"
        )
    n = at_least("the number of images in real", len(real), 2)
    at_least("resamples", resamples, 2)
    masks = _masks(bands, real.shape)
    generator = seeded(check_seed(seed))
    power = _power_in(masks.values(), real, window)  # (N, B)
    kept = _power_in(masks.values(), reconstructed, window)  # (N, B)
    counts = times_drawn(n, resamples, generator).double()  # (N, R)

    scores = {}
    for band, name in enumerate(masks):
        total = power[:, band].sum()
        if total == 0:
            raise UserError(
                f"real must have detail at {name}, got images without any; choose other bands"
            )
        resampled = (kept[:, band] @ counts) / (power[:, band] @ counts)
        low, high = interval(resampled[resampled.isfinite()], n)
        value = (kept[:, band].sum() / total).item()
        scores[name] = Score(
            metric="power kept",
            value=value,
            low=min(low, value),
            high=max(high, value),
            n=n,
            floor=1.0,
            floor_name="the real images",
            better="neither",
        )
    return scores


def _luminance(x: Tensor) -> Tensor:
    """Images (N, 1 or 3, H, W) → (N, H, W) float64."""
    if x.shape[1] == 1:
        return x[:, 0].double()
    weights = torch.tensor(LUMINANCE, dtype=torch.double)
    return torch.einsum("nchw,c->nhw", x.double(), weights)


def _power(x: Tensor, window: bool) -> Tensor:
    """|F|² of images (n, C, H, W), (n, H, W): it sums to the variance over pixels."""
    grey = _luminance(x.cpu())
    grey = grey - grey.mean((1, 2), keepdim=True)
    height, width = grey.shape[1:]
    if window:
        rows = torch.hann_window(height, periodic=True, dtype=torch.double)
        columns = torch.hann_window(width, periodic=True, dtype=torch.double)
        hann = rows[:, None] * columns
        grey = grey * hann / hann.square().mean().sqrt()
    return torch.fft.fft2(grey, norm="forward").abs().square()


def _mean_power(images: ImageSet, window: bool) -> Tensor:
    """(H, W)."""
    _check_shape(images)
    total = torch.zeros(images.shape[1:], dtype=torch.double)
    for start in range(0, len(images), BATCH):
        total += _power(images.images(slice(start, start + BATCH)), window).sum(0)
    return total / len(images)


def _power_in(masks: Iterable[Tensor], images: ImageSet, window: bool) -> Tensor:
    """The power of each image in each of B sets of components, (N, B)."""
    _check_shape(images)
    chosen = torch.stack([mask.flatten() for mask in masks], 1).double()  # (H·W, B)
    parts = []
    for start in range(0, len(images), BATCH):
        power = _power(images.images(slice(start, start + BATCH)), window)
        parts.append(power.flatten(1) @ chosen)
    return torch.cat(parts)


def _radius(shape: Sequence[int]) -> Tensor:
    """The frequency of each component of a transform, in cycles per image height, (H, W)."""
    _, height, width = shape
    down = torch.fft.fftfreq(height, dtype=torch.double) * height
    # in cycles per height too, so that a ring is one size of detail in both directions
    right = torch.fft.fftfreq(width, dtype=torch.double) * height
    return torch.hypot(down[:, None], right)


def _masks(bands: Sequence[float], shape: Sequence[int]) -> dict[str, Tensor]:
    """Which components lie in each band, (H, W) each, by the band's name."""
    edges = [finite("each of bands", edge, above=0) for edge in bands]
    if len(edges) < 2 or any(high <= low for low, high in zip(edges, edges[1:])):
        raise UserError(f"bands must be two edges or more that rise, got {brief(list(bands))}")
    radius = _radius(shape)
    half = shape[1] / 2
    masks = {}
    for low, high in zip(edges, edges[1:]):
        if low < half:
            # the last band ends with half the height, and holds it
            inside = (radius >= low) & ((radius < high) | (radius == half) & (high >= half))
            masks[f"{low:g}–{min(high, half):g} cycles"] = inside & (radius <= half)
    empty = [name for name, mask in masks.items() if not mask.any()]
    if empty or not masks:
        raise UserError(
            f"bands must hold frequencies of images {shape[1]} pixels high, "
            f"got none in {empty or brief(list(bands))}; make them wider"
        )
    return masks


def _check_shape(images: ImageSet) -> None:
    channels, height, width = images.shape
    if channels not in (1, 3) or min(height, width) < 2:
        raise UserError(
            "images must be grey or in colour, at least 2×2 pixels, "
            f"got {images.shape}; choose their channels"
        )
