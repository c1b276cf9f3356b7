"""What goes into a measurement of latents and what comes out, checked.

A student's model may answer anything.
"""
from __future__ import annotations

from typing import Any

from torch import Tensor

from ..data.checks import as_floats
from ..data.images import ImageSet
from ..errors import UserError, at_least


def images_of(model: Any, x: ImageSet | Tensor) -> Tensor:
    """The images that a model is measured with: at least 2, checked.

    A model of images needs pixels in [0, 1], and gets float32. The linear-Gaussian oracle takes
    any real x.

    Raises:
        UserError: fewer than 2 images, images outside [0, 1], inf or NaN.
    """
    images = x.images() if isinstance(x, ImageSet) else x
    if images.ndim == 0:
        raise UserError("images must be of shape (N, C, H, W), got one number as x")
    # one image has no interval
    at_least("the number of images", len(images), 2)

    is_of_images = hasattr(model, "image_shape")
    if is_of_images or getattr(model, "likelihood", "Bernoulli") == "Bernoulli":
        return as_floats(images)
    if not bool(images.isfinite().all()):
        raise UserError(
            f"images must be finite, got NaN or inf in x of shape {tuple(images.shape)}; "
            "find out where they come from"
        )
    return images


def check_posterior(found: Any, n: int, name: str) -> tuple[Tensor, Tensor]:
    """Mean and log-variance, if that is what a model's `posterior` gave: (N, D) each.

    Args:
        found: what it gave.
        n: the number of images that it was given.
        name: of the model's class, for the error.
    Raises:
        UserError: it is something else; the message says what.
    """
    is_pair = isinstance(found, tuple) and len(found) == 2
    if not is_pair or not all(isinstance(part, Tensor) for part in found):
        raise UserError(
            f"the posterior of {name} must be (mean, log_var), "
            f"got {type(found).__name__}"
        )
    mean, log_var = found
    if mean.ndim != 2 or len(mean) != n or mean.shape != log_var.shape:
        raise UserError(
            f"the posterior of {name} must be mean and log_var (N, D) each, "
            f"got {tuple(mean.shape)} and {tuple(log_var.shape)} for {n} images"
        )
    return mean, log_var
