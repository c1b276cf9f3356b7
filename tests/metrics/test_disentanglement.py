import math

import pytest
import torch

from vaekit.data import shapes
from vaekit.errors import UserError
from vaekit.metrics import disentanglement


def gaussian(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def test_mig_of_codes_made_by_hand(generator):
    factors = shapes.shapes(4000).factors
    perfect = factors.double()
    assert disentanglement.mig(perfect, factors).value > 0.95
    noisy = perfect @ torch.diag(torch.tensor([1.0, -2, 30, 0.1, 5]).double()) + 1e-3 * gaussian(4000, 5)
    assert disentanglement.mig(noisy[:, [3, 0, 4, 2, 1]], factors).value > 0.95, "scale, sign and order of the codes do not matter"
    rotated = (perfect - perfect.mean(0)) / perfect.std(0) @ torch.linalg.qr(torch.ones(5, 5).double() - 2.5 * torch.eye(5).double()).Q
    assert disentanglement.mig(rotated, factors).value < 0.25
    x, y = (perfect[:, i] - perfect[:, i].mean() for i in (3, 4))
    entangled = torch.stack([x + y, x - y], 1)                               # each latent holds half of each factor
    assert disentanglement.mig(entangled, factors[:, 3:]).value < 0.05
    twice = torch.cat([perfect, perfect], 1)
    assert disentanglement.mig(twice, factors).value == pytest.approx(0, abs=1e-12), "a factor known by two latents has no gap"
    blind = disentanglement.mig(gaussian(4000, 5), factors)
    assert 0 <= blind.value < 0.05 and blind.low <= blind.value <= blind.high
    assert disentanglement.mig(torch.zeros(4000, 5), factors).value == 0, "a collapsed encoder"


def test_mig_is_the_gap_over_the_entropy():
    """One binary factor; one latent repeats it with a tenth of the rows flipped, the other with a quarter."""
    factor = torch.arange(4000) % 2
    def flipped(every):
        return torch.where(torch.arange(4000) // 2 % every == 0, 1 - factor, factor).double()
    def h(p):
        return -p * math.log(p) - (1 - p) * math.log(1 - p)
    codes = torch.stack([flipped(10), flipped(4)], 1)
    score = disentanglement.mig(codes, factor[:, None])
    assert score.value == pytest.approx((h(0.25) - h(0.1)) / math.log(2), abs=1e-3)
    assert score.low < score.value < score.high and (score.n, score.better, score.note) == (4000, "higher", "20 bins")


def test_mig_averages_over_factors(generator):
    factors = torch.randint(4, (4000, 2), generator=generator)
    codes = torch.stack([factors[:, 0].double(), gaussian(4000, 1)[:, 0]], 1)
    assert disentanglement.mig(codes, factors).value == pytest.approx(0.5, abs=0.02), "1 for the first, 0 for the second"


def test_mig_uses_the_last_rows():
    factors = shapes.shapes(2000).factors
    codes = factors.double()
    spoiled = codes.clone()
    spoiled[-300:] = codes[:300]
    assert disentanglement.mig(spoiled, factors).value < disentanglement.mig(codes, factors).value - 0.05


CODES, FACTORS = gaussian(300, 3), torch.arange(600).reshape(300, 2) % 4 // 2 + torch.arange(300)[:, None] % 3


@pytest.mark.parametrize("call, words", [
    (lambda: disentanglement.mig(CODES, FACTORS[:-1]), r"one row an image, got \(300, 3\) and \(299, 2\)"),
    (lambda: disentanglement.mig(CODES, FACTORS[:, 0]), r"factors \(N, F\)"),
    (lambda: disentanglement.mig(CODES[:, :1], FACTORS), "only one dimension"),
    (lambda: disentanglement.mig(CODES, FACTORS.float()), "factors whole numbers"),
    (lambda: disentanglement.mig(CODES * math.nan, FACTORS), "hold inf or NaN"),
    (lambda: disentanglement.mig(CODES[:150], FACTORS[:150]), "20 bins need at least 200 rows, got 150"),
    (lambda: disentanglement.mig(CODES, FACTORS * 0), "factor 0 has the same value in all rows"),
    (lambda: disentanglement.mig(CODES, torch.arange(300)[:, None] % 25), "factor 0 has 25 values.*pass bins=25 or more"),
    (lambda: disentanglement.mig(CODES, FACTORS, bins=1), "bins must be ≥ 2, got 1"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
