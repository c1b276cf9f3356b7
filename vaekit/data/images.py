"""Images in memory: one tensor holds a whole data set, and a batch is an index into it.

At 28×28 that is several times faster than a DataLoader, which fetches, transforms and collates
image by image (benchmarks/training_speed.py).
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..contracts import Shape
from ..device import pick_device, seeded
from ..errors import UserError, at_least, brief, check_seed, pick
from .checks import (
    check_attributes,
    check_chosen,
    check_dense,
    check_images,
    check_index,
    check_labels,
    check_names,
    is_whole,
)


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Images and labels in memory: at least one image.

    Attributes:
        x: (N, C, H, W), uint8, or float32 in [0, 1]. Read it through `images()`, which always
            gives float32 in [0, 1].
        y: (N,) int64, positions in `classes`; or attributes, (N, A) of 0 and 1, one column for
            each of `classes`; or (N, 0) where there are no labels.
        classes: the names of the classes or attributes, kept as a tuple; empty where there are no
            labels.
        name: what the images are; a choice of them (`only`, `per_class`, `split`) adds to it.
        factors: (N, F) int64, what an image was drawn from, where that is known (`data.shapes`).
        factor_names: the names of the columns of `factors`.
    Raises:
        UserError: no image, images of another shape or outside [0, 1], labels or factors that do
            not fit the images, a label that is no position in `classes`, an attribute not 0 or 1,
            tensors on several devices.
    """

    x: Tensor
    y: Tensor
    classes: Sequence[str] = tuple("0123456789")
    name: str = "images"
    factors: Tensor | None = None
    factor_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "factor_names", tuple(self.factor_names))
        self._check_images()
        self._check_labels()
        self._check_factors()
        # whole numbers of any size are labels, but torch indexes with int64 only
        if self.labelled and not self._has_attributes:
            object.__setattr__(self, "y", self.y.long())

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        size = "×".join(map(str, self.shape))
        kind = "attributes" if self._has_attributes else "classes"
        labels = f"{len(self.classes)} {kind}" if self.labelled else "no labels"
        return f"ImageSet({self.name}: {len(self):,} images of {size}, {labels})"

    @property
    def labelled(self) -> bool:
        """False for images alone, of which no class or attribute is known."""
        return len(self.classes) > 0

    @property
    def shape(self) -> Shape:
        """(C, H, W) of one image."""
        channels, height, width = self.x.shape[1:]
        return channels, height, width

    def images(self, index: slice | Tensor = slice(None)) -> Tensor:
        """Some images, or all: float32 in [0, 1], (n, C, H, W).

        Args:
            index: a slice, positions (n,), or a mask (N,).
        Raises:
            UserError: an index of another kind or shape, or out of range.
        """
        if isinstance(index, Tensor):
            check_index(index, self.x)
        try:
            x = self.x[index]
        except (IndexError, TypeError, ValueError) as error:
            raise UserError(
                f"index must choose among {len(self)} images, got {brief(index)} ({error})"
            ) from error

        if x.dtype == torch.uint8:
            return x.float().div_(255)
        return x.float()

    def batches(
        self,
        size: int,
        *,
        shuffle: bool = False,
        generator: torch.Generator | None = None,
    ) -> Iterator[tuple[Tensor, Tensor | None]]:
        """(images, labels), one batch after the other; the last one may be smaller.

        In place of the labels there is None where the images have none.

        Args:
            size: images in a batch.
            shuffle: draw the order from `generator`, or from torch's own state.
        Raises:
            UserError: size < 1.
        """
        size = at_least("batch_size", size, 1)

        if shuffle:
            device = None if generator is None else generator.device
            order = torch.randperm(len(self), generator=generator, device=device)
        else:
            order = torch.arange(len(self))
        return self._in_order(order.to(self.x.device), size)

    def _in_order(self, order: Tensor, size: int) -> Iterator[tuple[Tensor, Tensor | None]]:
        for index in order.split(size):
            yield self.images(index), self.y[index] if self.labelled else None

    def to(self, device: torch.device | str) -> ImageSet:
        """The same images on another device.

        Args:
            device: "auto", "cuda", "cuda:0", "mps" or "cpu".
        Raises:
            UserError: a device that torch does not know, or does not see on this machine.
        """
        device = pick_device(str(device))
        factors = None if self.factors is None else self.factors.to(device)
        return replace(self, x=self.x.to(device), y=self.y.to(device), factors=factors)

    def first(self, limit: int) -> ImageSet:
        """The first `limit` images, in the stored order (all of them if there are fewer)."""
        return self._take(slice(at_least("limit", limit, 1)))

    def only(self, *classes: str) -> ImageSet:
        """The images of the named classes; labels keep their meaning.

        Raises:
            UserError: no class, an unknown class, a class without images, images without classes.
        """
        self._require_classes()
        if not classes:
            known = ", ".join(self.classes)
            raise UserError(f"classes must hold at least one of {known}, got none")

        wanted = [self.classes.index(pick("class", name, self.classes)) for name in classes]
        chosen = torch.isin(self.y, torch.tensor(wanted, device=self.y.device))
        choice = f"only {', '.join(classes)}"
        if not chosen.any():
            raise UserError(
                f"{choice} leaves no image of the {len(self)} of {self.name}; "
                "choose other classes, or take more images"
            )
        return self._take(chosen, choice)

    def with_attributes(self, *names: str) -> ImageSet:
        """The same images with these attributes alone, in this order.

        Raises:
            UserError: no name, an unknown one, one that stands twice, images without attributes.
        """
        if not self._has_attributes or not self.labelled:
            kind = f"the classes {', '.join(self.classes)}" if self.labelled else "no labels"
            raise UserError(
                f"{self.name} has {brief(kind)[1:-1]}, and no attributes; "
                "load faces or celeba, or leave attributes out"
            )
        columns = [self.classes.index(each) for each in check_chosen(names, self.classes)]
        name = f"{self.name}, attributes {', '.join(names)}"
        return replace(self, y=self.y[:, columns], classes=names, name=name)

    def per_class(self, number: int) -> ImageSet:
        """The first `number` images of each class, in the stored order.

        Of a class that has fewer, all of them.

        Raises:
            UserError: number < 1, or images without classes.
        """
        self._require_classes()
        at_least("number of images per_class", number, 1)

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
            UserError: a share that leaves either side empty, seed < 0.
        """
        check_seed(seed)
        held_out = round(share * len(self)) if 0 < share < 1 else 0
        if not 0 < held_out < len(self):
            raise UserError(
                "a validation split needs images on both sides, but a share of "
                f"{brief(share)} of {len(self)} leaves none on one; choose another share"
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
        if not self.labelled:
            raise UserError("these images have no labels; make an ImageSet with y and classes")
        if self._has_attributes:
            raise UserError(
                "an image with attributes has no single class; "
                "choose images by a column of y instead"
            )

    def _check_images(self) -> None:
        check_dense(self.x)
        if self.x.ndim != 4 or self.x.numel() == 0:
            raise UserError(
                "images have shape (N, C, H, W) with at least one image, "
                f"got x of shape {tuple(self.x.shape)}"
            )
        if self.x.dtype != torch.uint8:
            check_images(self.x)

    def _check_labels(self) -> None:
        check_names("classes", self.classes)
        self._check_device("y", self.y)
        one_class_each = (len(self.x),)
        columns = (len(self.x), len(self.classes))
        if self.y.shape not in (one_class_each, columns):
            raise UserError(
                f"one label per image is needed: {len(self.x)} images, "
                f"labels y of shape {tuple(self.y.shape)}"
            )
        if self._has_attributes:
            check_attributes(self.y)
        else:
            check_labels(self.y, len(self.classes))

    def _check_factors(self) -> None:
        check_names("factor_names", self.factor_names)
        shape = None if self.factors is None else tuple(self.factors.shape)
        expected = (len(self.x), len(self.factor_names))
        if shape is None and not self.factor_names:
            return
        if self.factors is None or shape != expected or not is_whole(self.factors):
            raise UserError(
                "factors must be whole numbers, one row per image and one column per name in "
                f"factor_names, got {'none' if self.factors is None else brief(self.factors)} "
                f"for {len(self.x)} images and {len(self.factor_names)} names"
            )
        self._check_device("factors", self.factors)

    def _check_device(self, what: str, values: Tensor) -> None:
        if values.device != self.x.device:
            raise UserError(
                f"the images lie on {self.x.device}, but {what} on {values.device}; "
                "move them to one device"
            )


def as_image_set(images: ImageSet | Tensor) -> ImageSet:
    """An ImageSet as it is; a tensor of images as a set without labels.

    Args:
        images: a set, or a tensor (N, C, H, W), uint8 or of any float dtype in [0, 1].
    """
    if isinstance(images, ImageSet):
        return images
    check_dense(images)
    no_labels = torch.zeros(images.shape[:1] + (0,), dtype=torch.int64, device=images.device)
    return ImageSet(images, no_labels, ())


def as_tensor(images: ImageSet | Tensor) -> Tensor:
    """Images as they are measured, (N, C, H, W) float32 in [0, 1], of a set or a tensor.

    Args:
        images: a set, or a tensor (N, C, H, W), uint8 or of any float dtype in [0, 1].
    """
    return as_image_set(images).images()


def image_set(what: str, images: Tensor | ImageSet) -> ImageSet:
    """`images` as an ImageSet, checked: (N, C, H, W), at least one, within [0, 1], no NaN.

    A tensor may be uint8, as stored pixels are, or of any float dtype.

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
    check_dense(images, what)
    if images.ndim != 4 or images.numel() == 0:
        raise UserError(
            f"{what} must be images of shape (N, C, H, W) with N ≥ 1, got {tuple(images.shape)}"
        )
    if images.dtype != torch.uint8:
        check_images(images, what)
    return as_image_set(images)
