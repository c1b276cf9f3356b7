"""Images in memory: one tensor holds a whole data set, and a batch is an index into it.

At 28×28 that is several times faster than a DataLoader, which fetches, transforms and collates
image by image (benchmarks/training_speed.py).
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..contracts import Shape
from ..device import seeded
from ..errors import UserError, at_least, pick


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Images and labels in memory.

    Attributes:
        x: (N, C, H, W), uint8, or float32 in [0, 1]. Read it through `images()`, which always
            gives float32 in [0, 1].
        y: (N,) int64, positions in `classes`; or attributes, (N, A) of 0 and 1, one column for
            each of `classes`.
        classes: the names of the classes or attributes.
        name: what the images are; a choice of them (`only`, `per_class`, `split`) adds to it.
        factors: (N, F) int64, what an image was drawn from, where that is known (`data.shapes`).
        factor_names: the names of the columns of `factors`.
    Raises:
        UserError: images of another shape or outside [0, 1], labels or factors that do not fit
            the images, a label that is no position in `classes`, an attribute not 0 or 1.
    """

    x: Tensor
    y: Tensor
    classes: tuple[str, ...] = tuple("0123456789")
    name: str = "images"
    factors: Tensor | None = None
    factor_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_images()
        self._check_labels()
        self._check_factors()

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        size = "×".join(map(str, self.shape))
        kind = "attributes" if self._has_attributes else "classes"
        return f"ImageSet({self.name}: {len(self):,} images of {size}, {len(self.classes)} {kind})"

    @property
    def shape(self) -> Shape:
        """(C, H, W) of one image."""
        channels, height, width = self.x.shape[1:]
        return channels, height, width

    def images(self, index: slice | Tensor = slice(None)) -> Tensor:
        """Some images, or all: float32 in [0, 1], (n, C, H, W)."""
        x = self.x[index]
        if x.dtype == torch.uint8:
            return x.float().div_(255)
        return x.float()

    def batches(
        self,
        size: int,
        *,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """(images, labels), one batch after the other; the last one may be smaller."""
        size = at_least("batch_size", size, 1)

        if shuffle:
            order = torch.randperm(len(self), generator=generator)
        else:
            order = torch.arange(len(self))

        for index in order.to(self.x.device).split(size):
            yield self.images(index), self.y[index]

    def to(self, device: torch.device | str) -> ImageSet:
        """The same images on another device."""
        factors = None if self.factors is None else self.factors.to(device)
        return replace(self, x=self.x.to(device), y=self.y.to(device), factors=factors)

    def first(self, limit: int) -> ImageSet:
        """The first `limit` images, in the stored order (all of them if there are fewer)."""
        return self._take(slice(at_least("limit", limit, 1)))

    def only(self, *names: str) -> ImageSet:
        """The images of the named classes; labels keep their meaning.

        Raises:
            UserError: an unknown class, or images with attributes.
        """
        self._require_classes()
        wanted = [self.classes.index(pick("class", name, self.classes)) for name in names]
        chosen = torch.isin(self.y, torch.tensor(wanted, device=self.y.device))
        return self._take(chosen, f"only {', '.join(names)}")

    def per_class(self, number: int) -> ImageSet:
        """The first `number` images of each class, in the stored order.

        Of a class that has fewer, all of them.

        Raises:
            UserError: number < 1, or images with attributes.
        """
        self._require_classes()
        at_least("number", number, 1)

        chosen = []
        for label in range(len(self.classes)):
            positions = (self.y == label).nonzero().flatten()
            chosen.append(positions[:number])

        index = torch.cat(chosen).sort().values
        return self._take(index, f"{number} a class")

    def split(self, share: float, *, seed: int = 0) -> tuple[ImageSet, ImageSet]:
        """(the rest, a random share of the images): one to train on, one to validate on.

        The same seed makes the same cut.

        Raises:
            UserError: a share that leaves either side empty.
        """
        held_out = round(share * len(self)) if 0 < share < 1 else 0
        if not 0 < held_out < len(self):
            raise UserError(
                "a validation split needs images on both sides; "
                f"{share} of {len(self)} leaves none on one"
            )

        order = torch.randperm(len(self), generator=seeded(seed)).to(self.y.device)
        rest = order[held_out:].sort().values
        held = order[:held_out].sort().values
        return self._take(rest, "training part"), self._take(held, "validation part")

    def _take(self, index: slice | Tensor, choice: str = "") -> ImageSet:
        """Some of the images.

        The choice enters the name: a checkpoint records the name of the images it was trained
        on, so it is not taken for one of other images.
        """
        return replace(
            self,
            x=self.x[index],
            y=self.y[index],
            factors=None if self.factors is None else self.factors[index],
            name=f"{self.name}, {choice}" if choice else self.name,
        )

    @property
    def _has_attributes(self) -> bool:
        return self.y.ndim == 2

    def _require_classes(self) -> None:
        if self._has_attributes:
            raise UserError(
                "an image with attributes has no single class; "
                "choose images by a column of y instead"
            )

    def _check_images(self) -> None:
        if self.x.ndim != 4:
            raise UserError(f"images have shape (N, C, H, W), got {tuple(self.x.shape)}")
        if self.x.dtype != torch.uint8:
            check_images(self.x)

    def _check_labels(self) -> None:
        one_class_each = (len(self.x),)
        attributes = (len(self.x), len(self.classes))
        if self.y.shape not in (one_class_each, attributes):
            raise UserError(
                f"one label per image is needed: {len(self.x)} images, "
                f"labels of shape {tuple(self.y.shape)}"
            )
        if self._has_attributes:
            check_attributes(self.y)
        else:
            check_labels(self.y, len(self.classes))

    def _check_factors(self) -> None:
        if self.factors is None:
            return
        if self.factors.shape != (len(self.x), len(self.factor_names)):
            raise UserError(
                "factors are one row per image and one column per name, "
                f"got {tuple(self.factors.shape)} for {len(self.x)} images "
                f"and {len(self.factor_names)} names"
            )


def check_images(x: Tensor) -> Tensor:
    """`x`, if it is float and within [0, 1]; else a UserError that says which value is not.

    Images are float32 in [0, 1] everywhere outside a model. A Bernoulli likelihood of a pixel at
    −1 or 255 means nothing, yet trains without a complaint.
    """
    if not x.is_floating_point():
        raise UserError(f"images are float in [0, 1], got {x.dtype}; divide uint8 pixels by 255")

    lowest, highest = x.detach().aminmax()
    low = lowest.item()
    high = highest.item()

    # not written as `low < 0 or high > 1`, which is false for NaN
    if not (low >= 0 and high <= 1):
        raise UserError(
            f"images must lie in [0, 1], got values from {low:.3g} to {high:.3g}; "
            "rescale them first"
        )
    return x


def check_labels(y: np.ndarray | Tensor, classes: int, where: str = "labels") -> None:
    """Labels lie in 0 … classes − 1, or a UserError names the first that does not.

    Args:
        where: what to call the labels in the error.
    """
    bad = (y < 0) | (y >= classes)
    if bad.any():
        first = int(np.flatnonzero(np.asarray(bad))[0])
        raise UserError(
            f"{where} must lie in 0 … {classes - 1}, got {int(y[first])} at position {first}"
        )


def check_attributes(c: Tensor) -> Tensor:
    """`c`, if it holds nothing but 0 and 1; else a UserError that names the first other value."""
    other = c[(c != 0) & (c != 1)]
    if len(other):
        raise UserError(f"attributes are 0 or 1, got {other[0].item():g}; CelebA's −1 means 0")
    return c


def as_image_set(images: ImageSet | Tensor) -> ImageSet:
    """An ImageSet as it is; a tensor of images as a set without classes.

    Args:
        images: a set, or a tensor (N, C, H, W), uint8 or in [0, 1].
    """
    if isinstance(images, ImageSet):
        return images
    labels = torch.zeros(len(images), dtype=torch.int64)
    return ImageSet(images, labels, ("image",))


def as_tensor(images: ImageSet | Tensor) -> Tensor:
    """Float images (N, C, H, W), checked to lie in [0, 1], of a set or a tensor."""
    if isinstance(images, ImageSet):
        return images.images()
    return check_images(images)


def image_set(what: str, images: Tensor | ImageSet) -> ImageSet:
    """`images` as an ImageSet, checked: (N, C, H, W), at least one, within [0, 1], no NaN.

    Args:
        what: what to call the images in an error.
    """
    if isinstance(images, ImageSet):
        return images
    if not isinstance(images, Tensor):
        raise UserError(
            f"{what} must be a tensor of images (N, C, H, W) in [0, 1] or an ImageSet, "
            f"got {type(images).__name__}"
        )
    if images.ndim != 4 or images.numel() == 0:
        raise UserError(
            f"{what} must be images of shape (N, C, H, W) with N ≥ 1, got {tuple(images.shape)}"
        )
    return as_image_set(images)
