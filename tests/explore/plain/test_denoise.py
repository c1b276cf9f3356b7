"""Denoise: it shows the trajectory that its sliders stand for, and computes it once."""
import numpy as np
import pytest
import torch
from support.widgets import shown

from vaekit import explore
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models.conditioning import OneHot
from vaekit.models.diffusion import Diffusion, UNet, to_images


@pytest.fixture(scope="module")
def denoiser():
    """A diffusion model of 8×8 images with three classes, untrained."""
    torch.manual_seed(0)
    network = UNet((1, 8, 8), channels=(16, 32), cond_width=3)
    return Diffusion(network, (1, 8, 8), steps=20, condition=OneHot(3)).eval()


def white_rim(x, *rim):
    return torch.nn.functional.pad(x, rim, value=1.0)


def expected(step):
    """x_t above, the estimate below, one white pixel around each image."""
    rows = []
    for images in (step.x_t, step.x0):
        columns = [white_rim(image[0], 1, 0) for image in to_images(images)]
        rows.append(white_rim(torch.cat(columns, 1), 0, 1, 1, 0))
    return white_rim(torch.cat(rows), 0, 0, 0, 1).mul(255).round().byte().numpy()


def test_the_sliders_choose_what_is_shown(denoiser):
    widget = explore.Denoise(
        denoiser,
        classes=list("abc"),
        steps=(2, 4, 5),
        guidance=(1, 3),
        n=2,
        seed=7,
    )
    x_T = torch.randn(2, 1, 8, 8, generator=seeded(7))

    def is_at(c, steps, guidance, place):
        trajectory = list(denoiser.trajectory(x_T, c, steps=steps, guidance=guidance))
        return np.array_equal(shown(widget)[..., 0], expected(trajectory[place]))

    assert widget.choice.value == 0
    assert widget.steps.value == 4
    assert widget.guidance.value == 3
    assert widget.step.value == 3
    assert is_at(0, 4, 3, -1), "at first the image, the end of the trajectory"

    widget.step.value = 1
    assert is_at(0, 4, 3, 1)
    assert "t = 15 of 20" in widget.text.value

    widget.choice.value = 2
    widget.guidance.value = 1
    assert is_at(2, 4, 1, -1)

    for steps in (5, 2):
        widget.steps.value = steps
        assert widget.step.max == steps - 1
        assert widget.step.value == steps - 1
        assert is_at(2, steps, 1, -1)


def test_the_repr_is_stable(denoiser):
    widget = explore.Denoise(denoiser, classes=list("abc"), steps=(2, 4, 5), guidance=(1, 3), n=1)
    assert repr(widget) == "Denoise(steps = 2, 4, 5, guidance = 1, 3)"


def test_a_trajectory_is_computed_once(denoiser, monkeypatch):
    widget = explore.Denoise(denoiser, classes=list("abc"), steps=(2, 3), n=1)
    widget.steps.value = 2

    monkeypatch.setattr(denoiser, "trajectory", None)
    for steps in (3, 2, 3):
        widget.steps.value = steps
        for place in range(steps):
            widget.step.value = place
    assert len(widget.trajectories) == 2


def test_an_unconditional_model_has_neither_class_nor_guidance():
    model = Diffusion(UNet((1, 8, 8), channels=(16, 32)), (1, 8, 8), steps=20).eval()
    widget = explore.Denoise(model, steps=(2, 3), n=1)
    assert widget.children[:2] == (widget.steps, widget.step)
    assert repr(widget) == "Denoise(steps = 2, 3)"

    with pytest.raises(UserError, match="unconditional, so there is no class"):
        explore.Denoise(model, classes=list("abc"))


@pytest.mark.parametrize("settings, words", [
    ({"classes": ()}, "needs classes"),
    ({"classes": ["a", "b"]}, "knows 3 classes, got 2"),
    ({"steps": ()}, "needs stops"),
    ({"guidance": ()}, "needs stops"),
    ({"steps": (5, 21)}, "can sample with 1 … 20, got 21"),
    ({"steps": (0, 5)}, "steps must be ≥ 1"),
    ({"guidance": (1, -2)}, "guidance must be ≥ 0"),
    ({"n": 0}, "n must be ≥ 1"),
])
def test_mistakes_are_named_at_once(denoiser, settings, words):
    arguments = {"classes": list("abc")} | settings
    with pytest.raises(UserError, match=words):
        explore.Denoise(denoiser, **arguments)
