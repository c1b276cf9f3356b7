"""Objectives: nats per image, shape (N,), reduced only by the caller.

They know nothing of networks. One rule answers the question learners ask most:
*sum over pixels and latents, average over images.* Then β = 1 is the ELBO and a number can be
compared with a paper's. `effective_beta` says which β any other convention amounts to.

One formula holds them all. With K draws z_k ~ q(z | x), and a price ψ for what the latents tell,

    loss = −log 1/K Σ_k exp( log p(x | z_k) − ψ_k )

KL_d is the KL of latent dimension d, KL their sum; its average over images is
I(x; z) + TC + Σ_d KL(q(z_d) ‖ p(z_d)), the information that latents carry, the dependence between
them, and their distance from the prior.

    objective                   K   ψ, the price                          is the ELBO at
    negative_elbo               1   β·KL                                  β = 1
    negative_elbo_gaussian      1   β·KL; p(x | z) is Gaussian, σ² = ½    β = 1
    Scheduled(negative_elbo,    1   β(t)·KL, β rising once                its end
              beta=WarmUp())
    Scheduled(negative_elbo,    1   β(t)·KL, β rising again and again     the end of a cycle
              beta=Cyclic())
    free_bits                   1   β·Σ_d max(λ, KL_d), KL_d averaged     λ = 0, β = 1
                                    over a batch
    capacity                    1   γ·|KL − C|, KL averaged over a batch  γ = 1, C = 0
    beta_tcvae                  1   α·I + β·TC + γ·Σ_d KL(q(z_d)‖p(z_d))  α = β = γ = 1
    ImportanceWeighted          K   log q(z_k | x) − log p(z_k)           K = 1
"""
from .conventions import effective_beta
from .description import describe
from .objectives import (
    ImportanceWeighted,
    attribute_cross_entropy,
    capacity,
    cross_entropy,
    free_bits,
    negative_elbo,
    negative_elbo_gaussian,
    reconstruction_error,
    samples_of,
)
from .schedules import Cyclic, Scheduled, WarmUp, at, changes
from .terms import bernoulli_nll, gaussian_kl, log_normal, squared_error
from .total_correlation import beta_tcvae

__all__ = [
    "Cyclic",
    "ImportanceWeighted",
    "Scheduled",
    "WarmUp",
    "at",
    "attribute_cross_entropy",
    "bernoulli_nll",
    "beta_tcvae",
    "capacity",
    "changes",
    "cross_entropy",
    "describe",
    "effective_beta",
    "free_bits",
    "gaussian_kl",
    "log_normal",
    "negative_elbo",
    "negative_elbo_gaussian",
    "reconstruction_error",
    "samples_of",
    "squared_error",
]
