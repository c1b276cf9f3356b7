"""Each widget of explore with the versions that Google Colab has: built, driven, shown.

`make test-colab` runs it in an environment of those versions; `make test` with the newest.
"""
import base64
import os
import re
from importlib.metadata import version

import numpy as np
import pytest
import torch
from conftest import REPO
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME as KERNEL
from jupyter_client.manager import start_new_kernel

from vaekit import data, explore, recipes
from vaekit.explore.canvas import Canvas
from vaekit.models.conditioning import Attributes, OneHot
from vaekit.models.diffusion import Diffusion, UNet
from vaekit.recipes.builders import mlp_cvae

VIEW = "application/vnd.jupyter.widget-view+json"
PNG = b"\x89PNG"
ON_COLABS_SET = "VAEKIT_COLAB" in os.environ


def test_these_are_colabs_versions():
    if not ON_COLABS_SET:
        pytest.skip("make test-colab makes an environment of Colab's versions")
    lines = (REPO / "tests" / "colab" / "requirements.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if re.match(r"\w+==", line))
    assert {name: version(name).split("+")[0] for name in pinned} == pinned
    assert pinned["ipywidgets"] == "7.7.1"


@pytest.fixture(scope="module")
def images():
    return data.load("digits", "test").first(60)


def vae(latent_dim=2):
    return recipes.build("mlp-vae-mnist-small", latent_dim)


def denoiser():
    torch.manual_seed(0)
    network = UNet((1, 8, 8), channels=(16, 32), cond_width=2)
    return Diffusion(network, (1, 8, 8), steps=5, condition=OneHot(2))


def with_attributes():
    torch.manual_seed(0)
    return mlp_cvae(8)(2, (1, 8, 8), Attributes(2))


VIEWS = {
    "walk": lambda images: explore.walk(vae(), images),
    "walk of five latents": lambda images: explore.walk(vae(5), images, dims="principal"),
    "interpolate": lambda images: explore.interpolate(vae(), images),
    "tsne_map": lambda images: explore.tsne_map(vae(), images, progress=False),
    "attributes": lambda images: explore.attributes(with_attributes()),
    "dial": lambda images: explore.dial({0.1: vae(), 1: vae()}, images),
    "denoise": lambda images: explore.denoise(
        denoiser(), classes=["a", "b"], steps=[2, 3], guidance=[1.0, 2.0], n=2
    ),
    "draw": lambda images: explore.draw(vae(), images),
}


@pytest.fixture(scope="module", params=VIEWS)
def widget(request, images):
    return VIEWS[request.param](images)


@pytest.fixture(scope="module")
def shell():
    """IPython as a notebook's kernel has it."""
    return InteractiveShell.instance()


def test_it_is_built_with_all_that_travels(widget):
    assert isinstance(widget, Canvas)
    state = widget.get_state()
    assert state["view"] in widget._esm
    assert all(isinstance(each, bytes) for each in state["buffers"].values())
    assert state["scene"]["colours"]


def test_the_page_moves_it(widget):
    state = {"u": [0.5, -0.5], "label": 0}
    widget.set_state({"state": state})
    assert widget.state == state


def test_a_listener_hears_that_it_moved(widget):
    heard = []
    widget.observe(lambda change: heard.append(change["new"]), names="state")
    widget.set_state({"state": {"u": [1.0, 0.25], "label": 0}})
    assert heard == [{"u": [1.0, 0.25], "label": 0}]
    widget.unobserve_all("state")


def test_it_answers_the_page(widget, monkeypatch):
    sent = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append(content))
    widget._handle_custom_msg({"ask": "nothing", "number": 4}, [])
    assert [each["number"] for each in sent] == [4]
    assert "does not know the question 'nothing'" in sent[0]["error"]


def test_it_decodes_for_the_page(images, monkeypatch):
    model = vae()
    widget = explore.walk(model, images)
    sent = []
    monkeypatch.setattr(widget, "send", lambda *both: sent.append(both))
    question = {"ask": "decode", "model": 0, "z": [[1.0, -1.0]], "label": 0, "number": 1}
    widget._handle_custom_msg(question, [])
    ((answer, (content,)),) = sent
    with torch.no_grad():
        expected = model.decode(torch.tensor([[1.0, -1.0]])).flatten().numpy() * 255
    assert answer == {"number": 1}
    assert np.abs(np.frombuffer(content, np.uint8) - expected).max() <= 0.5 + 1e-3


def test_a_cell_shows_it_with_its_picture(widget, shell):
    shown, _ = shell.display_formatter.format(widget)
    assert shown[VIEW]["model_id"] == widget.model_id
    assert shown["text/plain"] == repr(widget)
    assert shown["image/png"].startswith(PNG)


CELL = """from vaekit import explore, recipes
explore.walk(recipes.build("mlp-vae-mnist-small", 2))"""


@pytest.mark.slow
def test_a_kernel_puts_it_and_its_picture_into_the_notebook():
    manager, client = start_new_kernel(kernel_name=KERNEL)
    try:
        said = []
        client.execute_interactive(CELL, output_hook=said.append, timeout=120)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    errors = [each["content"]["evalue"] for each in said if each["msg_type"] == "error"]
    assert errors == []
    (result,) = [each["content"] for each in said if each["msg_type"] == "execute_result"]
    assert set(result["data"]) == {VIEW, "text/plain", "image/png"}
    assert base64.b64decode(result["data"]["image/png"]).startswith(PNG)

    # the weights went as bytes, and not as text
    opened = [each for each in said if each["msg_type"] == "comm_open"]
    (canvas,) = [
        each for each in opened if each["content"]["data"]["state"].get("view") == "walk"
    ]
    paths = canvas["content"]["data"]["buffer_paths"]
    assert ["buffers", "decoder0"] in paths


PLAIN = {
    "Walk": lambda images: explore.Walk(vae(), 2),
    "SheetSlider": lambda images: explore.SheetSlider(
        {1: images.images()[:4], 2: 1 - images.images()[:4]}
    ),
    "Denoise": lambda images: explore.Denoise(
        denoiser(), classes=["a", "b"], steps=[2, 3], guidance=[1.0, 2.0], n=2
    ),
}


@pytest.mark.parametrize("name", PLAIN)
def test_the_plain_widgets_follow_their_sliders(name, images):
    widget = PLAIN[name](images)
    before = bytes(widget.image.value)
    assert before.startswith(PNG)

    slider = {"Walk": lambda: widget.sliders[0], "SheetSlider": lambda: widget.slider}.get(
        name, lambda: widget.steps
    )()
    if name == "Walk":
        slider.value = slider.max
    else:
        slider.value = slider.options[0 if slider.index else 1][1]
    after = bytes(widget.image.value)
    assert after.startswith(PNG)
    assert after != before
