"""The objectives, each called with (a model's output, images, labels). The package's docstring has the formula they are all cases of."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import UserError, at_least
from .terms import bernoulli_nll, gaussian_kl, log_normal, squared_error


def negative_elbo(output, x: Tensor, c: Tensor | None = None, *, beta: float = 1.0) -> dict[str, Tensor]:
    """−ELBO = −E log p(x | z) + β · KL( q(z | x) ‖ p(z) ), and its two terms.

    Args:
        output: what a VAE's forward returns: logits (N, C, H, W), mean, log_var and z (N, D).
        x: images in [0, 1], (N, C, H, W).
        c: labels, not used: every objective is called with (output, x, c).
        beta: weight of the KL; 1 is the evidence lower bound, anything else a β-VAE.
    Returns:
        loss, reconstruction, kl: nats per image, (N,) each.
    Raises:
        UserError: beta < 0.
    Source: Kingma & Welling 2013, equation 3; Higgins et al. 2017 for β ≠ 1.
    """
    _not_negative(beta=beta)
    reconstruction, kl = _reconstruction(output, x), gaussian_kl(output.mean, output.log_var).sum(1)
    return {"loss": reconstruction + beta * kl, "reconstruction": reconstruction, "kl": kl}


def free_bits(output, x: Tensor, c: Tensor | None = None, *, free: float = 0.5, beta: float = 1.0) -> dict[str, Tensor]:
    """−E log p(x | z) + β · Σ_d max(λ, KL_d): the first λ = `free` nats of each dimension cost nothing extra, so none is worth giving up.

    KL_d is averaged over the batch before it is compared, as in the paper; the mean over images of "loss" is then the formula.

    Args:
        free: λ, nats per dimension. Other arguments as for `negative_elbo`.
    Returns:
        loss, reconstruction, kl (the true one, without the floor): nats per image, (N,) each.
    Raises:
        UserError: free < 0 or beta < 0.
    Source: Kingma et al. 2016, equation 15.
    """
    _not_negative(free=free, beta=beta)
    reconstruction, kl = _reconstruction(output, x), gaussian_kl(output.mean, output.log_var)
    price = torch.where(kl.mean(0) > free, kl, free).sum(1)            # a dimension below its allowance is a constant: no gradient
    return {"loss": reconstruction + beta * price, "reconstruction": reconstruction, "kl": kl.sum(1)}


def capacity(output, x: Tensor, c: Tensor | None = None, *, nats: float = 25.0, gamma: float = 30.0) -> dict[str, Tensor]:
    """−E log p(x | z) + γ · |KL − C|: hold the rate at C nats instead of pricing it.

    To raise C in the course of training, as the authors do: `Scheduled(capacity, nats=WarmUp(25))`.

    KL is averaged over the batch before it is compared, as in the authors' and Locatello et al.'s code: images may differ in their rates.

    Args:
        nats: C, the rate to hold, nats per image.
        gamma: how strictly. Other arguments as for `negative_elbo`.
    Returns:
        loss, reconstruction, kl: nats per image, (N,) each.
    Raises:
        UserError: nats < 0 or gamma < 0.
    Source: Burgess et al. 2018, equation 8.
    """
    _not_negative(capacity=nats, gamma=gamma)
    reconstruction, kl = _reconstruction(output, x), gaussian_kl(output.mean, output.log_var).sum(1)
    side = torch.sign(kl.mean() - nats).detach()
    return {"loss": reconstruction + gamma * side * (kl - nats), "reconstruction": reconstruction, "kl": kl}


def beta_tcvae(output, x: Tensor, c: Tensor | None = None, *, images: int, beta: float = 6.0, alpha: float = 1.0,
               gamma: float = 1.0) -> dict[str, Tensor]:
    """−E log p(x | z) + α · I(x; z) + β · TC(z) + γ · Σ_d KL( q(z_d) ‖ p(z_d) ): only the dependence between latents is made expensive.

    The three parts are estimated with one z an image; q(z), the average of all posteriors, from the batch. They add up to a one-draw KL exactly.

    Args:
        images: size of the training set, N: the batch stands for all of it.
        beta: weight of the total correlation TC = KL( q(z) ‖ Π q(z_d) ). alpha, gamma: weights of the other two.
    Returns:
        loss, reconstruction, kl (in closed form), information, correlation, marginals: nats per image, (N,) each.
    Raises:
        UserError: a negative weight, a training set smaller than the batch.
    Source: Chen et al. 2018, equations 2 and 4; the weights of the batch follow their stratified sampling (appendix C.2).
    """
    _not_negative(alpha=alpha, beta=beta, gamma=gamma)
    batch = len(output.z)
    if at_least("images", images, 1) < batch:
        raise UserError(f"images is the size of the training set, {images}, but the batch alone has {batch}")
    reconstruction = _reconstruction(output, x)
    each = log_normal(output.z[:, None], output.mean, output.log_var)            # (z of image n, posterior of image m, D)
    # the own posterior counts once in N; the others of the batch stand for the remaining N − 1 images
    weights = torch.full((batch, batch), math.log((images - 1) / images / max(batch - 1, 1)) if images > 1 else 0.0, device=x.device)
    weights.fill_diagonal_(-math.log(images) if batch > 1 else 0.0)
    log_q_joint = torch.logsumexp(each.sum(2) + weights, 1)
    log_q_marginals = torch.logsumexp(each + weights[..., None], 1).sum(1)
    log_q_own = log_normal(output.z, output.mean, output.log_var).sum(1)
    log_p = log_normal(output.z, *output.z.new_zeros(2)).sum(1)
    information, correlation, marginals = log_q_own - log_q_joint, log_q_joint - log_q_marginals, log_q_marginals - log_p
    return {"loss": reconstruction + alpha * information + beta * correlation + gamma * marginals, "reconstruction": reconstruction,
            "kl": gaussian_kl(output.mean, output.log_var).sum(1), "information": information, "correlation": correlation, "marginals": marginals}


@dataclass(frozen=True)
class ImportanceWeighted:
    """−log 1/K Σ_k p(x, z_k) / q(z_k | x): with K = `samples` draws a bound on −log p(x) that is tighter the larger K; K = 1 is the −ELBO.

    `fit` reads `samples` and asks the model for so many draws. Called with (output, x, c), output.logits being (K, N, C, H, W) and z (K, N, D).

    Returns:
        loss, reconstruction (averaged over draws, as in the ELBO) and kl (in closed form): nats per image, (N,) each.
    Raises:
        UserError: samples < 1, an output with another number of draws.
    Source: Burda et al. 2016, equation 8.
    """

    samples: int = 5

    def __post_init__(self):
        at_least("samples", self.samples, 1)

    def __call__(self, output, x: Tensor, c: Tensor | None = None) -> dict[str, Tensor]:
        logits, z = (output.logits, output.z) if self.samples > 1 else (output.logits[None], output.z[None])
        if len(logits) != self.samples or logits.ndim != x.ndim + 1:
            raise UserError(f"this objective needs {self.samples} draws an image, got logits of shape {tuple(output.logits.shape)} for images "
                            f"{tuple(x.shape)}; call model(x, samples={self.samples})")
        reconstruction = torch.stack([bernoulli_nll(one, x) for one in logits])
        log_q, log_p = log_normal(z, output.mean, output.log_var).sum(2), log_normal(z, *z.new_zeros(2)).sum(2)
        log_w = log_p - log_q - reconstruction                                                            # (K, N)
        loss = math.log(self.samples) - torch.logsumexp(log_w, 0)
        return {"loss": loss, "reconstruction": reconstruction.mean(0), "kl": gaussian_kl(output.mean, output.log_var).sum(1)}


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


def _reconstruction(output, x: Tensor) -> Tensor:
    if output.logits.ndim > x.ndim:
        raise UserError(f"this objective takes one draw of z an image, the output holds {len(output.logits)}; use ImportanceWeighted, or samples=1")
    return bernoulli_nll(output.logits, x)


def _not_negative(**weights: float) -> None:
    reasons = {"beta": "; a negative weight would reward posteriors far from the prior", "capacity": " nats; no latent can carry less than nothing"}
    for name, value in weights.items():
        if not value >= 0:                             # written so that NaN is refused too
            raise UserError(f"{name} must be ≥ 0, got {value}{reasons.get(name, '')}")
