"""What the latents do: how many are used, and whether together they fill the prior.

A model needs `posterior(x) -> (mean, log_var)`, (N, D) each; a conditional one is given the labels, and its images must be an ImageSet.
"""
from __future__ import annotations

import torch
from torch import Tensor

from ..data.images import ImageSet, check_images
from ..device import evaluating
from ..errors import UserError, at_least
from ..losses import gaussian_kl
from ..models.conditioning import labels_of
from .score import Score, bootstrap


def posteriors(model, x: ImageSet | Tensor, *, batch_size: int = 1000) -> tuple[Tensor, Tensor]:
    """Mean and log-variance of q(z | x) for every image, a batch at a time in evaluation mode: (N, D) each, float64.

    Raises:
        UserError: fewer than 2 images, images of another shape or outside [0, 1], a model without posterior or with inf or NaN in it.
    """
    if not hasattr(model, "posterior"):
        raise UserError(f"{type(model).__name__} has no posterior, only points; the latent diagnostics need a VAE")
    labels = labels_of(model, x)
    x = x.images() if isinstance(x, ImageSet) else x
    at_least("the number of images", len(x), 2)
    if getattr(model, "likelihood", "Bernoulli") == "Bernoulli":       # the linear-Gaussian oracle takes any real x
        check_images(x)
    with evaluating(model):
        batches = zip(*(each.split(at_least("batch_size", batch_size, 1)) for each in (x, *labels)))
        parts = [torch.stack(model.posterior(*batch)).cpu().double() for batch in batches]
    mean, log_var = torch.cat(parts, 1)
    if not bool(mean.isfinite().all() and log_var.isfinite().all()):
        raise UserError("the model answers some image with inf or NaN latents. Are the images finite? If so, train at a lower lr")
    return mean, log_var


def kl_per_dimension(model, x: ImageSet | Tensor) -> Tensor:
    """KL( q(z_d | x) ‖ N(0, 1) ) averaged over images: nats, (D,). Near 0: that dimension tells the decoder nothing."""
    return gaussian_kl(*posteriors(model, x)).mean(0)


def posterior_mean_variance(model, x: ImageSet | Tensor) -> Tensor:
    """Variance over images of the posterior mean, (D,): near 1 where a dimension is used, near 0 where it is not.

    Source: Burda et al. 2016, section 5.
    """
    return posteriors(model, x)[0].var(0)


def active_units(model, x: ImageSet | Tensor, threshold: float = 0.01) -> Score:
    """How many dimensions have a `posterior_mean_variance` above `threshold`. The samples' variance would not do: an unused one has 1.

    Raises:
        UserError: threshold ≤ 0 (rounding noise would count as activity); see `posteriors`.
    Source: Burda et al. 2016, section 5.
    """
    if not threshold > 0:
        raise UserError(f"threshold must be > 0, got {threshold}")
    mean = posteriors(model, x)[0]

    def count(index=slice(None)) -> float:
        return float((mean[index].var(0) > threshold).sum())

    low, high = bootstrap(count, len(mean))
    return Score(f"active units (variance > {threshold:g})", count(), low, high, len(mean), better="higher", note=f"of {mean.shape[1]}")


def aggregate_moments(model, x: ImageSet | Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D) of the aggregate posterior 1/N Σ q(z | x_n): what the encoder makes of all images together.

    No sampling: by the law of total variance the covariance is that of the means plus the mean of the variances.
    """
    mean, log_var = posteriors(model, x)
    return _moments(mean, log_var.exp())


def aggregate_posterior(model, x: ImageSet | Tensor) -> Score:
    """How far the aggregate posterior is from the prior it should fill: KL( N(m, S) ‖ N(0, I) ) with its mean m and covariance S, in nats.

    Exactly 0 if both moments match. It does not see a wrong shape with the right moments: look at a scatter plot, too. A small value is no
    merit in itself, since collapsed posteriors match the prior perfectly; read it beside `active_units`.

    Returns:
        The floor is what n images of a perfectly matched model give on average, to first order in 1/n. Resampling the images adds as much
        again, which is taken off the interval.
    """
    mean, log_var = posteriors(model, x)
    variance, n = log_var.exp(), len(mean)
    m, s = _moments(mean, variance)
    matched = (1 - variance.mean(0)).clamp_min(0).diag()               # the covariance of the means in a matched model: the rest up to I
    bias = _noise(torch.cov(mean.T).reshape(s.shape), s, n)
    low, high = bootstrap(lambda index: max(0.0, _kl_to_prior(*_moments(mean[index], variance[index])) - bias), n)
    matched_at_n = _noise(matched, torch.eye(len(m), dtype=s.dtype), n)
    return Score("KL of the aggregate posterior", _kl_to_prior(m, s), low, high, n, matched_at_n, "a matched model", unit="nats")


def _moments(mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    return mean.mean(0), torch.cov(mean.T).reshape(mean.shape[1], -1) + variance.mean(0).diag()


def _kl_to_prior(m: Tensor, s: Tensor) -> float:
    return 0.5 * (s.trace() + m.square().sum() - len(m) - torch.logdet(s)).item()


def _noise(of_means: Tensor, s: Tensor, n: int) -> float:
    """What n images add to `_kl_to_prior` by chance: mean and covariance of n Gaussian draws vary, and a KL counts every deviation as positive."""
    a = torch.linalg.solve(s, of_means)
    return ((0.5 * of_means.trace() + 0.25 * (a.trace().square() + (a @ a).trace())) / n).item()
