import functools
import re

import pytest
from PIL import Image

from vaekit import plots, recipes
from vaekit.errors import UserError
from vaekit.experiments import reproduce, results


def test_write_leaves_what_the_command_line_promises(trained, tmp_path):
    files = results.write(trained, tmp_path)
    assert [f.name for f in files] == ["weights.safetensors", "history.csv", "history.json", "curves.png", "samples.png"]
    assert all(f.stat().st_size > 0 for f in files)


def test_each_kind_of_model_has_a_sheet(trained, tmp_path):
    for name in ("conv-ae-mnist", "classifier-mnist"):
        run = recipes.train(name, data="digits", epochs=1, limit=200, batch_size=50)
        sheet = results.picture(results.sample_sheet(run, name), tmp_path / f"{name}.png")
        assert Image.open(sheet).size[0] > 400
    assert "samples" in results.sample_sheet(trained, "x").axes[0].get_title()


@pytest.mark.parametrize("name", ["ls-gan", "block-cvae", "ddpm-cifar10"])
def test_gans_blocks_and_diffusion_leave_the_same_files(name, coloured, tmp_path, monkeypatch):
    colours = dict(data="cifar10", root=coloured)
    run = recipes.train(name, **(dict(data="digits") if name == "ls-gan" else colours), epochs=2, limit=20, batch_size=10)
    if name == "ddpm-cifar10":
        monkeypatch.setattr(run.model, "sample", functools.partial(run.model.sample, steps=1))
    drawn, curves = [], plots.curves
    monkeypatch.setattr(plots, "curves", lambda *args, **kwargs: drawn.append(curves(*args, **kwargs)) or drawn[0])
    files = results.write(run, tmp_path)
    assert [f.name for f in files] == ["weights.safetensors", "history.csv", "history.json", "curves.png", "samples.png"]
    names = [line.get_label() for line in drawn[0].axes[0].lines]
    assert names == (["discriminator train", "discriminator test", "generator train", "generator test"] if name == "ls-gan" else ["train", "test"])
    title, text = drawn[0].axes[0].get_title(), results.against_report(run)
    assert ("latent_dim" in title) == (name != "ddpm-cifar10") and title.startswith(f"{name}, ")
    if name == "ls-gan":
        assert re.search(rf"^  discriminator_loss +{run.history.last['test_discriminator_loss']:.4f}$", text, re.M) and "  accuracy  " in text
        assert len({len(line) for line in text.splitlines()[1:]}) == 1, "one column"


def test_the_report_is_compared_on_its_own_data_only(trained):
    text = results.against_report(trained)
    assert re.search(r"^epoch 15, test set, per image:$", text, re.M) and "report" not in text, "digits are not the report's data"
    same = trained._replace(settings=trained.settings | {"data": "mnist"})
    loss = trained.history.last["test_loss"]
    assert f"{loss:9.2f}   report 144.49   difference {loss - 144.49:+.2f}" in results.against_report(same)


def test_small_terms_keep_their_digits(trained):
    row = trained.history.last | {"test_error": 0.0047}
    text = results.against_report(trained._replace(history=type(trained.history)([row])))
    assert re.search(r"error +0\.0047$", text, re.M)


def test_with_patience_the_best_epoch_is_told(trained):
    patient = trained._replace(settings=trained.settings | {"patience": 3})
    best = min(trained.history.rows, key=lambda row: row["test_loss"])
    assert results.against_report(patient).startswith(f"epoch {best['epoch']},")


def test_the_reports_row_has_the_same_beta(trained):
    def at(beta):
        return results.against_report(trained._replace(settings=trained.settings | {"data": "mnist", "beta": beta}))

    assert "report 144.49" in at(1.0) and "report" not in at(0.5)


@pytest.mark.parametrize("only", [[], ["3", "7"], ["5"]])
def test_ten_samples_of_each_class_that_was_trained_a_row_each(monkeypatch, only):
    run = recipes.train("fc-cvae", data="digits", epochs=1, limit=100, classes=only)
    trained = [int(name) for name in only] or list(range(10))
    asked, sample = [], run.model.sample
    monkeypatch.setattr(run.model, "sample", lambda n, c=None, **kwargs: (asked.append((n, c)), sample(n, c, **kwargs))[1])
    title = results.sample_sheet(run, "x").axes[0].get_title()
    (n, labels), = asked
    assert n == 10 * len(trained) and labels.tolist() == [c for c in trained for _ in range(10)] and title == "samples, a class a row: x"


def test_the_figures_of_a_table(tmp_path, monkeypatch):
    rows = reproduce.reproduce("s1-table1", out=tmp_path, data="digits", epochs=1, limit=50, jobs=1)
    drawn = {}

    def watch(name, draw):
        monkeypatch.setattr(plots, name, lambda *args, **kwargs: (drawn.setdefault(name, []).append((args, kwargs)), draw(*args, **kwargs))[1])

    for name in ("rate_distortion", "curves", "compare", "latent_map"):
        watch(name, getattr(plots, name))
    files = results.write_table("s1-table1", rows, "| table |", tmp_path)
    assert (tmp_path / "table.md").read_text(encoding="utf-8") == "| table |\n"
    names = ["table.md", *(f"{n}.png" for n in ("curves", "samples", "rate_distortion", "reconstructions", "walk", "lattice", "latents"))]
    assert [f.name for f in files] == names and all(f.exists() for f in files)
    points = drawn["rate_distortion"][0][0][0]
    for row in rows:
        label = f"z = {row.latent_dim}, β = {row.beta:g}"
        assert points["here"][label] == (row.measured["kl"], row.measured["reconstruction"])
        assert points["report"][label] == (row.reported["kl"], row.reported["reconstruction"])
    assert list(drawn["curves"][0][0][0]) == ["z = 1, β = 1", "z = 2, β = 1", "z = 64, β = 1"], "totals at other β do not compare"
    z, y, classes = drawn["latent_map"][0][0]
    assert len(z) == len(y) == 360 and "360 test images" in drawn["latent_map"][0][1]["title"]
    samples, reconstructions = (call[0][0] for call in drawn["compare"][:2])
    assert list(samples) == list(points["here"]) and list(reconstructions) == ["original", *samples]
    x = reconstructions["original"]
    kept = recipes.load_model(tmp_path / "z64-beta10.safetensors")
    assert (reconstructions["z = 64, β = 10"] == kept.reconstruct(x)).all()

    (tmp_path / "z2-beta1.history.json").write_text("[{")
    with pytest.raises(UserError, match="z2-beta1.history.json is damaged; delete it, and the row is trained again"):
        results.write_table("s1-table1", rows, "", tmp_path)
