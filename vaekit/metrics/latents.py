"""What the latents do: how many are used, and whether together they fill the prior.

A model needs `posterior(x, c) -> (mean, log_var)`, (N, D) each. A conditional one is given the
labels, so its images must be an ImageSet; for any other c is None.
"""
from __future__ import annotations

import torch
from torch import Tensor

from ..contracts import LatentVariableModel
from ..data.images import ImageSet
from ..device import evaluating
from ..errors import UserError, at_least, finite
from ..losses import gaussian_kl
from ..models.conditioning import labels_of
from .bootstrap import bootstrap
from .posterior import check_posterior, images_of
from .score import Score


def posteriors(
    model: LatentVariableModel, x: ImageSet | Tensor, *, batch_size: int = 1000
) -> tuple[Tensor, Tensor]:
    """Mean and log-variance of q(z | x) for every image, (N, D) each, float64.

    A batch at a time, in evaluation mode.

    Raises:
        UserError: fewer than 2 images, images of another shape or outside [0, 1], a model without
            posterior or with inf or NaN in it.
    """
    # nothing else is needed here, so a model that is only an encoder will do
    if not hasattr(model, "posterior"):
        raise UserError(
            f"model: {type(model).__name__} has no posterior, only points; "
            "the latent diagnostics need a VAE"
        )
    labels = labels_of(model, x)
    images = images_of(model, x)
    at_least("batch_size", batch_size, 1)

    means = []
    log_vars = []
    with evaluating(model):
        for start in range(0, len(images), batch_size):
            batch = slice(start, start + batch_size)
            c = None if labels is None else labels[batch]
            found = model.posterior(images[batch], c)
            mean, log_var = check_posterior(found, len(images[batch]), type(model).__name__)
            means.append(mean.cpu().double())
            log_vars.append(log_var.cpu().double())
    return _finite(torch.cat(means), torch.cat(log_vars))


def kl_per_dimension(model: LatentVariableModel, x: ImageSet | Tensor) -> Tensor:
    """KL( q(z_d | x) ‖ N(0, 1) ) averaged over images: nats, (D,).

    Near 0, that dimension carries no information to the decoder.
    """
    mean, log_var = posteriors(model, x)
    return gaussian_kl(mean, log_var).mean(0)


def posterior_mean_variance(model: LatentVariableModel, x: ImageSet | Tensor) -> Tensor:
    """Variance over images of the posterior mean, (D,).

    Near 1 where a dimension is used, near 0 where it is not.

    Source:
        Burda et al. 2016, section 5.
    """
    mean, _ = posteriors(model, x)
    return mean.var(0)


def active_units(
    model: LatentVariableModel, x: ImageSet | Tensor, threshold: float = 0.01
) -> Score:
    """How many dimensions have a `posterior_mean_variance` above `threshold`.

    The samples' variance would not do: an unused dimension has 1.

    Raises:
        UserError: threshold ≤ 0 (rounding noise would count as activity); see `posteriors`.
    Source:
        Burda et al. 2016, section 5.
    """
    threshold = finite("threshold", threshold, above=0)
    mean, _ = posteriors(model, x)

    def count(index: Tensor | slice) -> float:
        return float((mean[index].var(0) > threshold).sum())

    low, high = bootstrap(count, len(mean))
    return Score(
        metric=f"active units (variance > {threshold:g})",
        value=count(slice(None)),
        low=low,
        high=high,
        n=len(mean),
        better="higher",
        note=f"of {mean.shape[1]}",
    )


def aggregate_moments(
    model: LatentVariableModel, x: ImageSet | Tensor
) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D) of the aggregate posterior 1/N Σ q(z | x_n).

    It is what the encoder makes of all images together. No sampling: by the law of total variance
    the covariance is that of the means plus the mean of the variances.
    """
    mean, log_var = posteriors(model, x)
    return _moments(mean, log_var.exp())


def aggregate_posterior(model: LatentVariableModel, x: ImageSet | Tensor) -> Score:
    """How far the aggregate posterior is from the prior it should fill, in nats.

    KL( N(m, S) ‖ N(0, I) ) with its mean m and covariance S: exactly 0 if both moments match. It
    does not see a wrong shape with the right moments: look at a scatter plot, too. A small value
    is no merit in itself, since collapsed posteriors match the prior perfectly; read it beside
    `active_units`.

    Returns:
        Score, whose `better` is "lower". That only sets the direction of a comparison: a value
        below the floor is not better than the floor, but collapse or chance. The floor is what n
        images of a perfectly matched model give on average, to first order in 1/n. Resampling the
        images adds as much again, which is taken off the interval.
    """
    mean, log_var = posteriors(model, x)
    variance = log_var.exp()
    n = len(mean)
    m, s = _moments(mean, variance)

    bias = _chance(_covariance(mean), s, n)

    def without_bias(index: Tensor) -> float:
        resampled_m, resampled_s = _moments(mean[index], variance[index])
        kl = _kl_to_prior(resampled_m, resampled_s)
        return max(0.0, kl - bias)

    low, high = bootstrap(without_bias, n)

    # in a matched model, the covariance of the means is the rest up to I
    matched = (1 - variance.mean(0)).clamp_min(0).diag()
    identity = torch.eye(len(m), dtype=s.dtype)
    return Score(
        metric="KL of the aggregate posterior",
        value=_kl_to_prior(m, s),
        low=low,
        high=high,
        n=n,
        floor=_chance(matched, identity, n),
        floor_name="a matched model",
        unit="nats",
    )


def _finite(mean: Tensor, log_var: Tensor) -> tuple[Tensor, Tensor]:
    if not bool(mean.isfinite().all() and log_var.isfinite().all()):
        raise UserError(
            "the model answers some image with inf or NaN latents. "
            "Are the images finite? If so, train at a lower lr"
        )
    return mean, log_var


def _moments(mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D) of N Gaussians, (N, D) each, taken together."""
    return mean.mean(0), _covariance(mean) + variance.mean(0).diag()


def _covariance(x: Tensor) -> Tensor:
    """(D, D) of (N, D); a matrix also for D = 1, where torch gives a number."""
    return torch.cov(x.T).reshape(x.shape[1], -1)


def _kl_to_prior(m: Tensor, s: Tensor) -> float:
    """KL( N(m, S) ‖ N(0, I) ), nats."""
    return 0.5 * (s.trace() + m.square().sum() - len(m) - torch.logdet(s)).item()


def _chance(of_means: Tensor, s: Tensor, n: int) -> float:
    """What n images add to `_kl_to_prior` by chance.

    Mean and covariance of n Gaussian draws vary, and a KL counts every deviation as positive.

    Args:
        of_means: covariance of the posterior means, (D, D).
        s: covariance of the aggregate posterior, (D, D).
        n: number of images.
    """
    a = torch.linalg.solve(s, of_means)
    from_mean = 0.5 * of_means.trace()
    from_covariance = 0.25 * (a.trace().square() + (a @ a).trace())
    return ((from_mean + from_covariance) / n).item()
