"""Make fashion.npz, the built-in sample, from the complete Fashion-MNIST.

Usage: python data/make_fashion.py
"""
from pathlib import Path

import numpy as np

from vaekit import data
from vaekit.data.npz import write_npz

PER_CLASS = {"train": 1_000, "test": 200}


def main(folder: Path = Path(__file__).parent) -> None:
    arrays = {}
    for split, count in PER_CLASS.items():
        # the first of each class, in the published order
        images = data.load("fashion_full", split).per_class(count)
        arrays[f"x_{split}"] = images.x[:, 0].numpy()
        arrays[f"y_{split}"] = images.y.numpy().astype(np.uint8)

    write_npz(folder / "fashion.npz", arrays)


if __name__ == "__main__":
    main()
