"""Do the samples of a class differ as real images of it do?"""
from __future__ import annotations

import torch
from torch import Tensor

from ..data.images import ImageSet, image_set
from ..device import seeded
from ..errors import UserError, at_least, check_seed
from .bootstrap import interval, times_drawn
from .feature_network import FeatureNetwork
from .features import Features, load_features
from .labels import one_label_per_image
from .reference import reference_of
from .score import Score

# of each class at most this many images are compared: the pairs grow with the square
CAP = 1000


def class_variety(
    images: Tensor | ImageSet,
    labels: Tensor,
    real: ImageSet,
    *,
    features: Features = "fashion",
    resamples: int = 200,
    seed: int = 0,
) -> Score:
    """The mean feature distance of two samples of one class, as a share of that of real images.

    It shows what class consistency cannot: a model that repeats one perfect shoe has variety 0.
    Neither says that the samples are good: noise can have any variety. Every requested class
    counts the same.

    Args:
        images: (N, C, H, W) in [0, 1].
        labels: (N,) int64, the requested classes.
        real: real images with their classes, of which at most the first 1,000 of each class are
            compared.
        features: see `load_features`.
        resamples: bootstrap resamples.
        seed: of the resamples.
    Returns:
        Score ≥ 0 with floor 1, what the real images have. Below 1 the samples of a class are too
        much alike; above it they differ more than real images do, often because they show other
        classes. So neither more nor less is better (see `Score.better`). The bootstrap interval
        resamples both sets, within the classes; a pair of an image with its own copy is left out.
    Raises:
        UserError: not one label per image, fewer than 5 samples or 5 real images of a class, real
            images with attributes, different shapes, real images that are all alike within every
            requested class.
    """
    images = image_set("images", images)
    labels = one_label_per_image(labels, len(images))
    real = image_set("real", real)
    _check_real(real, images)
    at_least("resamples", resamples, 2)
    check_seed(seed)

    network = load_features(features)
    requested = labels.unique().tolist()
    of_samples = _by_class("samples", network, images, labels, requested)
    of_real = _by_class("real images", network, real, real.y.cpu(), requested)

    share = _share_of_real(of_samples, of_real, resamples, seed)
    # in float32, as the scores of `bootstrap` are
    fewest = min(len(x) for x in [*of_samples, *of_real])
    low, high = interval(share[1:].float(), fewest)
    return Score(
        metric="variety within a class",
        value=share[0].item(),
        low=low,
        high=high,
        n=len(images),
        floor=1.0,
        floor_name="the real images",
        reference=reference_of(real),
        features=network.name,
        weights=network.hash[:8],
        better="neither",
    )


def _check_real(real: ImageSet, images: ImageSet) -> None:
    if real.y.ndim != 1:
        raise UserError(
            "variety within a class needs real images of one class each, "
            f"got the attributes of {real!r}"
        )
    if images.shape != real.shape:
        raise UserError(
            "images and real images must have one shape (C, H, W), "
            f"got {images.shape} and {real.shape}"
        )


def _by_class(
    what: str, network: FeatureNetwork, images: ImageSet, y: Tensor, classes: list[int]
) -> list[Tensor]:
    """The features of the images of each class, (n, F) each."""
    features = []
    for label in classes:
        index = (y == label).nonzero().flatten()[:CAP]
        if len(index) < 5:
            raise UserError(
                "variety averages over pairs of images, and resamples them; "
                f"it needs 5 {what} of each class, got {len(index)} of class {label}"
            )
        features.append(network.features(images.images(index)))
    return features


def _share_of_real(
    samples: list[Tensor], real: list[Tensor], resamples: int, seed: int
) -> Tensor:
    """The mean distance of samples over that of real images: of all, then of each resample.

    Args:
        samples, real: the features of each class, (n, F) each.
    Returns:
        (1 + R,), where R may be smaller than `resamples`: one that draws a single real image many
        times over has no distances to divide by.
    """
    generator = seeded(seed)
    ours = _mean_distance(samples, resamples, generator)
    theirs = _mean_distance(real, resamples, generator)
    if theirs[0] == 0:
        raise UserError(
            "all real images of each class have the same features, "
            "so there is no variety to compare with"
        )
    return (ours / theirs)[theirs > 0]


def _mean_distance(
    features: list[Tensor], resamples: int, generator: torch.Generator
) -> Tensor:
    """The mean distance of two images of one class, averaged over the classes, (1 + resamples,)."""
    means = []
    for x in features:
        n = len(x)
        once = torch.ones(n, 1)
        times = torch.cat([once, times_drawn(n, resamples, generator)], 1).double()  # (n, 1 + R)

        # by subtraction: a matrix product leaves two equal images a little apart
        distances = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
        total = (times * (distances @ times)).sum(0)
        # an image and its own copy are no pair; five copies of one image make no pair at all
        pairs = n**2 - times.square().sum(0)
        means.append(total / pairs.clamp(min=1))
    return torch.stack(means).mean(0)
