"""walk: what the page is given for a model, and what is refused."""
import numpy as np
import pytest
import torch
from support.vaes import small_vae

from vaekit import explore, recipes
from vaekit.data import ImageSet
from vaekit.errors import UserError
from vaekit.explore.walk import COLUMNS, MOST_POINTS

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module")
def conditional():
    return recipes.build("conv-cvae-mnist").eval()


def test_two_latents_have_a_pad_of_the_codes(trained, small):
    _, test = small
    widget = explore.walk(trained.model, test)
    assert widget.view == "walk"
    assert widget.scene["axes"]["names"] == ["z₁", "z₂"]
    assert widget.scene["classes"] == list(test.classes)
    assert "choices" not in widget.scene

    with torch.no_grad():
        codes = trained.model.encode(test.images())
    xy = np.frombuffer(widget.buffers["codes"], np.float32).reshape(-1, 2)
    np.testing.assert_allclose(xy, codes.numpy(), atol=1e-5)
    assert list(widget.buffers["codes labels"]) == test.y.tolist()


def test_the_points_of_principal_axes_are_their_places(small):
    _, test = small
    model = small_vae(5)
    widget = explore.walk(model, test, dims="principal")
    xy = np.frombuffer(widget.buffers["codes"], np.float32).reshape(-1, 2)
    # principal axes are uncorrelated, the first varies most
    covariance = np.cov(xy.T)
    assert abs(covariance[0, 1]) < 1e-3 * covariance[0, 0]
    assert covariance[0, 0] > covariance[1, 1]


def test_one_latent_has_a_strip(small):
    _, test = small
    widget = explore.walk(small_vae(1), test)
    assert widget.scene["axes"]["names"] == ["z₁"]
    xy = np.frombuffer(widget.buffers["codes"], np.float32).reshape(-1, 2)
    assert xy[:, 0].std() > 0
    assert not xy[:, 1].any()


def test_without_images_there_are_no_points(trained):
    widget = explore.walk(trained.model)
    assert set(widget.buffers) == {"decoder0"}
    assert widget.scene["axes"]["low"] == [-3.0, -3.0]


def test_many_images_are_cut(trained, small):
    _, test = small
    number = MOST_POINTS + 5
    images = test.images().repeat(number // len(test) + 1, 1, 1, 1)[:number]
    many = ImageSet(images, torch.zeros(number).long(), ("a",))
    widget = explore.walk(trained.model, many)
    assert len(widget.buffers["codes labels"]) == MOST_POINTS


def test_a_class_is_chosen_for_a_conditional_model(conditional):
    widget = explore.walk(conditional, classes=NAMES)
    assert widget.scene["choices"] == list(NAMES)
    assert widget.scene["models"][0]["condition"]["size"] == 10


def test_settings_reach_the_page(trained):
    widget = explore.walk(trained.model, dims=[1], low=-1, high=2, scale=3, name="mine")
    assert widget.scene["scale"] == 3
    assert widget.scene["name"] == "mine"
    axes = widget.scene["axes"]
    assert (axes["names"], axes["low"], axes["high"]) == (["z₂"], [-1.0], [2.0])


def test_the_figure_shows_each_slider_from_end_to_end(trained):
    figure = explore.walk(trained.model, low=-2, high=2).figure()
    images = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert images
    assert COLUMNS == 11


def test_the_model_is_left_in_its_mode():
    model = small_vae().train()
    explore.walk(model).figure()
    assert all(part.training for part in model.modules())


@pytest.mark.parametrize("settings, words", [
    ({"dims": 3}, "dims must lie in 0 … 1"),
    ({"low": 5.0}, "low must be < high"),
    ({"start": torch.full((2,), float("nan"))}, "start must be finite, got NaN or inf"),
    ({"scale": 0}, "scale must be ≥ 1, got 0"),
    ({"classes": NAMES}, "this model is unconditional.*leave classes out"),
    ({"name": 3}, "name of walk"),
])
def test_mistakes_are_named(trained, settings, words):
    with pytest.raises(UserError, match=words):
        explore.walk(trained.model, **settings)


@pytest.mark.parametrize("classes, words", [
    ((), "a conditional model needs classes=…"),
    (NAMES[:9], "this model knows 10 classes, got 9 names"),
])
def test_names_for_every_class_are_needed(conditional, classes, words):
    with pytest.raises(UserError, match=words):
        explore.walk(conditional, classes=classes)


def test_what_has_no_latents_is_refused():
    with pytest.raises(UserError, match="model must have decode, latent_dim, image_shape"):
        explore.walk(torch.nn.Linear(1, 1))


def test_images_of_another_size_are_refused(trained):
    other = ImageSet(torch.rand(3, 1, 8, 8), torch.zeros(3).long(), ("a",))
    with pytest.raises(UserError, match=r"images are \(1, 8, 8\), but this model takes"):
        explore.walk(trained.model, other)


def test_nan_in_the_weights_is_refused():
    model = small_vae()
    model.decoder[0].bias.data[0] = float("nan")
    with pytest.raises(UserError, match="hold inf or NaN"):
        explore.walk(model)
