"""The drawn faces of `load("faces")`: drawn on first use, then read from the cache."""
from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import torch

from ..errors import at_least, pick
from .cache import kept
from .images import ImageSet
from .size import check_size

NUMBER = {"train": 12_000, "test": 2_000}
# between two steps of the progress bar
AT_ONCE = 256


def drawn_faces(
    split: str = "train", size: tuple[int, int] = (64, 48), limit: int | None = None
) -> ImageSet:
    """12,000 drawn faces to train on ("train"), or 2,000 to test on ("test").

    Args:
        split: "train" or "test".
        size: (height, width) of the images.
        limit: the first so many; no others are drawn.
    Raises:
        UserError: unknown split, a size out of range, limit < 1.
    """
    from .faces import ATTRIBUTES, FACTORS, attributes_of, face_factors, faces

    pick("split", split, NUMBER)
    size = check_size(size)
    n = NUMBER[split] if limit is None else min(at_least("limit", limit, 1), NUMBER[split])
    # refuses a size that faces are not drawn in
    faces(1, split, size=size)

    def make() -> dict[str, np.ndarray]:
        factors = face_factors(n, split)
        x = _drawn(factors, size)
        return {"x": x, "y": attributes_of(factors).numpy(), "factors": factors.numpy()}

    made_of = {
        "data": "faces",
        "split": split,
        "n": n,
        "size": size,
        "code": _version(),
        # its functions draw
        "torch": str(torch.__version__),
    }
    found = kept(f"faces-{split}-{n}-{size[0]}x{size[1]}", made_of, make)
    return ImageSet(
        torch.from_numpy(found["x"]),
        torch.from_numpy(found["y"]),
        tuple(ATTRIBUTES),
        "faces",
        torch.from_numpy(found["factors"]),
        tuple(FACTORS),
    )


def _drawn(factors: torch.Tensor, size: tuple[int, int]) -> np.ndarray:
    """All faces, (N, 3, H, W) uint8, with a progress bar: the same as drawn at once."""
    from tqdm.auto import tqdm

    from .faces import draw_faces

    parts = []
    with tqdm(total=len(factors), desc="faces", unit="image", leave=False, delay=1) as bar:
        for some in factors.split(AT_ONCE):
            parts.append(draw_faces(some, size).numpy())
            bar.update(len(some))
    return np.concatenate(parts)


@cache
def _version() -> str:
    """The sha256 of the code that draws: no drawing of an older one is taken from the cache."""
    digest = hashlib.sha256()
    for path in sorted((Path(__file__).parent / "faces").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
