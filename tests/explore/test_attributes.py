"""Attributes: toggles of a model with attributes, dials along directions of any."""
import sys

import numpy as np
import pytest
import torch

from vaekit import explore, plots
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.explore.attributes import MOST_DIRECTIONS
from vaekit.models.conditioning import Attributes, OneHot
from vaekit.recipes.builders import mlp_cvae, mlp_vae

SHAPE = (1, 8, 8)
NAMES = ("hat", "glasses", "smile")


@pytest.fixture(scope="module")
def faces():
    torch.manual_seed(0)
    return mlp_cvae(16)(4, SHAPE, Attributes(3)).eval()


@pytest.fixture(scope="module")
def plain():
    torch.manual_seed(0)
    return mlp_vae(16)(4, SHAPE).eval()


@pytest.fixture(scope="module")
def classed():
    torch.manual_seed(0)
    return mlp_cvae(16)(4, SHAPE, OneHot(3)).eval()


@pytest.fixture(scope="module")
def pictures():
    torch.manual_seed(0)
    given = torch.tensor([[1, 0, 0], [0, 1, 1], [0, 0, 0], [1, 1, 1]])
    return ImageSet(torch.rand(4, *SHAPE), given, classes=NAMES)


DIRECTIONS = {"more": torch.tensor([1.0, 0, 0, 0]), "other": torch.tensor([0, 0.5, 0, -1.0])}


def floats(widget, name, width=4):
    return np.frombuffer(widget.buffers[name], np.float32).reshape(-1, width)


def rows_of(figure):
    return [tick.get_text() for tick in figure.axes[0].get_yticklabels()]


def test_each_attribute_has_a_toggle(faces):
    scene = explore.attributes(faces, NAMES, n=2).scene
    assert scene["toggles"] == list(NAMES)
    assert scene["dials"] == []
    assert scene["labels"] == [[0, 0, 0], [0, 0, 0]]


def test_names_left_out_are_numbers_or_those_of_the_images(faces, pictures):
    scene = explore.attributes(faces).scene
    assert scene["toggles"] == ["attribute 1", "attribute 2", "attribute 3"]
    assert explore.attributes(faces, (), pictures).scene["toggles"] == list(NAMES)


def test_the_latents_follow_from_the_seed(faces):
    first = floats(explore.attributes(faces, n=3, seed=5), "latents")
    expected = torch.randn(3, 4, generator=seeded(5)).numpy()
    assert first == pytest.approx(expected)


def test_images_are_encoded_and_keep_their_attributes(faces, pictures):
    widget = explore.attributes(faces, NAMES, pictures, n=3)
    codes = faces.encode(pictures.images()[:3], pictures.y[:3]).detach().numpy()
    assert floats(widget, "latents") == pytest.approx(codes, abs=1e-6)
    assert widget.scene["labels"] == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert widget.scene["drawn"] == [[0, 0, 0]] * 3, "of latents that no image has"


def test_directions_have_a_dial_each(plain, pictures):
    widget = explore.attributes(plain, images=pictures, directions=DIRECTIONS)
    assert widget.scene["dials"] == ["more", "other"]
    assert floats(widget, "directions").tolist() == [[1, 0, 0, 0], [0, 0.5, 0, -1]]
    assert widget.scene["labels"] is None
    assert not widget.scene["continuous"]
    assert explore.attributes(plain, directions=DIRECTIONS, continuous=True).scene["continuous"]


def test_a_model_with_classes_keeps_them_along_a_direction(classed):
    scene = explore.attributes(classed, directions=DIRECTIONS, classes=list("abc"), n=4).scene
    assert scene["labels"] == [0, 1, 2, 0]
    assert scene["choices"] == ["a", "b", "c"]
    with pytest.raises(UserError, match="needs classes"):
        explore.attributes(classed, directions=DIRECTIONS)


def test_the_figure_changes_one_thing_in_each_row(faces, plain, monkeypatch):
    shown = {}

    def keep(rows, **kwargs):
        shown.update(rows)
        return plots.compare(rows, **kwargs)

    monkeypatch.setattr(sys.modules["vaekit.explore.attributes"], "compare", keep)
    rows = rows_of(explore.attributes(faces, NAMES, n=2, seed=3).figure())
    assert rows == ["before", "hat on", "glasses on", "smile on"]
    z = torch.randn(2, 4, generator=seeded(3))
    smiling = faces.decode(z, torch.tensor([0, 0, 1])).detach()
    assert torch.allclose(shown["smile on"], smiling)

    rows = rows_of(explore.attributes(plain, directions=DIRECTIONS, n=2, seed=3).figure())
    assert rows == ["before", "more −1", "more +1", "other −1", "other +1"]
    moved = plain.decode(z - DIRECTIONS["other"]).detach()
    assert torch.allclose(shown["other −1"], moved)


@pytest.mark.parametrize("settings, words", [
    ({}, "must have the condition Attributes, or be given directions"),
    ({"names": NAMES}, "names are those of a model with the condition Attributes"),
    ({"directions": {}}, f"directions must be 1 … {MOST_DIRECTIONS}, got 0"),
    ({"directions": {"a": torch.zeros(3)}}, r"'a' must be real, of shape \(4,\), got .* \(3,\)"),
    ({"directions": {"a": torch.zeros(1, 4)}}, r"of shape \(4,\)"),
    ({"directions": {"a": torch.full((4,), torch.nan)}}, "must be finite, got inf or NaN"),
    ({"directions": DIRECTIONS, "n": 0}, "n must be ≥ 1"),
])
def test_mistakes_are_named(plain, settings, words):
    with pytest.raises(UserError, match=words):
        explore.attributes(plain, **settings)


def test_a_wrong_number_of_names_is_refused(faces):
    with pytest.raises(UserError, match="one for each of 3 attributes, got 2"):
        explore.attributes(faces, ["hat", "smile"])


def test_images_of_another_size_are_refused(plain):
    other = ImageSet(torch.rand(3, 1, 4, 4), torch.zeros(3).long())
    with pytest.raises(UserError, match="pass images of its size"):
        explore.attributes(plain, images=other, directions=DIRECTIONS)
