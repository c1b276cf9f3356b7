"""Make fashion.npz, the built-in sample, from the complete Fashion-MNIST. Usage: python data/make_fashion.py"""
from pathlib import Path

import numpy as np

from vaekit import data
from vaekit.files import atomic

PER_CLASS = {"train": 1_000, "test": 200}

arrays = {}
for split, count in PER_CLASS.items():
    full = data.load("fashion_full", split)
    x, y = full.x[:, 0].numpy(), full.y.numpy().astype(np.uint8)
    keep = np.sort(np.concatenate([np.flatnonzero(y == label)[:count] for label in range(10)]))     # sorted: the published order
    arrays |= {f"x_{split}": x[keep], f"y_{split}": y[keep]}
with atomic(Path(__file__).parent / "fashion.npz") as temporary:
    np.savez_compressed(temporary, **arrays)
