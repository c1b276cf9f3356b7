"""S2's and S4's tables of faces: their rows, what is measured, and what a second call leaves."""
import json
import math

import pytest
import torch

from vaekit import recipes
from vaekit.data import ImageSet, Selection
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.experiments import figures, tables
from vaekit.experiments import reproduce as reproduction
from vaekit.experiments.layouts import reproduced
from vaekit.experiments.lists import TABLES, names
from vaekit.experiments.measures import MEASURES, measure
from vaekit.experiments.reproduce import reproduce, table
from vaekit.experiments.rows import name_of
from vaekit.losses import effective_beta

SHAPE = (3, 64, 48)


def drawn(split, n=12, attributes=3):
    generator = seeded(0 if split == "train" else 1)
    x = torch.randint(0, 256, (n, *SHAPE), dtype=torch.uint8, generator=generator)
    y = torch.randint(0, 2, (n, attributes), generator=generator)
    return ImageSet(x, y, tuple("abcdefg"[:attributes]), "faces")


@pytest.fixture
def few_faces(monkeypatch):
    """Random images in the place of faces, so that a row takes a second."""
    def load(self, seed=0):
        return drawn("train"), None, drawn("test")

    monkeypatch.setattr(Selection, "load", load)
    for module in (figures, reproduction):
        monkeypatch.setattr(module, "load", lambda name, split, **_: drawn(split))


@pytest.fixture
def small(monkeypatch, few_faces):
    """The tables trained with S2's small network."""
    from vaekit.experiments import lists

    for name in ("s2-lambda", "s2-latent"):
        of_small = lists.Table(
            ("patch-vae-faces",), TABLES[name].rows, TABLES[name].measures
        )
        monkeypatch.setitem(lists.TABLES, name, of_small)


def run_table(name, out, **changes):
    return reproduce(name, out=out, **dict(epochs=1, jobs=1, device="cpu") | changes)


def test_the_rows_of_s2_are_its_lambdas_and_its_latent_dims():
    betas = [effective_beta(weight, pixels=9216, width=2) for weight in (1e-3, 1e-4, 1e-5, 1e-6)]
    lambdas = [(row.latent_dim, row.beta) for row in TABLES["s2-lambda"].rows]
    assert lambdas == [(64, pytest.approx(beta)) for beta in betas]
    latents = [(row.latent_dim, row.beta) for row in TABLES["s2-latent"].rows]
    assert latents == [(d, pytest.approx(0.02304)) for d in (32, 64, 128)]


@pytest.mark.parametrize("name", ["s2-lambda", "s2-latent", "s4-faces"])
def test_everything_in_a_table_is_known(name):
    assert name in names()
    assert set(TABLES[name].measures) <= set(MEASURES)
    data = [recipes.get(each).data for each in TABLES[name].recipes]
    assert data == ["faces", "celeba"]


def test_a_table_measured_in_its_own_way_is_not_listed_as_its_recipe():
    """Its reported FID is of Inception's features, which nothing here has."""
    assert recipes.get("conv-cvae-celeba").reported
    assert "conv-cvae-celeba" not in names()


@pytest.mark.parametrize("data, recipe", [
    (None, "instancenorm-vae-faces"),
    ("faces", "instancenorm-vae-faces"),
    ("celeba", "instancenorm-vae-celeba"),
])
def test_the_data_decide_the_recipe(data, recipe, monkeypatch, few_faces, tmp_path):
    seen = []
    monkeypatch.setattr(reproduction, "_train_rows", lambda name, plan, *_: seen.append(plan))
    monkeypatch.setattr(reproduction.row_files, "finished", lambda *_: {})
    run_table("s2-lambda", tmp_path / "out", data=data)
    plan, = seen
    assert plan.recipe == recipe
    assert plan.selection.name == (data or "faces")


@pytest.mark.slow
def test_the_latent_sweep_is_trained_measured_drawn_and_kept(small, tmp_path):
    out = tmp_path / "out"
    lines = []
    rows = run_table("s2-latent", out, report=lines.append)
    assert lines[0] == "s2-latent on faces: 3 rows, 0 done before, 1 at a time"
    assert [row.latent_dim for row in rows] == [32, 64, 128]
    for row in rows:
        measured = row.measured
        assert measured["lambda"] == pytest.approx(1e-5)
        assert measured["error_per_value"] == pytest.approx(measured["squared_error"] / 9216)
        assert 0 <= measured["active_units"] <= row.latent_dim
        assert -1 <= measured["ssim"] <= 1
        assert math.isfinite(measured["kl"])
        assert row.reported == {}
    head = table(rows).splitlines()[0]
    assert head == (
        "| z | β | λ | squared error | per value | KL | active units | SSIM | seconds |"
    )
    files = figures.write_table("s2-latent", rows, "", out)
    assert {file.name for file in files} == {
        "table.md", "curves.png", "samples.png", "rate_distortion.png", "reconstructions.png"
    }

    # the sweep of λ shares a row: it is not trained again
    kept = (out / "z64-beta0.02304.json").stat().st_mtime_ns
    lines.clear()
    rows = run_table("s2-lambda", out, report=lines.append)
    assert lines[0] == "s2-lambda on faces: 4 rows, 1 done before, 1 at a time"
    assert (out / "z64-beta0.02304.json").stat().st_mtime_ns == kept
    assert [row.beta for row in rows] == pytest.approx([2.304, 0.2304, 0.02304, 0.002304])
    lambdas = [row.measured["lambda"] for row in rows]
    assert lambdas == pytest.approx([1e-3, 1e-4, 1e-5, 1e-6])


@pytest.mark.slow
def test_s4_is_trained_and_measured_with_attributes(few_faces, tmp_path):
    out = tmp_path / "out"
    row, = run_table("s4-faces", out)
    assert row.recipe == "conv-cvae-faces"
    assert (row.latent_dim, row.beta) == (2, 1.0)
    assert row.measured["loss"] == pytest.approx(
        row.measured["reconstruction"] + row.measured["kl"], rel=1e-6
    )
    files = figures.write_table("s4-faces", [row], "", out)
    assert "samples.png" in [file.name for file in files]


def test_a_folder_of_another_data_set_is_refused(small, tmp_path):
    from vaekit.experiments.rows import claim

    out = tmp_path / "out"
    out.mkdir()
    (out / "z64-beta0.02304.checkpoint.safetensors").write_bytes(b"")
    claim(out, {"data": "celeba"})
    (out / "settings.json").write_text('{"data": "celeba"}')
    with pytest.raises(UserError, match="was made with other settings.*data celeba → faces"):
        run_table("s2-lambda", out)


def row_file(folder, z, beta, **measured):
    content = {
        "latent_dim": z,
        "beta": beta,
        "settings": {"data": "celeba", "epochs": 36},
        "measured": {"lambda": beta / 2304, "squared_error": 100.0, **measured},
        "seconds": 400.0,
    }
    path = folder / f"z{z}-beta{beta:g}.json"
    path.write_text(json.dumps(content))
    return path


COLUMNS = {"λ": "{lambda:g}", "z": "{latent_dim}", "error": "{squared_error:.1f}", "on": "{data}"}


def test_the_layout_reads_what_a_reproduction_left(tmp_path):
    folder = tmp_path / "s2"
    folder.mkdir()
    row_file(folder, 64, 0.02304)
    row_file(folder, 32, 0.02304)
    row_file(folder, 64, 2.304)
    (folder / "z64-beta2.304.history.json").write_text("[]")
    (folder / "settings.json").write_text("{}")
    lines = reproduced("s2", COLUMNS, "vaekit")(tmp_path).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    assert cells == [
        ["0.001", "64", "100.0", "celeba"],
        ["1e-05", "32", "100.0", "celeba"],
        ["1e-05", "64", "100.0", "celeba"],
    ]


def test_a_table_without_measurements_says_how_they_are_made(tmp_path):
    text = reproduced("s2", COLUMNS, "vaekit reproduce s2-lambda")(tmp_path)
    assert text == "Not measured yet: `vaekit reproduce s2-lambda`."


def test_results_without_the_measurements_of_s2_can_be_checked(tmp_path):
    page = tmp_path / "RESULTS.md"
    page.write_text("<!-- table: s2-lambda -->\n<!-- /table -->\n", encoding="utf-8")
    assert tables.update(page, tmp_path) == ["s2-lambda"]
    assert tables.check(page, tmp_path) == []


@pytest.mark.parametrize("content", ["{", "[]", '{"settings": {}, "measured": null}'])
def test_a_damaged_row_is_named(tmp_path, content):
    folder = tmp_path / "s2-lambda"
    folder.mkdir()
    (folder / "z64-beta2.304.json").write_text(content)
    with pytest.raises(UserError, match=r"z64-beta2.304.json"):
        tables.render("s2-lambda", tmp_path)


def test_a_row_that_lacks_a_measure_is_named(tmp_path):
    folder = tmp_path / "s2-lambda"
    folder.mkdir()
    row_file(folder, 64, 2.304)
    with pytest.raises(UserError, match="table 's2-lambda' cannot be made.*kl|error_per_value"):
        tables.render("s2-lambda", tmp_path)


def test_rows_have_names_of_their_own():
    for each in TABLES.values():
        found = [name_of(row) for row in each.rows or ()]
        assert len(set(found)) == len(found)


@pytest.mark.slow
def test_ssim_of_a_set_is_that_of_all_its_batches(monkeypatch, few_faces):
    from vaekit import metrics
    from vaekit.experiments import measures

    run = recipes.train(
        "conv-cvae-faces", "faces", epochs=1, batch_size=12, device="cpu", progress=False
    )
    rebuilt = run.model.reconstruct(run.test.images(), run.test.y)
    expected = metrics.ssim(run.test, rebuilt).value
    monkeypatch.setattr(measures, "AT_A_TIME", 5)
    assert measure(run, ["ssim"])["ssim"] == pytest.approx(expected, abs=1e-6)
