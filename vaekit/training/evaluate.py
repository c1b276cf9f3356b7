"""What a set of images costs: the mean of every loss term, without training."""
from __future__ import annotations

import torch
from torch import Tensor

from ..contracts import Objective
from ..data.images import ImageSet
from ..device import device_of, evaluating, own_random_state
from ..errors import UserError, at_least, check_seed
from ..losses import describe
from ..models.base import ImageModel
from .estimators import depends_on_batch
from .parts import Part, part_of
from .refusals import check_model, check_objective
from .seeds import MEASURING, seed_of
from .tally import Tally
from .terms import terms_of

# many images at a time is fastest
LARGE = 1000


def evaluate(
    model: ImageModel,
    images: ImageSet | Tensor,
    objective: Objective,
    *,
    batch_size: int | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """The mean of every loss term over a set of images, on the model's device.

    One latent draw per image, from `seed`, as in training. The model's modes and the caller's
    random state stay as they were.

    Args:
        model, objective: as for `fit`.
        images: a set, or a tensor of images (N, C, H, W).
        batch_size: images at a time; 1,000 if left out. Must be given for an objective that
            estimates from the batch, as β-TCVAE does: in batches of another size it is another
            estimator. Its last batch is filled up with the images before it, each of which counts
            once. A set that is smaller than a batch is one batch.
        seed: of the noise.
    Returns:
        Each term's mean, by name.
    Raises:
        UserError: no images, images outside [0, 1] or of another shape than the model's, or
            without the labels that the model needs; a batch_size or seed out of range, or no
            batch_size where it matters.
    """
    check_model(model)
    check_objective(objective)
    check_seed(seed)
    if batch_size is None:
        batch_size = _usual_size(objective)
    at_least("batch_size", batch_size, 1)
    part = part_of(model, "images", images, device_of(model))
    return means_of(model, part, objective, batch_size=batch_size, seed=seed)


def means_of(
    model: ImageModel, part: Part, objective: Objective, *, batch_size: int, seed: int
) -> dict[str, float]:
    """`evaluate`, of images that are checked already."""
    full = depends_on_batch(objective)
    tally = Tally()
    with evaluating(model), own_random_state():
        torch.manual_seed(seed_of(seed, MEASURING))
        for x, c, counted in part.in_order(batch_size, full=full):
            terms = terms_of(model, objective, x, c)
            uncounted = len(x) - counted
            tally.add({name: each[uncounted:] for name, each in terms.items()}, counted)
    return tally.means()


def _usual_size(objective: Objective) -> int:
    if depends_on_batch(objective):
        raise UserError(
            f"batch_size must be given, as {describe(objective)} estimates from the batch, "
            "got None; pass the batch size it was trained with"
        )
    return LARGE
