"""A score made by hand, and others like it."""
from dataclasses import replace

from vaekit.metrics import Score

FID = Score(
    "FID",
    12.34,
    11.5,
    13.2,
    1000,
    0.8,
    features="fashion",
    weights="1a2b3c4d",
    note="reference 10,000",
)


def like_fid(**changes):
    return replace(FID, **changes)
