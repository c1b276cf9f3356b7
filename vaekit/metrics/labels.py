"""The labels of a conditional model's samples, as the scores need them."""
from __future__ import annotations

import torch
from torch import Tensor

from ..errors import UserError


def one_label_per_image(labels: Tensor, images: int) -> Tensor:
    """Labels as a tensor on the CPU, if they are whole numbers, (N,) for N images.

    Raises:
        UserError: another shape, or floats.
    """
    labels = torch.as_tensor(labels).cpu()
    if labels.shape != (images,) or labels.is_floating_point():
        raise UserError(
            f"one whole-numbered label per image is needed: {images} images, "
            f"labels {labels.dtype} of shape {tuple(labels.shape)}"
        )
    return labels
