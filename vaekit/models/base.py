"""What all models share: the shape of their images, a condition, and how the loop trains them."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..contracts import Shape, require
from ..device import device_of
from ..errors import UserError, at_least, brief
from .conditioning import Condition, Unconditional


class ImageModel(nn.Module):
    """A model of images (N, C, H, W) in [0, 1]; `vaekit.contracts.Model` says what it offers.

    Attributes:
        image_shape: (C, H, W) of one image.
        condition: what the model is given beside the image, `Unconditional` if nothing.
        settings: what must be equal for a checkpoint to be of this model, where the shapes of its
            weights would not show a difference.
    """

    # a student's model that keeps the contract need not be a subclass
    checked_as_contract = True

    def __init__(self, image_shape: Sequence[int], condition: Condition | None = None):
        super().__init__()
        self.image_shape: Shape = as_shape(image_shape)
        self.condition: Condition = Unconditional() if condition is None else condition
        self.settings: dict[str, Any] = {"condition": self.condition.facts()}

    def players(self) -> dict[str, list[nn.Parameter]]:
        """Which term of the loss is minimised by whose parameters: here all minimise "loss"."""
        return {"loss": list(self.parameters())}

    def after_step(self) -> None:
        """Called by `fit` after each step of the optimisers; nothing to do unless overridden."""

    def for_inference(self) -> ImageModel:
        """The model without what only training needs, to be shipped; here nothing is dropped."""
        return self

    def sample(
        self, n: int, c: Any = None, *, generator: torch.Generator | None = None
    ) -> Tensor:
        """n new images, (n, C, H, W) in [0, 1], of a model that has a prior to draw from.

        Raises:
            UserError: it has none.
        """
        raise UserError(
            f"{type(self).__name__} has no prior to draw samples from; "
            "use a VAE, a GAN or diffusion"
        )

    def encode_condition(self, c: Any, n: int) -> Tensor | None:
        """The condition as numbers on the model's device, (n, width); None without a condition."""
        at_least("n", n, 0)
        cond = self.condition.encode(c, n)
        return None if cond is None else cond.to(device_of(self))


def as_shape(image_shape: Sequence[int]) -> Shape:
    """(C, H, W) as a tuple.

    Raises:
        UserError: not three sides, a side < 1.
    """
    if len(image_shape) != 3:
        raise UserError(f"image_shape is (C, H, W), got {brief(image_shape)}; give three sides")
    channels, height, width = (at_least("a side of image_shape", s, 1) for s in image_shape)
    return channels, height, width


def divided(image_shape: Shape, by: int) -> tuple[int, int]:
    """The sides after halving the image until they are `by` times smaller.

    Raises:
        UserError: a side is no multiple of `by`.
    """
    _, height, width = as_shape(image_shape)
    at_least("by", by, 1)
    if height % by or width % by:
        raise UserError(
            f"this body halves the image until it is {by} times smaller: "
            f"its sides must be multiples of {by}, got {height}×{width}"
        )
    return height // by, width // by


def images_for(model: ImageModel, x: Tensor) -> Tensor:
    """Images on the model's device and in the dtype of its weights, if they have its shape.

    Raises:
        UserError: another shape, or whole numbers.
    """
    require(model, "image_shape")
    if x.ndim != 4 or tuple(x.shape[1:]) != model.image_shape:
        wanted = ", ".join(map(str, model.image_shape))
        raise UserError(
            f"this model takes images of shape (N, {wanted}), got {tuple(x.shape)} as x"
        )
    if not x.is_floating_point():
        raise UserError(
            f"images are float in [0, 1], got {x.dtype} as x; divide uint8 pixels by 255"
        )
    return x.to(device_of(model), _dtype_of(model, x))


def _dtype_of(model: ImageModel, x: Tensor) -> torch.dtype:
    """That of its weights, float32 as a rule; of x if it has none."""
    weights = model.parameters() if isinstance(model, nn.Module) else iter(())
    return next(weights, x).dtype


def latents_for(model: Any, z: Tensor) -> Tensor:
    """Latents on the model's device, if they have its number of dimensions.

    Raises:
        UserError: another shape.
    """
    require(model, "latent_dim")
    if z.ndim != 2 or z.shape[1] != model.latent_dim:
        raise UserError(
            f"this model takes latents of shape (N, {model.latent_dim}), got {tuple(z.shape)} as z"
        )
    if not z.is_floating_point():
        raise UserError(f"latents z must be float, got {z.dtype}; use .float()")
    return z.to(device_of(model))
