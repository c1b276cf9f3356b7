"""Where anywidget is absent, plain ipywidgets stand in for every view."""
import subprocess
import sys

import ipywidgets
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from support.vaes import small_vae
from support.widgets import shown

from vaekit import explore
from vaekit.errors import UserError
from vaekit.explore import parts
from vaekit.explore.plain.controls import Controls, Still
from vaekit.models.conditioning import Attributes, OneHot
from vaekit.models.diffusion import Diffusion, UNet
from vaekit.recipes.builders import mlp_cvae

SHAPE = (1, 8, 8)


@pytest.fixture(autouse=True)
def without_anywidget(monkeypatch):
    monkeypatch.setattr("vaekit.explore.parts.importlib.util.find_spec", lambda name: None)
    assert not parts.has_canvas()


@pytest.fixture(scope="module")
def model():
    return small_vae()


@pytest.fixture(scope="module")
def images(digits):
    _, test = digits
    return test.first(12)


def grey(model, z, c=None):
    """What a model makes of one latent, as bytes (H, W)."""
    with torch.no_grad():
        image = model.decode(torch.tensor([z]), c)[0, 0]
    return image.mul(255).round().byte().numpy()


def near(found, expected):
    """The same, but for a rounding of one grey level."""
    return np.abs(found.astype(int) - expected.astype(int)).max() <= 1


def test_a_walk_follows_its_sliders(model, images):
    widget = explore.walk(model, images, low=-2, high=2)
    assert isinstance(widget, Controls)
    assert list(widget.controls) == ["z₁", "z₂"]
    widget.controls["z₁"].value = 1.5
    widget.controls["z₂"].value = -0.5
    assert near(shown(widget), grey(model, [1.5, -0.5]))


def test_a_walk_along_principal_axes(images):
    model = small_vae(4)
    widget = explore.walk(model, images, dims="principal")
    before = shown(widget)
    widget.controls["axis 1"].value = widget.controls["axis 1"].max
    assert not np.array_equal(shown(widget), before)


def test_a_walk_of_a_conditional_model_has_classes():
    torch.manual_seed(0)
    model = mlp_cvae(8)(2, SHAPE, OneHot(3))
    widget = explore.walk(model, classes=["a", "b", "c"])
    widget.controls["class"].value = 2
    assert near(shown(widget), grey(model, [0.0, 0.0], torch.tensor([2])))


def test_a_dial_is_a_slider_over_sheets(model, images):
    widget = explore.dial({0.1: model, 1: small_vae(seed=1)}, images, captions={0.1: "a", 1: "b"})
    assert isinstance(widget, explore.SheetSlider)
    before = shown(widget)
    widget.slider.value = "1"
    assert not np.array_equal(shown(widget), before)
    assert widget.text.value == "b"


def test_denoise_is_the_plain_one():
    torch.manual_seed(0)
    network = UNet(SHAPE, channels=(16, 32), cond_width=2)
    model = Diffusion(network, SHAPE, steps=5, condition=OneHot(2))
    widget = explore.denoise(model, classes=["a", "b"], steps=[2, 3], guidance=[1.0, 2.0], n=2)
    assert isinstance(widget, explore.Denoise)
    assert len(widget.x_T) == 2


def test_attributes_are_boxes_to_tick():
    torch.manual_seed(0)
    model = mlp_cvae(8)(2, SHAPE, Attributes(2, weight=4.0))
    widget = explore.attributes(model, ["hat", "beard"], n=3)
    assert isinstance(widget.controls["hat"], ipywidgets.Checkbox)
    before = shown(widget)
    widget.controls["beard"].value = True
    assert not np.array_equal(shown(widget), before)


def test_directions_are_sliders(model, images):
    widget = explore.attributes(model, images=images, directions={"more": torch.ones(2)}, n=3)
    assert isinstance(widget.controls["more"], ipywidgets.FloatSlider)
    before = shown(widget)
    widget.controls["more"].value = 1.0
    assert not np.array_equal(shown(widget), before)


def test_an_interpolation_goes_from_one_image_to_another(model, images):
    widget = explore.interpolate(model, images)
    with torch.no_grad():
        codes = model.encode(images.images())
    widget.controls["to"].value = 3
    assert near(shown(widget), grey(model, codes[0].tolist()))
    widget.controls["between"].value = 1.0
    assert near(shown(widget), grey(model, codes[3].tolist()))


def test_a_map_goes_from_one_image_to_another(model, images):
    widget = explore.tsne_map(model, images, progress=False)
    with torch.no_grad():
        codes = model.encode(images.images())
    widget.controls["to"].value = 5
    widget.controls["between"].value = 1.0
    assert near(shown(widget), grey(model, codes[5].tolist()))


def test_a_drawing_needs_the_canvas_and_says_so(model, images):
    widget = explore.draw(model, images)
    assert isinstance(widget, Still)
    assert "pip install anywidget" in widget.children[0].value


@pytest.mark.parametrize("view", [explore.walk, explore.interpolate, explore.draw])
def test_each_has_its_figure_too(view, model, images):
    assert isinstance(view(model, images).figure(), Figure)


def test_their_reprs_are_stable(model, images):
    assert repr(explore.walk(model, images)) == "Controls(z₁, z₂)"
    assert repr(explore.draw(model, images)) == "Still()"


@pytest.mark.parametrize("offers, words", [
    ({}, "offers must name at least one control, got none"),
    ({"z": (1.0, 1.0)}, "z must run from a smaller number to a larger one, got"),
    ({"z": (0.0, float("nan"))}, "an end of z must be finite, got nan"),
    ({"class": []}, "class needs at least one name to choose from, got none"),
])
def test_controls_that_cannot_be_are_refused(offers, words):
    with pytest.raises(UserError, match=words):
        Controls(offers, lambda values: torch.zeros(SHAPE))


WITHOUT = """
import sys
sys.modules["anywidget"] = None
from vaekit import explore, recipes
print(type(explore.walk(recipes.build("mlp-vae-mnist-small", 2))).__name__)
"""


@pytest.mark.slow
def test_the_package_is_imported_without_anywidget():
    found = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr[-1000:]
    assert found.stdout.split() == ["Controls"]
