"""Where a walk stands: read and set from Python, and where it sets out."""
import pytest
import torch
from support.vaes import small_vae

from vaekit import explore, recipes
from vaekit.errors import UserError
from vaekit.explore.axes import BATCH, NEIGHBOURS, densest

NAMES = tuple("0123456789")


def test_it_stands_where_it_set_out(trained):
    walk = explore.walk(trained.model, start=torch.tensor([0.5, -1.0]))
    assert walk.z.tolist() == pytest.approx([0.5, -1.0])


def test_it_stands_where_the_page_says(trained):
    walk = explore.walk(trained.model)
    walk.state = {"u": [1.0, 2.0], "label": 0, "origin": [0.0, 0.0]}
    assert walk.z.tolist() == [1.0, 2.0]


def test_it_can_be_set(trained):
    walk = explore.walk(trained.model)
    walk.z = torch.tensor([1.5, -2.0])
    assert walk.state["u"] == pytest.approx([1.5, -2.0])
    assert walk.z.tolist() == pytest.approx([1.5, -2.0])


@pytest.mark.parametrize("dims", [[1], "active", "principal"])
def test_what_no_slider_reaches_is_set_too(small, dims):
    _, test = small
    model = small_vae(8)
    walk = explore.walk(model, test, dims=dims, low=-9, high=9)
    z = torch.randn(8, generator=torch.Generator().manual_seed(0))
    walk.z = z
    torch.testing.assert_close(walk.z, z, atol=1e-5, rtol=0)


@pytest.mark.parametrize("z, words", [
    (torch.zeros(3), r"z must be a latent of shape \(2,\)"),
    (torch.tensor([0.0, 9.0]), "z₂ from -3.00 to 3.00, got 9.00; make the walk with wider low"),
    (torch.tensor([float("nan"), 0.0]), "z₁ from -3.00 to 3.00, got nan"),
])
def test_a_place_beyond_the_sliders_is_refused(trained, z, words):
    walk = explore.walk(trained.model)
    with pytest.raises(UserError, match=words):
        walk.z = z


def test_the_class_can_be_read_and_set():
    walk = explore.walk(recipes.build("fc-cvae").eval(), classes=NAMES)
    assert walk.label == 0
    walk.label = 7
    assert walk.state["label"] == 7
    with pytest.raises(UserError, match="label must be ≤ 9, got 10|label must be 0 … 9"):
        walk.label = 10


def test_no_class_without_a_condition(trained):
    walk = explore.walk(trained.model)
    assert walk.label is None
    with pytest.raises(UserError, match="this model is unconditional"):
        walk.label = 1


def test_it_sets_out_where_codes_are(trained, small):
    _, test = small
    with torch.no_grad():
        codes = trained.model.encode(test.images())
    z = explore.walk(trained.model, test).z
    assert (codes - z).norm(dim=1).min() < 1e-4


def test_the_densest_place_is_in_the_dense_part():
    generator = torch.Generator().manual_seed(0)
    wide = 5 * torch.randn(100, 2, generator=generator)
    narrow = torch.tensor([8.0, -8.0]) + 0.1 * torch.randn(30, 2, generator=generator)
    assert (densest(torch.cat([wide, narrow])) - torch.tensor([8.0, -8.0])).norm() < 0.3
    assert densest(torch.ones(1, 2)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("begin", [0, BATCH + 100, 2 * BATCH])
def test_the_densest_place_may_be_in_any_batch(begin):
    """As brute force says over all places at once."""
    places = 5 * torch.randn(2 * BATCH + 50, 2, generator=torch.Generator().manual_seed(1))
    places[begin: begin + 40] = places[begin: begin + 40] / 50 + 30
    nearest = torch.cdist(places, places).sort(1).values[:, NEIGHBOURS]
    assert torch.equal(densest(places), places[nearest.argmin()])
