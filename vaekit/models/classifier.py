"""A small classifier: the feature network behind FID and KID, and the judge of class consistency."""
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..errors import at_least
from .autoencoder import images_for


class Classifier(nn.Module):
    """28×28 grey images → 64 features → 10 classes, about 100,000 weights.

    The features are taken before the last ReLU: there they spread on both sides of 0, closer to the Gaussian that FID assumes.
    """

    image_shape = (1, 28, 28)

    def __init__(self, classes: int = 10, features: int = 64):
        super().__init__()
        self.num_features = self.latent_dim = at_least("features", features, 1)
        self.body = nn.Sequential(
            *_block(1, 16), nn.MaxPool2d(2),                                # 28×28 → 14×14
            *_block(16, 32), nn.MaxPool2d(2),                               # 14×14 → 7×7
            *_block(32, 64), *_block(64, 64), nn.MaxPool2d(2),              # 7×7 → 3×3
            nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 3 * 3, features),
        )
        self.head = nn.Linear(features, at_least("classes", classes, 2))

    def features(self, x: Tensor) -> Tensor:
        """What FID and KID compare: images (N, 1, 28, 28) in [0, 1] → (N, features)."""
        return self.body(images_for(self, x))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the classes, (N, classes)."""
        return self.head(F.relu(self.features(x)))

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """The most likely class of each image, (N,)."""
        return torch.cat([self(part).argmax(1) for part in x.split(1000)])


def _block(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
