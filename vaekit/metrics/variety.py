"""Do the samples of a class differ as real images of it do?"""
from __future__ import annotations

import torch
from torch import Tensor, nn

from ..data.images import ImageSet, image_set
from ..errors import UserError, at_least
from .features import FeatureNetwork, load_features
from .score import Score, interval, times_drawn

CAP = 1000              # of each class at most this many images are compared: the pairs grow with the square


def class_variety(images: Tensor | ImageSet, labels: Tensor, real: ImageSet, *, features: str | nn.Module | FeatureNetwork = "fashion",
                  resamples: int = 200, seed: int = 0) -> Score:
    """The mean feature distance of two samples of one class, as a share of that of two real images of one class.

    It tells what class consistency cannot: a model that repeats one perfect shoe has variety 0. Neither says that the samples are good: noise
    can have any variety. Every class that was asked for counts the same.

    Args:
        images: (N, C, H, W) in [0, 1]; labels: (N,) int64, the classes that were asked for.
        real: real images with their classes, of which at most the first 1,000 of each class are compared.
        features: see `load_features`.
    Returns:
        Score ≥ 0 with floor 1, what the real images have. Below 1 the samples of a class are too much alike, above it they differ more than
        real images do, often because they show other classes. The bootstrap interval resamples both sets, within the classes; a pair of an
        image with its own copy is left out.
    Raises:
        UserError: not one label an image, fewer than 5 samples or 5 real images of a class, real images with attributes, different
            shapes, real images that are all alike within every class asked for.
    """
    images, labels, real = image_set("images", images), torch.as_tensor(labels).cpu(), image_set("real", real)
    if labels.shape != (len(images),) or labels.is_floating_point():
        raise UserError(f"one whole-numbered label an image is needed: {len(images)} images, labels {labels.dtype} of shape {tuple(labels.shape)}")
    if real.y.ndim != 1:
        raise UserError(f"variety within a class needs real images of one class each, got the attributes of {real!r}")
    if images.shape != real.shape:
        raise UserError(f"images and real images must have one shape (C, H, W), got {images.shape} and {real.shape}")
    at_least("resamples", resamples, 2)
    network, generator = load_features(features), torch.Generator().manual_seed(seed)
    asked = labels.unique().tolist()
    ours, theirs = (_distances(what, network, of, y, asked, resamples, generator)
                    for what, of, y in (("samples", images, labels), ("real images", real, real.y.cpu())))
    if theirs[0] == 0:
        raise UserError("all real images of each class have the same features, so there is no variety to compare with")
    value, *drawn = (ours / theirs)[theirs > 0].tolist()
    return Score("variety within a class", value, *interval(torch.tensor(drawn)), len(images), 1.0, "the real images",
                 features=network.name, weights=network.hash[:8], better="higher", note=f"{len(real):,} real images")


def _distances(what: str, network: FeatureNetwork, images: ImageSet, y: Tensor, asked: list[int], resamples: int,
               generator: torch.Generator) -> Tensor:
    """Mean distance of two images of one class, averaged over the classes: of the images, then of each resample; (1 + resamples,)."""
    means = []
    for label in asked:
        index = (y == label).nonzero().flatten()[:CAP]
        if len(index) < 5:
            raise UserError(f"variety averages over pairs of images, and resamples them; it needs 5 {what} of each class, got {len(index)} of "
                            f"class {label}")
        x = network.features(images.images(index))
        times = torch.cat([torch.ones(len(x), 1), times_drawn(len(x), resamples, generator)], 1).double()
        pairs = (len(x) ** 2 - times.square().sum(0)).clamp(min=1)             # five copies of one image make none
        means.append((times * (torch.cdist(x, x) @ times)).sum(0) / pairs)
    return torch.stack(means).mean(0)
