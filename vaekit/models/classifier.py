"""A small classifier: the feature network behind FID, KID and class consistency."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..device import can_be_read_freely, evaluating
from ..errors import at_least
from ..losses.checks import check_range
from ..losses.description import describe_network
from .base import ImageModel, images_for


class Classifier(ImageModel):
    """28×28 grey images → 64 features → 10 classes, about 100,000 weights.

    The features are taken before the last ReLU: there they spread on both sides of 0, closer to
    the Gaussian that FID assumes.

    Args:
        classes: number of classes.
        features: length of the vector that FID and KID compare.
    Raises:
        UserError: fewer than 2 classes, or features < 1.
    """

    image_shape = (1, 28, 28)

    def __init__(self, classes: int = 10, features: int = 64):
        super().__init__(self.image_shape)
        self.num_features = at_least("features", features, 1)
        self.body = nn.Sequential(
            # 28×28 → 14×14
            *_convolution(1, 16),
            nn.MaxPool2d(2),
            # 14×14 → 7×7
            *_convolution(16, 32),
            nn.MaxPool2d(2),
            # 7×7 → 3×3
            *_convolution(32, 64),
            *_convolution(64, 64),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(64 * 3 * 3, features),
        )
        self.head = nn.Linear(features, at_least("classes", classes, 2))
        self.settings["networks"] = describe_network(self.body)

    def features(self, x: Tensor) -> Tensor:
        """What FID and KID compare: images (N, 1, 28, 28) in [0, 1] → (N, features)."""
        return self.body(images_for(self, x))

    def forward(self, x: Tensor, c: Any = None) -> Tensor:
        """Logits of the classes, (N, classes); the labels c are for the objective alone."""
        return self.head(F.relu(self.features(x)))

    def classify(self, x: Tensor) -> Tensor:
        """The most likely class of each image, (N,), in evaluation mode and without gradient."""
        x = images_for(self, x)
        if can_be_read_freely(x) and len(x):
            # of NaN, argmax would name a class
            check_range(x)
        with evaluating(self):
            # a thousand at a time: the first convolution's output of a whole test set would fill
            # 500 MB
            parts = [self(part).argmax(1) for part in x.split(1000)]
        return torch.cat(parts)


def _convolution(channels_in: int, channels_out: int) -> list[nn.Module]:
    """3×3, batch normalisation (which brings its own bias), ReLU: the size stays."""
    return [
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    ]
