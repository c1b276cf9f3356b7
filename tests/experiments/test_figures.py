"""The table of a reproduced report and its figures: they show what was measured."""
from dataclasses import replace

import pytest
from support.drawn import watch

from vaekit import recipes
from vaekit.errors import UserError
from vaekit.experiments import figures, reproduce

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    """S1's table after one epoch: its folder and rows."""
    out = tmp_path_factory.mktemp("s1")
    rows = reproduce.reproduce("s1-table1", out=out, data="digits", epochs=1, limit=50, jobs=1)
    return out, rows


@pytest.fixture(scope="module")
def drawn(reproduced):
    """The calls that drew the figures of the table, by name, and the files."""
    out, rows = reproduced
    names = ("rate_distortion", "curves", "compare", "latent_map")
    with pytest.MonkeyPatch.context() as patched:
        calls = {name: watch(patched, name) for name in names}
        files = figures.write_table("s1-table1", rows, "| table |", out)
    return calls, files


def test_a_table_and_its_figures_are_written(reproduced, drawn):
    out, _ = reproduced
    _, files = drawn
    assert (out / "table.md").read_text(encoding="utf-8") == "| table |\n"
    assert [file.name for file in files] == [
        "table.md",
        "curves.png",
        "samples.png",
        "rate_distortion.png",
        "reconstructions.png",
        "walk.png",
        "lattice.png",
        "latents.png",
    ]
    for file in files:
        assert file.exists()


def test_rate_and_distortion_of_a_table_are_what_was_measured(reproduced, drawn):
    _, rows = reproduced
    calls, _ = drawn
    points = calls["rate_distortion"][0][0][0]
    assert list(points) == ["here"], "of other data the report says nothing"
    for row in rows:
        label = f"z = {row.latent_dim}, β = {row.beta:g}"
        here = (row.measured["kl"], row.measured["reconstruction"])
        assert points["here"][label] == here


def test_on_the_reports_data_its_points_are_drawn_too(reproduced, monkeypatch):
    _, rows = reproduced
    calls = watch(monkeypatch, "rate_distortion")
    on_mnist = [replace(row, settings=row.settings | {"data": "mnist"}) for row in rows]
    figures._rate_distortion("s1-table1", on_mnist)
    points = calls[0][0][0]
    for row in rows:
        there = (row.reported["kl"], row.reported["reconstruction"])
        assert points["report"][row.title] == there


def test_the_curves_of_a_table_are_those_at_beta_1(drawn):
    calls, _ = drawn
    histories = calls["curves"][0][0][0]
    expected = ["z = 1, β = 1", "z = 2, β = 1", "z = 64, β = 1"]
    assert list(histories) == expected, "totals at other β do not compare"


def test_the_map_of_a_table_is_of_test_images(drawn):
    calls, _ = drawn
    (z, y, _), keywords, _ = calls["latent_map"][0]
    assert len(z) == 360
    assert len(y) == 360
    assert "360 test images" in keywords["title"]


def test_samples_and_reconstructions_of_a_table_are_its_models(reproduced, drawn):
    out, _ = reproduced
    calls, _ = drawn
    (samples,), _, _ = calls["compare"][0]
    (reconstructions,), _, _ = calls["compare"][1]
    points = calls["rate_distortion"][0][0][0]
    assert list(samples) == list(points["here"])
    assert list(reconstructions) == ["original", *samples]

    kept = recipes.load_model(out / "z64-beta10.safetensors")
    expected = kept.reconstruct(reconstructions["original"])
    assert (reconstructions["z = 64, β = 10"] == expected).all()


def test_a_damaged_history_is_named(reproduced):
    out, rows = reproduced
    path = out / "z2-beta1.history.json"
    whole = path.read_bytes()
    path.write_text("[{")
    words = "z2-beta1.history.json is not readable JSON .*; delete it and make it again"
    try:
        with pytest.raises(UserError, match=words):
            figures.write_table("s1-table1", rows, "", out)
    finally:
        path.write_bytes(whole)
