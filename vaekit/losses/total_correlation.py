"""β-TCVAE: the KL in three parts, of which one, the dependence between latents, gets the weight."""
from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError, at_least
from .checks import check_weights
from .objectives import Terms, kl_of, log_prior, reconstruction_of
from .terms import log_normal, log_posterior


def beta_tcvae(
    output: Any,
    x: Tensor,
    c: Tensor | None = None,
    *,
    images: int,
    beta: float = 6.0,
    alpha: float = 1.0,
    gamma: float = 1.0,
) -> Terms:
    """−E log p(x | z) + α · I(x; z) + β · TC(z) + γ · Σ_d KL( q(z_d) ‖ p(z_d) ).

    Only the dependence between latents is made expensive. The three parts are estimated with one z
    per image, and q(z), the average of all posteriors, from the batch. They add up to a one-draw KL
    exactly.

    Args:
        images: size of the training set, N: the batch stands for all of it.
        beta: weight of the total correlation TC = KL( q(z) ‖ Π q(z_d) ).
        alpha, gamma: weights of the other two. Other arguments as for `negative_elbo`.
    Returns:
        loss, reconstruction, kl (in closed form), information, correlation, marginals: nats per
        image, (N,) each.
    Raises:
        UserError: a negative weight, a training set smaller than the batch.
    Source:
        Chen et al. 2018, equations 2 and 4; the weights of the batch follow their stratified
        sampling (appendix C.2).
    """
    check_weights(alpha=alpha, beta=beta, gamma=gamma)
    reconstruction = reconstruction_of(output, x)
    parts = _decomposed_kl(output, images)
    loss = (
        reconstruction
        + alpha * parts["information"]
        + beta * parts["correlation"]
        + gamma * parts["marginals"]
    )
    return {
        "loss": loss,
        "reconstruction": reconstruction,
        "kl": kl_of(output),
        **parts,
    }


def _decomposed_kl(output: Any, images: int) -> Terms:
    """log q(z | x) − log p(z) of one draw per image, as a sum of three differences.

    log q(z | x) − log q(z) is the information, log q(z) − Σ_d log q(z_d) the total correlation, and
    Σ_d log q(z_d) − log p(z) what the marginals differ from the prior.
    """
    batch = len(output.z)
    at_least("images", images, 1)
    if images < batch:
        raise UserError(
            f"images is the size of the training set, {images}, but the batch alone has {batch}"
        )

    # log q(z_d of image n | image m)
    log_q_each = log_normal(output.z[:, None], output.mean, output.log_var)  # (N, N, D)

    # the own posterior, m = n, at the noise that was drawn
    log_q_own_each = log_posterior(output)  # (N, D)
    log_q_each.diagonal(dim1=0, dim2=1).copy_(log_q_own_each.T)
    log_shares = _log_shares(batch, images, output.z.device)

    # q(z): the weighted sum over the posteriors m, all dimensions at once
    log_q_posteriors = log_q_each.sum(2)  # (N, N)
    log_q_joint = torch.logsumexp(log_q_posteriors + log_shares, 1)

    # q(z_d): the same sum, for each dimension alone
    log_q_marginal_each = torch.logsumexp(log_q_each + log_shares[..., None], 1)  # (N, D)
    log_q_marginals = log_q_marginal_each.sum(1)

    log_q_own = log_q_own_each.sum(1)
    log_p = log_prior(output.z)
    return {
        "information": log_q_own - log_q_joint,
        "correlation": log_q_joint - log_q_marginals,
        "marginals": log_q_marginals - log_p,
    }


def _log_shares(batch: int, images: int, device: torch.device) -> Tensor:
    """By how much each posterior of the batch counts in q(z) at the z of each image, (N, N), log.

    The own posterior counts once in `images`; the others of the batch stand for the remaining
    images − 1, in equal parts.
    """
    if batch == 1:
        return torch.zeros(1, 1, device=device)
    log_own = -math.log(images)
    log_other = math.log((images - 1) / images / (batch - 1))
    log_shares = torch.full((batch, batch), log_other, device=device)
    return log_shares.fill_diagonal_(log_own)
