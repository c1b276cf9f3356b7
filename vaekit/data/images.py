"""Images in memory: one tensor for a whole data set, and a batch is an index into it.

At 28×28 that is several times faster than a DataLoader, which fetches, transforms and collates image by image (benchmarks/training_speed.py).
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..errors import UserError, at_least, pick
from ..files import check_labels


@dataclass(frozen=True, repr=False)
class ImageSet:
    """Images and labels in memory.

    Attributes:
        x: (N, C, H, W), uint8, or float32 in [0, 1]. Read it through `images()`, which always gives float32 in [0, 1].
        y: (N,) int64, positions in `classes`; or attributes, (N, A) of 0 and 1, one column each of `classes`.
        factors: (N, F) int64, what an image was drawn from, where that is known (`data.shapes`); `factor_names` names the columns.
    """

    x: Tensor
    y: Tensor
    classes: tuple[str, ...] = tuple("0123456789")
    name: str = "images"
    factors: Tensor | None = None
    factor_names: tuple[str, ...] = ()

    def __post_init__(self):
        if self.x.ndim != 4:
            raise UserError(f"images have shape (N, C, H, W), got {tuple(self.x.shape)}")
        if self.y.shape not in ((len(self.x),), (len(self.x), len(self.classes))):
            raise UserError(f"one label an image is needed: {len(self.x)} images, labels of shape {tuple(self.y.shape)}")
        if self.x.dtype != torch.uint8:
            check_images(self.x)
        check_attributes(self.y) if self.y.ndim == 2 else check_labels(self.y, len(self.classes))
        if self.factors is not None and self.factors.shape != (len(self.x), len(self.factor_names)):
            raise UserError(f"factors are one row an image and one column a name, got {tuple(self.factors.shape)} for {len(self.x)} images "
                            f"and {len(self.factor_names)} names")

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        labels = "attributes" if self.y.ndim == 2 else "classes"
        return f"ImageSet({self.name}: {len(self):,} images of {'×'.join(map(str, self.shape))}, {len(self.classes)} {labels})"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        return tuple(self.x.shape[1:])

    def images(self, index=slice(None)) -> Tensor:
        """Some images, or all: float32 in [0, 1], (n, C, H, W)."""
        x = self.x[index]
        return x.float().div_(255) if x.dtype == torch.uint8 else x.float()

    def to(self, device) -> ImageSet:
        return replace(self, x=self.x.to(device), y=self.y.to(device), factors=None if self.factors is None else self.factors.to(device))

    def first(self, limit: int) -> ImageSet:
        """The first `limit` images, in the stored order (all of them if there are fewer)."""
        return self._take(slice(at_least("limit", limit, 1)))

    def only(self, *names: str) -> ImageSet:
        """The images of the named classes; labels keep their meaning."""
        self._single_class()
        wanted = torch.tensor([self.classes.index(pick("class", name, self.classes)) for name in names], device=self.y.device)
        return self._take(torch.isin(self.y, wanted), f"only {', '.join(names)}")

    def per_class(self, number: int) -> ImageSet:
        """The first `number` images of each class, in the stored order (all of a class that has fewer)."""
        self._single_class()
        at_least("number", number, 1)
        index = torch.cat([(self.y == label).nonzero().flatten()[:number] for label in range(len(self.classes))]).sort().values
        return self._take(index, f"{number} a class")

    def split(self, share: float, *, seed: int = 0) -> tuple[ImageSet, ImageSet]:
        """(the rest, a random share of the images): what to train on and what to validate on. The same seed makes the same cut.

        Raises:
            UserError: a share that leaves either side empty.
        """
        held = round(share * len(self)) if 0 < share < 1 else 0
        if not 0 < held < len(self):
            raise UserError(f"a validation split needs images on both sides; {share} of {len(self)} leaves none on one")
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed)).to(self.y.device)
        return tuple(self._take(index.sort().values, which) for index, which in ((order[held:], "training part"), (order[:held], "validation part")))

    def _single_class(self) -> None:
        if self.y.ndim == 2:
            raise UserError("an image with attributes has no single class; choose images by a column of y instead")

    def _take(self, index, which: str = "") -> ImageSet:
        """Some of the images; what was chosen enters the name, so that a checkpoint of other images is not taken for one of these."""
        return replace(self, x=self.x[index], y=self.y[index], factors=None if self.factors is None else self.factors[index],
                       name=f"{self.name}, {which}" if which else self.name)

    def batches(self, size: int, *, shuffle: bool = False, generator: torch.Generator | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """(images, labels) a batch at a time; the last one may be smaller."""
        size = at_least("batch_size", size, 1)
        order = torch.randperm(len(self), generator=generator) if shuffle else torch.arange(len(self))
        for index in order.to(self.x.device).split(size):
            yield self.images(index), self.y[index]


def check_images(x: Tensor) -> Tensor:
    """`x`, if it is float and within [0, 1]; else a UserError that says which value is not.

    Images are float32 in [0, 1] everywhere outside a model. A Bernoulli likelihood of a pixel at −1 or 255 means nothing, yet trains silently.
    """
    if not x.is_floating_point():
        raise UserError(f"images are float in [0, 1], got {x.dtype}; divide uint8 pixels by 255")
    low, high = (v.item() for v in x.detach().aminmax())
    if not (low >= 0 and high <= 1):                       # written so that NaN is refused too
        raise UserError(f"images must lie in [0, 1], got values from {low:.3g} to {high:.3g}; rescale them first")
    return x


def check_attributes(c: Tensor) -> Tensor:
    """`c`, if it holds nothing but 0 and 1; else a UserError that names the first other value."""
    other = c[(c != 0) & (c != 1)]
    if len(other):
        raise UserError(f"attributes are 0 or 1, got {other[0].item():g}; CelebA's −1 means 0")
    return c


def as_image_set(images: ImageSet | Tensor) -> ImageSet:
    """An ImageSet as it is; a tensor of images (N, C, H, W), uint8 or in [0, 1], as a set without classes."""
    if isinstance(images, ImageSet):
        return images
    return ImageSet(images, torch.zeros(len(images), dtype=torch.int64), ("image",))


def as_tensor(images: ImageSet | Tensor) -> Tensor:
    """Float images (N, C, H, W), checked to lie in [0, 1], of a set or a tensor."""
    return images.images() if isinstance(images, ImageSet) else check_images(images)


def image_set(what: str, images: Tensor | ImageSet) -> ImageSet:
    """`images` as an ImageSet, checked: (N, C, H, W), at least one, within [0, 1], no NaN."""
    if not isinstance(images, (Tensor, ImageSet)):
        raise UserError(f"{what} must be a tensor of images (N, C, H, W) in [0, 1] or an ImageSet, got {type(images).__name__}")
    if isinstance(images, Tensor) and (images.ndim != 4 or images.numel() == 0):
        raise UserError(f"{what} must be images of shape (N, C, H, W) with N ≥ 1, got {tuple(images.shape)}")
    return as_image_set(images)
