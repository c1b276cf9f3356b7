"""Denoise on the canvas: each step is the model's own, computed once, and only when it is asked."""
import sys

import numpy as np
import pytest
import torch

from vaekit import explore
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.explore.denoise import MOST_KEPT
from vaekit.models.conditioning import OneHot
from vaekit.models.diffusion import Diffusion, UNet, to_images

SHAPE = (1, 8, 8)
CLASSES = list("abc")


@pytest.fixture(scope="module")
def denoiser():
    """A diffusion model of 8×8 images with three classes, untrained."""
    torch.manual_seed(0)
    network = UNet(SHAPE, channels=(16, 32), cond_width=3)
    return Diffusion(network, SHAPE, steps=20, condition=OneHot(3)).eval()


@pytest.fixture(scope="module")
def unconditional():
    torch.manual_seed(0)
    return Diffusion(UNet(SHAPE, channels=(16, 32)), SHAPE, steps=20).eval()


def view(model, **settings):
    return explore.denoise(model, **{"classes": CLASSES, "steps": (2, 4), "n": 2, **settings})


def step(widget, label, steps, guidance, number):
    question = {"label": label, "steps": steps, "guidance": guidance, "step": number}
    _, (pixels,) = widget.answers["step"](question)
    return np.frombuffer(pixels, np.uint8).reshape(2, 2, *SHAPE)


def expected(model, label, steps, guidance, number, seed=0):
    noise = torch.randn(2, *SHAPE, generator=seeded(seed))
    path = list(model.trajectory(noise, label, steps=steps, guidance=guidance))
    both = torch.stack([to_images(path[number].x_t), to_images(path[number].x0)])
    return both.mul(255).round().byte().numpy()


@pytest.mark.parametrize("settings", [(0, 2, 1), (2, 4, 3), (1, 4, 0)])
def test_a_step_is_the_models_own(denoiser, settings):
    widget = view(denoiser, guidance=(0, 1, 3), seed=7)
    for number in reversed(range(settings[1])):
        found = step(widget, *settings, number)
        assert np.array_equal(found, expected(denoiser, *settings, number, seed=7))


def test_a_step_is_computed_when_it_is_asked_for_and_once(denoiser, monkeypatch):
    widget = view(denoiser)
    calls = []
    inner = denoiser._denoise
    monkeypatch.setattr(denoiser, "_denoise", lambda *args: calls.append(1) or inner(*args))

    step(widget, 1, 4, 2, 0)
    assert len(calls) == 1, "the page may not want the other three"
    step(widget, 1, 4, 2, 0)
    assert len(calls) == 1
    step(widget, 1, 4, 2, 1)
    assert len(calls) == 2


def test_the_page_begins_with_the_fewest_steps_and_has_them_at_once(denoiser):
    widget = view(denoiser, steps=(4, 2, 20), guidance=(1, 3, 8))
    assert widget.scene["first"] == (0, 2, 3)
    (carried,) = widget.scene["carried"]
    pictures = np.frombuffer(widget.buffers[carried["buffer"]], np.uint8)
    assert pictures.size == 2 * 2 * 2 * 64
    assert np.array_equal(pictures.reshape(2, 2, 2, *SHAPE)[1], expected(denoiser, 0, 2, 3, 1))


def test_the_page_knows_the_times_of_each_number_of_steps(denoiser):
    assert view(denoiser).scene["times"] == {"2": [20, 10], "4": [20, 15, 10, 5]}


def test_ahead_carries_all_stops(denoiser):
    widget = view(denoiser, guidance=(1, 3), ahead=True)
    carried = {tuple(each["settings"]) for each in widget.scene["carried"]}
    assert carried == {(c, s, w) for c in range(3) for s in (2, 4) for w in (1, 3)}


def test_too_much_ahead_is_refused_before_it_is_computed(denoiser, monkeypatch):
    monkeypatch.setattr(sys.modules["vaekit.explore.denoise"], "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="ahead=True would put .* pass fewer steps"):
        view(denoiser, ahead=True)


def test_only_the_newest_trajectories_are_kept(denoiser):
    widget = view(denoiser, guidance=(1,))
    trajectories = widget.answers["step"].__self__
    for k in range(MOST_KEPT + 3):
        step(widget, 0, 2, 2 + k, 0)
    assert len(trajectories.kept) == MOST_KEPT
    assert (0, 2, 2 + MOST_KEPT + 2) in trajectories.kept


def test_an_interrupted_step_is_computed_anew(denoiser, monkeypatch):
    widget = view(denoiser)
    with monkeypatch.context() as patch:
        def interrupted(*args):
            raise KeyboardInterrupt

        patch.setattr(denoiser, "_denoise", interrupted)
        with pytest.raises(KeyboardInterrupt):
            step(widget, 1, 4, 2, 0)
    assert np.array_equal(step(widget, 1, 4, 2, 0), expected(denoiser, 1, 4, 2, 0))


def test_a_step_beyond_the_last_is_refused(denoiser):
    with pytest.raises(UserError, match="step must be ≤ 3, got 4"):
        step(view(denoiser), 0, 4, 1, 4)


def test_an_unconditional_model_has_neither_class_nor_guidance(unconditional):
    widget = explore.denoise(unconditional, steps=(2, 4), n=2)
    assert widget.scene["classes"] == []
    assert widget.scene["guidance"] == [None]
    assert np.array_equal(step(widget, None, 4, None, 3), expected(unconditional, None, 4, None, 3))


def test_the_figure_shows_the_way(denoiser):
    axes = view(denoiser).figure().axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["20", "10"]
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    assert names[:2] == ["xₜ of image 1", "estimate of image 1"]


@pytest.mark.parametrize("settings, words", [
    ({"classes": ()}, "needs classes"),
    ({"classes": ["a", "b"]}, "knows 3 classes, got 2"),
    ({"steps": ()}, "needs stops"),
    ({"guidance": ()}, "needs stops"),
    ({"steps": (5, 21)}, "can sample with 1 … 20, got 21"),
    ({"steps": (0, 5)}, "steps must be ≥ 1"),
    ({"guidance": (1, -2)}, "guidance must be ≥ 0"),
    ({"n": 0}, "n must be ≥ 1"),
    ({"scale": 0}, "scale must be ≥ 1"),
])
def test_mistakes_are_named_at_once(denoiser, settings, words):
    with pytest.raises(UserError, match=words):
        view(denoiser, **settings)


def test_classes_of_an_unconditional_model_are_refused(unconditional):
    with pytest.raises(UserError, match="unconditional, so there is no class"):
        explore.denoise(unconditional, classes=CLASSES)
