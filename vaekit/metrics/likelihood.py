"""How likely a model finds images it has not seen: a bound on −log p(x).

It is importance-weighted, and far tighter than the ELBO. A model needs
`posterior(x, c) -> (mean, log_var)` and `log_likelihood(x, z, c) -> (N,)`; its prior is N(0, I).
A VAE has both, and so has `models.LinearGaussian`, for which log p(x) is known. A conditional
model is given the labels, and the bound is on −log p(x | c); for any other c is None.
"""
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ..contracts import LatentVariableModel
from ..data.checks import as_floats
from ..data.images import ImageSet
from ..device import evaluating, seeded
from ..errors import LARGEST_SEED, UserError, at_least, brief, check_seed, finite, pick
from ..models.conditioning import labels_of
from .bootstrap import bootstrap
from .posterior import check_posterior, images_of
from .reference import reference_of
from .score import Score

NATS = "nats per image"
BITS = "bits per dimension"


def nll(
    model: LatentVariableModel,
    x: ImageSet | Tensor,
    k: int = 1000,
    *,
    unit: str = NATS,
    seed: int = 0,
    memory_mb: float = 64,
) -> Score:
    """Mean −log p(x), as its importance-weighted bound with k samples per image.

    It is an upper bound that falls towards the truth as k grows.

    Args:
        model: `posterior` and `log_likelihood` (see above).
        x: held-out images: an ImageSet, which a conditional model needs, or a tensor
            (N, C, H, W), uint8 or float in [0, 1].
        k: samples per image; 1 gives the −ELBO, 5000 is customary in papers.
        unit: "nats per image" or "bits per dimension".
        seed: image i draws its noise from (seed, i), so the number depends neither on memory_mb
            nor on the images after it.
        memory_mb: room for one chunk of decoded samples.
    Returns:
        The interval resamples images. The floor, for a Bernoulli decoder, is the images' own
        entropy: a grey pixel of 0.3 is read as a probability and costs at least 0.61 nats, so no
        model gets below, and 0 is reached by black-and-white images alone.
        k is part of the metric's name: bounds with different k do not compare.
    Raises:
        UserError: k < 1, fewer than 2 images, wrong shape, values outside [0, 1] or NaN, a model
            that answers with inf or NaN, or with tensors of other shapes.
    Source:
        Burda et al. 2016, equation 8; Kingma & Welling 2013 for k = 1.
    """
    pick("unit", unit, (NATS, BITS))
    seed = check_seed(seed)
    images, labels = _checked(model, x)
    values = -_bound(model, images, labels, k, seed, memory_mb)

    def mean(index: Tensor) -> float:
        return values[index].mean().item()

    low, high = bootstrap(mean, len(values), seed=seed)
    floor = None
    if model.likelihood == "Bernoulli":
        floor = _entropy(images).mean().item()
    score = Score(
        metric=f"NLL (k = {k})",
        value=values.mean().item(),
        low=low,
        high=high,
        n=len(values),
        floor=floor,
        floor_name="entropy of the pixels",
        reference=reference_of(images),
        unit=NATS,
    )
    return score if unit == NATS else bits_per_dimension(score, images[0].numel())


def importance_bound(
    model: LatentVariableModel,
    x: ImageSet | Tensor,
    k: int = 1000,
    *,
    seed: int = 0,
    memory_mb: float = 64,
) -> Tensor:
    """log 1/k Σ p(x, z_i) / q(z_i | x), a lower bound on log p(x) for each image.

    Args:
        As for `nll`.
    Returns:
        Nats, (N,), float64.
    """
    images, labels = _checked(model, x)
    return _bound(model, images, labels, k, seed, memory_mb)


def importance_weights(
    model: LatentVariableModel,
    x: ImageSet | Tensor,
    k: int = 1000,
    *,
    seed: int = 0,
    memory_mb: float = 64,
) -> Tensor:
    """log w = log p(x | z) + log p(z) − log q(z | x) for k draws z ~ q(z | x).

    Equal weights mean that q is the true posterior; their mean over k is the ELBO's estimate,
    their log-mean-exp the tighter bound.

    Args:
        As for `nll`.
    Returns:
        Nats, (k, N), float64.
    """
    images, labels = _checked(model, x)
    return torch.cat(list(_blocks(model, images, labels, k, seed, memory_mb)), 1)


def log_mean_exp(log_w: Tensor, dim: int = 0) -> Tensor:
    """log of the mean of exp(log_w) along `dim`, without leaving the logarithm.

    e^−2000 is 0 in floating point, its logarithm is not.
    """
    return torch.logsumexp(log_w, dim) - math.log(log_w.shape[dim])


def bernoulli_entropy(x: Tensor) -> Tensor:
    """−Σ x log x + (1 − x) log(1 − x) over the pixels of each image in [0, 1]: nats, (N,).

    The least that `losses.bernoulli_nll` can give.
    """
    return _entropy(as_floats(x))


def bits_per_dimension(score: Score, pixels: int) -> Score:
    """A score in nats per image, as bits per pixel value.

    It compares between image sizes, but not with papers that model 8-bit pixels: those give a
    probability to one of 256 grey levels, a Bernoulli to one of two.

    Args:
        score: in nats per image, such as `nll` gives.
        pixels: number of pixel values of one image, C·H·W.
    Raises:
        UserError: a score in another unit.
    """
    if score.unit != NATS:
        raise UserError(
            f"bits per dimension are made from {NATS!r}, this score is in {score.unit!r}"
        )
    scale = 1 / (at_least("pixels", pixels, 1) * math.log(2))
    return replace(
        score,
        value=score.value * scale,
        low=score.low * scale,
        high=score.high * scale,
        floor=None if score.floor is None else score.floor * scale,
        unit=BITS,
    )


def _checked(
    model: LatentVariableModel, x: ImageSet | Tensor
) -> tuple[Tensor, Tensor | None]:
    """The images, and the labels if the model is conditional.

    The model itself looks at their values on the CPU only, where that costs no waiting.
    """
    if not isinstance(model, LatentVariableModel):
        needed = ("posterior", "log_likelihood", "likelihood")
        missing = [name for name in needed if not hasattr(model, name)]
        raise UserError(
            f"model: {type(model).__name__} has no {missing[0]}, "
            "so it gives images no probability; use a VAE"
        )
    labels = labels_of(model, x)
    return images_of(model, x), labels


def _entropy(x: Tensor) -> Tensor:
    """`bernoulli_entropy` of images that were checked before."""
    x = x.double()
    per_pixel = torch.special.entr(x) + torch.special.entr(1 - x)
    return per_pixel.flatten(1).sum(1)


def _bound(
    model: LatentVariableModel,
    x: Tensor,
    labels: Tensor | None,
    k: int,
    seed: int,
    memory_mb: float,
) -> Tensor:
    """The log-mean-exp of each image's k log-weights, (N,)."""
    bounds = []
    for log_w in _blocks(model, x, labels, k, seed, memory_mb):
        bounds.append(log_mean_exp(log_w))
    return torch.cat(bounds)


def _blocks(
    model: LatentVariableModel,
    x: Tensor,
    labels: Tensor | None,
    k: int,
    seed: int,
    memory_mb: float,
) -> Iterator[Tensor]:
    """Log-weights (k, n) of n images at a time.

    Many images where k is small, pieces of one image's samples where k is large.
    """
    # Python's own numbers: those of numpy overflow in the products below
    k = at_least("k", k, 1)
    seed = check_seed(seed)
    # a decoded sample costs about 8 float32 per pixel: the image beside it, logits, their loss,
    # and the decoder's own layers
    fitting = finite("memory_mb", memory_mb, above=0) * 2**20 / (32 * x[0].numel())
    samples = int(max(1, min(fitting, k * len(x))))
    images = max(1, samples // k)

    with evaluating(model):
        for first in range(0, len(x), images):
            block = x[first:first + images]
            c = None if labels is None else labels[first:first + images]
            found = model.posterior(block, c)
            mean, log_var = check_posterior(found, len(block), type(model).__name__)
            noise = [_noise(k, mean, seed, first + i) for i in range(len(block))]

            pieces = []
            for piece in torch.stack(noise, 1).split(max(1, samples // len(block))):
                pieces.append(_log_weights(model, block, c, mean, log_var, piece))
            yield _finite(torch.cat(pieces))


def _noise(k: int, like: Tensor, seed: int, image: int) -> Tensor:
    """Standard normal draws for one image, (k, D), where `like` (n, D) is."""
    generator = seeded((1_000_003 * seed + image) % LARGEST_SEED)
    noise = torch.randn(k, like.shape[1], generator=generator, dtype=like.dtype)
    return noise.to(like.device)


def _log_weights(
    model: LatentVariableModel,
    x: Tensor,
    c: Tensor | None,
    mean: Tensor,
    log_var: Tensor,
    noise: Tensor,
) -> Tensor:
    """log p(x | z) + log p(z) − log q(z | x) for noise (k, n, D): nats, (k, n), float64."""
    k = len(noise)
    z = mean + torch.exp(0.5 * log_var) * noise  # (k, n, D)

    repeated_c = None if c is None else _repeated(c, k)
    log_p_x = model.log_likelihood(_repeated(x, k), z.flatten(0, 1), repeated_c)  # (k · n,)
    if not isinstance(log_p_x, Tensor) or log_p_x.shape != (noise[..., 0].numel(),):
        raise UserError(
            f"log_likelihood of {type(model).__name__} must be one number per image, (N,), got "
            f"{type(log_p_x).__name__} {brief(log_p_x)} for {noise[..., 0].numel()} images"
        )
    log_p_x = log_p_x.view(noise.shape[:2])

    log_2_pi = math.log(2 * math.pi)
    log_p_z = -0.5 * (z.square() + log_2_pi).sum(2)
    log_q_z = -0.5 * (noise.square() + log_var + log_2_pi).sum(2)
    return log_p_x.cpu().double() + (log_p_z - log_q_z).cpu().double()


def _repeated(each: Tensor, k: int) -> Tensor:
    """The whole of (n, …) k times, one after the other: (k · n, …)."""
    return each.expand(k, *each.shape).flatten(0, 1)


def _finite(log_w: Tensor) -> Tensor:
    if not bool(log_w.isfinite().all()):
        raise UserError(
            "the model gives some image a likelihood of inf or NaN: "
            "its weights or variances have run away. Train at a lower lr"
        )
    return log_w
