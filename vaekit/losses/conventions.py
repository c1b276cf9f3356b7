"""Which β is it really? Reductions found in the wild, converted to this package's one rule."""
from __future__ import annotations

from ..errors import UserError


def effective_beta(weight: float = 1.0, *, pixels: int = 1, latents: int = 1) -> float:
    """The β of `reconstruction.sum() + β · kl.sum()` that a differently reduced loss amounts to.

    Averaging the reconstruction over P pixels divides it by P; multiplying the whole loss by P
    restores it and moves P onto the KL. In the wild, at 28×28 pixels and 64 latents unless said
    otherwise:

        the loss as written                     arguments                β
        BCE summed + KL summed,                 effective_beta(1)        1
          averaged over images (here)
        reduction="mean" for the BCE,           pixels=784               784: the posterior
          KL summed                                                        collapses
        BCE summed, KL averaged over latents    latents=64               0.016: nearly an
                                                                           autoencoder
        both averaged                           pixels=784, latents=64   12
        mean over 64×48×3 values + λ·KL         weight=λ, pixels=9216    9.2, 0.92, 0.092,
          summed, λ = 1e-3 … 1e-6                                          0.0092 (S2)

    Args:
        weight: the factor in front of the KL term, as written.
        pixels: number of pixel values the reconstruction was averaged over (1 if it was summed).
        latents: number of latent dimensions the KL was averaged over (1 if it was summed).
    Raises:
        UserError: weight < 0, or a count < 1.
    Example:
        >>> effective_beta(1.0, pixels=28 * 28, latents=200)  # "BCE mean + KL mean", a common slip
        3.92
    """
    # `not >=` refuses NaN, which `<` would let through
    if not weight >= 0:
        raise UserError(f"weight must be ≥ 0, got {weight}")
    if pixels < 1 or latents < 1:
        raise UserError(
            "pixels and latents count what was averaged over, so they are ≥ 1; "
            f"got {pixels} and {latents}"
        )
    return weight * pixels / latents
