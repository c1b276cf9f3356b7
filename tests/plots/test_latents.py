"""Pictures of a latent space: what is drawn at z belongs to z."""
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


def test_class_names_stay_in_a_map_of_unequal_sides():
    """t-SNE's map may be ten times as wide as high."""
    z = torch.randn(300, 2, generator=seeded(0)) * torch.tensor([40.0, 1.0])
    y = torch.arange(300) % 10
    ax = plots.latent_map(z, y, "0123456789").axes[0]

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
        plots.latent_map(torch.rand(5, 3), torch.zeros(5), "0")


def test_a_lattice_needs_two_dimensions():
    with pytest.raises(UserError, match="latent_dim 2, this one has 20"):
        plots.lattice(recipes.build("mlp-vae-mnist-small"))
