"""Which fault has a generator: images that are not real, or real ones that never come?

FID is one number for both. Precision and recall are two.
"""
from __future__ import annotations

import torch
from torch import Tensor

from ..data.images import ImageSet
from ..device import seeded
from ..errors import UserError, at_least, check_seed
from .compared import features_of, floor_of, note_of
from .features import Features
from .score import Score
from .shares import wilson_interval

# images at a time: the distances of 10,000 to 10,000 would take 800 MB
CHUNK = 500
# balls that reach further hold nearly everything
MOST_NEIGHBOURS = 1000


def precision(
    real: Tensor | ImageSet,
    fake: Tensor | ImageSet,
    *,
    features: Features = "fashion",
    neighbours: int = 3,
    floor: bool = True,
    seed: int = 0,
) -> Score:
    """The share of generated images that lie where real ones do.

    Around each real image, in feature space, lies a ball that reaches to its `neighbours`-th
    nearest real image; a generated image counts if it is in one of these balls. Blur and noise
    lower it, few different images do not.

    Args:
        real: the reference images, (N, C, H, W) in [0, 1], or an ImageSet.
        fake: the generated ones, likewise.
        features: see `load_features`.
        neighbours: k, how far the balls reach. More of them, and more images find a ball.
        floor: also measure real against real: n images drawn from `real` as if they were
            generated, against the rest. If `real` holds fewer than 2 n, its halves are compared,
            and the note says so.
        seed: of the floor.
    Returns:
        Score between 0 and 1, higher is better, n = number of generated images. It depends on both
        numbers of images: compare scores of the same n and the same reference only. The interval
        (Wilson 1927) is for the share of all that the generator could draw that lie in the balls
        of these real images; what other real images would change is not in it.
    Raises:
        UserError: not more than k images in either set, different shapes, values outside [0, 1],
            NaN, images that are all alike.
    Source:
        Kynkäänniemi et al. 2019.
    """
    return _score("precision", real, fake, features, neighbours, floor, seed)


def recall(
    real: Tensor | ImageSet,
    fake: Tensor | ImageSet,
    *,
    features: Features = "fashion",
    neighbours: int = 3,
    floor: bool = True,
    seed: int = 0,
) -> Score:
    """The share of real images that lie where generated ones do.

    Precision with the roles exchanged: the balls are around the generated images, and real images
    are counted. What a generator never draws lowers it, and so does a fault that moves all its
    images, as blur does. A few generated images far from all others have large balls: noise can
    raise it.

    Args:
        As for `precision`.
    Returns:
        As for `precision`. The interval is for the share of all real images that lie in the balls
        of these generated ones.
    Raises:
        UserError: as `precision`.
    Source:
        Kynkäänniemi et al. 2019; Naeem et al. 2020, on its weakness.
    """
    return _score("recall", real, fake, features, neighbours, floor, seed)


def _score(
    metric: str,
    real: Tensor | ImageSet,
    fake: Tensor | ImageSet,
    features: Features,
    neighbours: int,
    floor: bool,
    seed: int,
) -> Score:
    k = at_least("neighbours", neighbours, 1, MOST_NEIGHBOURS)
    generator = seeded(check_seed(seed))

    def check_enough(what: str, n: int, _: int) -> None:
        if n <= k:
            raise UserError(
                f"{metric} looks at the {k} nearest neighbours of each image; "
                f"it needs more than {k} {what} images, got {n}"
            )

    def measure(x: Tensor, y: Tensor) -> float:
        return _share(metric, x, y, k)[0]

    compared = features_of(real, fake, features, check_enough)
    value, counted = _share(metric, compared.real, compared.fake, k)
    low, high = wilson_interval(value, counted)
    found, remark = None, ""
    if floor:
        found, remark = floor_of(measure, compared.real, len(compared.fake), k + 1, generator)
    return Score(
        # another k gives another number
        metric=metric if k == 3 else f"{metric} (k = {k})",
        value=value,
        low=low,
        high=high,
        n=len(compared.fake),
        floor=found,
        reference=compared.reference,
        features=compared.network.name,
        weights=compared.network.hash[:8],
        better="higher",
        note=note_of(remark, compared.network),
    )


def _share(metric: str, real: Tensor, fake: Tensor, k: int) -> tuple[float, int]:
    """Precision or recall of features, (N, F) and (M, F), and how many images were counted."""
    points, centres = (fake, real) if metric == "precision" else (real, fake)
    inside = _within(points, centres, _radii(centres, k))
    return inside.double().mean().item(), len(points)


def _radii(x: Tensor, k: int) -> Tensor:
    """The distance from each row of (N, F) to its k-th nearest other row, (N,)."""
    radii = []
    for part in x.split(CHUNK):
        # the nearest of all is the row itself
        radii.append(_distances(part, x).kthvalue(k + 1).values)
    return torch.cat(radii)


def _within(points: Tensor, centres: Tensor, radii: Tensor) -> Tensor:
    """Which of the points (N, F) lie in the ball of a centre (M, F) of radius (M,): (N,) bool."""
    return torch.cat([(_distances(part, centres) <= radii).any(1) for part in points.split(CHUNK)])


def _distances(x: Tensor, y: Tensor) -> Tensor:
    # by subtraction: a matrix product leaves two equal images a little apart
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
