import io

import numpy as np
import pytest
import torch
from PIL import Image

from vaekit import explore, recipes
from vaekit.errors import UserError
from vaekit.models.conditioning import OneHot
from vaekit.models.diffusion import Diffusion, UNet, to_images


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


@pytest.fixture(scope="module")
def conditional():
    return recipes.build("conv-cvae-mnist").eval()


NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def test_the_class_chooser_passes_the_class(conditional):
    walk = explore.Walk(conditional, classes=NAMES)
    told = lambda c, *z: conditional.decode(torch.tensor([z]), c)[0, 0].mul(255).round().byte().detach().numpy()  # noqa: E731
    assert walk.children[0] is walk.choice and walk.choice.label == "zero" and np.array_equal(shown(walk), told(0, 0.0, 0.0))
    walk.choice.label = "seven"
    assert np.array_equal(shown(walk), told(7, 0.0, 0.0)) and not np.array_equal(told(7, 0.0, 0.0), told(0, 0.0, 0.0))
    walk.sliders[0].value = 2.0
    assert np.array_equal(shown(walk), told(7, 2.0, 0.0))
    assert repr(walk) == "Walk(2 sliders over a 2-dimensional latent space, 10 classes)"


def test_no_chooser_without_classes(trained):
    walk = explore.Walk(trained.model)
    assert walk.choice not in walk.children and walk.children[0] is walk.sliders[0]


@pytest.mark.parametrize("classes, words", [
    ((), "a conditional model needs classes=…"),
    (NAMES[:9], "this model knows 10 classes, got 9 names"),
])
def test_names_for_every_class_are_needed(conditional, classes, words):
    with pytest.raises(UserError, match=words):
        explore.Walk(conditional, classes=classes)


def test_an_unconditional_model_has_no_classes(trained):
    with pytest.raises(UserError, match="this model is unconditional.*leave classes out"):
        explore.Walk(trained.model, classes=NAMES)


def test_along_shows_the_sheet_of_each_stop():
    sheets = {beta: torch.full((5, 1, 4, 4), level) for beta, level in ((0.1, 0.2), (1, 0.6), (10, 0.8))}
    along = explore.Along(sheets, captions={0.1: "sharp", 1: "fair", 10: "blurred"}, columns=3, scale=3)
    assert along.slider.description == "β" and [name for name, _ in along.slider.options] == ["0.1", "1", "10"]
    for stop, level, caption in ((0.1, 0.2, "sharp"), (10, 0.8, "blurred"), (1, 0.6, "fair")):
        along.slider.value = stop
        picture = shown(along)
        assert (picture[3, 3] == round(level * 255)).all() and along.text.value == caption
    assert picture.shape[:2] == (2 * 5 + 1, 3 * 5 + 1) and (int(along.image.width), int(along.image.height)) == (16 * 3, 11 * 3)
    assert repr(along) == "Along(β = 0.1, 1, 10)"
    plain = explore.Along(sheets, label="λ")
    assert plain.text.value == "" and plain.slider.description == "λ"


@pytest.mark.parametrize("call, words", [
    (lambda: explore.Along({1: torch.rand(2, 1, 4, 4)}), "two or more sheets of the same shape"),
    (lambda: explore.Along({1: torch.rand(2, 1, 4, 4), 2: torch.rand(3, 1, 4, 4)}), "two or more sheets of the same shape"),
    (lambda: explore.Along(dict.fromkeys("ab", torch.rand(2, 1, 4, 4)), captions={"a": "x"}), "captions are needed for the slider's own stops, a, b"),
    (lambda: explore.Along(dict.fromkeys("ab", torch.rand(2, 1, 4, 4)), columns=0), "columns must be ≥ 1, got 0"),
])
def test_along_names_mistakes(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.fixture(scope="module")
def denoiser():
    """A diffusion model of 8×8 images with three classes, untrained."""
    torch.manual_seed(0)
    return Diffusion(UNet((1, 8, 8), channels=(16, 32), code_width=3), (1, 8, 8), steps=20, condition=OneHot(3)).eval()


def grid(step):
    """x_t above, the estimate below, one white pixel around each image."""
    def white(x, *rim):
        return torch.nn.functional.pad(x, rim, value=1.0)

    rows = [white(torch.cat([white(x[0], 1, 0) for x in to_images(images)], 1), 0, 1, 1, 0) for images in (step.x_t, step.x0)]
    return white(torch.cat(rows), 0, 0, 0, 1).mul(255).round().byte().numpy()


def test_denoise_shows_the_walk_that_the_sliders_ask_for(denoiser):
    widget = explore.Denoise(denoiser, classes="abc", steps=(2, 4, 5), guidance=(1, 3), n=2, seed=7)
    x_T = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(7))

    def walk(c, steps, guidance):
        return list(denoiser.trajectory(x_T, c, steps=steps, guidance=guidance))

    assert (widget.choice.value, widget.steps.value, widget.guidance.value, widget.way.value) == (0, 4, 3, 3)
    assert np.array_equal(shown(widget)[..., 0], grid(walk(0, 4, 3)[-1])), "at first the image, the end of the way"
    widget.way.value = 1
    assert np.array_equal(shown(widget)[..., 0], grid(walk(0, 4, 3)[1])) and "t = 15 of 20" in widget.text.value
    widget.choice.value, widget.guidance.value = 2, 1
    assert np.array_equal(shown(widget)[..., 0], grid(walk(2, 4, 1)[-1]))
    widget.steps.value = 5
    assert widget.way.max == widget.way.value == 4 and np.array_equal(shown(widget)[..., 0], grid(walk(2, 5, 1)[-1]))
    widget.steps.value = 2
    assert widget.way.max == widget.way.value == 1 and np.array_equal(shown(widget)[..., 0], grid(walk(2, 2, 1)[-1]))
    assert repr(widget) == "Denoise(steps = 2, 4, 5, guidance = 1, 3)"


def test_a_walk_is_computed_once(denoiser, monkeypatch):
    widget = explore.Denoise(denoiser, classes="abc", steps=(2, 3), n=1)
    widget.steps.value = 2
    monkeypatch.setattr(denoiser, "trajectory", None)
    for steps in (3, 2, 3):
        widget.steps.value = steps
        for place in range(steps):
            widget.way.value = place
    assert len(widget.walks) == 2


def test_an_unconditional_model_has_neither_class_nor_guidance():
    model = Diffusion(UNet((1, 8, 8), channels=(16, 32)), (1, 8, 8), steps=20).eval()
    widget = explore.Denoise(model, steps=(2, 3), n=1)
    assert widget.children[:2] == (widget.steps, widget.way) and repr(widget) == "Denoise(steps = 2, 3)"
    with pytest.raises(UserError, match="unconditional, so there is no class"):
        explore.Denoise(model, classes="abc")


@pytest.mark.parametrize("settings, words", [
    ({"classes": ()}, "needs classes"), ({"classes": "ab"}, "knows 3 classes, got 2"), ({"steps": ()}, "needs stops"),
    ({"guidance": ()}, "needs stops"), ({"steps": (5, 21)}, "can sample with 1 … 20, got 21"), ({"steps": (0, 5)}, "steps must be ≥ 1"),
    ({"guidance": (1, -2)}, "guidance must be ≥ 0"), ({"n": 0}, "n must be ≥ 1"),
])
def test_denoise_names_mistakes_at_once(denoiser, settings, words):
    with pytest.raises(UserError, match=words):
        explore.Denoise(denoiser, **{"classes": "abc", **settings})
