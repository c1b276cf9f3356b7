"""How likely a model finds images it has not seen: an importance-weighted bound on −log p(x), far tighter than the ELBO.

A model needs `posterior(x) -> (mean, log_var)` and `log_likelihood(x, z) -> (N,)`; its prior is N(0, I). A VAE has both, and so has
`linear_gaussian.LinearGaussian`, for which log p(x) is known. A conditional model is given the labels, and the bound is on −log p(x | c).
"""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ..data.images import ImageSet, check_images
from ..device import evaluating
from ..errors import UserError, at_least, pick
from ..models.conditioning import labels_of
from .score import Score, bootstrap

NATS, BITS = "nats per image", "bits per dimension"


def nll(model, x: ImageSet | Tensor, k: int = 1000, *, unit: str = NATS, seed: int = 0, memory_mb: float = 64) -> Score:
    """Mean −log p(x), as its importance-weighted bound with k samples an image: an upper bound that falls towards the truth as k grows.

    Args:
        model: `posterior` and `log_likelihood` (see above).
        x: held-out images: an ImageSet, which a conditional model needs, or a float tensor in [0, 1], (N, C, H, W).
        k: samples an image; 1 gives the −ELBO, 5000 is customary in papers.
        unit: "nats per image" or "bits per dimension".
        seed: image i draws its noise from (seed, i), so the number depends neither on memory_mb nor on the images after it.
        memory_mb: room for one chunk of decoded samples.
    Returns:
        The interval resamples images. The floor, for a Bernoulli decoder, is the images' own entropy: a grey pixel of 0.3 is read as a
        probability and costs at least 0.61 nats, so no model gets below, and 0 is reached by black-and-white images alone.
        k is part of the metric's name: bounds with different k do not compare.
    Raises:
        UserError: k < 1, fewer than 2 images, wrong shape, values outside [0, 1] or NaN, a model that answers with inf or NaN.
    Source: Burda et al. 2016, equation 8; Kingma & Welling 2013 for k = 1.
    """
    pick("unit", unit, (NATS, BITS))
    values = -importance_bound(model, x, k, seed=seed, memory_mb=memory_mb)
    x, _ = _data(model, x)
    low, high = bootstrap(lambda index: values[index].mean().item(), len(values), seed=seed)
    floor = bernoulli_entropy(x).mean().item() if getattr(model, "likelihood", "") == "Bernoulli" else None
    score = Score(f"NLL (k = {k})", values.mean().item(), low, high, len(values), floor, "entropy of the pixels", unit=NATS)
    return score if unit == NATS else bits_per_dimension(score, x[0].numel())


def importance_bound(model, x: ImageSet | Tensor, k: int = 1000, *, seed: int = 0, memory_mb: float = 64) -> Tensor:
    """log 1/k Σ p(x, z_i) / q(z_i | x), a lower bound on log p(x) for each image: nats, (N,) float64. Arguments as for `nll`."""
    return torch.cat([log_mean_exp(log_w) for log_w in _blocks(model, *_data(model, x), k, seed, memory_mb)])


def importance_weights(model, x: ImageSet | Tensor, k: int = 1000, *, seed: int = 0, memory_mb: float = 64) -> Tensor:
    """log w = log p(x | z) + log p(z) − log q(z | x) for k draws z ~ q(z | x): nats, (k, N) float64. Arguments as for `nll`.

    Equal weights mean that q is the true posterior; their mean over k is the ELBO's estimate, their log-mean-exp the tighter bound.
    """
    return torch.cat(list(_blocks(model, *_data(model, x), k, seed, memory_mb)), 1)


def log_mean_exp(log_w: Tensor, dim: int = 0) -> Tensor:
    """log of the mean of exp(log_w) along `dim`, without leaving the logarithm: e^−2000 is 0 in floating point, its logarithm is not."""
    return torch.logsumexp(log_w, dim) - math.log(log_w.shape[dim])


def bernoulli_entropy(x: Tensor) -> Tensor:
    """−Σ x log x + (1 − x) log(1 − x) over the pixels of an image in [0, 1]: nats, (N,). The least that `losses.bernoulli_nll` can give."""
    x = check_images(x).double()
    return (torch.special.entr(x) + torch.special.entr(1 - x)).flatten(1).sum(1)


def bits_per_dimension(score: Score, pixels: int) -> Score:
    """A score in nats per image, as bits per pixel value.

    It compares between image sizes, but not with papers that model 8-bit pixels: those price a grey level, a Bernoulli a coin.

    Args:
        pixels: number of pixel values of one image, C·H·W.
    """
    if score.unit != NATS:
        raise UserError(f"bits per dimension are made from {NATS!r}, this score is in {score.unit!r}")
    scale = 1 / (at_least("pixels", pixels, 1) * math.log(2))
    floor = None if score.floor is None else score.floor * scale
    return replace(score, value=score.value * scale, low=score.low * scale, high=score.high * scale, floor=floor, unit=BITS)


def _data(model, x: ImageSet | Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The images, and the labels if the model wants them."""
    for needed in ("posterior", "log_likelihood"):
        if not hasattr(model, needed):
            raise UserError(f"{type(model).__name__} has no {needed}, so it gives images no probability; use a VAE")
    labels = labels_of(model, x)
    x = x.images() if isinstance(x, ImageSet) else x
    at_least("the number of images", len(x), 2)                       # one image has no interval
    if not bool(x.isfinite().all()):
        raise UserError("the images hold inf or NaN; a likelihood of those means nothing. Find out where they come from")
    return x, labels


def _blocks(model, x: Tensor, labels: tuple[Tensor, ...], k: int, seed: int, memory_mb: float) -> Iterator[Tensor]:
    """Log-weights (k, n) of n images at a time: many images where k is small, pieces of one image's samples where k is large."""
    at_least("k", k, 1)
    if not memory_mb > 0:
        raise UserError(f"memory_mb must be > 0, got {memory_mb}")
    # a decoded sample costs about 8 float32 a pixel: the image beside it, logits, their loss, and the decoder's own layers
    rows = max(1, int(memory_mb * 2**20 / (32 * x[0].numel())))
    images = max(1, rows // k)
    with evaluating(model):
        for first in range(0, len(x), images):
            part, c = x[first:first + images], tuple(label[first:first + images] for label in labels)
            mean, log_var = model.posterior(part, *c)
            noise = torch.stack([_noise(k, mean, seed, first + i) for i in range(len(part))], 1)
            log_w = torch.cat([_log_weights(model, part, c, mean, log_var, piece) for piece in noise.split(max(1, rows // len(part)))])
            if not bool(log_w.isfinite().all()):
                raise UserError("the model gives some image a likelihood of inf or NaN: its weights or variances have run away. Train at a lower lr")
            yield log_w


def _noise(k: int, like: Tensor, seed: int, image: int) -> Tensor:
    generator = torch.Generator().manual_seed(1_000_003 * seed + image)
    return torch.randn(k, like.shape[1], generator=generator, dtype=like.dtype).to(like.device)


def _log_weights(model, x: Tensor, c: tuple[Tensor, ...], mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    z = mean + torch.exp(0.5 * log_var) * noise                                                            # (k, n, D)
    repeated = [each.expand(len(noise), *each.shape).flatten(0, 1) for each in (x, *c)]
    log_p_x = model.log_likelihood(repeated[0], z.flatten(0, 1), *repeated[1:]).view(noise.shape[:2])
    log_p_z = -0.5 * (z.square() + math.log(2 * math.pi)).sum(2)
    log_q_z = -0.5 * (noise.square() + log_var + math.log(2 * math.pi)).sum(2)
    return log_p_x.cpu().double() + (log_p_z - log_q_z).cpu().double()
