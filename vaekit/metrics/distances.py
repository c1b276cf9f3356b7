"""How far a set of generated images is from a set of real ones: FID and KID."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from ..data.images import ImageSet
from ..device import seeded
from ..errors import UserError, at_least, check_seed
from .bootstrap import student, times_drawn
from .compared import Compared, features_of, floor_of, note_of
from .feature_distances import (
    fid_of_features,
    frechet,
    gaussian,
    kid_of_features,
    kid_of_subsets,
    mixture,
    mmd_influences,
)
from .features import Features
from .score import Score

# of each set, at most this many are resampled for KID's interval: it grows with the square
CAP = 10_000

# FID's interval: how far from the images towards a resample of them its slope is taken
STEP = 0.05

# KID resamples the images, so a handful would give no interval
LEAST_FOR_KID = 10


def fid(
    real: Tensor | ImageSet,
    fake: Tensor | ImageSet,
    *,
    features: Features = "fashion",
    floor: bool = True,
    resamples: int = 100,
    seed: int = 0,
) -> Score:
    """Fréchet distance between Gaussians fitted to the features of real and generated images.

    ‖μ − μ′‖² + tr(Σ + Σ′ − 2 (ΣΣ′)^½). FID is biased: with fewer images it is larger, even for a
    perfect model. Compare scores of the same n and the same reference only, and read them against
    the floor. Over our small networks it ranks models of such images, on a scale of its own; it
    is **not comparable with published FIDs**, which use Inception (`features="inception"`).

    Args:
        real: the reference images, (N, C, H, W) in [0, 1], or an ImageSet.
        fake: the generated ones, likewise.
        features: see `load_features`.
        floor: also measure real against real: n images drawn from `real` as if they were
            generated, against the rest. If `real` holds fewer than 2 n, its halves are compared;
            having fewer images, they score a little higher than n would, and the note says so.
        resamples: bootstrap resamples; each costs a few F×F matrix products, so 10 will do for
            Inception (F = 2,048).
        seed: of the resamples and of the floor.
    Returns:
        Score, lower is better, n = number of generated images. The interval is for the mean FID
        of sets of these sizes, its bias included: both sets are resampled, and of the change of
        FID only the linear part is taken. (The rest is bias: a resample repeats images, as a
        smaller set would.) It is up to 1.5 times too wide where real and generated images agree.
    Raises:
        UserError: n ≤ F in either set, different shapes, values outside [0, 1], NaN, images that
            are all alike.
    Source:
        Heusel et al. 2017.
    """
    at_least("resamples", resamples, 2)
    generator = seeded(check_seed(seed))
    compared = features_of(real, fake, features, _enough_for_fid)
    spread = _spread_of_fid(compared.real, compared.fake, resamples, generator)

    # a covariance matrix of full rank needs one image more than features
    least = compared.real.shape[1] + 1
    score = _distance_score(
        "FID",
        fid_of_features(compared.real, compared.fake),
        spread,
        compared,
        fid_of_features,
        generator,
        least_for_floor=least if floor else None,
    )
    # FID is not negative; KID, an unbiased estimate, can be
    low = min(max(score.low, 0.0), score.value)
    return replace(score, low=low)


def kid(
    real: Tensor | ImageSet,
    fake: Tensor | ImageSet,
    *,
    features: Features = "fashion",
    floor: bool = True,
    resamples: int = 100,
    seed: int = 0,
) -> Score:
    """Squared maximum mean discrepancy between the features, kernel (x·y / F + 1)³, unbiased.

    Unlike FID it has no bias: real against real averages 0 at any n (and is often negative),
    so it suits small sets. The value is the mean over 100 subsets of 1,000 images, chosen by
    `seed`; over all images at once if both sets have the same size, at most 1,000.

    Args:
        As for `fid`.
    Returns:
        Score, lower is better, n = number of generated images. The interval is for the squared
        discrepancy of the two distributions, of which KID is an unbiased estimate. Both sets are
        resampled (at most 10,000 images of each), and the linear part is taken, as for `fid`;
        the choice of the 100 subsets adds its own spread. It, too, is up to 1.5 times too wide
        where real and generated images agree.
    Raises:
        UserError: fewer than 10 images in either set, different shapes, values outside [0, 1],
            NaN, images that are all alike.
    Source:
        Bińkowski et al. 2018.
    """
    at_least("resamples", resamples, 2)
    generator = seeded(check_seed(seed))
    compared = features_of(real, fake, features, _enough_for_kid)
    value, error_of_subsets = kid_of_subsets(compared.real, compared.fake, seed)
    spread = _spread_of_kid(compared.real, compared.fake, resamples, generator)

    def measure(x: Tensor, y: Tensor) -> float:
        return kid_of_features(x, y, seed)

    return _distance_score(
        "KID",
        value,
        math.hypot(spread, error_of_subsets),
        compared,
        measure,
        generator,
        least_for_floor=LEAST_FOR_KID if floor else None,
    )


def _spread_of_fid(
    real: Tensor, fake: Tensor, resamples: int, generator: torch.Generator
) -> float:
    """The standard deviation of FID's linear part over resamples of both sets of features.

    A step towards the resample shows the slope. The whole way would add the curvature.
    """
    whole_real = gaussian(real)
    whole_fake = gaussian(fake)
    start = frechet(whole_real, whole_fake)

    slopes = []
    for _ in range(resamples):
        near_real = mixture(whole_real, gaussian(_resample(real, generator)), STEP)
        near_fake = mixture(whole_fake, gaussian(_resample(fake, generator)), STEP)
        slopes.append((frechet(near_real, near_fake) - start) / STEP)
    return torch.stack(slopes).std().item()


def _spread_of_kid(
    real: Tensor, fake: Tensor, resamples: int, generator: torch.Generator
) -> float:
    """The standard deviation of KID's linear part over resamples of both sets of features."""
    some_real = _some(real, generator)
    some_fake = _some(fake, generator)
    times_real = times_drawn(len(some_real), resamples, generator).double()
    times_fake = times_drawn(len(some_fake), resamples, generator).double()

    of_real, of_fake = mmd_influences(some_real, some_fake)
    # where only some of the images are resampled, all of them vary less
    from_real = (of_real @ times_real).std() * math.sqrt(len(some_real) / len(real))
    from_fake = (of_fake @ times_fake).std() * math.sqrt(len(some_fake) / len(fake))
    return torch.hypot(from_real, from_fake).item()


def _distance_score(
    metric: str,
    value: float,
    spread: float,
    compared: Compared,
    measure: Callable[[Tensor, Tensor], float],
    generator: torch.Generator,
    *,
    least_for_floor: int | None,
) -> Score:
    """The score of a distance between two sets of features.

    Args:
        spread: the standard deviation of the value.
        measure: the distance of two sets of features, real and generated, for the floor.
        generator: chooses the images of the floor.
        least_for_floor: how many images the floor needs in each set; None for no floor.
    """
    half = student(min(len(compared.real), len(compared.fake))) * spread

    floor = None
    remark = ""
    n = len(compared.fake)
    if least_for_floor is not None:
        floor, remark = floor_of(measure, compared.real, n, least_for_floor, generator)
    return Score(
        metric=metric,
        value=value,
        low=value - half,
        high=value + half,
        n=n,
        floor=floor,
        reference=compared.reference,
        features=compared.network.name,
        weights=compared.network.hash[:8],
        note=note_of(remark, compared.network),
    )


def _resample(x: Tensor, generator: torch.Generator) -> Tensor:
    """As many rows of x, drawn with replacement."""
    index = torch.randint(len(x), (len(x),), generator=generator)
    return x[index]


def _some(x: Tensor, generator: torch.Generator) -> Tensor:
    """Rows of x in a random order, at most `CAP`."""
    order = torch.randperm(len(x), generator=generator)
    return x[order[:CAP]]


def _enough_for_fid(what: str, n: int, features: int) -> None:
    if n <= features:
        raise UserError(
            f"FID needs more images than features, "
            f"got {n} {what} images for {features} features: "
            f"a covariance matrix of {n} images has rank {max(n - 1, 0)} at most, "
            "so it says nothing about the other directions. "
            f"Use {10 * features} images or more, or kid, which fits no covariance"
        )


def _enough_for_kid(what: str, n: int, features: int) -> None:
    if n < LEAST_FOR_KID:
        raise UserError(
            "KID averages over pairs of images, and resamples them for its interval; "
            f"it needs at least {LEAST_FOR_KID} {what} images, got {n}"
        )
