"""Does a conditional model draw the requested class? A classifier reads its samples."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..contracts import Model
from ..data.images import ImageSet, check_labels, image_set
from ..device import evaluating, seeded
from ..errors import UserError, at_least
from ..models.conditioning import is_conditional
from .bootstrap import bootstrap
from .feature_network import FeatureNetwork
from .features import Features, load_features
from .labels import one_label_per_image
from .score import Score

# more images than this nobody can keep in memory
LARGEST_N = 10**7
# images drawn at a time
BATCH = 500


def class_consistency(
    model: Model,
    classes: Sequence[int] | Tensor,
    *,
    n: int = 1000,
    features: Features = "fashion",
    resamples: int = 1000,
    seed: int = 0,
) -> Score:
    """The share of a conditional model's samples that the classifier reads as the requested class.

    Args:
        model: has a condition, and `sample(n, c=labels, generator=…)` with labels (n,) int64,
            which gives (n, C, H, W) in [0, 1].
        classes: the labels to request, in turn, so that each is requested equally often:
            `range(10)`, or `[3]`.
        n: number of samples.
        features: the classifier: "fashion", "mnist", or a module or function that maps images to
            logits (N, K).
        resamples: bootstrap resamples.
        seed: of the samples and of the resamples.
    Returns:
        Score between 0 and 1, higher is better; see `consistency_of`.
    Raises:
        UserError: a model without classes, no classes or an unknown one, samples outside [0, 1].
    """
    labels = _in_turn(classes, n)
    network = _classifier(features, labels)
    if not is_conditional(model) or not hasattr(model, "sample"):
        raise UserError(
            f"model must take a class, and {type(model).__name__} takes no class: "
            "class consistency is for conditional models, "
            "which have a condition and sample(n, c=labels)"
        )

    generator = seeded(seed)
    parts = []
    with evaluating(model):
        for part in labels.split(BATCH):
            images = model.sample(len(part), c=part, generator=generator)
            parts.append(images.cpu())
    return consistency_of(
        torch.cat(parts), labels, features=network, resamples=resamples, seed=seed
    )


def consistency_of(
    images: Tensor | ImageSet,
    labels: Tensor | Sequence[int],
    *,
    features: Features = "fashion",
    resamples: int = 1000,
    seed: int = 0,
) -> Score:
    """The share of images that the classifier reads as their label.

    It says that a sample looks like its class, not that the samples of a class differ: a model
    that repeats one perfect shoe scores 1. Read it with FID or KID.

    Args:
        images: (N, C, H, W) in [0, 1].
        labels: (N,) int64, the requested classes.
        features: as for `class_consistency`.
        resamples: bootstrap resamples.
        seed: of the resamples.
    Returns:
        Score between 0 and 1, higher is better, with a bootstrap interval over images. Its floor
        is the classifier's accuracy on real test images: what real images of these classes would
        score. Samples that score above it are easier to read than real images, not better.
    Raises:
        UserError: not one label per image, an unknown class, values outside [0, 1], a network
            that is no classifier of these classes.
    """
    images = image_set("images", images)
    labels = one_label_per_image(labels, len(images))
    network = _classifier(features, labels)

    logits = network.logits(images)
    # of your own network nothing else says how many classes it knows
    check_labels(labels, logits.shape[1], "labels")
    right = (logits.argmax(1) == labels).double()  # (N,)
    value = right.mean().item()
    low, high = _interval_of_share(right, resamples, seed)

    return Score(
        metric="class consistency",
        value=value,
        low=low,
        high=high,
        n=len(right),
        floor=network.accuracy,
        floor_name="the classifier on real test images",
        features=network.name,
        weights=network.hash[:8],
        better="higher",
        # of a function, with what the score may be compared
        note="" if network.hash else network.note,
    )


def _in_turn(classes: Sequence[int] | Tensor, n: int) -> Tensor:
    """n labels that go through the classes again and again, (n,) int64."""
    known = classes.tolist() if isinstance(classes, Tensor) else list(classes)
    if not known:
        raise UserError(
            "classes is empty; name at least one label to draw, such as range(10)"
        )
    labels = torch.tensor([at_least("each of classes", label, 0) for label in known])
    positions = torch.arange(at_least("n", n, 1, LARGEST_N)) % len(known)
    return labels[positions]


def _interval_of_share(right: Tensor, resamples: int, seed: int) -> tuple[float, float]:
    """Of the mean of N answers, 1 or 0 each."""
    n = len(right)

    def share(index: Tensor) -> float:
        return right[index].mean().item()

    low, high = bootstrap(share, n, resamples=resamples, seed=seed)
    # resampling n equal answers shows no spread; the rule of three gives the share that n of n
    # still leaves open
    if right.all():
        low = max(0.0, 1 - 3 / n)
    if not right.any():
        high = min(1.0, 3 / n)
    return low, high


def _classifier(features: Features, labels: Tensor) -> FeatureNetwork:
    """The network by name or as it is, if it knows these labels."""
    if features == "inception":
        raise UserError(
            "Inception knows ImageNet's classes, not these; "
            "use features='fashion' or 'mnist', or your own classifier"
        )
    network = load_features(features)
    if network.classes is not None:
        check_labels(labels, network.classes, "classes")
    return network
