"""A score says what it is, compares with its like only, and its interval covers."""
import subprocess
import sys

import pytest
import torch

from vaekit import metrics
from vaekit.errors import UserError
from vaekit.metrics import Score

FID = Score("FID", 12.34, 11.5, 13.2, 1000, 0.8, features="fashion", weights="1a2b3c4d", note="reference 10,000")


def like(**changes):
    return Score(**{**vars(FID), **changes})


def test_repr_is_one_line_that_says_it_all():
    assert repr(FID) == "FID 12.3 [11.5, 13.2] (n = 1,000; floor 0.8; features fashion 1a2b3c4d; reference 10,000)"
    assert repr(Score("SSIM", 0.5, 0.4, 0.6, 10, unit="per image")) == "SSIM 0.5 [0.4, 0.6] per image (n = 10)"


def test_reads_as_a_number():
    assert float(FID) == 12.34 and f"{FID:.1f}" == "12.3" and f"{FID}" == repr(FID)


@pytest.mark.parametrize("better, mine, theirs, wins", [
    ("lower", (1, 2), (3, 4), True), ("lower", (3, 4), (1, 2), False), ("lower", (1, 3), (2, 4), False),
    ("higher", (3, 4), (1, 2), True), ("higher", (1, 2), (3, 4), False), ("higher", (2, 4), (1, 3), False),
])
def test_beats_needs_the_right_direction_and_intervals_apart(better, mine, theirs, wins):
    a, b = (like(value=sum(i) / 2, low=i[0], high=i[1], better=better) for i in (mine, theirs))
    assert a.beats(b) is wins


@pytest.mark.parametrize("what, value", [("metric", "KID"), ("features", "mnist"), ("weights", "ffffffff"), ("n", 999), ("unit", "nats")])
def test_scores_that_do_not_compare_are_refused(what, value):
    for comparison in (FID.beats, FID.__lt__, FID.__gt__):
        with pytest.raises(UserError, match=f"do not compare: {what} is"):
            comparison(like(**{what: value}))


def test_order_is_by_value():
    assert like(value=1.0) < FID and like(value=20.0) > FID


def test_unknown_direction_is_named():
    with pytest.raises(UserError, match="unknown direction 'down'"):
        like(better="down")


def test_bootstrap_of_a_mean_is_the_textbook_interval(generator):
    x = torch.randn(400, generator=generator)
    low, high = metrics.bootstrap(lambda index: x[index].mean().item(), 400, resamples=4000)
    half = 1.96 * x.std().item() / 20
    assert low == pytest.approx(x.mean().item() - half, abs=0.1 * half)
    assert high == pytest.approx(x.mean().item() + half, abs=0.1 * half)


def test_bootstrap_repeats_itself_and_checks_its_settings():
    def mean(index):
        return index.double().mean().item()

    assert metrics.bootstrap(mean, 50, seed=3) == metrics.bootstrap(mean, 50, seed=3) != metrics.bootstrap(mean, 50, seed=4)
    with pytest.raises(UserError, match="resamples must be ≥ 2"):
        metrics.bootstrap(mean, 5, resamples=1)
    with pytest.raises(UserError, match="n must be ≥ 1"):
        metrics.bootstrap(mean, 0)


def test_table_shows_rows_intervals_and_floor():
    shown = str(metrics.table({"VAE": FID, "GAN": [like(value=9.0, low=8.0, high=10.0, floor=None)]}))
    assert "| VAE | FID | 12.3 | 11.5 … 13.2 | 0.8 | 1,000 | fashion 1a2b3c4d |" in shown
    assert "| GAN | FID | 9 | 8 … 10 |  | 1,000 | fashion 1a2b3c4d |" in shown
    assert str(metrics.table([FID])).startswith("|  | metric |")
    with pytest.raises(UserError, match="at least one score"):
        metrics.table({})


def test_table_figure_has_a_panel_a_metric_with_names_and_the_better_direction():
    kid = like(metric="KID", value=0.1, low=0.05, high=0.2, floor=0.0)
    fig = metrics.table({"VAE": [FID, kid], "GAN": [like(value=9.0), kid]}).figure()
    assert [ax.get_title() for ax in fig.axes] == ["FID (lower is better)", "KID (lower is better)"]
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["VAE", "GAN"]


def test_importing_metrics_loads_neither_torchmetrics_nor_skimage():
    code = "import sys; from vaekit import metrics; metrics.fid, metrics.ssim; print([m for m in ('torchmetrics', 'skimage') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
