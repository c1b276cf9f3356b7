"""The objectives, each called with (a model's output, images, labels).

The package's docstring has the formula that they are all cases of.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..contracts import Objective
from ..data.checks import check_attributes
from ..device import can_be_read_freely
from ..errors import UserError, at_least
from .checks import check_float, check_objective, check_output, check_range, check_weights
from .terms import (
    bernoulli_nll,
    gaussian_kl,
    log_posterior,
    log_standard_normal,
    squared_error,
)

Terms = dict[str, Tensor]


def negative_elbo(output: Any, x: Tensor, c: Tensor | None = None, *, beta: float = 1.0) -> Terms:
    """−ELBO = −E log p(x | z) + β · KL( q(z | x) ‖ p(z) ), and its two terms.

    Args:
        output: what a VAE's forward returns: logits (N, C, H, W), mean, log_var and z (N, D).
        x: images in [0, 1], (N, C, H, W).
        c: labels, not used: every objective is called with (output, x, c).
        beta: weight of the KL; 1 is the evidence lower bound, anything else a β-VAE.
    Returns:
        loss, reconstruction, kl: nats per image, (N,) each.
    Raises:
        UserError: beta < 0 or not finite, an output without these parts.
    Source:
        Kingma & Welling 2013, equation 3; Higgins et al. 2017 for β ≠ 1.
    """
    check_weights(beta=beta)
    reconstruction = reconstruction_of(output, x)
    kl = kl_of(output)
    return {
        "loss": reconstruction + beta * kl,
        "reconstruction": reconstruction,
        "kl": kl,
    }


def negative_elbo_gaussian(
    output: Any, x: Tensor, c: Tensor | None = None, *, beta: float = 1.0
) -> Terms:
    """‖x − x̂‖² + β · KL( q(z | x) ‖ p(z) ), x̂ = sigmoid(logits): a Gaussian's likelihood.

    The squared error is −log N(x; x̂, σ² = ½) but for a constant, ½·log π per pixel value, which
    is left out. So β = 1 is the −ELBO at σ² = ½, and a β below 1 that at σ² = β/2 (but for a
    factor): it says how exact a reconstruction must be. `effective_beta` converts the weights of
    those who average over pixels, or whose images lie in [−1, 1].

    Args:
        As for `negative_elbo`.
    Returns:
        loss, reconstruction, kl: nats per image, (N,) each; reconstruction without the constant.
    Raises:
        UserError: as for `negative_elbo`; images outside [0, 1], which are looked at on the CPU
            only, as for `bernoulli_nll`.
    Source:
        Kingma & Welling 2013, appendix C.2.
    """
    check_weights(beta=beta)
    if can_be_read_freely(x):
        # in [−1, 1] the same β would be another one
        check_range(x)
    reconstruction = squared_error(_one_draw(output, x).sigmoid(), x)
    kl = kl_of(output)
    return {
        "loss": reconstruction + beta * kl,
        "reconstruction": reconstruction,
        "kl": kl,
    }


def free_bits(
    output: Any,
    x: Tensor,
    c: Tensor | None = None,
    *,
    free: float = 0.5,
    beta: float = 1.0,
) -> Terms:
    """−E log p(x | z) + β · Σ_d max(λ, KL_d): the first λ = `free` nats of a dimension are free.

    They cost nothing extra, so none is worth giving up. KL_d is averaged over the batch before it
    is compared, as in the paper; the mean over images of "loss" is then the formula.

    Args:
        free: λ, nats per dimension. Other arguments as for `negative_elbo`.
    Returns:
        loss, reconstruction, kl (the true one, without the floor): nats per image, (N,) each.
    Raises:
        UserError: free < 0 or beta < 0.
    Source:
        Kingma et al. 2016, equation 15.
    """
    check_weights(free=free, beta=beta)
    reconstruction = reconstruction_of(output, x)
    kl_per_dimension = gaussian_kl(output.mean, output.log_var)  # (N, D)

    # a dimension below its allowance costs a constant: it has no gradient
    above_allowance = kl_per_dimension.mean(0) > free
    price = torch.where(above_allowance, kl_per_dimension, free).sum(1)
    return {
        "loss": reconstruction + beta * price,
        "reconstruction": reconstruction,
        "kl": kl_per_dimension.sum(1),
    }


def capacity(
    output: Any,
    x: Tensor,
    c: Tensor | None = None,
    *,
    nats: float = 25.0,
    gamma: float = 30.0,
) -> Terms:
    """−E log p(x | z) + γ · |KL − C|: hold the rate at C nats instead of pricing it.

    To raise C during training, as the authors do: `Scheduled(capacity, nats=WarmUp(25))`.

    KL is averaged over the batch before it is compared, as in the code of Locatello et al. 2019:
    images may differ in their rates.

    Args:
        nats: C, the rate to hold, nats per image.
        gamma: how strictly. Other arguments as for `negative_elbo`.
    Returns:
        loss, reconstruction, kl: nats per image, (N,) each.
    Raises:
        UserError: nats < 0 or gamma < 0.
    Source:
        Burgess et al. 2018, equation 8.
    """
    check_weights(nats=nats, gamma=gamma)
    reconstruction = reconstruction_of(output, x)
    kl = kl_of(output)

    # one value per image, whose mean over the batch is γ · |mean KL − C|
    side = torch.sign(kl.mean() - nats).detach()
    deviation = gamma * side * (kl - nats)
    return {
        "loss": reconstruction + deviation,
        "reconstruction": reconstruction,
        "kl": kl,
    }


@dataclass(frozen=True)
class ImportanceWeighted:
    """−log 1/K Σ_k p(x, z_k) / q(z_k | x), from K = `samples` draws per image.

    A bound on −log p(x), the tighter the larger K; K = 1 is the −ELBO. `fit` asks the model for so
    many draws (`samples_of`). Called with (output, x, c), output.logits being (K, N, C, H, W), and
    z and epsilon (K, N, D); for K = 1 without the first axis.

    Returns:
        loss, reconstruction (averaged over draws, as in the ELBO) and kl (in closed form): nats per
        image, (N,) each.
    Raises:
        UserError: samples < 1, an output with another number of draws.
    Source:
        Burda et al. 2016, equation 8.
    """

    samples: int = 5

    def __post_init__(self) -> None:
        at_least("samples", self.samples, 1)

    def __call__(self, output: Any, x: Tensor, c: Tensor | None = None) -> Terms:
        logits = self._draws(output, x)
        reconstruction = torch.stack([bernoulli_nll(one_draw, x) for one_draw in logits])
        log_q = log_posterior(output).sum(-1)
        log_p = log_prior(output.z)

        # for one draw log_p and log_q are (N,), which broadcasts
        log_weights = log_p - log_q - reconstruction  # (K, N)
        loss = math.log(self.samples) - torch.logsumexp(log_weights, 0)
        return {
            "loss": loss,
            "reconstruction": reconstruction.mean(0),
            "kl": kl_of(output),
        }

    def _draws(self, output: Any, x: Tensor) -> Tensor:
        """Logits (K, N, C, H, W), also where K = 1."""
        check_output(output)
        logits = output.logits[None] if self.samples == 1 else output.logits
        if len(logits) != self.samples or logits.ndim != x.ndim + 1:
            raise UserError(
                f"this objective needs {self.samples} draws per image, "
                f"got logits of shape {tuple(output.logits.shape)} for images {tuple(x.shape)}; "
                f"call model(x, samples={self.samples})"
            )
        return logits


def samples_of(objective: Objective) -> int:
    """How many draws of z per image the objective wants: its attribute `samples`, or 1.

    Raises:
        UserError: samples < 1 or no whole number; what cannot be called.
    """
    check_objective(objective)
    if isinstance(objective, partial):
        return samples_of(objective.func)
    return at_least("samples", getattr(objective, "samples", 1), 1)


def reconstruction_error(x_hat: Tensor, x: Tensor, c: Tensor | None = None) -> Terms:
    """The plain autoencoder's objective: the squared error per image.

    Args:
        x_hat: what an autoencoder's forward returns, (N, C, H, W) in [0, 1].
        x: images, same shape.
        c: labels, not used.
    Returns:
        loss: summed over pixels, (N,).
    """
    return {"loss": squared_error(x_hat, x)}


def cross_entropy(logits: Tensor, x: Tensor, c: Tensor | None) -> Terms:
    """A classifier's objective: −log p(class c | image), and the share of errors.

    Args:
        logits: (N, classes).
        x: the images, not used.
        c: labels, (N,) int64.
    Returns:
        loss in nats per image, and error, 1 where the most likely class is not c: (N,) each.
    Raises:
        UserError: no labels, not one per image, one that is no class. Whether it is one is looked
            at on the CPU only, as for `bernoulli_nll`.
    """
    if c is None:
        raise UserError("cross_entropy compares with labels, got None; pass c, one per image")
    check_float(logits=logits)
    _check_labels(c, logits)
    wrong = logits.argmax(1) != c
    return {
        "loss": F.cross_entropy(logits, c, reduction="none"),
        "error": wrong.float(),
    }


def attribute_cross_entropy(logits: Tensor, x: Tensor, c: Tensor | None) -> Terms:
    """An attribute classifier's objective: −Σ_a log p(attribute a | image).

    The attributes are taken as independent given the image, so their nats are added up.

    Args:
        logits: (N, A), one for each attribute.
        x: the images, not used.
        c: attributes, (N, A) of 0 and 1.
    Returns:
        loss in nats per image, and error, the share of its attributes that are wrong: (N,) each.
    Raises:
        UserError: no attributes, not one row per image, other values than 0 and 1. The values are
            looked at on the CPU only, as for `bernoulli_nll`.
    """
    if c is None:
        raise UserError(
            "attribute_cross_entropy compares with attributes, got None; pass c, one row per image"
        )
    check_float(logits=logits)
    if logits.ndim != 2 or c.shape != logits.shape or c.is_complex():
        raise UserError(
            "logits must be (N, A) and c attributes of the same shape, "
            f"got {tuple(logits.shape)} and {tuple(c.shape)}"
        )
    if can_be_read_freely(c):
        check_attributes(c)

    target = c.to(logits)
    per_attribute = F.binary_cross_entropy_with_logits(logits, target, reduction="none")  # (N, A)
    wrong = (logits > 0) != (target > 0)
    return {
        "loss": per_attribute.sum(1),
        "error": wrong.float().mean(1),
    }


def reconstruction_of(output: Any, x: Tensor) -> Tensor:
    """−log p(x | z), nats per image, (N,), of an output that holds one z per image."""
    return bernoulli_nll(_one_draw(output, x), x)


def _one_draw(output: Any, x: Tensor) -> Tensor:
    """The logits of an output that holds one z per image, (N, C, H, W)."""
    check_output(output)
    if output.logits.ndim > x.ndim:
        raise UserError(
            f"this objective takes one draw of z per image, the output holds {len(output.logits)}; "
            "use ImportanceWeighted, or samples=1"
        )
    return output.logits


def kl_of(output: Any) -> Tensor:
    """KL( q(z | x) ‖ p(z) ) in closed form, nats per image, (N,)."""
    check_output(output, "mean", "log_var")
    return gaussian_kl(output.mean, output.log_var).sum(1)


def log_prior(z: Tensor) -> Tensor:
    """log N(z; 0, I), summed over the last axis, the latent dimensions."""
    return log_standard_normal(z).sum(-1)


def _check_labels(c: Tensor, logits: Tensor) -> None:
    if logits.ndim != 2 or c.shape != logits.shape[:1]:
        raise UserError(
            "logits must be (N, classes) and c one label per image, (N,), "
            f"got {tuple(logits.shape)} and {tuple(c.shape)}"
        )
    if c.dtype != torch.int64:
        raise UserError(f"the labels c must be whole numbers, int64, got {c.dtype}")
    classes = logits.shape[1]
    if can_be_read_freely(c) and len(c) and not 0 <= int(c.min()) <= int(c.max()) < classes:
        raise UserError(
            f"the labels c must lie in 0 … {classes - 1}, "
            f"got {int(c.min())} to {int(c.max())}"
        )
