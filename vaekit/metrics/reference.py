"""Which images a score was measured against, as a few characters that tell sets apart."""
from __future__ import annotations

import hashlib

from torch import Tensor

from ..data.images import ImageSet
from ..errors import at_least

# images at a time: bytes become four times as many as floats
CHUNK = 1000


def reference_of(images: Tensor | ImageSet) -> str:
    """The number of images and a fingerprint of their values: "10,000 images 1a2b3c4d".

    It is the same for a set in another order, on another device, or stored as bytes.

    Args:
        images: (N, …), or an ImageSet.
    Raises:
        UserError: no images.
    """
    at_least("the number of images", len(images), 1)

    digests = []
    for start in range(0, len(images), CHUNK):
        chosen = slice(start, start + CHUNK)
        part = images.images(chosen) if isinstance(images, ImageSet) else images[chosen]
        rows = part.detach().cpu().float().flatten(1).numpy()
        digests += [hashlib.sha256(row.tobytes()).digest() for row in rows]

    # sorted, because the order of the images changes no score
    whole = hashlib.sha256(b"".join(sorted(digests))).hexdigest()
    return f"{len(images):,} images {whole[:8]}"
