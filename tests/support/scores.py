"""A score made by hand, others like it, and what every score's interval must do."""
from dataclasses import replace

from vaekit.metrics import Score

FID = Score(
    metric="FID",
    value=12.34,
    low=11.5,
    high=13.2,
    n=1000,
    floor=0.8,
    features="fashion",
    weights="1a2b3c4d",
    reference="10,000 images 5e6f7a8b",
    note="tiny",
)


def like_fid(**changes):
    return replace(FID, **changes)


def check_interval(score):
    """The interval holds the score."""
    assert score.low <= score.value
    assert score.value <= score.high


def check_interval_around(score):
    """The interval has room on both sides of the score."""
    assert score.low < score.value
    assert score.value < score.high
