"""Does a conditional model draw what it was asked for? A classifier reads its samples."""
from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..data.images import ImageSet, image_set
from ..errors import UserError, at_least
from ..files import check_labels
from ..models.conditioning import Unconditional
from .features import FeatureNetwork, load_features
from .score import Score, bootstrap


def class_consistency(model: nn.Module, classes: Sequence[int] | Tensor, *, n: int = 1000, features: str | nn.Module | FeatureNetwork = "fashion",
                      resamples: int = 1000, seed: int = 0) -> Score:
    """The share of a conditional model's samples that the classifier reads as the class asked for.

    Args:
        model: has `sample(n, c=labels, generator=…)` with labels (n,) int64, and gives (n, C, H, W) in [0, 1].
        classes: the labels to ask for, in turn, so that each is asked for equally often: `range(10)`, or `[3]`.
        n: number of samples.
        features: the classifier: "fashion", "mnist", or a module that maps images to logits (N, K).
    Returns:
        Score between 0 and 1, higher is better; see `consistency_of`.
    Raises:
        UserError: a model without classes, no classes or an unknown one, samples outside [0, 1].
    """
    classes = classes.tolist() if isinstance(classes, Tensor) else list(classes)
    if not classes:
        raise UserError("classes is empty; name at least one label to ask for, such as range(10)")
    labels = torch.tensor([at_least("class", label, 0) for label in classes])[torch.arange(at_least("n", n, 1)) % len(classes)]
    network = _classifier(features, labels)
    told = hasattr(model, "sample") and "c" in inspect.signature(model.sample).parameters
    if not told or isinstance(getattr(model, "condition", None), Unconditional):
        raise UserError(f"{type(model).__name__} takes no class: class consistency is for conditional models, which have sample(n, c=labels)")
    generator, training = torch.Generator().manual_seed(seed), getattr(model, "training", False)
    if training:
        model.eval()
    with torch.no_grad():
        images = torch.cat([model.sample(len(part), c=part, generator=generator).cpu() for part in labels.split(500)])
    if training:
        model.train()
    return consistency_of(images, labels, features=network, resamples=resamples, seed=seed)


def consistency_of(images: Tensor | ImageSet, labels: Tensor, *, features: str | nn.Module | FeatureNetwork = "fashion", resamples: int = 1000,
                   seed: int = 0) -> Score:
    """The share of images that the classifier reads as their label.

    It says that a sample looks like its class, not that the samples of a class differ: a model that repeats one perfect shoe scores 1. Read it
    with FID or KID.

    Args:
        images: (N, C, H, W) in [0, 1]; labels: (N,) int64, the classes that were asked for.
    Returns:
        Score between 0 and 1, higher is better, with a bootstrap interval over images. Its floor is the classifier's accuracy on real test
        images: what real images of these classes would score. A sample set above it is easier to read than real images, not better.
    Raises:
        UserError: not one label an image, an unknown class, values outside [0, 1], a network that is no classifier of these classes.
    """
    images, labels = image_set("images", images), torch.as_tensor(labels).cpu()
    if labels.shape != (len(images),) or labels.is_floating_point():
        raise UserError(f"one whole-numbered label an image is needed: {len(images)} images, labels {labels.dtype} of shape {tuple(labels.shape)}")
    network = _classifier(features, labels)
    right = (network.classify(images) == labels).double()
    value, n = right.mean().item(), len(right)
    low, high = bootstrap(lambda index: right[index].mean().item(), n, resamples=resamples, seed=seed)
    # resampling n equal answers shows no spread; the rule of three gives the share that n of n still leaves open
    low, high = (max(0.0, 1 - 3 / n) if value == 1 else low), (min(1.0, 3 / n) if value == 0 else high)
    return Score("class consistency", value, low, high, n, network.accuracy, "the classifier on real test images",
                 features=network.name, weights=network.hash[:8], better="higher")


def _classifier(features, labels: Tensor) -> FeatureNetwork:
    if features == "inception":
        raise UserError("Inception knows ImageNet's classes, not these; use features='fashion' or 'mnist', or your own classifier")
    network = load_features(features)
    if network.classes is not None:
        check_labels(labels, network.classes, "classes")
    return network
