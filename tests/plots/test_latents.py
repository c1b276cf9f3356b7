"""Pictures of a latent space: what is drawn at z belongs to z."""
import math

import numpy as np
import pytest
import torch
from support.figures import picture, texts

from vaekit import plots, recipes
from vaekit.device import seeded
from vaekit.errors import UserError


def decoded(model, *z):
    """The image at the latent z, (H, W)."""
    return model.decode(torch.tensor([z], dtype=torch.float32))[0, 0].detach().numpy()


def test_latent_map_names_each_class_at_its_median(trained):
    z = trained.model.encode(trained.test.images()).detach()
    fig = plots.latent_map(
        z,
        trained.test.y,
        trained.test.classes,
        title="map",
        extra=torch.zeros(3, 2),
        extra_name="random",
    )
    places = {note.get_text(): note.xy for note in fig.axes[0].texts}
    assert set(places) == set("0123456789")
    np.testing.assert_allclose(places["7"], z[trained.test.y == 7].median(0).values)


def test_a_class_of_two_islands_is_named_on_one_of_them():
    """Its median lies between them, on another class."""
    islands = torch.tensor([-10.0, 10.0]).repeat(50)
    one = torch.stack([islands, torch.zeros(100)], 1) + 0.5 * torch.randn(
        100, 2, generator=seeded(0)
    )
    other = 0.5 * torch.randn(100, 2, generator=seeded(1)) + torch.tensor([0.0, 8.0])
    y = torch.arange(2).repeat_interleave(100)
    z = torch.cat([one, other])
    fig = plots.latent_map(z, y, ["one", "other"], densest=True)
    places = {note.get_text(): note.xy for note in fig.axes[0].texts}
    assert abs(abs(places["one"][0]) - 10) < 2
    assert abs(places["other"][1] - 8) < 2


def test_class_names_stay_in_a_map_of_unequal_sides():
    """t-SNE's map may be ten times as wide as high."""
    z = torch.randn(300, 2, generator=seeded(0)) * torch.tensor([40.0, 1.0])
    y = torch.arange(300) % 10
    ax = plots.latent_map(z, y, list("0123456789")).axes[0]

    low, high = ax.get_ylim()
    for note in ax.texts:
        assert low < note.xyann[1] < high


def test_lattice_shows_each_image_where_its_latent_lies(trained):
    """The picture under the data point (x, y) is the image decoded from z = (x, y)."""
    n = 5
    fig = plots.lattice(trained.model, x=(-2, 2), y=(-1, 1), n=n, title="grid")
    shown = picture(fig)

    # the first row of pixels is the top: the largest z₂
    for row, z2 in enumerate(np.linspace(1, -1, n)):
        for column, z1 in enumerate(np.linspace(-2, 2, n)):
            down = slice(row * 28, (row + 1) * 28)
            across = slice(column * 28, (column + 1) * 28)
            tile = shown[down, across, 0]
            np.testing.assert_allclose(tile, decoded(trained.model, z1, z2), atol=1e-6)

    left, right, bottom, top = fig.axes[0].images[0].get_extent()
    assert (left, right, bottom, top) == pytest.approx((-2.5, 2.5, -1.25, 1.25))


def test_walk_changes_one_dimension_and_keeps_the_others(trained):
    start = torch.tensor([0.7, 9.0])
    fig = plots.walk(trained.model, low=-2, high=2, n=3, dim=1, start=start)

    first = slice(plots.PAD, plots.PAD + 28)
    tile = picture(fig)[first, first, 0]
    np.testing.assert_allclose(tile, decoded(trained.model, 0.7, -2.0), atol=1e-6)

    ax = fig.axes[0]
    assert texts(ax.get_xticklabels()) == ["−2.0", "0.0", "2.0"]
    assert ax.get_xlabel() == "z₂"


def test_a_map_needs_two_dimensions():
    words = r"needs points \(N, 2\), got \(5, 3\); reduce them"
    with pytest.raises(UserError, match=words):
        plots.latent_map(torch.rand(5, 3), torch.zeros(5), ["0"])


@pytest.mark.parametrize("shape", [(3, 64, 48), (1, 28, 28), (3, 20, 50)])
def test_a_lattice_leaves_images_their_shape(shape):
    model = recipes.build("fc-vae", 2, image_shape=shape)
    fig = plots.lattice(model, n=4)
    fig.draw_without_rendering()
    box = fig.axes[0].get_window_extent()
    _, height, width = shape
    assert box.height / box.width == pytest.approx(height / width, rel=0.1)


def test_a_lattice_needs_two_dimensions():
    with pytest.raises(UserError, match="latent_dim 2, this one has 20"):
        plots.lattice(recipes.build("mlp-vae-mnist-small"))


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"dim": 7}, "dim must be ≤ 1, got 7"),
        ({"dim": -1}, "dim must be ≥ 0, got -1"),
        ({"n": 0}, "n must be ≥ 1, got 0"),
        ({"low": -math.inf}, "low must be .*, got -inf"),
        ({"high": math.nan}, "high must be .*, got nan"),
        ({"start": torch.zeros(3)}, r"start must be a float latent of shape \(2,\), got .*\(3,\)"),
        ({"start": torch.tensor([0, math.nan])}, "start must be finite, got NaN or inf"),
    ],
)
def test_a_walk_that_cannot_be_is_named(trained, settings, words):
    with pytest.raises(UserError, match=words):
        plots.walk(trained.model, **settings)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"n": 1}, "n must be ≥ 2, got 1"),
        ({"x": (1.0, 1.0)}, "the upper end of x must be > 1 .*, got 1.0"),
        ({"y": (0.0, math.inf)}, "the upper end of y must be > 0 .*, got inf"),
    ],
)
def test_a_lattice_that_cannot_be_is_named(trained, settings, words):
    with pytest.raises(UserError, match=words):
        plots.lattice(trained.model, **settings)


@pytest.mark.parametrize("show", [plots.walk, plots.lattice])
def test_what_has_no_latents_is_refused(show):
    with pytest.raises(UserError, match="model must have decode, latent_dim, and Linear has no"):
        show(torch.nn.Linear(1, 1))


POINTS = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
LABELS = torch.tensor([0, 1])


@pytest.mark.parametrize(
    "change, words",
    [
        ({"z": POINTS[:0]}, r"z: a latent map needs points \(N, 2\), got \(0, 2\)"),
        ({"z": POINTS * math.nan}, "z must be finite"),
        ({"y": LABELS[:1]}, r"one whole-numbered label for each of 2 points, got .*\(1,\)"),
        ({"y": LABELS.float()}, "one whole-numbered label .*got torch.float32"),
        ({"y": LABELS + 1}, "y must lie in 0 … 1, got 2 at position 1"),
        ({"classes": []}, "classes must be the names of the labels in y, got none"),
        ({"classes": "ab"}, "classes of latent_map must be .*, got str 'ab'"),
        ({"extra": torch.zeros(3)}, "extra: a latent map needs points"),
        ({"limit": 0}, "limit must be > 0 .*, got 0"),
    ],
)
def test_a_map_that_cannot_be_is_named(change, words):
    arguments = {"z": POINTS, "y": LABELS, "classes": ["a", "b"]} | change
    with pytest.raises(UserError, match=words):
        plots.latent_map(**arguments)


class Foreign(torch.nn.Module):
    """A decoder of the user's own, with any answer."""

    latent_dim = 2

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def decode(self, z, c=None):
        return self.answer(z)


@pytest.mark.parametrize("show", [plots.walk, plots.lattice])
@pytest.mark.parametrize(
    "answer",
    [
        lambda z: None,
        lambda z: torch.zeros(len(z), 4, 4),
        lambda z: torch.zeros(1, 1, 4, 4),
        lambda z: torch.zeros(len(z), 2, 4, 4),
        lambda z: [torch.zeros(1, 4, 4)] * len(z),
    ],
)
def test_a_decoder_without_one_image_per_latent_is_named(show, answer):
    expected = r"decode of Foreign must give each latent one image \(C, H, W\) .*got .* for \d+ lat"
    with pytest.raises(UserError, match=expected):
        show(Foreign(answer), n=3)


def test_a_lattice_takes_its_ranges_as_lists(trained):
    fig = plots.lattice(trained.model, x=[-2, 2], y=[-1, 1], n=5)
    extent = fig.axes[0].images[0].get_extent()
    assert tuple(extent) == pytest.approx((-2.5, 2.5, -1.25, 1.25))


def test_a_range_of_three_numbers_is_named(trained):
    with pytest.raises(UserError, match=r"x must be two numbers, from and to, got \[0, 1, 2\]"):
        plots.lattice(trained.model, x=[0, 1, 2])
