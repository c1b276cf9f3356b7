"""A score says what it is, and compares with its like only."""
import subprocess
import sys

import pytest
import torch
from support.scores import FID, like_fid
from torch import nn

from vaekit import metrics
from vaekit.errors import UserError
from vaekit.metrics import Score


def test_repr_is_one_line_that_says_it_all():
    facts = (
        "n = 1,000; floor 0.8; reference 10,000 images 5e6f7a8b; features fashion 1a2b3c4d; tiny"
    )
    assert repr(FID) == f"FID 12.3 [11.5, 13.2] ({facts})"

    plain = Score(metric="SSIM", value=0.5, low=0.4, high=0.6, n=10, unit="per image")
    assert repr(plain) == "SSIM 0.5 [0.4, 0.6] per image (n = 10)"


def test_a_score_is_made_by_keywords_only():
    """low and high by position are soon exchanged."""
    with pytest.raises(TypeError, match="positional"):
        Score("SSIM", 0.5, 0.4, 0.6, 10)


def test_reads_as_a_number():
    assert float(FID) == 12.34
    assert f"{FID:.1f}" == "12.3"
    assert f"{FID}" == repr(FID)


@pytest.mark.parametrize(
    "better, mine, theirs, wins",
    [
        ("lower", (1, 2), (3, 4), True),
        ("lower", (3, 4), (1, 2), False),
        ("lower", (1, 3), (2, 4), False),
        ("higher", (3, 4), (1, 2), True),
        ("higher", (1, 2), (3, 4), False),
        ("higher", (2, 4), (1, 3), False),
    ],
)
def test_beats_needs_the_right_direction_and_intervals_apart(better, mine, theirs, wins):
    def score(interval):
        low, high = interval
        return like_fid(value=(low + high) / 2, low=low, high=high, better=better)

    assert score(mine).beats(score(theirs)) is wins


@pytest.mark.parametrize("comparison", [FID.beats, FID.__lt__, FID.__gt__])
@pytest.mark.parametrize(
    "what, value",
    [
        ("metric", "KID"),
        ("features", "mnist"),
        ("weights", "ffffffff"),
        ("n", 999),
        ("unit", "nats"),
        ("reference", "60 images ffffffff"),
        ("better", "higher"),
    ],
)
def test_scores_that_do_not_compare_are_refused(comparison, what, value):
    with pytest.raises(UserError, match=f"do not compare: {what} is"):
        comparison(like_fid(**{what: value}))


def test_fid_against_other_reference_images_does_not_compare(generator):
    """The sizes alone move it: a set of 60 is another reference than one of 400."""
    images = torch.rand(500, 1, 2, 2, generator=generator)
    pixels = nn.Flatten()
    settings = dict(features=pixels, resamples=2, floor=False)
    fake = images[:60]
    against_many = metrics.fid(images[100:], fake, **settings)
    against_few = metrics.fid(images[100:160], fake, **settings)
    with pytest.raises(UserError, match="reference is '400 images .*' for one and '60 images "):
        against_many.beats(against_few)

    # as many, but others
    others = metrics.fid(images[:400], fake, **settings)
    with pytest.raises(UserError, match="reference is"):
        against_many.beats(others)

    again = metrics.fid(images[100:].flip(0), fake, **settings)
    assert against_many.beats(again) is False


def test_no_direction_no_winner():
    low = like_fid(metric="variety", better="neither", value=1.0, low=0.9, high=1.1)
    high = like_fid(metric="variety", better="neither", value=3.0, low=2.9, high=3.1)
    for first, second in ((low, high), (high, low)):
        with pytest.raises(UserError, match="of variety, neither more nor less is better"):
            first.beats(second)
    # which is larger can be said
    assert low < high


def test_a_negative_number_of_images_is_refused():
    with pytest.raises(UserError, match="n must be ≥ 0, got -1"):
        like_fid(n=-1)


def test_order_is_by_value():
    assert like_fid(value=1.0) < FID
    assert like_fid(value=20.0) > FID


def test_unknown_direction_is_named():
    with pytest.raises(UserError, match="unknown direction 'down'"):
        like_fid(better="down")


def test_importing_metrics_loads_neither_torchmetrics_nor_skimage():
    code = (
        "import sys\n"
        "from vaekit import metrics\n"
        "metrics.fid, metrics.ssim\n"
        "print([m for m in ('torchmetrics', 'skimage') if m in sys.modules])\n"
    )
    shown = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert shown.strip() == "[]"
