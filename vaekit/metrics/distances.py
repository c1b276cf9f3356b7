"""How far a set of generated images is from a set of real ones: FID and KID."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..data.images import ImageSet, image_set
from ..device import seeded
from ..errors import UserError, at_least
from .bootstrap import times_drawn
from .feature_distances import fid_of_features, frechet, gaussian, kid_of_features, mmd
from .feature_network import FeatureNetwork
from .features import Features, load_features
from .score import Score

# of each set, at most this many are resampled for KID's interval: it grows with the square
CAP = 10_000

# KID resamples the images, so a handful would give no interval
LEAST_FOR_KID = 10


class _Compared(NamedTuple):
    """The feature network, and the features of the real and of the generated images, (N, F)."""

    network: FeatureNetwork
    real: Tensor
    fake: Tensor


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
        Score, lower is better, n = number of generated images. The interval is the spread of FID
        at these set sizes: both sets are resampled, and the percentiles are shifted so that their
        median is the value. (Unshifted they lie above it: a resample repeats images, and so adds
        the bias of a smaller set once more.)
    Raises:
        UserError: n ≤ F in either set, different shapes, values outside [0, 1], NaN, images that
            are all alike.
    Source:
        Heusel et al. 2017.
    """
    at_least("resamples", resamples, 2)
    compared = _features_of(real, fake, features, _enough_for_fid)
    generator = seeded(seed)

    resampled = []
    for _ in range(resamples):
        of_real = gaussian(_resample(compared.real, generator))
        of_fake = gaussian(_resample(compared.fake, generator))
        resampled.append(frechet(of_real, of_fake))

    # a covariance matrix of full rank needs one image more than features
    least = compared.real.shape[1] + 1
    score = _distance_score(
        "FID",
        fid_of_features,
        compared,
        torch.stack(resampled),
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

    Unlike FID it has no bias: real against real averages 0 at any n (and is negative half the
    time), so it suits small sets. The value is the mean over 100 subsets of 1,000 images, chosen
    by `seed`; over all images at once if both sets have the same size, at most 1,000.

    Args:
        As for `fid`.
    Returns:
        Score, lower is better, n = number of generated images. The interval resamples both sets
        (at most 10,000 images of each); a pair of an image with its own copy is left out, as it
        would bring back the bias. Its median is shifted to the value, as for `fid`.
    Raises:
        UserError: fewer than 10 images in either set, different shapes, values outside [0, 1],
            NaN, images that are all alike.
    Source:
        Bińkowski et al. 2018.
    """
    at_least("resamples", resamples, 2)
    compared = _features_of(real, fake, features, _enough_for_kid)
    generator = seeded(seed)

    some_real = _some(compared.real, generator)
    some_fake = _some(compared.fake, generator)
    times_real = times_drawn(len(some_real), resamples, generator)
    times_fake = times_drawn(len(some_fake), resamples, generator)
    resampled = mmd(some_real, some_fake, times_real, times_fake)

    def measure(x: Tensor, y: Tensor) -> float:
        return kid_of_features(x, y, seed)

    return _distance_score(
        "KID",
        measure,
        compared,
        resampled,
        generator,
        least_for_floor=LEAST_FOR_KID if floor else None,
    )


def _distance_score(
    metric: str,
    measure: Callable[[Tensor, Tensor], float],
    compared: _Compared,
    resampled: Tensor,
    generator: torch.Generator,
    *,
    least_for_floor: int | None,
) -> Score:
    """The score of a distance between two sets of features.

    Args:
        measure: the distance of two sets of features, real and generated.
        resampled: the distance of each resample, (R,).
        generator: chooses the images of the floor.
        least_for_floor: how many images the floor needs in each set; None for no floor.
    """
    value = measure(compared.real, compared.fake)
    low, high = _interval_around(value, resampled)

    floor = None
    remark = ""
    n = len(compared.fake)
    if least_for_floor is not None:
        floor, remark = _floor(measure, compared.real, n, least_for_floor, generator)
    return Score(
        metric=metric,
        value=value,
        low=low,
        high=high,
        n=n,
        floor=floor,
        features=compared.network.name,
        weights=compared.network.hash[:8],
        note=_note(compared.real, remark, compared.network),
    )


def _interval_around(value: float, resampled: Tensor) -> tuple[float, float]:
    """The 95 % percentile interval of (R,) resampled values, shifted: its median is the value."""
    quantiles = torch.tensor([0.025, 0.5, 0.975], dtype=resampled.dtype)
    low, median, high = resampled.quantile(quantiles).tolist()
    return value + low - median, value + high - median


def _floor(
    measure: Callable[[Tensor, Tensor], float],
    real: Tensor,
    n: int,
    least: int,
    generator: torch.Generator,
) -> tuple[float | None, str]:
    """Real against real: n of the images, or half of them, against the rest.

    Args:
        measure: of two sets of features, real and generated.
        real: features, (N, F).
        n: how many generated images there are.
        least: how many images `measure` needs in each set.
        generator: chooses the images.
    Returns:
        The floor, None if there are too few images; and what a reader must know about it.
    """
    count = min(n, len(real) // 2)
    if count < least:
        return None, f"no floor: it takes {2 * least:,} real images"

    order = torch.randperm(len(real), generator=generator)
    chosen = real[order[:count]]
    rest = real[order[count:]]
    remark = "" if count == n else f"floor {len(chosen):,} against {len(rest):,}"
    return measure(rest, chosen), remark


def _note(real: Tensor, remark: str, network: FeatureNetwork) -> str:
    facts = [f"reference {len(real):,}", remark, network.note]
    return "; ".join(fact for fact in facts if fact)


def _resample(x: Tensor, generator: torch.Generator) -> Tensor:
    """As many rows of x, drawn with replacement."""
    index = torch.randint(len(x), (len(x),), generator=generator)
    return x[index]


def _some(x: Tensor, generator: torch.Generator) -> Tensor:
    """Rows of x in a random order, at most `CAP`."""
    order = torch.randperm(len(x), generator=generator)
    return x[order[:CAP]]


def _features_of(
    real: Tensor | ImageSet,
    fake: Tensor | ImageSet,
    features: Features,
    check_enough: Callable[[str, int, int], None],
) -> _Compared:
    """Both sets as features, if they are of one shape and there are enough of each."""
    real = image_set("real", real)
    fake = image_set("fake", fake)
    if real.shape != fake.shape:
        raise UserError(
            f"real and fake images must have one shape (C, H, W), "
            f"got {real.shape} and {fake.shape}; resize one of them"
        )

    network = load_features(features)
    # the generated images first: they are usually fewer, so an error in them is found sooner
    fake_features = _checked_features("fake", fake, network, check_enough)
    real_features = _checked_features("real", real, network, check_enough)
    return _Compared(network, real_features, fake_features)


def _checked_features(
    what: str,
    images: ImageSet,
    network: FeatureNetwork,
    check_enough: Callable[[str, int, int], None],
) -> Tensor:
    """(N, F), if they are enough and not all the same."""
    # before the long part, if F is known
    if network.num_features:
        check_enough(what, len(images), network.num_features)
    x = network.features(images)
    check_enough(what, len(x), x.shape[1])

    if (x.std(0) <= 1e-6 * x.abs().amax()).all():
        raise UserError(
            f"all {len(x):,} {what} images have the same features, "
            "so there is no distribution to compare: they are constant or copies of one image "
            "(a collapsed generator?); look at them with plots.sheet"
        )
    return x


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
