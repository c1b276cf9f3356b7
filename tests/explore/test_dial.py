"""Dial: the same latents and images through several models."""
import numpy as np
import pytest
import torch
from support.vaes import small_vae

from vaekit import explore
from vaekit.data import ImageSet
from vaekit.errors import UserError
from vaekit.explore.portable import decoder_of
from vaekit.models.conditioning import Attributes, OneHot
from vaekit.recipes.builders import mlp_cvae, mlp_vae

SHAPE = (1, 8, 8)


def vae(latent_dim=2, seed=0, shape=SHAPE):
    torch.manual_seed(seed)
    return mlp_vae(16)(latent_dim, shape).eval()


def conditional(condition):
    torch.manual_seed(0)
    return mlp_cvae(16)(2, SHAPE, condition).eval()


@pytest.fixture(scope="module")
def models():
    return {0.1: vae(seed=1), 1: vae(seed=2), 10.0: vae(seed=3)}


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(0)
    return ImageSet(torch.rand(12, *SHAPE), torch.arange(12) % 3, classes=("a", "b", "c"))


def floats(widget, name):
    return np.frombuffer(widget.buffers[name], np.float32)


def test_every_decoder_travels(models):
    widget = explore.dial(models)
    assert widget.scene["stops"] == ["0.1", "1", "10"]
    for index, model in enumerate(models.values()):
        assert widget.buffers[f"decoder{index}"] == decoder_of(model).halves()


def test_each_model_has_the_codes_of_the_same_images(models, images):
    widget = explore.dial(models, images, n=4)
    for index, model in enumerate(models.values()):
        codes = model.encode(images.images()).detach().numpy()
        assert floats(widget, f"codes{index}") == pytest.approx(codes[:4].ravel(), abs=1e-6)
        assert floats(widget, f"points{index}") == pytest.approx(codes.ravel(), abs=1e-6)
    assert widget.scene["images"]["images"]["count"] == 4


def test_one_map_holds_the_codes_of_all_models(models, images):
    wide = vae(seed=4)
    with torch.no_grad():
        wide.to_mean.weight.mul_(50)
    widget = explore.dial({**models, 100: wide}, images)
    axes = widget.scene["axes"]
    codes = floats(widget, "points3").reshape(-1, 2)
    for axis in range(2):
        middle = np.quantile(codes[:, axis], [0.2, 0.8])
        assert axes["low"][axis] <= middle[0]
        assert axes["high"][axis] >= middle[1]


def test_without_images_the_map_reaches_three(models):
    axes = explore.dial(models).scene["axes"]
    assert (axes["low"], axes["high"]) == ([-3, -3], [3, 3])
    axes = explore.dial(models, low=-1, high=[2, 4]).scene["axes"]
    assert (axes["low"], axes["high"]) == ([-1, -1], [2, 4])


@pytest.mark.parametrize("latent_dim", [1, 5])
def test_other_than_two_latents_have_a_row_in_place_of_the_map(latent_dim):
    widget = explore.dial({1: vae(latent_dim), 2: vae(latent_dim, 1)}, n=4)
    assert "axes" not in widget.scene
    latents = floats(widget, "latents").reshape(-1, latent_dim)
    assert len(latents) == 4
    if latent_dim == 1:
        assert latents[:, 0].tolist() == [-3, -1, 1, 3]


def test_a_caption_belongs_to_each_stop(models):
    captions = {10.0: "c", 1: "b", 0.1: "a"}
    assert explore.dial(models, captions=captions).scene["captions"] == ["a", "b", "c"]
    with pytest.raises(UserError, match=r"captions are needed for the slider's own stops, 0\.1, 1"):
        explore.dial(models, captions={1: "b"})


def test_conditional_models_reconstruct_with_the_images_own_classes(images):
    models = {1: conditional(OneHot(3)), 2: conditional(OneHot(3))}
    scene = explore.dial(models, images, classes=list("abc"), n=3).scene
    assert scene["images"]["images"]["labels"] == [0, 1, 2]
    assert scene["choices"] == ["a", "b", "c"]
    with pytest.raises(UserError, match="needs classes"):
        explore.dial(models)


def test_the_figure_has_a_row_for_each_model(models, images):
    def rows(widget):
        return [tick.get_text() for tick in widget.figure().axes[0].get_yticklabels()]

    assert rows(explore.dial(models, images, n=3)) == ["image", "β = 0.1", "β = 1", "β = 10"]
    assert rows(explore.dial(models, label="epoch")) == ["epoch = 0.1", "epoch = 1", "epoch = 10"]


@pytest.mark.parametrize("models, words", [
    ({}, "models must be 2 … 40 models .* got 0"),
    ({1: small_vae()}, "got 1; pass"),
    ({1: vae(2), 2: vae(3)}, "one latent_dim and one image_shape, got 2 latents"),
    ({1: vae(), 2: vae(shape=(1, 4, 4))}, "one latent_dim and one image_shape"),
    ({1: conditional(Attributes(3)), 2: vae()}, "takes attributes, and a dial has classes only"),
    ({1: vae(), 2: "model"}, "has no decode"),
])
def test_models_that_do_not_go_together_are_refused(models, words):
    with pytest.raises(UserError, match=words):
        explore.dial(models)


def test_images_of_another_size_are_refused(models):
    other = ImageSet(torch.rand(3, 1, 4, 4), torch.zeros(3).long())
    with pytest.raises(UserError, match="pass images of its size"):
        explore.dial(models, other)
