"""How likely a diffusion model finds images of 256 grey levels: a bound in bits per dimension.

The chain's steps are Gaussians whose mean the network gives. Their variances are free: those of
Ho et al. 2020, or variances that were fitted on training images.
"""
from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from ..contracts import require
from ..data.images import ImageSet
from ..device import seeded, standard_normal
from ..errors import UserError, at_least
from ..models.conditioning import labels_of
from ..models.diffusion import Diffusion, to_signed
from .levels import EDGES, fit_level_scales, grey_bins, level_images, level_nll

# images that pass the network at once
CHUNK = 256

# parts of the chain, of equal weight, that share fitted variances
PARTS = 24


class Variances(NamedTuple):
    """What `fit_variances` finds: how wrong the estimate of x_0 is, and where.

    errors: mean of (x_0 − x̂_0)² / (1 − ᾱ_t) in each part of the chain and group of greys,
    (24, 15). scales: of the last step's grey levels, (15,).
    """

    errors: Tensor
    scales: Tensor


class DenoisingBound(NamedTuple):
    """The terms of a bound on −log₂ p(x), bits per dimension, one value per image (N,) each.

    prior: KL(q(x_T | x_0) ‖ N(0, I)). steps: the sum of the KLs of all steps between. levels: what
    the grey levels themselves cost, given x_1.
    """

    prior: Tensor
    steps: Tensor
    levels: Tensor

    @property
    def total(self) -> Tensor:
        """The bound, (N,)."""
        return self.prior + self.steps + self.levels


def step_weights(alpha_bar: Tensor) -> Tensor:
    """w_t for t = 2 … T: L_{t−1} = w_t · ‖x_0 − x̂_0‖² / (1 − ᾱ_t), nats. float64 (T − 1,).

    With the prediction v that is w_t · ‖v − v̂‖²: a training loss without w_t weighs the t in
    another way.

    Args:
        alpha_bar: ᾱ_0 = 1 … ᾱ_T, (T + 1,), T ≥ 2.
    """
    is_list = alpha_bar.ndim == 1 and len(alpha_bar) > 2 and not alpha_bar.is_complex()
    if not is_list or not bool((alpha_bar.diff() < 0).all() & alpha_bar.isfinite().all()):
        raise UserError(
            "alpha_bar must fall from 1 in T + 1 finite values, T ≥ 2, as "
            f"models.diffusion.cumulative gives them, got shape {tuple(alpha_bar.shape)}"
        )
    now = alpha_bar[2:].double()
    before = alpha_bar[1:-1].double()
    # half the difference of the signal-to-noise ratios ᾱ / (1 − ᾱ), times 1 − ᾱ_t
    return (before - now) / (1 - before) / 2


def denoising_bound(
    model: Diffusion,
    x: ImageSet | Tensor,
    *,
    draws: int = 32,
    variances: Variances | None = None,
    seed: int = 0,
) -> DenoisingBound:
    """L_T + Σ L_t + L_0, estimated from a few t per image: bits per dimension.

    The model's step from x_t to x_{t−1} is a Gaussian around the mean of q(x_{t−1} | x_t, x̂_0),
    with the estimate x̂_0 cut to [−1, 1] as in sampling. t is drawn in proportion to w_t, evenly
    spread over each image's draws, which leaves little chance in the sum. The expectation lies
    above −log₂ p(x) whatever the network and the variances are.

    Args:
        x: an ImageSet, which a conditional model needs, or a tensor (N, C, H, W) in [0, 1];
            rounded to 256 levels.
        draws: t per image.
        variances: of the steps, from `fit_variances` of other images. If left out, those of
            q(x_{t−1} | x_t, x_0), and β_1 for the levels.
        seed: of t and of the noise.
    Raises:
        UserError: draws < 1, no images or images of another shape than the model's, a model of
            one step.
    Source:
        Ho et al. 2020, equations 5, 8 and 13; Kingma et al. 2021 (weights as differences of
        signal-to-noise ratios); Nichol & Dhariwal 2021 and Bao et al. 2022 (what fitted variances
        gain).
    """
    at_least("draws", draws, 1)
    images, labels = _checked(model, x)
    generator = seeded(seed)
    weight = step_weights(model.alpha_bar)
    x0 = to_signed(images)

    steps = torch.zeros(len(images), dtype=torch.double)
    for t in _spread(weight, len(images), draws, generator):
        estimate = _estimate(model, x0, t, labels, generator)
        error = _relative_error(model, x0, estimate, t)
        w = weight[t - 2].reshape(-1, 1, 1, 1)
        cost = w * error
        if variances is not None:
            expected = variances.errors[_part(weight, t)[:, None, None, None], _grey(estimate)]
            # the KL of two Gaussians whose variances differ by the factor `wider`
            wider = 1 + 2 * w * expected
            cost = (wider.log() + (1 + 2 * cost) / wider - 1) / 2
        # t was drawn in proportion to its weight
        steps += (cost / w).flatten(1).sum(1) * weight.sum() / draws

    levels = _levels(model, x0, images, labels, generator, variances)
    bits = 1 / (images[0].numel() * math.log(2))
    prior = _prior(x0, float(model.alpha_bar[-1]))
    return DenoisingBound(prior * bits, steps * bits, levels / images[0].numel())


def fit_variances(
    model: Diffusion, x: ImageSet | Tensor, *, draws: int = 32, seed: int = 0
) -> Variances:
    """Variances of the steps that make the bound of these images small, in 24 × 15 groups.

    A step's best variance is that of q(x_{t−1} | x_t, x_0) plus the mean squared error of the mean
    that the network gives. It is measured for 24 parts of the chain and 15 groups of greys, since
    a black background is far easier to guess than a sleeve.

    Args:
        As for `denoising_bound`; take training images.
    """
    at_least("draws", draws, 1)
    images, labels = _checked(model, x)
    generator = seeded(seed)
    weight = step_weights(model.alpha_bar)
    x0 = to_signed(images)

    groups = PARTS * (len(EDGES) + 1)
    # one in each group from the start, so that none is empty
    total = torch.ones(groups, dtype=torch.double)
    count = torch.ones(groups, dtype=torch.double)
    for t in _spread(weight, len(images), draws, generator):
        estimate = _estimate(model, x0, t, labels, generator)
        error = _relative_error(model, x0, estimate, t)
        part = _part(weight, t)[:, None, None, None]
        group = (part * (len(EDGES) + 1) + _grey(estimate)).flatten()
        total.index_add_(0, group, error.flatten())
        count += group.bincount(minlength=groups)

    predicted = _first_estimate(model, x0, labels, generator)
    scales = fit_level_scales(images, predicted, shape="gaussian")
    return Variances((total / count).reshape(PARTS, -1), scales)


def _checked(model: Diffusion, x: ImageSet | Tensor) -> tuple[Tensor, Tensor | None]:
    """The images, rounded to levels, and the labels of a conditional model."""
    require(model, "denoise", "noise", "alpha_bar", "image_shape", "steps", "network")
    at_least("the model's steps", model.steps, 2)
    labels = labels_of(model, x)
    images = x.images() if isinstance(x, ImageSet) else x
    images = level_images(images)
    if tuple(images.shape[1:]) != model.image_shape or len(images) == 0:
        wanted = ", ".join(map(str, model.image_shape))
        raise UserError(
            f"images must be of this model's shape (N, {wanted}) with N ≥ 1, "
            f"got {tuple(images.shape)} as x"
        )
    return images, labels


def _spread(weight: Tensor, n: int, draws: int, generator: torch.Generator) -> list[Tensor]:
    """`draws` tensors of t (n,), in proportion to the weight of t = 2 …, evenly spread."""
    reached = (weight / weight.sum()).cumsum(0)
    drawn = []
    for k in range(draws):
        place = (k + torch.rand(n, generator=generator, dtype=torch.double)) / draws
        found = torch.searchsorted(reached, place).clamp(max=len(weight) - 1)
        drawn.append(found + 2)
    return drawn


def _part(weight: Tensor, t: Tensor) -> Tensor:
    """The part of the chain that each t belongs to, 0 … 23."""
    reached = (weight / weight.sum()).cumsum(0)
    return (reached[t - 2] * PARTS).long().clamp(max=PARTS - 1)


def _grey(estimate: Tensor) -> Tensor:
    return grey_bins((estimate + 1) / 2)


def _estimate(
    model: Diffusion, x0: Tensor, t: Tensor, labels: Tensor | None, generator: torch.Generator
) -> Tensor:
    """x̂_0 from one x_t of each image, in [−1, 1], on the CPU."""
    like = next(model.network.parameters(), x0)
    estimates = []
    for start in range(0, len(x0), CHUNK):
        piece = slice(start, start + CHUNK)
        clean = x0[piece].to(like)
        noise = standard_normal(clean.shape, generator).to(like)
        x_t = model.noise(clean, t[piece], noise)
        c = None if labels is None else labels[piece]
        estimates.append(model.denoise(x_t, t[piece], c, clip=True).cpu())
    return torch.cat(estimates)


def _relative_error(model: Diffusion, x0: Tensor, estimate: Tensor, t: Tensor) -> Tensor:
    """(x_0 − x̂_0)² / (1 − ᾱ_t), (N, C, H, W), float64."""
    noise = (1 - model.alpha_bar[t]).reshape(-1, 1, 1, 1)
    return (estimate.double() - x0.double()).square() / noise


def _prior(x0: Tensor, kept: float) -> Tensor:
    """KL(N(√ᾱ_T x_0, 1 − ᾱ_T) ‖ N(0, 1)), nats, (N,)."""
    of_mean = kept * x0.double().square()
    of_variance = -kept - math.log1p(-kept)
    return (of_mean + of_variance).flatten(1).sum(1) / 2


def _first_estimate(
    model: Diffusion, x0: Tensor, labels: Tensor | None, generator: torch.Generator
) -> Tensor:
    """x̂_0 from x_1, as images in [0, 1]."""
    t = torch.ones(len(x0), dtype=torch.long)
    return (_estimate(model, x0, t, labels, generator) + 1) / 2


def _levels(
    model: Diffusion,
    x0: Tensor,
    images: Tensor,
    labels: Tensor | None,
    generator: torch.Generator,
    variances: Variances | None,
) -> Tensor:
    """−log₂ p(x_0 | x_1) over the 256 levels, bits, (N,)."""
    predicted = _first_estimate(model, x0, labels, generator)
    # √β_1 in units of the images, whose range is half of the model's
    scale: float | Tensor = math.sqrt(1 - float(model.alpha_bar[1])) / 2
    if variances is not None:
        scale = variances.scales[grey_bins(predicted)]
    return level_nll(images, predicted, scale, shape="gaussian").flatten(1).sum(1)
