"""The labels of a conditional model's samples, as the scores need them."""
from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import UserError, brief


def one_label_per_image(labels: Tensor | Sequence[int], images: int) -> Tensor:
    """Labels as a tensor on the CPU, if they are whole numbers, (N,) for N images.

    Raises:
        UserError: another shape, or floats.
    """
    try:
        labels = torch.as_tensor(labels)
    except (TypeError, ValueError, RuntimeError):
        raise UserError(
            f"labels must be a tensor (N,) of whole numbers, got {brief(labels)}"
        ) from None
    is_whole = not (labels.is_floating_point() or labels.is_complex())
    if labels.shape != (images,) or not is_whole or labels.dtype == torch.bool:
        raise UserError(
            f"one whole-numbered label per image is needed: {images} images, "
            f"labels {labels.dtype} of shape {tuple(labels.shape)}"
        )
    return labels.cpu()
