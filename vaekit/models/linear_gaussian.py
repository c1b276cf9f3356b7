"""The one VAE whose every quantity has a closed form: an oracle for the bounds and diagnostics that are only estimated elsewhere."""
from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import UserError, at_least
from ..losses.terms import gaussian_kl


class LinearGaussian:
    """z ~ N(0, I), x | z ~ N(W z + b, σ² I), so that x ~ N(b, W Wᵀ + σ² I): probabilistic principal component analysis.

    It offers what `metrics.nll` and the latent diagnostics ask of a model (`posterior`, `log_likelihood`), plus the truth beside them.

    Args:
        weight: W, (P, D); D latents, P pixels.
        bias: b, (P,); zeros if left out.
        variance: σ² of the noise.
    Raises:
        UserError: shapes that do not fit, values that are not finite, variance ≤ 0.
    Source: Tipping & Bishop 1999, section 3.
    """

    likelihood = "Gaussian"

    def __init__(self, weight: Tensor, bias: Tensor | None = None, variance: float = 1.0):
        bias = torch.zeros(len(weight)) if bias is None else bias
        if weight.ndim != 2 or bias.shape != weight.shape[:1]:
            raise UserError(f"the weight is (P, D) and the bias (P,), got {tuple(weight.shape)} and {tuple(bias.shape)}")
        if not (variance > 0 and math.isfinite(variance)):
            raise UserError(f"the noise variance must be > 0, got {variance}")
        if not bool(weight.isfinite().all() and bias.isfinite().all()):
            raise UserError("weight and bias must be finite, but hold inf or NaN")
        # float64: an oracle should not add rounding errors of its own
        self.weight, self.bias, self.variance = weight.double(), bias.double(), float(variance)
        self.pixels, self.latent_dim = weight.shape

    @classmethod
    def from_spectrum(cls, spectrum: Sequence[float], pixels: int = 16, variance: float = 1.0, seed: int = 0) -> LinearGaussian:
        """W with orthogonal columns of the given lengths, turned at random: then the true posterior is diagonal, as a VAE's encoder assumes."""
        at_least("pixels", pixels, len(spectrum))
        turn = torch.linalg.qr(torch.randn(pixels, len(spectrum), generator=torch.Generator().manual_seed(seed), dtype=torch.double)).Q
        return cls(turn * torch.tensor(list(spectrum), dtype=torch.double), variance=variance)

    def sample(self, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """n draws of x, (n, P)."""
        z = torch.randn(at_least("n", n, 1), self.latent_dim, generator=generator, dtype=torch.double)
        return self._mean(z) + math.sqrt(self.variance) * torch.randn(n, self.pixels, generator=generator, dtype=torch.double)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x), nats, (N,): what every bound is a bound on."""
        covariance = self.weight @ self.weight.T + self.variance * torch.eye(self.pixels, dtype=torch.double)
        return torch.distributions.MultivariateNormal(self.bias, covariance).log_prob(self._x(x))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x | z), nats, (N,): one latent (N, D) for each x (N, P)."""
        return -0.5 * ((self._x(x) - self._mean(z)).square() / self.variance + math.log(2 * math.pi * self.variance)).sum(1)

    def true_posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """p(z | x): its mean (N, D) and its covariance (D, D), which is the same for every x."""
        covariance = self.variance * torch.linalg.inv(self._precision())
        return (self._x(x) - self.bias) @ self.weight @ covariance / self.variance, covariance

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, (N, D) each, of the diagonal Gaussian with the best ELBO; the true posterior if W's columns are orthogonal.

        Its variances are the inverse of the precision's diagonal, not the diagonal of the covariance: KL(q ‖ p) prefers to be too narrow.
        """
        mean = self.true_posterior(x)[0]
        return mean, (self.variance / self._precision().diagonal()).log().expand_as(mean)

    def elbo(self, x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
        """E log p(x | z) − KL( q ‖ p(z) ) for q = N(mean, exp(log_var)), (N, D) each; nats, (N,)."""
        spread = log_var.double().exp() @ self.weight.square().sum(0) / (2 * self.variance)        # what the noise of z costs, on average
        return self.log_likelihood(x, mean) - spread - gaussian_kl(mean.double(), log_var.double()).sum(1)

    def _precision(self) -> Tensor:
        return self.weight.T @ self.weight + self.variance * torch.eye(self.latent_dim, dtype=torch.double)     # times 1 / σ²

    def _mean(self, z: Tensor) -> Tensor:
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise UserError(f"this model takes latents of shape (N, {self.latent_dim}), got {tuple(z.shape)}")
        return z.double() @ self.weight.T + self.bias

    def _x(self, x: Tensor) -> Tensor:
        if x.ndim != 2 or x.shape[1] != self.pixels:
            raise UserError(f"this model takes x of shape (N, {self.pixels}), got {tuple(x.shape)}")
        return x.double()
