"""Walk: the picture follows its sliders and the chosen class."""
import numpy as np
import pytest
import torch
from support.widgets import shown

from vaekit import explore, recipes
from vaekit.errors import UserError

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module")
def conditional():
    return recipes.build("conv-cvae-mnist").eval()


def decoded(model, *z, label=None):
    """The image at the latent z, as bytes (H, W)."""
    image = model.decode(torch.tensor([z]), label)[0, 0]
    return image.mul(255).round().byte().detach().numpy()


def test_the_picture_follows_the_sliders(trained):
    walk = explore.Walk(trained.model, 2, low=-3, high=3)
    assert len(walk.sliders) == 2
    assert np.array_equal(shown(walk), decoded(trained.model, 0.0, 0.0))

    walk.sliders[1].value = 1.5
    assert np.array_equal(shown(walk), decoded(trained.model, 0.0, 1.5))

    walk.sliders[0].value = -3.0
    assert np.array_equal(shown(walk), decoded(trained.model, -3.0, 1.5))


def test_one_dimension_of_many_can_be_walked(trained):
    walk = explore.Walk(trained.model, [1], start=torch.tensor([0.8, -0.3]))
    assert [slider.description for slider in walk.sliders] == ["z₂"]
    assert walk.sliders[0].value == pytest.approx(-0.3)

    walk.sliders[0].value = 2.0
    assert np.array_equal(shown(walk), decoded(trained.model, 0.8, 2.0))


def test_the_start_is_copied(trained):
    start = torch.tensor([0.8, -0.3])
    walk = explore.Walk(trained.model, start=start)
    walk.sliders[0].value = 2.0
    assert start.tolist() == pytest.approx([0.8, -0.3])


def test_each_slider_may_have_its_own_ends(trained):
    walk = explore.Walk(trained.model, low=[-1.0, 2.0], high=[1.0, 4.0])
    ends = [(slider.min, slider.max, slider.value) for slider in walk.sliders]
    assert ends == [(-1, 1, 0), (2, 4, 2)]


def test_a_frame_is_small(trained):
    walk = explore.Walk(trained.model)
    size = len(walk.image.value)
    assert size < 1500, "a slider sends one image at its native size, not a figure"


def test_the_repr_is_stable(trained):
    text = "Walk(2 sliders over a 2-dimensional latent space)"
    assert repr(explore.Walk(trained.model)) == text
    assert repr(explore.Walk(trained.model)) == text

    one = explore.Walk(trained.model, 1)
    assert repr(one) == "Walk(1 slider over a 2-dimensional latent space)"


@pytest.mark.parametrize("dims, words", [
    (0, "dims must be ≥ 1, got 0"),
    (3, r"dims must lie in 0 … 1 for this model, got \[0, 1, 2\]"),
    ([-1], r"got \[-1\]"),
])
def test_bad_dims_are_named(trained, dims, words):
    with pytest.raises(UserError, match=words):
        explore.Walk(trained.model, dims)


def test_the_class_chooser_passes_the_class(conditional):
    walk = explore.Walk(conditional, classes=NAMES)
    zero = decoded(conditional, 0.0, 0.0, label=0)
    seven = decoded(conditional, 0.0, 0.0, label=7)
    assert not np.array_equal(zero, seven)

    assert walk.children[0] is walk.choice
    assert walk.choice.label == "zero"
    assert np.array_equal(shown(walk), zero)

    walk.choice.label = "seven"
    assert np.array_equal(shown(walk), seven)

    walk.sliders[0].value = 2.0
    assert np.array_equal(shown(walk), decoded(conditional, 2.0, 0.0, label=7))
    assert repr(walk) == "Walk(2 sliders over a 2-dimensional latent space, 10 classes)"


def test_no_chooser_without_classes(trained):
    walk = explore.Walk(trained.model)
    assert walk.choice not in walk.children
    assert walk.children[0] is walk.sliders[0]


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


@pytest.mark.parametrize("settings, words", [
    ({"low": [-1.0]}, "low must be one number, or one for each of 2 sliders, got 1"),
    ({"high": [1.0, 2.0, 3.0]}, "high must be one number, .*got 3"),
    ({"low": float("nan")}, "low must be .*, got nan"),
    ({"high": float("inf")}, "high must be .*, got inf"),
    ({"low": 5.0}, "low must be < high for each slider, got 5 and 5"),
    ({"dims": [0, 0]}, r"dims must name each dimension once, got \[0, 0\]"),
    ({"start": torch.zeros(3)}, r"start must be a float latent of shape \(2,\)"),
    ({"start": torch.full((2,), float("nan"))}, "start must be finite, got NaN or inf"),
    ({"size": 0}, "size must be ≥ 1, got 0"),
])
def test_mistakes_are_named(trained, settings, words):
    with pytest.raises(UserError, match=words):
        explore.Walk(trained.model, **settings)


def test_what_has_no_latents_is_refused():
    with pytest.raises(UserError, match="model must have decode, latent_dim"):
        explore.Walk(torch.nn.Linear(1, 1))


def test_one_text_is_no_list_of_classes(conditional):
    with pytest.raises(UserError, match="classes of Walk must be .*, got str '0123456789'"):
        explore.Walk(conditional, classes="0123456789")


def test_the_names_of_classes_are_text(conditional):
    names = ["<script>alert(1)</script>", "$\\frac", *NAMES[2:]]
    walk = explore.Walk(conditional, classes=names)
    assert [name for name, _ in walk.choice.options] == names
