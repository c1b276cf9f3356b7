"""What objectives are made of: the distortion of an image and the rate of its latents, in nats."""
from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..device import can_be_read_freely
from .checks import check_broadcast, check_float, check_output, check_range, check_same_shape


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """‖x − x̂‖², summed over pixels: −log N(x; x̂, σ² = ½) up to a constant.

    Args:
        x_hat, x: images in [0, 1], (N, C, H, W).
    Returns:
        Per image, (N,).
    Raises:
        UserError: two different shapes.
    """
    check_same_shape("x_hat", x_hat, "x", x)
    return (x_hat - x).square().flatten(1).sum(1)


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """−log p(x | z) of a Bernoulli decoder, summed over pixels: the binary cross-entropy.

    Args:
        logits: decoder output before the sigmoid, (N, C, H, W). Logits, because log σ(·) underflows
            where a sigmoid saturates.
        x: images in [0, 1], same shape. Grey pixels are read as probabilities, so the minimum is
            the image's entropy, not 0.
    Returns:
        Nats per image, (N,); float32 also where logits are in half precision.
    Raises:
        UserError: two different shapes; x leaves [0, 1], where a cross-entropy has no lower bound.
            That is looked at on the CPU only: to read the values of a GPU's tensor, every step of
            training would wait for it. `data` checks its images once, when it makes the set.
    Source:
        Kingma & Welling 2013, appendix C.1.
    """
    check_same_shape("logits", logits, "x", x)
    if can_be_read_freely(x):
        check_range(x)

    # a sum over pixels needs the digits that half precision has not
    precision = torch.promote_types(torch.promote_types(logits.dtype, x.dtype), torch.float32)

    # a mean over pixels would divide this term by 784, and so multiply β by as much
    per_pixel = F.binary_cross_entropy_with_logits(
        logits.to(precision), x.to(precision), reduction="none"
    )
    return per_pixel.flatten(1).sum(1)


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL( N(mean, exp(log_var)) ‖ N(0, I) ), one value per latent dimension.

    Args:
        mean, log_var: posterior parameters, (N, D).
    Returns:
        Nats, (N, D). Sum over the last axis for the KL per image; average over the first to see
        which dimensions are used.
    Raises:
        UserError: two different shapes, whole numbers.
    Source:
        Kingma & Welling 2013, appendix B.
    """
    check_same_shape("mean", mean, "log_var", log_var)
    variance = log_var.exp()
    return 0.5 * (mean.square() + variance - 1.0 - log_var)


def log_normal(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """log N(z; mean, exp(log_var)), one value per latent dimension.

    A z further from the mean than 1e19 standard deviations (in float32) counts as that far: its
    density is 0 either way, and the logarithm stays finite.

    Args:
        z, mean, log_var: any three shapes that broadcast, the latent dimension last.
    Returns:
        Nats, of the shape that the three broadcast to.
    Raises:
        UserError: shapes that do not broadcast.
    """
    check_broadcast(z=z, mean=mean, log_var=log_var)
    squared_distance = _in_deviations(z - mean, log_var).square()
    return -0.5 * (squared_distance + log_var + math.log(2 * math.pi))


def log_standard_normal(z: Tensor) -> Tensor:
    """log N(z; 0, 1), nats, of z's shape."""
    check_float(z=z)
    return -0.5 * (z.square() + math.log(2 * math.pi))


def log_posterior(output: Any) -> Tensor:
    """log q(z | x) of the z that was drawn, one value per latent dimension, of z's shape.

    It is read off the noise, z = μ + σε, where the output holds ε: in float32 a σ that is small
    beside μ leaves few digits of ε in z − μ, and below 1e-7 |μ| none.

    Args:
        output: mean, log_var and z, as of a VAE; epsilon, of z's shape, or none.
    """
    check_output(output, "mean", "log_var", "z")
    epsilon = getattr(output, "epsilon", None)
    if epsilon is None:
        return log_normal(output.z, output.mean, output.log_var)
    return log_standard_normal(epsilon) - 0.5 * output.log_var


def _in_deviations(distance: Tensor, log_var: Tensor) -> Tensor:
    """distance / σ, finite for every finite log_var, so that its gradient is no ∞ · 0."""
    largest = torch.finfo(torch.promote_types(log_var.dtype, torch.float32)).max

    # 1/σ in two factors: by itself it overflows below log σ² = −177, where a distance is often 0;
    # the factor overflows at −354, where every other distance is further than the furthest
    lowest = -3.9 * math.log(largest)
    root = torch.exp(-0.25 * log_var.clamp(min=lowest))

    furthest = 0.5 * math.sqrt(largest)
    return (distance * root * root).clamp(-furthest, furthest)
