"""Axes: which directions of a latent space get a slider, and how far it goes."""
import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.explore.axes import MOST_SHOWN, MOST_SLIDERS, Axes, choose, codes_of
from vaekit.recipes import build

NAMES = ["z₁", "z₂", "z₃", "z₄", "z₅"]


class Model:
    """As many latents as it is told."""

    def __init__(self, latent_dim):
        self.latent_dim = latent_dim

    def decode(self, z, c=None):
        raise AssertionError("no axis needs an image")


def codes(*spreads, n=500, shift=0.0):
    """n codes, normally distributed, with one standard deviation per dimension."""
    return torch.randn(n, len(spreads), generator=seeded(0)) * torch.tensor(spreads) + shift


@pytest.mark.parametrize("latent_dim, dims, expected", [
    (1, None, ["z₁"]),
    (2, None, ["z₁", "z₂"]),
    (5, None, ["z₁", "z₂"]),
    (5, 3, ["z₁", "z₂", "z₃"]),
    (5, [3, 0], ["z₄", "z₁"]),
])
def test_without_codes_the_first_dimensions_are_walked(latent_dim, dims, expected):
    axes = choose(Model(latent_dim), None, dims=dims)
    assert axes.names == expected
    assert axes.low == [-3.0] * len(expected)
    assert axes.high == [3.0] * len(expected)
    assert axes.start == [0.0] * len(expected)
    assert axes.spread == [1.0] * len(expected)


def test_two_latents_are_walked_as_they_are():
    axes = choose(Model(2), codes(0.1, 2.0))
    assert axes.names == ["z₁", "z₂"]


def test_the_active_dimensions_come_in_their_order():
    spreads = [0.1, 2.0, 0.3, 1.0, 0.2, 0.4, 0.6, 0.5]
    axes = choose(Model(8), codes(*spreads), dims="active")
    assert axes.names == ["z₂", "z₄", "z₇", "z₈", "z₆", "z₃"]
    assert len(axes.names) == MOST_SLIDERS
    assert choose(Model(8), codes(*spreads)).names == axes.names
    np.testing.assert_allclose(axes.spread, [2.0, 1.0, 0.6, 0.5, 0.4, 0.3], rtol=0.15)


def test_the_principal_axes_are_sklearns():
    mixed = codes(3.0, 2.0, 1.0, 0.5) @ torch.randn(4, 4, generator=seeded(1)) + 5.0
    axes = choose(Model(4), mixed, dims="principal")
    pca = PCA(4).fit(mixed.double().numpy())

    assert axes.names == ["axis 1", "axis 2", "axis 3", "axis 4"]
    np.testing.assert_allclose(axes.origin, pca.mean_, atol=1e-4)
    signs = np.sign((axes.directions.numpy() * pca.components_).sum(1, keepdims=True))
    np.testing.assert_allclose(axes.directions.numpy() * signs, pca.components_, atol=1e-3)
    np.testing.assert_allclose(axes.spread, np.sqrt(pca.explained_variance_), rtol=1e-3)
    places = pca.transform(mixed.double().numpy())
    np.testing.assert_allclose(axes.places(mixed).numpy() * signs.T, places, atol=1e-2)


def test_the_sign_of_a_principal_axis_is_settled():
    found = codes(3.0, 1.0, 0.2)
    axes = choose(Model(3), found, dims="principal")
    largest = axes.directions.abs().argmax(1, keepdim=True)
    assert bool((axes.directions.gather(1, largest) > 0).all())
    turned = choose(Model(3), -found, dims="principal")
    torch.testing.assert_close(turned.directions, axes.directions, atol=1e-4, rtol=0)


def test_no_more_principal_axes_than_codes_tell():
    few = codes(1.0, 1.0, 1.0, 1.0, n=3)
    assert len(choose(Model(4), few, dims="principal").names) == 3


def test_the_sliders_go_a_little_beyond_nearly_all_codes():
    found = codes(2.0, 3.0, n=5000, shift=1.0)
    axes = choose(Model(2), found)
    inside = (found > torch.tensor(axes.low)) & (found < torch.tensor(axes.high))
    assert float(inside.float().mean()) > 0.99
    # quantiles of N(1, 2²) at 0.5 % and 99.5 %, and 8 % of their distance more
    reach = 2.576 * 2 * (1 + 2 * 0.08)
    assert axes.low[0] == pytest.approx(1 - reach, rel=0.1)
    assert axes.high[0] == pytest.approx(1 + reach, rel=0.1)


def test_a_dead_dimension_still_has_a_slider_of_a_length():
    axes = choose(Model(2), codes(0.0, 1.0))
    assert (axes.low[0], axes.high[0]) == (-1.0, 1.0)


def test_one_code_is_enough():
    axes = choose(Model(2), codes(1.0, 1.0, n=1))
    assert all(math.isfinite(each) for each in axes.low + axes.high + axes.spread)


def test_ends_may_be_given():
    axes = choose(Model(2), codes(1.0, 1.0), low=-7.0, high=[1.0, 2.0])
    assert axes.low == [-7.0, -7.0]
    assert axes.high == [1.0, 2.0]


def test_the_start_is_where_the_sliders_set_out():
    axes = choose(Model(3), None, dims=[2], start=torch.tensor([0.5, -1.5, 2.0]))
    assert axes.start == [2.0]
    # the rest stays where it was
    assert axes.origin.tolist() == [0.5, -1.5, 0.0]
    z = axes.origin + torch.tensor(axes.start) @ axes.directions
    assert z.tolist() == [0.5, -1.5, 2.0]


def test_a_start_beyond_the_ends_is_moved_to_them():
    axes = choose(Model(2), None, low=-1, high=1, start=torch.tensor([5.0, -5.0]))
    assert axes.start == [1.0, -1.0]


def test_a_start_on_principal_axes():
    found = codes(3.0, 1.0, 0.5, shift=2.0)
    start = torch.tensor([1.0, 2.0, 3.0])
    axes = choose(Model(3), found, dims="principal", start=start)
    z = axes.origin + torch.tensor(axes.start) @ axes.directions
    torch.testing.assert_close(z, start, atol=1e-4, rtol=0)


def test_the_facts_are_the_axes():
    facts = choose(Model(3), None, dims=[1]).facts()
    assert facts == {
        "origin": [0.0, 0.0, 0.0],
        "directions": [[0.0, 1.0, 0.0]],
        "names": ["z₂"],
        "low": [-3.0],
        "high": [3.0],
        "start": [0.0],
    }


@pytest.mark.parametrize("settings, words", [
    ({"dims": 0}, "dims must be ≥ 1, got 0"),
    ({"dims": 6}, r"dims must lie in 0 … 4 for this model, got \[0, 1, 2, 3, 4, 5\]"),
    ({"dims": [-1]}, r"got \[-1\]"),
    ({"dims": []}, r"got \[\]"),
    ({"dims": [0, 0]}, r"dims must name each dimension once, got \[0, 0\]"),
    ({"dims": "activ"}, "unknown dims 'activ'.*Did you mean 'active'"),
    ({"dims": "active"}, "dims='active' is read off codes; pass images to encode"),
    ({"dims": "principal"}, "dims='principal' is read off codes"),
    ({"low": [-1.0]}, "low must be one number, or one for each of 2 sliders, got 1"),
    ({"low": float("nan")}, "low must be .*, got nan"),
    ({"high": float("inf")}, "high must be .*, got inf"),
    ({"low": 5.0}, "low must be < high for each slider, got 5 and 3"),
    ({"start": torch.zeros(3)}, r"start must be a float latent of shape \(5,\)"),
])
def test_mistakes_are_named(settings, words):
    with pytest.raises(UserError, match=words):
        choose(Model(5), None, **settings)


def test_more_sliders_than_a_hand_can_use_are_refused():
    with pytest.raises(UserError, match=f"dims must be at most {MOST_SHOWN} sliders.*got 41"):
        choose(Model(64), None, dims=41)


def test_codes_are_the_models_own(trained, small):
    _, test = small
    with torch.no_grad():
        expected = trained.model.encode(test.images())
    torch.testing.assert_close(codes_of(trained.model, test), expected)


def test_codes_of_a_conditional_model_are_given_the_labels(small):
    _, test = small
    model = build("conv-cvae-mnist").eval()
    with torch.no_grad():
        expected = model.encode(test.images(), test.y)
    torch.testing.assert_close(codes_of(model, test), expected, atol=1e-5, rtol=1e-4)


def test_codes_need_an_encoder(small):
    _, test = small
    with pytest.raises(UserError, match="model must have encode, latent_dim"):
        codes_of(Model(2), test)


def test_axes_are_values():
    axes = choose(Model(2), None)
    assert isinstance(axes, Axes)
    with pytest.raises(AttributeError):
        axes.names = []
