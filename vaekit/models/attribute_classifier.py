"""A small classifier of attributes: it judges faces, and is the feature network of their FID."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..contracts import Shape
from ..device import can_be_read_freely, evaluating
from ..errors import UserError, at_least, brief
from ..losses.checks import check_range
from ..losses.description import describe_network
from .base import ImageModel, as_shape, images_for

# three strided layers and a pooling halve each side four times
SMALLEST_SIDE = 16

# images at a time: the first layer's output of a whole test set would fill gigabytes
BATCH = 500


class AttributeClassifier(ImageModel):
    """Images → 64 features → one logit for each attribute; about 126,000 weights for faces.

    The attributes do not exclude one another: each logit is a yes or no of its own, as if there
    were as many classifiers with one body. The features are taken before the last ReLU, as
    `Classifier` does.

    Args:
        attributes: number of attributes A.
        image_shape: (C, H, W), both sides at least 16.
        features: length of the vector that FID and KID compare.
    Raises:
        UserError: a number < 1, images that are too small.
    """

    def __init__(
        self,
        attributes: int,
        image_shape: Sequence[int] = (3, 64, 48),
        features: int = 64,
    ):
        super().__init__(_large_enough(image_shape))
        channels, height, width = self.image_shape
        self.num_attributes = at_least("attributes", attributes, 1)
        self.num_features = at_least("features", features, 1)
        self.body = nn.Sequential(
            # 64×48 → 32×24
            *_strided(channels, 24),
            # 32×24 → 16×12
            *_strided(24, 48),
            # 16×12 → 8×6
            *_strided(48, 64),
            # 8×6 → 4×3
            *_strided(64, 64, stride=1),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.2),
            nn.Linear(64 * _side(height) * _side(width), features),
        )
        self.head = nn.Linear(features, attributes)
        self.settings["networks"] = describe_network(self.body)
        # its convolutions then take a third less time on a CPU
        self.to(memory_format=torch.channels_last)

    def features(self, x: Tensor) -> Tensor:
        """What FID and KID compare: images (N, C, H, W) in [0, 1] → (N, features)."""
        return self.body(images_for(self, x))

    def forward(self, x: Tensor, c: Any = None) -> Tensor:
        """Logits of the attributes, (N, A); the labels c are for the objective alone."""
        return self.head(F.relu(self.features(x)))

    def probabilities(self, x: Tensor) -> Tensor:
        """p(attribute | image), (N, A), in evaluation mode and without gradient."""
        return self._measured(x, torch.sigmoid)

    def classify(self, x: Tensor) -> Tensor:
        """Which attributes each image has, (N, A) int64 of 0 and 1: probability above a half.

        In evaluation mode and without gradient.
        """
        return self._measured(x, lambda logits: (logits > 0).long())

    def _measured(self, x: Tensor, read: Callable[[Tensor], Tensor]) -> Tensor:
        x = images_for(self, x)
        if can_be_read_freely(x) and len(x):
            # of NaN, a comparison would say that an attribute is absent
            check_range(x)
        with evaluating(self):
            parts = [read(self(part)) for part in x.split(BATCH)]
        return torch.cat(parts)


def _large_enough(image_shape: Sequence[int]) -> Shape:
    """(C, H, W), if something of such images is left after the last layer."""
    shape = as_shape(image_shape)
    if min(shape[1:]) < SMALLEST_SIDE:
        raise UserError(
            f"the sides of image_shape must be at least {SMALLEST_SIDE}, got {brief(shape)}; "
            "make the images larger"
        )
    return shape


def _side(side: int) -> int:
    """What is left of a side of the image: a strided layer rounds up, the pooling down."""
    for _ in range(3):
        side = math.ceil(side / 2)
    return side // 2


def _strided(channels_in: int, channels_out: int, stride: int = 2) -> list[nn.Module]:
    """3×3, batch normalisation (which brings its own bias), ReLU: the sides are halved."""
    return [
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    ]
