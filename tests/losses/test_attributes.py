"""The objective of an attribute classifier. Oracles: torch's Bernoulli, and by hand."""
import math

import pytest
import torch
from torch.distributions import Bernoulli

from vaekit import losses
from vaekit.device import seeded
from vaekit.errors import UserError

LOGITS = 3 * torch.randn(6, 4, generator=seeded(0))
C = (torch.rand(6, 4, generator=seeded(1)) < 0.4).long()
X = torch.zeros(6, 1, 2, 2)


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool, torch.float32])
def test_it_is_the_sum_of_bernoullis(dtype):
    terms = losses.attribute_cross_entropy(LOGITS, X, C.to(dtype))
    expected = -Bernoulli(logits=LOGITS).log_prob(C.float()).sum(1)
    torch.testing.assert_close(terms["loss"], expected)


def test_no_opinion_costs_log_two_for_each_attribute():
    terms = losses.attribute_cross_entropy(torch.zeros(6, 4), X, C)
    torch.testing.assert_close(terms["loss"], torch.full((6,), 4 * math.log(2)))


def test_error_is_the_share_of_wrong_attributes():
    logits = torch.tensor([[5.0, -5.0, 5.0, -5.0], [5.0, 5.0, 5.0, 5.0]])
    c = torch.tensor([[1, 0, 1, 0], [0, 1, 0, 0]])
    error = losses.attribute_cross_entropy(logits, X[:2], c)["error"]
    assert error.tolist() == [0, 0.75]


def test_certain_and_wrong_is_finite():
    terms = losses.attribute_cross_entropy(torch.full((1, 2), 1e4), X[:1], torch.tensor([[0, 1]]))
    assert terms["loss"].item() == 1e4


@pytest.mark.parametrize("logits, c, words", [
    (LOGITS, None, "attribute_cross_entropy compares with attributes, got None; pass c"),
    (LOGITS, C[:, 0], r"logits must be \(N, A\) and c .* got \(6, 4\) and \(6,\)"),
    (LOGITS[0], C[0], r"logits must be \(N, A\)"),
    (LOGITS, 2 * C - 1, "attributes are 0 or 1, got -1; CelebA's −1 means 0"),
    (LOGITS, C / 0.5, "attributes are 0 or 1, got 2"),
    (LOGITS.long(), C, "logits must be float"),
])
def test_bad_input_is_named(logits, c, words):
    with pytest.raises(UserError, match=words):
        losses.attribute_cross_entropy(logits, X, c)
