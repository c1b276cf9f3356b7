"""The one VAE whose every quantity has a closed form.

It is an oracle for the bounds and diagnostics that are only estimated elsewhere.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..device import seeded
from ..errors import UserError, at_least, brief, finite
from ..losses.checks import check_float
from ..losses.terms import gaussian_kl


class LinearGaussian:
    """z ~ N(0, I), x | z ~ N(W z + b, σ² I), so that x ~ N(b, W Wᵀ + σ² I).

    This is probabilistic principal component analysis. It offers what `metrics.nll` and the latent
    diagnostics ask of a model (`posterior`, `log_likelihood`), and the truth beside them.
    It has no condition: c is taken for the contract's sake, and must be None.

    Args:
        weight: W, (P, D); D latents, P pixels.
        bias: b, (P,); zeros if left out.
        variance: σ² of the noise.
    Raises:
        UserError: shapes that do not fit, values that are not finite, variance ≤ 0.
    Source:
        Tipping & Bishop 1999, section 3.
    """

    likelihood = "Gaussian"

    def __init__(self, weight: Tensor, bias: Tensor | None = None, variance: float = 1.0):
        bias = torch.zeros(len(weight)) if bias is None else bias
        _check_parameters(weight, bias, variance)

        # float64: an oracle should not add rounding errors of its own
        self.weight = weight.double()
        self.bias = bias.double()
        self.variance = float(variance)
        self.pixels, self.latent_dim = weight.shape

    @classmethod
    def from_spectrum(
        cls, spectrum: Sequence[float], pixels: int = 16, variance: float = 1.0, seed: int = 0
    ) -> LinearGaussian:
        """W with orthogonal columns of the given lengths, rotated at random.

        The true posterior is then diagonal, as a VAE's encoder assumes.
        """
        at_least("the length of spectrum", len(spectrum), 1)
        at_least("pixels", pixels, len(spectrum))
        noise = torch.randn(
            pixels, len(spectrum), generator=seeded(seed), dtype=torch.double
        )
        rotation = torch.linalg.qr(noise).Q
        lengths = torch.tensor(list(spectrum), dtype=torch.double)
        return cls(rotation * lengths, variance=variance)

    def sample(
        self, n: int, c: Any = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """n draws of x, (n, P)."""
        _no_condition(c)
        at_least("n", n, 1)
        z = torch.randn(n, self.latent_dim, generator=generator, dtype=torch.double)
        noise = torch.randn(n, self.pixels, generator=generator, dtype=torch.double)
        return self._mean(z) + math.sqrt(self.variance) * noise

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x), nats, (N,): what every bound is a bound on."""
        noise = self.variance * torch.eye(self.pixels, dtype=torch.double)
        covariance = self.weight @ self.weight.T + noise
        p = torch.distributions.MultivariateNormal(self.bias, covariance, validate_args=False)
        return p.log_prob(self._x(x))

    def log_likelihood(self, x: Tensor, z: Tensor, c: Any = None) -> Tensor:
        """log p(x | z), nats, (N,): one latent (N, D) for each x (N, P)."""
        _no_condition(c)
        _check_pairs(x, z=z)
        squared = (self._x(x) - self._mean(z)).square() / self.variance
        return -0.5 * (squared + math.log(2 * math.pi * self.variance)).sum(1)

    def true_posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """p(z | x): its mean (N, D) and its covariance (D, D), which is the same for every x."""
        covariance = self.variance * torch.linalg.inv(self._precision())
        mean = (self._x(x) - self.bias) @ self.weight @ covariance / self.variance
        return mean, covariance

    def posterior(self, x: Tensor, c: Any = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, (N, D) each, of the diagonal Gaussian with the best ELBO.

        It is the true posterior if W's columns are orthogonal. Its variances are the inverse of
        the precision's diagonal, not the diagonal of the covariance: KL(q ‖ p) prefers a q that is
        too narrow.
        """
        _no_condition(c)
        mean, _ = self.true_posterior(x)
        log_var = (self.variance / self._precision().diagonal()).log()
        return mean, log_var.expand_as(mean)

    def elbo(self, x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
        """E log p(x | z) − KL( q ‖ p(z) ), nats, (N,); q = N(mean, exp(log_var)), (N, D) each."""
        _check_pairs(x, mean=mean, log_var=log_var)
        # the expected squared error is that of the mean plus what the noise of z adds
        noise_of_z = log_var.double().exp() @ self.weight.square().sum(0) / (2 * self.variance)
        reconstruction = self.log_likelihood(x, mean) - noise_of_z
        return reconstruction - gaussian_kl(mean.double(), log_var.double()).sum(1)

    def _precision(self) -> Tensor:
        """Wᵀ W + σ² I, the posterior's precision times σ², (D, D)."""
        noise = self.variance * torch.eye(self.latent_dim, dtype=torch.double)
        return self.weight.T @ self.weight + noise

    def _mean(self, z: Tensor) -> Tensor:
        """W z + b for each row of z, (N, P)."""
        check_float(z=z)
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise UserError(
                f"this model takes latents of shape (N, {self.latent_dim}), "
                f"got {tuple(z.shape)} as z"
            )
        return z.double() @ self.weight.T + self.bias

    def _x(self, x: Tensor) -> Tensor:
        check_float(x=x)
        if x.ndim != 2 or x.shape[1] != self.pixels or len(x) == 0:
            raise UserError(f"this model takes x of shape (N, {self.pixels}), got {tuple(x.shape)}")
        return x.double()


def _check_parameters(weight: Tensor, bias: Tensor, variance: float) -> None:
    if weight.is_complex() or bias.is_complex():
        raise UserError(f"weight and bias must be real, got {weight.dtype} and {bias.dtype}")
    if weight.ndim != 2 or bias.shape != weight.shape[:1]:
        raise UserError(
            "the weight is (P, D) and the bias (P,), "
            f"got {tuple(weight.shape)} and {tuple(bias.shape)}; give both so"
        )
    finite("the noise variance", variance, above=0)
    if not bool(weight.isfinite().all() and bias.isfinite().all()):
        raise UserError("weight and bias must be finite, but hold inf or NaN")


def _check_pairs(x: Tensor, **latents: Tensor) -> None:
    for name, values in latents.items():
        check_float(**{name: values})
        if values.shape[:1] != x.shape[:1]:
            raise UserError(
                f"{name} must have one row for each x, "
                f"got {tuple(values.shape)} for x {tuple(x.shape)}"
            )


def _no_condition(c: Any) -> None:
    if c is not None:
        raise UserError(f"this model is unconditional: leave c out, got {brief(c)}")
