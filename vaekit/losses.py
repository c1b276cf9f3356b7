"""The terms of the objective: nats per image, shape (N,), reduced only by the caller.

One rule answers the question learners ask most: *sum over pixels and latents, average over images.* Then β = 1 is the ELBO and a number
can be compared with a paper's. `effective_beta` says which β any other convention amounts to.
"""
from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from .errors import UserError
from .images import check_images


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """‖x − x̂‖², summed over pixels: −log N(x; x̂, σ² = ½) up to a constant.

    Args:
        x_hat, x: images in [0, 1], (N, C, H, W).
    Returns:
        (N,).
    """
    _same_shape(x_hat, x)
    return (x_hat - x).square().flatten(1).sum(1)


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """−log p(x | z) of a Bernoulli decoder, summed over pixels: the binary cross-entropy.

    Args:
        logits: decoder output before the sigmoid, (N, C, H, W). Logits, because log σ(·) underflows where a sigmoid saturates.
        x: images in [0, 1], same shape. Grey pixels are read as probabilities, so the minimum is the image's entropy, not 0.
    Returns:
        nats per image, (N,).
    Raises:
        UserError: x leaves [0, 1], where a cross-entropy has no lower bound.
    Source: Kingma & Welling 2013, appendix C.1.
    """
    _same_shape(logits, x)
    check_images(x)
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL( N(mean, exp(log_var)) ‖ N(0, I) ), one value per latent dimension.

    Args:
        mean, log_var: posterior parameters, (N, D).
    Returns:
        nats, (N, D). Sum over the last axis for the KL of an image; average over the first to see which dimensions are used.
    Source: Kingma & Welling 2013, appendix B.
    """
    return 0.5 * (mean.square() + log_var.exp() - 1.0 - log_var)


def negative_elbo(output, x: Tensor, c: Tensor | None = None, *, beta: float = 1.0) -> dict[str, Tensor]:
    """−ELBO = −E log p(x | z) + β · KL( q(z | x) ‖ p(z) ), and its two terms.

    Args:
        output: what a VAE's forward returns: logits (N, C, H, W), mean and log_var (N, D).
        x: images in [0, 1], (N, C, H, W).
        c: labels, not used: every objective is called with (output, x, c).
        beta: weight of the KL; 1 is the evidence lower bound, anything else a β-VAE.
    Returns:
        loss, reconstruction, kl: nats per image, (N,) each.
    Raises:
        UserError: beta < 0.
    Source: Kingma & Welling 2013, equation 3; Higgins et al. 2017 for β ≠ 1.
    """
    if beta < 0:
        raise UserError(f"beta must be ≥ 0, got {beta}; a negative weight would reward posteriors far from the prior")
    reconstruction = bernoulli_nll(output.logits, x)
    kl = gaussian_kl(output.mean, output.log_var).sum(1)
    return {"loss": reconstruction + beta * kl, "reconstruction": reconstruction, "kl": kl}


def reconstruction_error(x_hat: Tensor, x: Tensor, c: Tensor | None = None) -> dict[str, Tensor]:
    """The plain autoencoder's objective: the squared error of an image, (N,). The labels c are not used."""
    return {"loss": squared_error(x_hat, x)}


def cross_entropy(logits: Tensor, x: Tensor, c: Tensor) -> dict[str, Tensor]:
    """A classifier's objective: −log p(class c | image), nats, (N,), and the share of errors.

    Args:
        logits: (N, classes).
        x: the images, not used.
        c: labels, (N,) int64.
    """
    return {"loss": F.cross_entropy(logits, c, reduction="none"), "error": (logits.argmax(1) != c).float()}


def effective_beta(weight: float = 1.0, *, pixels: int = 1, latents: int = 1) -> float:
    """The β of `reconstruction.sum() + β · kl.sum()` that a differently reduced loss amounts to.

    Averaging the reconstruction over P pixels divides it by P; multiplying the whole loss by P restores it and moves P onto the KL.

    Args:
        weight: the factor in front of the KL term, as written.
        pixels: number of pixel values the reconstruction was averaged over (1 if it was summed).
        latents: number of latent dimensions the KL was averaged over (1 if it was summed).
    Raises:
        UserError: weight < 0, or a count < 1.
    Example:
        >>> effective_beta(1.0, pixels=28 * 28, latents=200)     # "BCE mean + KL mean", a common slip
        3.92
    """
    if weight < 0:
        raise UserError(f"weight must be ≥ 0, got {weight}")
    if pixels < 1 or latents < 1:
        raise UserError(f"pixels and latents count what was averaged over, so they are ≥ 1; got {pixels} and {latents}")
    return weight * pixels / latents


def _same_shape(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:             # broadcasting would answer with a plausible, wrong number
        raise UserError(f"a reconstruction has the shape of its image, got {tuple(a.shape)} for {tuple(b.shape)}")
