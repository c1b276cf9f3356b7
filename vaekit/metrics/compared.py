"""Two sets of images, real and generated, as features; and real against real for their floor.

What FID, KID, precision and recall have in common.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..data.images import ImageSet, image_set
from ..errors import UserError
from .feature_network import FeatureNetwork
from .features import Features, load_features
from .reference import reference_of


class Compared(NamedTuple):
    """The feature network, the features of the real and of the generated images, (N, F).

    And which images the real ones are.
    """

    network: FeatureNetwork
    real: Tensor
    fake: Tensor
    reference: str


def features_of(
    real: Tensor | ImageSet,
    fake: Tensor | ImageSet,
    features: Features,
    check_enough: Callable[[str, int, int], None],
) -> Compared:
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
    fake_features = _checked("fake", fake, network, check_enough)
    real_features = _checked("real", real, network, check_enough)
    return Compared(network, real_features, fake_features, reference_of(real))


def _checked(
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


def floor_of(
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


def note_of(remark: str, network: FeatureNetwork) -> str:
    return "; ".join(fact for fact in (remark, network.note) if fact)
