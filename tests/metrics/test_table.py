"""Scores side by side, as Markdown and as a figure."""
import pytest
from support.scores import FID, like_fid

from vaekit import metrics
from vaekit.errors import UserError


def test_table_shows_rows_intervals_and_floor():
    gan = like_fid(value=9.0, low=8.0, high=10.0, floor=None)
    shown = str(metrics.table({"VAE": FID, "GAN": [gan]}))
    assert "| VAE | FID | 12.3 | 11.5 … 13.2 | 0.8 | 1,000 | fashion 1a2b3c4d |" in shown
    assert "| GAN | FID | 9 | 8 … 10 |  | 1,000 | fashion 1a2b3c4d |" in shown


def test_a_table_without_names_begins_with_an_empty_column():
    assert str(metrics.table([FID])).startswith("|  | metric |")


def test_a_table_shows_units_and_is_markdown_in_a_notebook():
    score = like_fid(metric="NLL", unit="nats per image", floor=None, features="", weights="")
    table = metrics.table([score])
    assert "|  | NLL, nats per image | 12.3 | 11.5 … 13.2 |  | 1,000 |  |" in str(table)
    assert table._repr_markdown_() == str(table)
    assert repr(table) == str(table)


@pytest.mark.parametrize("rows", [{}, {"VAE": []}, []])
def test_a_table_without_scores_is_refused(rows):
    with pytest.raises(UserError, match="at least one score"):
        metrics.table(rows)


def test_table_figure_has_a_panel_per_metric_with_names_and_the_better_direction():
    kid = like_fid(metric="KID", value=0.1, low=0.05, high=0.2, floor=0.0)
    rows = {"VAE": [FID, kid], "GAN": [like_fid(value=9.0), kid]}
    fig = metrics.table(rows).figure()
    titles = [ax.get_title() for ax in fig.axes]
    names = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert titles == ["FID (lower is better)", "KID (lower is better)"]
    assert names == ["VAE", "GAN"]


def test_table_figure_names_the_floor_where_there_is_one():
    with_floor = metrics.table([FID]).figure()
    without = metrics.table([like_fid(floor=None)]).figure()
    assert with_floor.axes[0].get_xlabel() == "dashed: real against real"
    assert without.axes[0].get_xlabel() == ""
