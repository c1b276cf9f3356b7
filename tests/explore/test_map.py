"""The map of codes: what the page is given, and the static twin."""
import numpy as np
import pytest
import torch

from vaekit import explore
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.explore.tsne import tsne_maps
from vaekit.models.conditioning import Attributes, OneHot
from vaekit.recipes.builders import mlp_cvae, mlp_vae

SHAPE = (1, 8, 8)
NAMES = ("a", "b", "c")


def vae(latent_dim=2, seed=0, shape=SHAPE):
    torch.manual_seed(seed)
    return mlp_vae(16)(latent_dim, shape).eval()


def conditional(condition):
    torch.manual_seed(0)
    return mlp_cvae(16)(2, SHAPE, condition).eval()


@pytest.fixture(scope="module")
def images():
    pixels = torch.rand(60, *SHAPE, generator=seeded(0))
    return ImageSet(pixels, torch.arange(60) % 3, classes=NAMES)


def numbers(widget, name, width=2):
    return np.frombuffer(widget.buffers[name], np.float32).reshape(-1, width)


def test_codes_of_two_dimensions_are_the_map(images):
    model = vae()
    widget = explore.tsne_map(model, images)
    codes = model.encode(images.images()).detach()
    assert np.allclose(numbers(widget, "map 0 0"), codes, atol=1e-6)
    assert np.allclose(numbers(widget, "codes 0"), codes, atol=1e-6)
    assert widget.scene["flat"] is True
    assert widget.scene["perplexities"] == []


def test_images_and_classes_travel(images):
    widget = explore.tsne_map(vae(), images, limit=50)
    expected = images.images().mul(255).round().byte().numpy()[:50]
    found = np.frombuffer(widget.buffers["images"], np.uint8).reshape(expected.shape)
    assert np.array_equal(found, expected)
    assert list(widget.buffers["map 0 0 labels"]) == images.y[:50].tolist()
    assert widget.scene["classes"] == list(NAMES)


def test_the_page_can_decode_a_code(images):
    assert explore.tsne_map(vae(), images).scene["models"][0]["decoder"] is not None


def test_more_dimensions_are_shown_by_t_sne(images):
    model = vae(5)
    widget = explore.tsne_map(model, images, perplexities=(5, 10))
    codes = model.encode(images.images()).detach()
    expected = tsne_maps(codes, (5, 10))
    assert np.array_equal(numbers(widget, "map 0 0"), expected[0])
    assert np.array_equal(numbers(widget, "map 0 1"), expected[1])
    assert widget.scene["perplexities"] == ["5", "10"]
    assert numbers(widget, "codes 0", 5).shape == (60, 5)


def test_t_sne_may_be_asked_for_of_two_dimensions(images):
    widget = explore.tsne_map(vae(), images, perplexities=(5,))
    assert widget.scene["flat"] is False


def test_a_row_of_models_shows_the_same_images(images):
    models = {0.1: vae(seed=1), 4: vae(seed=2)}
    widget = explore.tsne_map(models, images, row="β")
    assert widget.scene["stops"] == ["0.1", "4"]
    assert widget.scene["row"] == "β"
    for k, model in enumerate(models.values()):
        codes = model.encode(images.images()).detach()
        assert np.allclose(numbers(widget, f"map {k} 0"), codes, atol=1e-6)


def test_each_model_of_a_row_starts_from_the_maps_of_the_one_before(images):
    models = {1: vae(4, seed=1), 2: vae(4, seed=2)}
    widget = explore.tsne_map(models, images, perplexities=(5, 10))
    first, second = (model.encode(images.images()).detach() for model in models.values())
    before = tsne_maps(first, (5, 10))
    expected = tsne_maps(second, (5, 10), start=before)
    assert np.array_equal(numbers(widget, "map 1 1"), expected[1])


def test_a_conditional_model_is_given_the_label_of_each_image(images):
    widget = explore.tsne_map(conditional(OneHot(3)), images)
    assert widget.scene["conditions"] == images.y.tolist()
    assert "conditions" not in explore.tsne_map(vae(), images).scene


def test_attributes_have_no_colours(images):
    rows = (torch.arange(120).reshape(60, 2) % 3 == 0).long()
    marked = ImageSet(images.x, rows, ("p", "q"))
    widget = explore.tsne_map(conditional(Attributes(2)), marked)
    assert widget.scene["classes"] == []
    assert widget.scene["conditions"] == rows.tolist()
    assert set(widget.buffers["map 0 0 labels"]) == {0}


def test_the_map_follows_the_walk_of_that_name(images):
    assert explore.tsne_map(vae(), images).scene["name"] == "walk"
    assert explore.tsne_map(vae(), images, name="second").scene["name"] == "second"


def test_the_twin_is_the_map(images):
    axes = explore.tsne_map(vae(), images).figure().axes[0]
    points = sum(len(each.get_offsets()) for each in axes.collections)
    assert points == 60
    assert sorted(text.get_text() for text in axes.texts) == list(NAMES)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("z₁", "z₂")

    axes = explore.tsne_map(vae(3), images, perplexities=(5, 10, 15)).figure().axes[0]
    assert axes.get_title() == "t-SNE of the codes, perplexity 10"


def test_images_without_labels_have_a_map_and_a_twin(images):
    plain = ImageSet(images.x, torch.zeros(60, 0), classes=())
    widget = explore.tsne_map(vae(), plain)
    assert widget.scene["classes"] == []
    assert len(widget.figure().axes[0].collections[0].get_offsets()) == 60


@pytest.mark.parametrize("model, settings, words", [
    (vae(5), {"perplexities": (30,)}, "perplexity 30 looks at 90 neighbours.*got 60 points"),
    (vae(5), {"limit": 10}, "t-SNE needs 16 images or more for perplexity 5, got 10"),
    (vae(), {"limit": 1}, "limit must be ≥ 2, got 1"),
    (vae(shape=(1, 9, 9)), {}, r"images are \(1, 8, 8\), but this model takes \(1, 9, 9\)"),
    ({}, {}, "the number of models must be ≥ 1, got 0"),
    ({1: vae(), 2: vae(shape=(1, 9, 9))}, {}, "the models must take images of one size"),
    (torch.nn.Linear(1, 1), {}, "model must have encode, decode, latent_dim, image_shape"),
])
def test_mistakes_are_named(images, model, settings, words):
    with pytest.raises(UserError, match=words):
        explore.tsne_map(model, images, **settings)


def test_broken_weights_are_refused(images):
    model = vae()
    with torch.no_grad():
        next(model.decoder.parameters())[0, 0] = float("inf")
    with pytest.raises(UserError, match="the model's weights decoder.* hold inf or NaN"):
        explore.tsne_map(model, images)
