"""What all sliders share: pictures as PNG, and widgets that Colab's old version has too."""
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from vaekit import explore
from vaekit.errors import UserError

# ipywidgets 8 brought these; Colab ships 7.7.1
NEW_WORDS = ("tooltip=", "TagsInput", "ColorsInput", "Stack(", "TimePicker", "handle_color")
SOURCES = sorted(Path(explore.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_only_the_old_widget_api_is_used(path):
    source = path.read_text(encoding="utf-8")
    assert not [word for word in NEW_WORDS if word in source]


def test_colour_images_are_shown_in_colour():
    image = torch.rand(3, 5, 4)
    pixels = np.asarray(Image.open(io.BytesIO(explore.png(image))))
    assert np.array_equal(pixels, image.permute(1, 2, 0).mul(255).round().byte().numpy())


@pytest.mark.parametrize("image, words", [
    (torch.rand(2, 5, 4), r"image must be one image \(C, H, W\), grey or in colour"),
    (torch.rand(1, 1, 5, 4), r"got \(1, 1, 5, 4\)"),
    (torch.rand(1, 5, 4) * 2, r"images must lie in \[0, 1\]"),
    (torch.full((1, 5, 4), float("nan")), r"images must lie in \[0, 1\]"),
])
def test_what_is_no_image_is_refused(image, words):
    with pytest.raises(UserError, match=words):
        explore.png(image)
