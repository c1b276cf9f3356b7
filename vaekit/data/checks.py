"""What images, labels and attributes must be."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..errors import UserError, at_least, brief, pick


def check_images(x: Tensor, what: str = "images") -> Tensor:
    """`x`, if it is float and within [0, 1]; else a UserError that says which value is not.

    Images are float32 in [0, 1] everywhere outside a model. A Bernoulli likelihood of a pixel at
    −1 or 255 means nothing, yet trains without a complaint.

    Args:
        what: what to call the images in an error.
    """
    check_dense(x, what)
    if not x.is_floating_point():
        raise UserError(
            f"{what} must be float in [0, 1], got {x.dtype}; divide uint8 pixels by 255"
        )
    if x.numel() == 0:
        raise UserError(f"{what} must be at least one image, got shape {tuple(x.shape)}")

    lowest, highest = x.detach().aminmax()
    low = lowest.item()
    high = highest.item()

    # not written as `low < 0 or high > 1`, which is false for NaN
    if not (low >= 0 and high <= 1):
        raise UserError(
            f"{what} must lie in [0, 1], got values from {low:.3g} to {high:.3g}; "
            "rescale them first"
        )
    return x


def as_floats(pixels: Tensor, what: str = "images") -> Tensor:
    """Pixels of any shape as they are measured, float32 in [0, 1].

    Args:
        pixels: uint8, as they are stored, or of any float dtype in [0, 1].
        what: what to call them in an error.
    Raises:
        UserError: another dtype, none, values outside [0, 1] or NaN.
    """
    check_dense(pixels, what)
    if pixels.dtype == torch.uint8:
        pixels = pixels.float().div_(255)
    return check_images(pixels, what).float()


def check_dense(x: Tensor, what: str = "images") -> None:
    """torch stores `x` value by value, or a UserError: few operations take the others.

    Args:
        what: what to call the tensor in an error.
    """
    if x.is_nested:
        raise UserError(f"{what} must be one dense tensor, got a nested one; use torch.stack")
    if x.layout != torch.strided:
        layout = str(x.layout).removeprefix("torch.")
        raise UserError(f"{what} must be a dense tensor, got {layout}; use .to_dense()")


def check_labels(y: np.ndarray | Tensor, classes: int, where: str = "labels") -> None:
    """Labels lie in 0 … classes − 1, or a UserError names the first that does not.

    Args:
        y: (N,), of an integer dtype.
        where: what to call the labels in the error.
    """
    at_least("classes", classes, 1)
    if y.ndim != 1 or not is_whole(y):
        raise UserError(f"{where} must be a row y of whole numbers, got {brief(y)}")

    bad = (y < 0) | (y >= classes)
    if bad.any():
        first = bad.tolist().index(True)
        raise UserError(
            f"{where} must lie in 0 … {classes - 1}, got {int(y[first])} at position {first}"
        )


def check_attributes(c: Tensor) -> Tensor:
    """`c`, if it holds nothing but 0 and 1; else a UserError that names the first other value."""
    other = c[(c != 0) & (c != 1)]
    if len(other):
        raise UserError(f"attributes are 0 or 1, got {other[0].item():g}; CelebA's −1 means 0")
    return c


def check_chosen(names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """`names`, if they are attributes out of `known`, at least one, none of them twice.

    Raises:
        UserError: they are not.
    """
    if not known:
        raise UserError("known must hold at least one attribute, got none")
    if not names:
        raise UserError(f"attributes must hold at least one of {', '.join(known)}, got none")
    for name in names:
        pick("attribute", name, known)
    check_names("attributes", names)
    return tuple(names)


def check_index(index: Tensor, x: Tensor) -> None:
    """`index` chooses among the images `x`, or a UserError says what is wrong with it.

    Args:
        index: positions (n,), or a mask (N,).
        x: (N, C, H, W).
    """
    # uint8 would be taken for a mask
    is_position = index.dtype in (torch.int64, torch.int32)
    if index.ndim != 1 or not (is_position or index.dtype == torch.bool):
        raise UserError(
            f"index must be a slice, positions (n,) or a mask ({len(x)},), got {brief(index)}"
        )
    if index.device not in (torch.device("cpu"), x.device):
        raise UserError(
            f"index lies on {index.device}, but the images on {x.device}; "
            "move it to their device"
        )


def check_names(what: str, names: Sequence[str]) -> None:
    """No name stands twice, or a UserError says so.

    Args:
        what: what to call the names in the error.
    """
    if len(set(names)) < len(names):
        raise UserError(f"{what} must differ from one another, got {brief(names)}")


def is_whole(values: np.ndarray | Tensor) -> bool:
    """Whole numbers by their dtype, which bool is not."""
    if isinstance(values, np.ndarray):
        return bool(np.issubdtype(values.dtype, np.integer))
    is_number = not values.is_floating_point() and not values.is_complex()
    return is_number and values.dtype != torch.bool
