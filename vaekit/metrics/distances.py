"""How far a set of generated images is from a set of real ones: FID and KID."""
from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..data.images import ImageSet, image_set
from ..errors import UserError, at_least
from .features import FeatureNetwork, load_features
from .score import Score, times_drawn

SUBSET, SUBSETS = 1000, 100         # KID's protocol in Bińkowski et al.: the mean over 100 subsets of 1,000
CAP = 10_000                        # of each set, at most this many are resampled for KID's interval: it grows with the square


def fid(real: Tensor | ImageSet, fake: Tensor | ImageSet, *, features: str | nn.Module | FeatureNetwork = "fashion", floor: bool = True,
        resamples: int = 100, seed: int = 0) -> Score:
    """Fréchet distance between Gaussians fitted to the features of real and generated images: ‖μ − μ′‖² + tr(Σ + Σ′ − 2 (ΣΣ′)^½).

    FID is biased: with fewer images it is larger, even for a perfect model. Compare scores of the same n and the same reference only, and
    read them against the floor. Over our small networks it ranks models of such images, on a scale of its own; it is **not comparable with
    published FIDs**, which use Inception (`features="inception"`).

    Args:
        real: the reference images; fake: the generated ones; (N, C, H, W) in [0, 1], or ImageSets.
        features: see `load_features`.
        floor: also measure real against real: n images drawn from `real` as if they were generated, against the rest. If `real` holds fewer
            than 2 n, its halves are compared; having fewer images, they score a little higher than n would, and the note says so.
        resamples: bootstrap resamples; each costs a few F×F matrix products, so 10 will do for Inception (F = 2,048).
    Returns:
        Score, lower is better, n = number of generated images. The interval is the spread of FID at these set sizes: both sets are resampled,
        and the percentiles are shifted so that their median is the value. (Unshifted they lie above it: a resample repeats images, and so
        adds the bias of a smaller set once more.)
    Raises:
        UserError: n ≤ F in either set, different shapes, values outside [0, 1], NaN, images that are all alike.
    Source: Heusel et al. 2017.
    """
    at_least("resamples", resamples, 2)
    network, a, b = _features_of(real, fake, features, _enough_for_fid)
    generator = torch.Generator().manual_seed(seed)
    resampled = torch.stack([frechet(*(gaussian(_redraw(t, generator)) for t in (a, b))) for _ in range(resamples)])
    return _score("FID", _fid, network, a, b, resampled, floor, a.shape[1] + 1, generator)


def kid(real: Tensor | ImageSet, fake: Tensor | ImageSet, *, features: str | nn.Module | FeatureNetwork = "fashion", floor: bool = True,
        resamples: int = 100, seed: int = 0) -> Score:
    """Squared maximum mean discrepancy between the features, kernel (x·y / F + 1)³, unbiased.

    Unlike FID it has no bias: real against real averages 0 at any n (and is negative half the time), so it suits small sets. The value is the
    mean over 100 subsets of 1,000 images, chosen by `seed`; over all images at once if both sets have the same size, at most 1,000.

    Args:
        As for `fid`.
    Returns:
        Score, lower is better, n = number of generated images. The interval resamples both sets (at most 10,000 images of each); a pair of an
        image with its own copy is left out, as it would bring back the bias. Its median is shifted to the value, as for `fid`.
    Raises:
        UserError: fewer than 10 images in either set, different shapes, values outside [0, 1], NaN, images that are all alike.
    Source: Bińkowski et al. 2018.
    """
    at_least("resamples", resamples, 2)
    network, a, b = _features_of(real, fake, features, _enough_for_kid)
    generator = torch.Generator().manual_seed(seed)
    some = [t[torch.randperm(len(t), generator=generator)[:CAP]] for t in (a, b)]
    resampled = mmd(*some, *(times_drawn(len(t), resamples, generator) for t in some))
    return _score("KID", lambda x, y: _kid(x, y, seed), network, a, b, resampled, floor, 10, generator)


def gaussian(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (F,) and covariance (F, F) of features (N, F)."""
    return x.mean(0), torch.cov(x.T)


def frechet(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> Tensor:
    """The Fréchet distance of two Gaussians, each (mean, covariance). tr (ΣΣ′)^½ is the sum of the roots of the eigenvalues of ΣΣ′."""
    (mean, cov), (mean_, cov_) = a, b
    return (mean - mean_).square().sum() + cov.trace() + cov_.trace() - 2 * torch.linalg.eigvals(cov @ cov_).sqrt().real.sum()


def mmd(x: Tensor, y: Tensor, times_x: Tensor, times_y: Tensor) -> Tensor:
    """The unbiased squared MMD of weighted samples, for many weightings at once.

    Args:
        x, y: features, (N, F) and (M, F).
        times_x, times_y: how often each occurs, (N, R) and (M, R). All ones is the plain estimate.
    Returns:
        (R,), float64.
    """
    def mean_within(x, times):
        own = kernel(x, x, own=True).double() @ times.square().double()          # an image paired with itself, or with its copy
        pairs = len(x) ** 2 - times.double().square().sum(0)
        return (_kernel_sum(x, x, times, times) - own) / pairs

    x, y, times_x, times_y = (t.float() for t in (x, y, times_x, times_y))       # twice as fast; only the spread is read off
    return mean_within(x, times_x) + mean_within(y, times_y) - 2 * _kernel_sum(x, y, times_x, times_y) / (len(x) * len(y))


def kernel(x: Tensor, y: Tensor, *, own: bool = False) -> Tensor:
    """(x·y / F + 1)³ of all pairs, (N, M); with `own`, of the pairs at the same place only, (N,)."""
    k = ((x * y).sum(1) if own else x @ y.T) / x.shape[1] + 1
    return k * k * k


def _kernel_sum(x, y, times_x, times_y) -> Tensor:
    # a few rows at a time: the whole kernel matrix of 10,000 images would take 400 MB, and blocks that fit the cache are twice as fast
    return sum((times.double() * (kernel(part, y) @ times_y).double()).sum(0) for part, times in zip(x.split(100), times_x.split(100), strict=True))


def _fid(real: Tensor, fake: Tensor) -> float:
    from torchmetrics.image.fid import FrechetInceptionDistance

    through = nn.Identity()             # the images are features already
    through.num_features = real.shape[1]
    metric = FrechetInceptionDistance(through).set_dtype(torch.float64)
    metric.update(real, real=True)
    metric.update(fake, real=False)
    return metric.compute().item()


def _kid(real: Tensor, fake: Tensor, seed: int) -> float:
    from torchmetrics.image.kid import KernelInceptionDistance

    size = min(SUBSET, len(real), len(fake))
    whole = size == len(real) == len(fake)
    if not whole:                       # a hundred subsets take four times as long in float64, for a change of 1e-4 of the interval
        real, fake = real.float(), fake.float()
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):          # torchmetrics draws its subsets from the global generator
        warnings.simplefilter("ignore")                                         # "will save all features in buffer"
        torch.manual_seed(seed)
        metric = KernelInceptionDistance(nn.Identity(), subsets=1 if whole else SUBSETS, subset_size=size)
        metric.update(real, real=True)
        metric.update(fake, real=False)
        return metric.compute()[0].item()


def _features_of(real, fake, features, check_enough: Callable[[str, int, int], None]) -> tuple[FeatureNetwork, Tensor, Tensor]:
    real, fake = image_set("real", real), image_set("fake", fake)
    if real.shape != fake.shape:
        raise UserError(f"real and fake images must have one shape (C, H, W), got {real.shape} and {fake.shape}; resize one of them")
    network = load_features(features)
    found = []
    for what, images in (("fake", fake), ("real", real)):
        if network.num_features:
            check_enough(what, len(images), network.num_features)               # before the long part, if it can be told
        found.append(x := network.features(images))
        check_enough(what, len(x), x.shape[1])
        if (x.std(0) <= 1e-6 * x.abs().amax()).all():
            raise UserError(f"all {len(x):,} {what} images have the same features, so there is no distribution to compare: they are constant or "
                            "copies of one image (a collapsed generator?); look at them with plots.sheet")
    return network, found[1], found[0]


def _enough_for_fid(what: str, n: int, features: int) -> None:
    if n <= features:
        raise UserError(f"FID needs more images than features, got {n} {what} images for {features} features: a covariance matrix of {n} images has "
                        f"rank {max(n - 1, 0)} at most, so it says nothing about the other directions. Use {10 * features} images or more, or kid, "
                        "which fits no covariance")


def _enough_for_kid(what: str, n: int, features: int) -> None:
    if n < 10:
        raise UserError(f"KID averages over pairs of images, and resamples them for its interval; it needs at least 10 {what} images, got {n}")


def _redraw(x: Tensor, generator: torch.Generator) -> Tensor:
    return x[torch.randint(len(x), (len(x),), generator=generator)]


def _score(metric: str, measure: Callable, network: FeatureNetwork, real: Tensor, fake: Tensor, resampled: Tensor, floor: bool, least: int,
           generator: torch.Generator) -> Score:
    value = measure(real, fake)
    low, median, high = resampled.quantile(torch.tensor([0.025, 0.5, 0.975], dtype=resampled.dtype)).tolist()
    low, high = value + low - median, value + high - median
    if metric == "FID":
        low = min(max(low, 0.0), value)                                         # a distance is not negative
    notes, reached = [f"reference {len(real):,}"], None
    count = min(len(fake), len(real) // 2)
    if floor and count >= least:
        order = torch.randperm(len(real), generator=generator)
        reached = measure(real[order[count:]], real[order[:count]])
        notes += [f"floor {count:,} against {len(real) - count:,}"] if count < len(fake) else []
    elif floor:
        notes.append(f"no floor: it takes {2 * least:,} real images")
    notes += [network.note] if network.note else []
    return Score(metric, value, low, high, len(fake), reached, features=network.name, weights=network.hash[:8], note="; ".join(notes))
