"""Oracles: the counts of the dials in closed form, outlines counted point by point, symmetry."""
import itertools
import re

import numpy as np
import pytest
import torch

from vaekit.data import faces
from vaekit.data.faces import ATTRIBUTES, FACTORS, SHARES, canvas, dials, looks
from vaekit.errors import UserError

NAMES = list(ATTRIBUTES)
COLUMN = {name: number for number, name in enumerate(FACTORS)}

# a face in the middle of all its factors: no attribute but that it smiles
PLAIN = {name: size // 2 for name, size in FACTORS.items() if size == 32} | {"mouth": 25, "age": 18}


def plain(n=1, **changes):
    """The factors of a plain face n times, some of them changed."""
    rows = torch.zeros(n, len(FACTORS), dtype=torch.int64)
    for name, value in (PLAIN | changes).items():
        rows[:, COLUMN[name]] = torch.as_tensor(value)
    return rows


def drawn(size=(64, 48), n=1, **changes):
    return faces.draw_faces(plain(n, **changes), size).float() / 255


def column(images, name):
    return images.y[:, NAMES.index(name)]


def correlation(images, first, second):
    return np.corrcoef(column(images, first), column(images, second))[0, 1]


def test_the_set_is_what_it_promises():
    images = faces.faces(50)
    assert images.x.shape == (50, 3, 64, 48)
    assert images.x.dtype == torch.uint8
    assert images.y.shape == (50, 17)
    assert images.classes == tuple(ATTRIBUTES)
    assert images.factors.shape == (50, len(FACTORS))
    assert images.factor_names == tuple(FACTORS)
    assert torch.equal(faces.attributes_of(images.factors), images.y)
    assert torch.equal(faces.draw_faces(images.factors), images.x)


def test_an_image_depends_on_its_place_alone():
    assert torch.equal(faces.faces(20).x, faces.faces(70).x[:20])
    assert not torch.equal(faces.faces(20, seed=1).x, faces.faces(20).x)
    assert not torch.equal(faces.faces(20, "test").x, faces.faces(20).x)


def test_faces_of_a_batch_are_drawn_as_each_alone():
    factors = faces.face_factors(70)
    together = faces.draw_faces(factors)
    one_by_one = torch.cat([faces.draw_faces(factors[number:number + 1]) for number in range(70)])
    assert torch.equal(together, one_by_one)


@pytest.mark.parametrize("size", [(64, 48), (64, 64), (32, 32), (128, 96)])
def test_every_size_shows_the_same_face(size):
    large = drawn((192, 192))
    image = drawn(size)
    assert image.shape == (1, 3, *size)
    # the middle of the large one, made smaller: the same picture to a few levels
    width = 192 * size[1] // size[0]
    left = (192 - width) // 2
    middle = large[..., left:left + width]
    smaller = torch.nn.functional.interpolate(middle, size, mode="area")
    assert (image - smaller).abs().mean() < 0.012


def test_the_shares_are_those_of_the_dials():
    factors = faces.face_factors(40_000)
    shares = faces.attributes_of(factors).double().mean(0)
    for name, share in zip(NAMES, shares.tolist()):
        # four standard errors
        assert abs(share - SHARES[name]) < 4 * (SHARES[name] * (1 - SHARES[name]) / 40_000) ** 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.0, 0.05])
def test_a_share_is_set_by_itself(name, share):
    factors = faces.face_factors(8_000, shares={name: share})
    shares = faces.attributes_of(factors).double().mean(0)
    for other, found in zip(NAMES, shares.tolist()):
        wanted = share if other == name else SHARES[other]
        assert abs(found - wanted) <= 4 * (wanted * (1 - wanted) / 8_000) ** 0.5, other


@pytest.mark.parametrize("wanted", [-0.4, 0.0, 0.3, 0.8])
def test_a_correlation_is_set_and_leaves_the_shares(wanted):
    shares = {"Goatee": 0.3, "Wearing_Hat": 0.3}
    factors = faces.face_factors(
        40_000, shares=shares, correlations={("Goatee", "Wearing_Hat"): wanted}
    )
    y = faces.attributes_of(factors).double()
    goatee = y[:, NAMES.index("Goatee")]
    hat = y[:, NAMES.index("Wearing_Hat")]
    assert abs(np.corrcoef(goatee, hat)[0, 1] - wanted) < 0.025
    assert abs(goatee.mean() - 0.3) < 0.01
    assert abs(hat.mean() - 0.3) < 0.01


def test_a_correlation_with_one_of_several_hair_colours_leaves_the_others():
    pair = ("Eyeglasses", "Blond_Hair")
    factors = faces.face_factors(40_000, correlations={pair: 0.5})
    y = faces.attributes_of(factors).double().numpy()
    first, second = (y[:, NAMES.index(name)] for name in pair)
    assert abs(np.corrcoef(first, second)[0, 1] - 0.5) < 0.03
    for name in ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"):
        assert abs(y[:, NAMES.index(name)].mean() - SHARES[name]) < 0.01
    assert y[:, [NAMES.index(name) for name in dials.EXCLUSIVE[0]]].sum(1).max() == 1


def test_a_chain_of_pairs_keeps_each_of_them():
    pairs = {("Goatee", "Mustache"): 0.6, ("Wearing_Hat", "Smiling"): 0.3,
             ("Mustache", "Wearing_Hat"): -0.2}
    factors = faces.face_factors(40_000, correlations=pairs)
    y = faces.attributes_of(factors).double().numpy()
    for (first, second), wanted in pairs.items():
        found = np.corrcoef(y[:, NAMES.index(first)], y[:, NAMES.index(second)])[0, 1]
        assert abs(found - wanted) < 0.025, (first, second)


def test_the_bounds_of_a_correlation_are_frechets():
    for p, q in itertools.product((0.1, 0.4, 0.5, 0.9), repeat=2):
        least, largest = faces.possible_correlations(p, q)
        corners = []
        for both in (max(0, p + q - 1), min(p, q)):
            # the four cells of the 2×2 table
            table = np.array([[1 - p - q + both, q - both], [p - both, both]])
            mean = p * q
            corners.append((table[1, 1] - mean) / (p * (1 - p) * q * (1 - q)) ** 0.5)
        assert least == pytest.approx(corners[0])
        assert largest == pytest.approx(corners[1])


def test_the_largest_possible_correlation_is_reached():
    shares = {"Goatee": 0.5, "Mustache": 0.5}
    images = faces.faces(500, shares=shares, correlations={("Goatee", "Mustache"): 1.0})
    assert torch.equal(column(images, "Goatee"), column(images, "Mustache"))


@pytest.mark.parametrize(
    "changes",
    [
        {"glasses": [0, 1]}, {"hat": [0, 1]}, {"goatee": [0, 1]}, {"mustache": [0, 1]},
        {"earrings": [0, 1]}, {"rosy_cheeks": [0, 1]}, {"bushy_eyebrows": [0, 1]},
        {"mouth_open": [0, 1]}, {"top": [0, 1]}, {"top": [0, 2]}, {"hair_colour": [1, 2]},
        {"hair_colour": [3, 4]}, {"mouth": [10, 20]}, {"skin": [20, 26]}, {"age": [12, 24]},
    ],
    ids=str,
)
def test_every_attribute_shows(changes):
    without, given = drawn(n=2, **changes)
    # at least 20 of 3,072 pixels change by a tenth of the range
    changed = (without - given).abs().amax(0) > 0.1
    assert changed.sum() >= 20


@pytest.mark.parametrize("name", [name for name, size in FACTORS.items() if size == 32])
def test_every_continuous_factor_shows_and_moves_smoothly(name):
    values = torch.arange(32)
    images = drawn(n=32, **{name: values})
    steps = (images[1:] - images[:-1]).abs().mean((1, 2, 3))
    whole = (images[-1] - images[0]).abs().mean()
    assert whole > 0.0012
    # one step of 31 is far from the whole way
    assert steps.max() < 0.5 * whole
    assert steps.max() < 0.03


def test_a_face_that_looks_ahead_is_nearly_its_own_mirror_image():
    # level 15 and 16 lie on both sides of the middle
    left = drawn(turn=15, tilt=15, light=15)
    right = drawn(turn=16, tilt=16, light=16).flip(3)
    assert (left - right).abs().mean() < 0.01


def test_turned_left_is_turned_right_in_the_mirror():
    left = drawn(turn=4, tilt=8, light=10)
    right = drawn(turn=27, tilt=23, light=21).flip(3)
    # the highlights of the eyes lie on one side
    assert (left - right).abs().mean() < 0.01


def test_an_ellipse_covers_its_area():
    n = 64
    place = (torch.arange(n) + 0.5 - n / 2) / 20
    v, u = torch.meshgrid(place, place, indexing="ij")
    image = torch.zeros(1, 3, n, n)
    paper = canvas.Canvas(image, u[None, None], v[None, None], 20.0, (n / 2, n / 2))
    paper.paint(canvas.ellipse(paper.u, paper.v, 1.2, 0.7), torch.ones(1, 3, 1, 1))
    area = image[0, 0].sum() / 20**2
    assert area == pytest.approx(np.pi * 1.2 * 0.7, rel=0.005)


def test_a_box_with_round_corners_covers_its_area():
    n = 64
    place = (torch.arange(n) + 0.5 - n / 2) / 20
    v, u = torch.meshgrid(place, place, indexing="ij")
    distance = canvas.box(u, v, 0.8, 0.5, round=0.3)
    area = (0.5 - distance * 20).clamp(0, 1).sum() / 20**2
    expected = 4 * 0.8 * 0.5 + 4 * 0.3 * (0.8 + 0.5) + np.pi * 0.3**2
    assert area == pytest.approx(expected, rel=0.005)


def test_the_distance_from_an_arc_is_that_from_its_nearest_point():
    generator = torch.Generator().manual_seed(0)
    u = 0.8 * torch.rand(200, generator=generator) - 0.4
    curve_u = torch.linspace(-0.3, 0.3, 4001)
    curve_v = -0.5 * curve_u**2
    # points beside the arc, where the edge of a stroke lies
    v = -0.5 * u**2 + 0.06 * (2 * torch.rand(200, generator=generator) - 1)
    nearest = ((u[:, None] - curve_u) ** 2 + (v[:, None] - curve_v) ** 2).amin(1).sqrt()
    assert (canvas.arc(u, v, 0.5, 0.3) - nearest).abs().max() < 0.012


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": 0}, "n must be ≥ 1"),
        ({"n": 1_000_001}, "n must be ≤ 1000000"),
        ({"split": "valid"}, "unknown split"),
        ({"seed": -1}, "seed must be"),
        ({"shares": {"Eyeglasses": 1.2}}, "share of Eyeglasses must be"),
        ({"shares": {"Glasses": 0.2}}, "unknown attribute 'Glasses'"),
        ({"shares": {"Blond_Hair": 0.6}}, "add up to at most 1, got 1.25"),
        ({"correlations": {("Goatee", "Smiling"): 1.5}}, "must be ≥ -1 and ≤ 1"),
        ({"correlations": {("Goatee", "Young"): 0.9}}, "must lie in"),
        ({"correlations": {("Bald", "Bangs"): 0.1}}, "at most one of Bald, Bangs"),
        ({"correlations": {("Bald", "Bald"): 0.1}}, "Bald twice"),
        ({"shares": {"Bald": 0.0}, "correlations": {("Bald", "Young"): 0.0}}, "between 0 and 1"),
        (
            {"correlations": {("Goatee", "Young"): 0.1, ("Young", "Smiling"): 0.1,
                              ("Smiling", "Goatee"): 0.1}},
            "follows from the other pairs",
        ),
        ({"size": (16, 16)}, "height in size must be"),
        ({"size": (64, 20)}, "needs a width of 45 … 128, got 20"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, words):
    with pytest.raises(UserError, match=words):
        faces.faces(**({"n": 4} | arguments))


@pytest.mark.parametrize(
    "factors",
    [torch.zeros(2, 5, dtype=torch.int64), plain() + 40, plain() - 40, plain().float() + 0.5],
    ids=["columns", "large", "negative", "fractions"],
)
def test_factors_that_are_none_are_refused(factors):
    with pytest.raises(UserError, match="factors"):
        faces.draw_faces(factors)


@pytest.mark.parametrize("size", [(31, 31), (257, 257), (64, 44), (64, 129), (0, 0)])
def test_a_size_that_holds_no_face_is_refused_where_it_is_drawn(size):
    with pytest.raises(UserError, match="size"):
        faces.draw_faces(plain(), size)


@pytest.mark.parametrize("height", [32, 40, 57, 256])
def test_the_narrowest_face_is_as_wide_as_the_refusal_says(height):
    with pytest.raises(UserError, match="needs a width of") as refused:
        faces.draw_faces(plain(), (height, 1))
    least = int(re.search(r"width of (\d+)", str(refused.value))[1])
    assert faces.draw_faces(plain(), (height, least)).shape == (1, 3, height, least)
    with pytest.raises(UserError):
        faces.draw_faces(plain(), (height, least - 1))


def test_looks_are_of_factors_within_their_range_alone():
    with pytest.raises(UserError, match="factors' turn must lie in 0 … 31"):
        looks.looks_of(plain(turn=32))


@pytest.mark.parametrize("shape", [(4, 3), (len(dials.GROUPS),)], ids=str)
def test_attributes_need_a_chance_for_each_group(shape):
    with pytest.raises(UserError, match=f"uniform must have shape \\(n, {len(dials.GROUPS)}\\)"):
        dials.draw_attributes(np.zeros(shape), SHARES, {})
