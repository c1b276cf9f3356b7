"""draw: what the page is given, what the kernel answers, what is refused."""
import numpy as np
import pytest
import torch
from support.vaes import small_vae

from vaekit import explore, recipes
from vaekit.data import ImageSet
from vaekit.errors import UserError

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module")
def conditional():
    return recipes.build("fc-cvae").eval()


def asked(widget, image, label=0):
    """What the kernel answers about an image."""
    pixels = image.mul(255).round().flatten().tolist()
    answer, _ = widget.answers["encode"]({"pixels": pixels, "label": label})
    return answer


def test_the_encoder_travels(trained):
    widget = explore.draw(trained.model)
    assert widget.view == "draw"
    assert widget.scene["models"][0]["encoder"]
    assert set(widget.buffers) == {"decoder0", "encoder0"}


def test_the_kernel_gives_the_posterior(trained, small):
    _, test = small
    image = test.images(slice(0, 1))
    answer = asked(explore.draw(trained.model), image)
    with torch.no_grad():
        mean, log_var = trained.model.posterior(image.mul(255).round() / 255)
    np.testing.assert_allclose(answer["mean"], mean[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(answer["log_var"], log_var[0].numpy(), atol=1e-5)


def test_the_posterior_is_that_of_the_class(conditional):
    image = torch.rand(1, 28, 28)
    widget = explore.draw(conditional, classes=NAMES)
    assert widget.scene["choices"] == list(NAMES)
    assert asked(widget, image, 3)["mean"] != asked(widget, image, 4)["mean"]


def test_an_autoencoder_has_no_variance():
    model = recipes.build("conv-ae-mnist").eval()
    widget = explore.draw(model)
    assert widget.scene["spreads"] is False
    assert "no cloud" in widget.scene["hint"]
    assert asked(widget, torch.rand(1, 28, 28))["log_var"] == []


def test_a_drawing_of_another_size_is_refused(trained):
    with pytest.raises(UserError, match=r"pixels must be one image of \(1, 28, 28\)"):
        asked(explore.draw(trained.model), torch.rand(1, 8, 8))


def test_the_map_has_the_two_most_active_axes(small):
    _, test = small
    model = small_vae(5)
    with torch.no_grad():
        order = model.encode(test.images()).var(0).argsort(descending=True)[:2]
    axes = explore.draw(model, test).scene["axes"]
    found = torch.tensor(axes["directions"]).argmax(1)
    assert found.tolist() == order.tolist()


def test_one_latent_has_one_axis(small):
    _, test = small
    widget = explore.draw(small_vae(1), test)
    assert widget.scene["axes"]["names"] == ["z₁"]
    assert "bands" in widget.scene["hint"]


def test_one_image_of_each_class_can_be_begun_with(trained, small):
    _, test = small
    widget = explore.draw(trained.model, test)
    facts = widget.scene["images"]["start"]
    assert facts["labels"] == test.y.unique().tolist()
    first = int((test.y == facts["labels"][1]).nonzero()[0])
    pixels = np.frombuffer(widget.buffers["start"], np.uint8).reshape(-1, 28, 28)
    expected = test.images(slice(first, first + 1))[0, 0].mul(255).round()
    np.testing.assert_array_equal(pixels[1], expected.numpy())


def test_images_without_labels_can_be_begun_with(trained, small):
    _, test = small
    bare = ImageSet(test.images(), torch.empty(len(test), 0), ())
    facts = explore.draw(trained.model, bare).scene["images"]["start"]
    assert facts["count"] == 10
    assert "labels" not in facts


def test_the_drawing_can_be_read_and_set(trained):
    widget = explore.draw(trained.model)
    assert not widget.image.any()
    image = torch.zeros(1, 28, 28)
    image[0, 3, 4] = 1.0
    widget.image = image
    assert widget.state["pixels"][3 * 28 + 4] == 255
    assert torch.equal(widget.image, image)


@pytest.mark.parametrize("image, words", [
    (torch.zeros(1, 8, 8), r"image must be a picture of shape \(1, 28, 28\)"),
    (torch.full((1, 28, 28), 2.0), r"image must lie in \[0, 1\]"),
    (torch.full((1, 28, 28), float("nan")), r"image must lie in \[0, 1\]"),
])
def test_what_is_no_drawing_is_refused(trained, image, words):
    widget = explore.draw(trained.model)
    with pytest.raises(UserError, match=words):
        widget.image = image


@pytest.mark.parametrize("images", [True, False])
def test_the_figure_shows_drawing_posterior_and_reconstruction(trained, small, images):
    _, test = small
    figure = explore.draw(trained.model, test if images else None).figure()
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["drawn", "its posterior", "rebuilt"]
    # ellipses of one and two standard deviations
    first, second = figure.axes[1].patches
    assert second.width == pytest.approx(2 * first.width)


def test_the_model_is_left_in_its_mode():
    model = small_vae().train()
    widget = explore.draw(model)
    widget.figure()
    asked(widget, torch.rand(1, 28, 28))
    assert all(part.training for part in model.modules())


@pytest.mark.parametrize("settings, words", [
    ({"classes": NAMES}, "this model is unconditional.*leave classes out"),
    ({"centre": 3}, "centre of draw"),
    ({"images": ImageSet(torch.rand(2, 1, 8, 8), torch.zeros(2).long(), ("a",))},
     r"images are \(1, 8, 8\), but this model takes"),
])
def test_mistakes_are_named(trained, settings, words):
    with pytest.raises(UserError, match=words):
        explore.draw(trained.model, **settings)


def test_what_cannot_encode_is_refused():
    with pytest.raises(UserError, match="model must have encode, decode"):
        explore.draw(torch.nn.Linear(1, 1))


def test_what_is_too_large_to_draw_is_refused():
    model = small_vae()
    model.image_shape = (1, 256, 256)
    with pytest.raises(UserError, match="at most 128×128 to be drawn, .*use walk"):
        explore.draw(model)
