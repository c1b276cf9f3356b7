"""What a training run leaves behind: its files, its sheet, its numbers beside the report's."""
import functools
import re
from dataclasses import replace

import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA
from support.drawn import watch

from vaekit import recipes
from vaekit.data import Selection
from vaekit.experiments import pictures, results

pytestmark = pytest.mark.slow

FILES = ["weights.safetensors", "history.csv", "history.json", "curves.png", "samples.png"]


def title_of(figure):
    return figure.axes[0].get_title()



def test_write_leaves_what_the_command_line_promises(trained, tmp_path):
    files = results.write(trained, tmp_path)
    pictures = ["reconstructions.png", "lattice.png", "latents.png"]
    assert [file.name for file in files] == [*FILES, *pictures]
    assert {file.name for file in files} <= set(results.NAMES)
    for file in files:
        assert file.stat().st_size > 0


def names_of(run):
    return list(pictures.pictures(run, "x"))


@pytest.mark.parametrize("name, latent_dim, expected", [
    ("mlp-vae-mnist", 1, ["samples", "reconstructions", "walk"]),
    ("mlp-vae-mnist", 2, ["samples", "reconstructions", "lattice", "latents"]),
    ("mlp-vae-mnist", 5, ["samples", "reconstructions", "latents"]),
    ("fc-cvae", 1, ["samples", "reconstructions", "walk"]),
    ("fc-cvae", 2, ["samples", "reconstructions", "latents"]),
    ("ls-gan", None, ["samples"]),
    ("conv-ae-mnist", None, ["samples"]),
])
def test_a_vae_has_pictures_of_its_latent_space(name, latent_dim, expected, tmp_path):
    images = Selection("digits", limit=40)
    run = recipes.train(name, images, latent_dim=latent_dim, epochs=1, batch_size=20)
    assert names_of(run) == expected
    for file in results.write(run, tmp_path):
        assert file.stat().st_size > 0


def test_a_map_of_many_dimensions_shows_the_two_of_largest_variance(digits, monkeypatch):
    run = recipes.train("mlp-vae-mnist", Selection("digits", limit=40), latent_dim=5, epochs=2)
    drawn = watch(monkeypatch, "latent_map")
    pictures.pictures(run, "x")["latents"]()
    ((places, y, _), settings, _), = drawn

    means = run.model.encode(run.test.images()).detach().double().numpy()
    pca = PCA(2).fit(means)
    expected = torch.from_numpy(pca.transform(means)).float()
    # an axis may point either way
    torch.testing.assert_close(places.abs(), expected.abs(), rtol=1e-3, atol=1e-5)
    assert settings["xlabel"] == f"principal component 1, {pca.explained_variance_ratio_[0]:.0%}"
    assert torch.equal(y, run.test.y)


def test_a_walk_of_a_conditional_model_has_a_row_for_each_class(monkeypatch):
    images = Selection("digits", limit=40, classes=["3", "7"])
    run = recipes.train("fc-cvae", images, latent_dim=1, epochs=1)
    drawn = watch(monkeypatch, "compare")
    pictures.pictures(run, "x")["walk"]()
    ((rows,), settings, _), = drawn
    assert list(rows) == ["3", "7"]
    z = torch.linspace(-3, 3, 15).unsqueeze(1)
    with torch.no_grad():
        torch.testing.assert_close(rows["7"], run.model.decode(z, 7))
    assert settings["ticks"][7] == "0.0"
    assert settings["ticks"][0] == "−3.0"


@pytest.mark.parametrize("name", ["mlp-vae-mnist", "classifier-mnist", "ls-gan"])
def test_a_single_test_image_is_enough(name, tmp_path):
    images = Selection("digits", limit=20, test_limit=1)
    run = recipes.train(name, images, epochs=1)
    for file in results.write(run, tmp_path):
        assert file.stat().st_size > 0


def test_the_curves_of_one_epoch_can_be_seen(monkeypatch, tmp_path):
    run = recipes.train("mlp-vae-mnist", Selection("digits", limit=20), epochs=1)
    drawn = watch(monkeypatch, "curves")
    results.write(run, tmp_path)
    (_, _, figure), = drawn
    axes = figure.axes[0]
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]
    assert [handle.get_marker() for handle in axes.get_legend().legend_handles] == ["o", "o"]


def test_pictures_leave_the_model_as_it_was(trained):
    before = [part.training for part in trained.model.modules()]
    for draw in pictures.pictures(trained, "x").values():
        draw()
    assert [part.training for part in trained.model.modules()] == before


def short_training(name):
    """One epoch of 200 images."""
    return recipes.train(name, Selection("digits", limit=200), epochs=1, batch_size=50)


def test_an_autoencoder_has_reconstructions(tmp_path, monkeypatch):
    run = short_training("conv-ae-mnist")
    drawn = watch(monkeypatch, "compare")
    sheet = results.picture(pictures.sample_sheet(run, "x"), tmp_path / "x.png")
    assert Image.open(sheet).size[0] > 400
    ((images,), _, _), = drawn
    assert list(images) == ["original", "reconstruction"]


def test_a_perfect_classifier_has_no_mistakes_to_show(monkeypatch, tmp_path):
    run = short_training("classifier-mnist")
    monkeypatch.setattr(run.model, "classify", lambda x: run.test.y[: len(x)])
    drawn = watch(monkeypatch, "sheet")
    figure = pictures.sample_sheet(run, "x")
    assert title_of(figure) == "no mistake among 360 test images: classifier-mnist"
    ((images,), _, _), = drawn
    assert torch.equal(images, run.test.images()[:64])


def test_a_classifier_has_mistakes(tmp_path):
    run = short_training("classifier-mnist")
    figure = pictures.sample_sheet(run, "x")
    words = r"mistakes, \d+\.\d\d% of the test set: classifier-mnist"
    assert re.fullmatch(words, title_of(figure))
    sheet = results.picture(figure, tmp_path / "x.png")
    assert Image.open(sheet).size[0] > 400


def test_a_vae_has_samples(trained):
    assert "samples" in title_of(pictures.sample_sheet(trained, "x"))


def short_run(name, coloured):
    """Two epochs of 20 images."""
    if name == "ls-gan":
        images = Selection("digits", limit=20)
    else:
        images = Selection("cifar10", root=coloured, limit=20)
    return recipes.train(name, images, epochs=2, batch_size=10)


@pytest.mark.parametrize("name, title, lines", [
    (
        "ls-gan",
        "ls-gan, latent_dim 96, digits",
        ["discriminator train", "discriminator test", "generator train", "generator test"],
    ),
    ("block-cvae", "block-cvae, latent_dim 128, cifar10", ["train", "test"]),
    ("ddpm-cifar10", "ddpm-cifar10, cifar10", ["train", "test"]),
])
def test_gans_blocks_and_diffusion_leave_the_same_files(
    name, title, lines, coloured, tmp_path, monkeypatch
):
    run = short_run(name, coloured)
    if name == "ddpm-cifar10":
        # samples in a single step
        monkeypatch.setattr(run.model, "sample", functools.partial(run.model.sample, steps=1))
    drawn = watch(monkeypatch, "curves")
    files = results.write(run, tmp_path)
    assert [file.name for file in files][:5] == FILES

    (_, _, figure), = drawn
    assert title_of(figure) == title
    assert [line.get_label() for line in figure.axes[0].lines] == lines


def test_the_curves_of_a_classifier_name_no_latent(tmp_path, monkeypatch):
    run = recipes.train("classifier-mnist", Selection("digits", limit=100), epochs=1)
    drawn = watch(monkeypatch, "curves")
    results.write(run, tmp_path)
    (_, _, figure), = drawn
    assert title_of(figure) == "classifier-mnist, digits"


def test_the_terms_of_a_gan_stand_in_one_column(coloured):
    run = short_run("ls-gan", coloured)
    text = results.against_report(run)
    loss = run.history.last["test_discriminator_loss"]
    assert re.search(rf"^  discriminator_loss +{loss:.4f}$", text, re.M)
    assert "  accuracy  " in text
    _, *lines = text.splitlines()
    assert len({len(line) for line in lines}) == 1


def as_on_mnist(run, name="mnist", **settings):
    """The run as if its images had been MNIST's."""
    changed = run.settings | {"data": "mnist"} | settings
    return run._replace(settings=changed, test=replace(run.test, name=name))


def test_some_classes_are_not_the_reports_test_set(trained):
    some = as_on_mnist(trained, "mnist, only 3")
    assert "report" not in results.against_report(some)


def test_the_report_is_compared_on_its_own_data_only(trained):
    text = results.against_report(trained)
    assert re.search(r"^epoch 15, 360 test images, per image:$", text, re.M)
    assert "report" not in text, "digits are not the report's data"

    on_mnist = as_on_mnist(trained)
    loss = trained.history.last["test_loss"]
    line = f"{loss:9.2f}   report 144.49   difference {loss - 144.49:+.2f}"
    assert line in results.against_report(on_mnist)


def test_small_terms_keep_their_digits(trained):
    row = trained.history.last | {"test_error": 0.0047}
    history = type(trained.history)([row])
    text = results.against_report(trained._replace(history=history))
    assert re.search(r"error +0\.0047$", text, re.M)


def test_with_patience_the_best_epoch_is_compared(trained):
    patient = trained._replace(settings=trained.settings | {"patience": 3})
    best = min(trained.history.rows, key=lambda row: row["test_loss"])
    assert results.against_report(patient).startswith(f"epoch {best['epoch']},")


@pytest.mark.parametrize("beta, compared", [(1.0, True), (0.5, False)])
def test_the_reports_row_has_the_same_beta(trained, beta, compared):
    text = results.against_report(as_on_mnist(trained, beta=beta))
    assert ("report 144.49" in text) == compared
    assert ("report" in text) == compared


@pytest.mark.parametrize("classes, labels", [
    ((), range(10)),
    (("3", "7"), (3, 7)),
    (("5",), (5,)),
])
def test_ten_samples_of_each_class_that_was_trained_a_class_per_row(monkeypatch, classes, labels):
    images = Selection("digits", limit=100, classes=classes)
    run = recipes.train("fc-cvae", images, epochs=1)
    drawn = []
    sample = run.model.sample

    def watched(n, c=None, **kwargs):
        drawn.append((n, c))
        return sample(n, c, **kwargs)

    monkeypatch.setattr(run.model, "sample", watched)
    sheet = pictures.sample_sheet(run, "x")
    assert title_of(sheet) == "samples, a class per row: x"

    (n, c), = drawn
    expected = []
    for label in labels:
        expected += [label] * 10
    assert n == len(expected)
    assert c.tolist() == expected


def test_the_recipes_are_listed_one_per_line():
    head, *lines = results.recipe_table().splitlines()
    assert head == "recipes (vaekit train NAME):"
    assert [line.split()[0] for line in lines] == list(recipes.RECIPES)
    sources = {"ours" if r.source == "house" else r.source for r in recipes.RECIPES.values()}
    assert {line.split()[1] for line in lines} == sources
    fast = [name for name, recipe in recipes.RECIPES.items() if recipe.fast]
    assert [line.split()[0] for line in lines if line.endswith(" · --fast")] == fast
    starts = {re.match(r"\S+ +\S+ +", line).end() for line in lines}
    assert len(starts) == 1, "the titles stand in one column"
