"""The mutual information gap of codes made by hand, whose gap is known."""
import math

import pytest
import torch
from support.scores import check_interval, check_interval_around

from vaekit.data import shapes
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.metrics.disentanglement import _binned, _cells, _gap, _joint, mig


def gaussian(n, d, seed=0):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.double)


@pytest.fixture(scope="module")
def factors():
    return shapes.shapes(4000).factors


@pytest.fixture
def perfect(factors):
    """Codes that are the factors themselves."""
    return factors.double()


def test_codes_that_are_the_factors_reach_one(perfect, factors):
    assert mig(perfect, factors).value > 0.95


def test_scale_sign_and_order_of_the_codes_do_not_matter(perfect, factors):
    scales = torch.tensor([1.0, -2, 30, 0.1, 5]).double()
    scaled = perfect @ torch.diag(scales) + 1e-3 * gaussian(4000, 5)
    shuffled = scaled[:, [3, 0, 4, 2, 1]]
    assert mig(shuffled, factors).value > 0.95


def test_rotated_codes_have_a_small_gap(perfect, factors):
    mixture = torch.ones(5, 5).double() - 2.5 * torch.eye(5).double()
    rotation = torch.linalg.qr(mixture).Q
    rotated = (perfect - perfect.mean(0)) / perfect.std(0) @ rotation
    assert mig(rotated, factors).value < 0.25


def test_each_latent_with_half_of_each_factor_has_almost_none(perfect, factors):
    centred = perfect - perfect.mean(0)
    x = centred[:, 3]
    y = centred[:, 4]
    entangled = torch.stack([x + y, x - y], 1)
    assert mig(entangled, factors[:, 3:]).value < 0.05


def test_a_factor_known_by_two_latents_has_no_gap(perfect, factors):
    twice = torch.cat([perfect, perfect], 1)
    assert mig(twice, factors).value == pytest.approx(0, abs=1e-12)


def test_codes_that_know_nothing(factors):
    noise = mig(gaussian(4000, 5), factors)
    assert noise.value >= 0
    assert noise.value < 0.05
    check_interval(noise)

    collapsed = torch.zeros(4000, 5)
    assert mig(collapsed, factors).value == 0


def test_mig_is_the_gap_over_the_entropy():
    """One binary factor; two latents repeat it, with a tenth and a quarter of the rows flipped."""
    rows = torch.arange(4000)
    factor = rows % 2

    def flipped(every):
        return torch.where(rows // 2 % every == 0, 1 - factor, factor).double()

    def entropy(p):
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    codes = torch.stack([flipped(10), flipped(4)], 1)
    score = mig(codes, factor[:, None])
    expected = (entropy(0.25) - entropy(0.1)) / math.log(2)
    assert score.value == pytest.approx(expected, abs=1e-3)
    check_interval_around(score)
    assert score.n == 4000
    assert score.better == "higher"
    assert score.note == "20 bins"


def test_mig_averages_over_factors(generator):
    factors = torch.randint(4, (4000, 2), generator=generator)
    noise = gaussian(4000, 1)[:, 0]
    codes = torch.stack([factors[:, 0].double(), noise], 1)
    # 1 for the first, 0 for the second
    assert mig(codes, factors).value == pytest.approx(0.5, abs=0.02)


def test_mig_uses_the_last_rows():
    factors = shapes.shapes(2000).factors
    codes = factors.double()
    spoiled = codes.clone()
    spoiled[-300:] = codes[:300]
    assert mig(spoiled, factors).value < mig(codes, factors).value - 0.05


CODES = gaussian(300, 3)
FACTORS = torch.arange(600).reshape(300, 2) % 4 // 2 + torch.arange(300)[:, None] % 3


@pytest.mark.parametrize(
    "codes, factors, words",
    [
        (CODES, FACTORS[:-1], r"one row per image, got \(300, 3\) and \(299, 2\)"),
        (CODES, FACTORS[:, 0], r"factors \(N, F\)"),
        (CODES[:, :1], FACTORS, "only one dimension"),
        (CODES, FACTORS.float(), "factors whole numbers"),
        (CODES * math.nan, FACTORS, "hold inf or NaN"),
        (CODES[:150], FACTORS[:150], "20 bins need at least 200 rows, got 150"),
        (CODES, FACTORS * 0, "factor 0 has the same value in all rows"),
        (
            CODES,
            torch.arange(300)[:, None] % 25,
            "factor 0 has 25 values.*pass bins=25 or more",
        ),
    ],
)
def test_bad_input_is_named(codes, factors, words):
    with pytest.raises(UserError, match=words):
        mig(codes, factors)


def test_a_single_bin_is_refused():
    with pytest.raises(UserError, match="bins must be ≥ 2, got 1"):
        mig(CODES, FACTORS, bins=1)


def test_the_interval_is_the_jackknifes():
    """Each row left out in turn; it suffices that both spreads are alike."""
    factors = shapes.shapes(400).factors[:, :2]
    codes = factors.double() + 0.3 * gaussian(400, 2)
    score = mig(codes, factors, bins=6)

    binned = _binned(codes, 6)
    sizes = [int(factor.max()) + 1 for factor in factors.T]

    def value_without(row):
        kept = torch.arange(400) != row
        gaps = []
        for factor, size in zip(factors.T, sizes):
            gaps.append(_gap(_joint(_cells(binned, 6, factor, size)[kept], 6, size)))
        return torch.stack(gaps).mean()

    left_out = torch.stack([value_without(row) for row in range(400)])
    error = (399 / 400 * (left_out - left_out.mean()).square().sum()).sqrt().item()
    assert (score.high - score.low) / 2 == pytest.approx(1.966 * error, rel=0.08)


def test_the_interval_lies_around_the_value_and_within_0_and_1(perfect, factors):
    few = mig(perfect[:500], factors[:500])
    check_interval_around(few)
    assert few.high - few.value == pytest.approx(few.value - few.low)
    assert few.high < 1
    assert mig(gaussian(4000, 5), factors).low >= 0


def test_factors_without_a_column_are_refused():
    with pytest.raises(UserError, match="at least one column"):
        mig(CODES, FACTORS[:, :0])
