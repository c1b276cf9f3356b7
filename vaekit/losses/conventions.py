"""Which β is it really? Reductions found in the wild, converted to this package's one rule."""
from __future__ import annotations

from ..errors import at_least, finite


def effective_beta(
    weight: float = 1.0,
    *,
    pixels: int = 1,
    latents: int = 1,
    width: float = 1.0,
) -> float:
    """The β of `reconstruction.sum() + β · kl.sum()` that a differently written loss amounts to.

    Averaging the reconstruction over P pixels divides it by P; multiplying the whole loss by P
    restores it and moves P onto the KL. A squared error also grows with the square of the images'
    scale: in [−1, 1] it is four times the one in [0, 1], the range of images here.

        β = weight · pixels / latents / width²

    In the wild, at 28×28 pixels and 64 latents unless said otherwise:

        the loss as written                     arguments                β
        BCE summed + KL summed,                 effective_beta(1)        1
          averaged over images (here)
        reduction="mean" for the BCE,           pixels=784               784: the posterior
          KL summed                                                        collapses
        BCE summed, KL averaged over latents    latents=64               0.016: nearly an
                                                                           autoencoder
        both averaged                           pixels=784, latents=64   12
        squared error of images in [−1, 1],     weight=λ, pixels=9216,   2.3, 0.23, 0.023,
          mean over 64×48×3 values, + λ·KL        width=2                  0.0023 (S2)
          summed, λ = 1e-3 … 1e-6

    A β compares only under one likelihood. The first four rows are a Bernoulli's; the last one is a
    Gaussian's, whose squared error is −log N(x; x̂, σ² = ½) up to a constant. There, a loss with β
    has the minimum of the −ELBO at σ² = β/2.

    Args:
        weight: the factor in front of the KL term, as written.
        pixels: number of pixel values the reconstruction was averaged over (1 if it was summed).
        latents: number of latent dimensions the KL was averaged over (1 if it was summed).
        width: of the images' range, for a squared error: 1 for [0, 1], 2 for [−1, 1]. A
            cross-entropy takes images in [0, 1] only: leave it at 1.
    Raises:
        UserError: a weight < 0 or not finite, a count < 1, or a width that is not a positive
            finite number.
    Example:
        >>> effective_beta(1.0, pixels=28 * 28, latents=200)  # "BCE mean + KL mean", a common slip
        3.92
    """
    finite("weight", weight, least=0)
    at_least("pixels", pixels, 1)
    at_least("latents", latents, 1)
    finite("width", width, above=0)
    return weight * pixels / latents / width**2
