"""SheetSlider: each stop shows its own sheet and caption."""
import html

import ipywidgets
import pytest
import torch
from support.widgets import shown

from vaekit import explore
from vaekit.errors import UserError

TWO_IMAGES = torch.rand(2, 1, 4, 4)
PAIR = {"a": TWO_IMAGES, "b": TWO_IMAGES}


@pytest.fixture
def sheets():
    """Five images of one grey level each, at three stops."""
    levels = {0.1: 0.2, 1: 0.6, 10: 0.8}
    return {stop: torch.full((5, 1, 4, 4), level) for stop, level in levels.items()}


def test_each_stop_shows_its_sheet(sheets):
    captions = {0.1: "sharp", 1: "fair", 10: "blurred"}
    widget = explore.SheetSlider(sheets, captions=captions, columns=3, scale=3)
    assert widget.slider.description == "β"
    assert [name for name, _ in widget.slider.options] == ["0.1", "1", "10"]

    for stop, level, caption in ((0.1, 0.2, "sharp"), (10, 0.8, "blurred"), (1, 0.6, "fair")):
        widget.slider.value = stop
        assert (shown(widget)[3, 3] == round(level * 255)).all()
        assert widget.text.value == caption
    assert repr(widget) == "SheetSlider(β = 0.1, 1, 10)"


def test_the_picture_has_the_size_of_its_grid(sheets):
    widget = explore.SheetSlider(sheets, columns=3, scale=3)

    # two rows of three images, one white pixel around each
    assert shown(widget).shape[:2] == (2 * 5 + 1, 3 * 5 + 1)
    assert int(widget.image.height) == 11 * 3
    assert int(widget.image.width) == 16 * 3


def test_captions_may_be_left_out(sheets):
    widget = explore.SheetSlider(sheets, label="λ")
    assert widget.text.value == ""
    assert widget.slider.description == "λ"


HOSTILE = "<script>alert(1)</script> & $\\frac"


def test_a_caption_is_shown_as_it_is_written():
    widget = explore.SheetSlider(PAIR, captions={"a": HOSTILE, "b": ""})
    assert "<" not in widget.text.value
    assert html.unescape(widget.text.value) == HOSTILE


def test_the_stops_and_the_label_are_text(monkeypatch):
    widget = explore.SheetSlider({HOSTILE: TWO_IMAGES, "b": TWO_IMAGES}, label=HOSTILE)
    assert [name for name, _ in widget.slider.options] == [HOSTILE, "b"]
    assert widget.slider.description == HOSTILE
    assert not widget.slider.description_allow_html


def test_an_old_ipywidgets_reads_a_label_as_html(monkeypatch):
    monkeypatch.setattr(ipywidgets, "__version__", "7.7.1")
    widget = explore.SheetSlider(PAIR, label=HOSTILE)
    assert "<" not in widget.slider.description
    assert html.unescape(widget.slider.description) == HOSTILE


@pytest.mark.parametrize("sheets, settings, words", [
    ({"a": TWO_IMAGES[:0], "b": TWO_IMAGES[:0]}, {}, "images must be .*N ≥ 1"),
    ({"a": TWO_IMAGES * 2, "b": TWO_IMAGES}, {}, r"images must lie in \[0, 1\]"),
    (PAIR, {"scale": 0}, "scale must be ≥ 1, got 0"),
    ({1: TWO_IMAGES}, {}, "two or more sheets of the same shape"),
    ({1: TWO_IMAGES, 2: torch.rand(3, 1, 4, 4)}, {}, "two or more sheets of the same shape"),
    (PAIR, {"captions": {"a": "x"}}, "captions are needed for the slider's own stops, a, b"),
    (PAIR, {"columns": 0}, "columns must be ≥ 1, got 0"),
])
def test_mistakes_are_named(sheets, settings, words):
    with pytest.raises(UserError, match=words):
        explore.SheetSlider(sheets, **settings)
