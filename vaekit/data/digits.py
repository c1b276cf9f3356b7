"""scikit-learn's digits, enlarged so that every 28×28 model of the labs takes them."""
from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from ..errors import pick
from .images import ImageSet
from .sources import DIGITS

# of 1,797; the other 360 are the test set
TRAIN = 1_437


def digits(split: str = "train") -> ImageSet:
    """1,437 digits to train on ("train"), or 360 to test on ("test"), 1×28×28.

    The stored 8×8 pixels are enlarged to 24×24 and padded to 28×28.

    Raises:
        UserError: unknown split.
    """
    pick("split", split, ("train", "test"))
    from sklearn.datasets import load_digits

    stored = load_digits()
    small = torch.from_numpy(stored.images).float().unsqueeze(1) / 16
    large = F.interpolate(small, scale_factor=3, mode="bilinear", align_corners=False)
    x = F.pad(large, (2, 2, 2, 2)).mul(255).round().byte()
    y = torch.from_numpy(stored.target.astype(np.int64))

    part = slice(None, TRAIN) if split == "train" else slice(TRAIN, None)
    return ImageSet(x[part], y[part], DIGITS, "digits")
