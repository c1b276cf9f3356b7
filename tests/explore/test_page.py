"""A page of its own: whole, small, and clear about what it cannot do."""
import base64
import gzip
import json
import re
import sys

import pytest
import torch
from support.vaes import small_vae
from torch import nn

from vaekit import explore, recipes
from vaekit.errors import UserError
from vaekit.explore.canvas import Canvas
from vaekit.explore.page import CARRIED, COMPUTED, LARGEST_PAGE, ROUNDED
from vaekit.explore.scene import Scene
from vaekit.models import nets
from vaekit.models.diffusion import Diffusion, UNet
from vaekit.models.vae import VAE


def scenes_of(page):
    """What a page carries: its views, and contents by key."""
    text = re.search(r'id="scenes">(.*?)</script>', page, re.DOTALL).group(1)
    return json.loads(text)


def content(scenes, view, name):
    """The bytes of one buffer of a view."""
    return gzip.decompress(base64.b64decode(scenes["contents"][view["buffers"][name]]))


def large_vae():
    """Of 1.1 million weights: 2.2 MB in 16 bits."""
    shape = (1, 28, 28)
    return VAE(nets.mlp_encoder(shape, (8,)), nets.mlp_decoder(2, (700, 700), shape), 2, shape)


@pytest.fixture(scope="module")
def diffusion():
    """Twenty steps of a tiny network, untrained."""
    torch.manual_seed(0)
    return Diffusion(UNet((1, 8, 8), channels=(16, 32)), (1, 8, 8), steps=20).eval()


def denoise(model, **settings):
    return explore.denoise(model, **{"steps": (2, 4), "n": 2, **settings})


def footer_of(page):
    return re.search(r"<footer>(.*?)</footer>", page, re.DOTALL).group(1)


def test_title_text_and_headings_are_on_the_page(trained):
    page = explore.page(
        "A <walk> & more", explore.walk(trained.model), text=["One.", "Two < 3."], headings=["β"]
    )
    assert "<title>A &lt;walk&gt; &amp; more</title>" in page
    assert "<h1>A &lt;walk&gt; &amp; more</h1>" in page
    assert "<p>One.</p>\n<p>Two &lt; 3.</p>" in page
    assert "<h2>β</h2>" in page


def test_one_text_is_one_paragraph(trained):
    assert "<p>See.</p>" in explore.page("A", explore.walk(trained.model), text="See.")


def test_the_page_carries_the_weights_exactly(trained):
    walk = explore.walk(trained.model)
    scenes = scenes_of(explore.page("A", walk))
    view = scenes["views"][0]
    assert view["view"] == "walk"
    assert view["scene"] == json.loads(json.dumps(walk.scene))
    assert content(scenes, view, "decoder0") == walk.buffers["decoder0"]


def test_views_of_one_model_share_its_weights(trained):
    widgets = [explore.walk(trained.model), explore.draw(trained.model)]
    scenes = scenes_of(explore.page("A", *widgets))
    assert len(scenes["views"]) == 2
    assert len(scenes["contents"]) == 2


def test_a_page_of_an_mlp_is_small(small):
    _, test = small
    model = recipes.build("mlp-vae-mnist", 2)
    page = explore.page("A", explore.walk(model, test), explore.draw(model, test))
    assert len(page.encode()) < LARGEST_PAGE


def test_large_weights_are_rounded_and_the_page_says_so(trained):
    model = small_vae()
    assert ROUNDED not in explore.page("A", explore.walk(model))

    model = large_vae()
    walk = explore.walk(model)
    page = explore.page("A", walk)
    assert ROUNDED in page
    scenes = scenes_of(page)
    view = scenes["views"][0]
    assert view["scene"]["models"][0]["decoder"]["bits"] == 8
    # a byte per weight, and a factor per row
    numbers = sum(weight.numel() for weight in model.decoder.parameters())
    found = len(content(scenes, view, "decoder0"))
    assert numbers < found < 1.02 * numbers
    # the widget itself stays as it was
    assert walk.scene["models"][0]["decoder"]["bits"] == 16


def test_nothing_is_asked_of_a_network(trained):
    page = explore.page("A", explore.walk(trained.model), explore.draw(trained.model))
    assert not re.findall(r'(?:src|href)\s*=|https?://|\bimport\s*[({"\']|fetch\("', page)


def test_a_browser_that_cannot_is_told(trained):
    page = explore.page("A", explore.walk(trained.model))
    assert "<noscript>" in page
    assert "<script nomodule>" in page
    assert 'typeof DecompressionStream === "undefined"' in page


def test_a_text_cannot_end_the_script():
    model = recipes.build("fc-cvae")
    names = ["</script><script>alert(1)</script>", "<!--", *"23456789"]
    page = explore.page("A", explore.walk(model, classes=names))
    assert "alert(1)</script>" not in page
    assert scenes_of(page)["views"][0]["scene"]["choices"] == names


def test_a_page_is_written_whole(trained, tmp_path):
    path = explore.write_page(tmp_path / "a" / "page.html", "A", explore.walk(trained.model))
    assert path.read_text(encoding="utf-8") == explore.page("A", explore.walk(trained.model))


def test_a_place_that_cannot_be_written(trained):
    with pytest.raises(UserError, match="cannot write"):
        explore.write_page("/proc/x/page.html", "A", explore.walk(trained.model))


def test_no_widgets_are_refused():
    with pytest.raises(UserError, match="widgets must be one or more, got none"):
        explore.page("A")


def test_what_is_no_widget_is_refused():
    with pytest.raises(UserError, match="widgets must be views .*, got 3"):
        explore.page("A", 3)


def test_not_one_heading_each(trained):
    with pytest.raises(UserError, match="one for each of 1 widgets, got 2"):
        explore.page("A", explore.walk(trained.model), headings=["a", "b"])


class Softplus(nn.Module):
    """A layer that the page does not know."""

    def forward(self, x):
        return nn.functional.softplus(x)


def test_a_model_that_only_a_kernel_decodes_is_refused():
    model = small_vae()
    model.decoder = nn.Sequential(Softplus(), model.decoder)
    with pytest.raises(UserError, match="cannot compute this model's decoder.*in a notebook"):
        explore.page("A", explore.walk(model))


def test_a_model_that_only_a_kernel_encodes_is_refused():
    model = small_vae()
    model.encoder = nn.Sequential(Softplus(), model.encoder)
    explore.page("A", explore.walk(model))
    with pytest.raises(UserError, match="cannot compute this model's encoder"):
        explore.page("A", explore.draw(model))
    answer, _ = explore.draw(model).answers["encode"]({"pixels": [0] * 784, "label": 0})
    assert torch.tensor(answer["mean"]).isfinite().all()


def test_trajectories_that_are_all_carried_need_no_kernel(diffusion):
    widget = denoise(diffusion, ahead=True)
    scenes = scenes_of(explore.page("A", widget))
    (view,) = scenes["views"]
    assert len(view["scene"]["carried"]) == 2
    assert content(scenes, view, "trajectory1") == widget.buffers["trajectory1"]
    # the one trajectory that there is, is all
    explore.page("A", denoise(diffusion, steps=(2,)))


def test_trajectories_that_only_a_kernel_computes_are_refused(diffusion):
    with pytest.raises(UserError, match="only a kernel computes; pass ahead=True to denoise"):
        explore.page("A", denoise(diffusion))


def test_ddim_between_two_images_is_refused(diffusion):
    widget = explore.interpolate(diffusion, steps=2, limit=2)
    with pytest.raises(UserError, match="cannot compute DDIM.*in a notebook"):
        explore.page("A", widget)


def test_a_view_that_asks_the_kernel_is_refused(trained):
    def answer(question):
        return {}, []

    widget = Canvas("new", Scene(), figure=lambda: None, answers={"new": answer})
    with pytest.raises(UserError, match="the view new asks a kernel.*in a notebook"):
        explore.page("A", explore.walk(trained.model), widget)


def test_the_footer_says_where_pictures_were_made(trained, diffusion):
    walk = explore.walk(trained.model)
    carried = denoise(diffusion, ahead=True)
    assert footer_of(explore.page("A", walk)) == f"{COMPUTED} Made by vaekit explore."
    assert footer_of(explore.page("A", carried)) == f"{CARRIED} Made by vaekit explore."
    both = footer_of(explore.page("A", walk, carried))
    assert both == f"{COMPUTED} {CARRIED} Made by vaekit explore."
    assert "beforehand" in CARRIED


def test_a_large_page_without_weights_does_not_say_that_it_rounded_them(diffusion, monkeypatch):
    # explore.page is a function, too
    monkeypatch.setattr(sys.modules["vaekit.explore.page"], "LARGEST_PAGE", 1000)
    assert ROUNDED not in explore.page("A", denoise(diffusion, ahead=True))
    assert ROUNDED in explore.page("A", explore.walk(small_vae()))
