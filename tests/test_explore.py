import io

import numpy as np
import pytest
import torch
from PIL import Image

from vaekit import explore
from vaekit.errors import UserError


def shown(walk):
    return np.asarray(Image.open(io.BytesIO(walk.image.value)))


def decoded(model, *z):
    return model.decode(torch.tensor([z]))[0, 0].mul(255).round().byte().detach().numpy()


def test_the_picture_follows_the_sliders(trained):
    walk = explore.Walk(trained.model, 2, low=-3, high=3)
    assert len(walk.sliders) == 2 and np.array_equal(shown(walk), decoded(trained.model, 0.0, 0.0))
    walk.sliders[1].value = 1.5
    assert np.array_equal(shown(walk), decoded(trained.model, 0.0, 1.5))
    walk.sliders[0].value = -3.0
    assert np.array_equal(shown(walk), decoded(trained.model, -3.0, 1.5))


def test_one_dimension_of_many_can_be_walked(trained):
    walk = explore.Walk(trained.model, [1], start=torch.tensor([0.8, -0.3]))
    assert [s.description for s in walk.sliders] == ["z₂"] and walk.sliders[0].value == pytest.approx(-0.3)
    walk.sliders[0].value = 2.0
    assert np.array_equal(shown(walk), decoded(trained.model, 0.8, 2.0))


def test_each_slider_may_have_its_own_ends(trained):
    walk = explore.Walk(trained.model, low=[-1.0, 2.0], high=[1.0, 4.0])
    assert [(s.min, s.max, s.value) for s in walk.sliders] == [(-1, 1, 0), (2, 4, 2)]


def test_a_frame_is_small_and_the_repr_stable(trained):
    walk = explore.Walk(trained.model)
    assert len(walk.image.value) < 1500, "a slider sends one image at its native size, not a figure"
    assert repr(walk) == "Walk(2 sliders over a 2-dimensional latent space)" == repr(explore.Walk(trained.model))
    assert repr(explore.Walk(trained.model, 1)) == "Walk(1 slider over a 2-dimensional latent space)"


def test_only_the_old_widget_api_is_used():
    """Colab ships ipywidgets 7.7.1: `tooltip`, `TagsInput`, `Stack` and their like came with 8."""
    import inspect

    source = inspect.getsource(explore)
    assert not [word for word in ("tooltip=", "TagsInput", "ColorsInput", "Stack(", "TimePicker", "handle_color") if word in source]


def test_colour_images_are_shown_in_colour():
    image = torch.rand(3, 5, 4)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(explore.png(image)))), image.permute(1, 2, 0).mul(255).round().byte().numpy())


@pytest.mark.parametrize("dims, words", [
    (0, "dims must be ≥ 1, got 0"),
    (3, r"dims must lie in 0 … 1 for this model, got \[0, 1, 2\]"),
    ([-1], r"got \[-1\]"),
])
def test_bad_dims_are_named(trained, dims, words):
    with pytest.raises(UserError, match=words):
        explore.Walk(trained.model, dims)
