"""The images of a run, checked and on its device: those to train on, those held out."""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..data.images import ImageSet, as_image_set
from ..models.base import ImageModel
from .refusals import check_images


class Part(NamedTuple):
    """A set of images on the device; a plain tensor of them has no labels."""

    images: ImageSet
    has_labels: bool

    def __len__(self) -> int:
        return len(self.images)

    def shuffled(
        self, size: int, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor | None]]:
        """(images, labels or None), one batch after the other, in a random order."""
        for x, c in self.images.batches(size, shuffle=True, generator=generator):
            yield x, c if self.has_labels else None

    def in_order(
        self, size: int, *, full: bool = False
    ) -> Iterator[tuple[Tensor, Tensor | None, int]]:
        """(images, labels or None, how many of them, from the end, count) in the stored order.

        Args:
            full: fill the last batch up with the images before it, which do not count again.
        """
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            first = max(0, stop - size) if full else start
            rows = slice(first, stop)
            labels = self.images.y[rows] if self.has_labels else None
            yield self.images.images(rows), labels, stop - start


def part_of(
    model: ImageModel, name: str, images: ImageSet | Tensor, device: torch.device
) -> Part:
    """Images that the model can be trained on or measured with, on the device.

    Args:
        name: what the caller calls them, "train" say.
    Raises:
        UserError: none, images of another shape than the model's or outside [0, 1], or without the
            labels that the model needs.
    """
    check_images(model, name, images)
    return Part(as_image_set(images).to(device), isinstance(images, ImageSet))
