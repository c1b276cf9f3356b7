"""What objectives are made of: the distortion of an image and the rate of its latents, in nats."""
from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from ..data.images import check_images
from ..errors import UserError


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


def log_normal(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """log N(z; mean, exp(log_var)), one value per latent dimension: nats, of the shape that the three broadcast to."""
    return -0.5 * ((z - mean).square() * (-log_var).exp() + log_var + math.log(2 * math.pi))


def _same_shape(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape:             # broadcasting would answer with a plausible, wrong number
        raise UserError(f"a reconstruction has the shape of its image, got {tuple(a.shape)} for {tuple(b.shape)}")
