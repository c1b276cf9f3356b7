"""The sums of an epoch against plain sums."""
import math

import pytest
import torch

from vaekit.errors import UserError
from vaekit.training.tally import Tally

# steps of different sizes, as the last one of an epoch is
SIZES = (5, 5, 3)


@pytest.fixture
def steps(generator):
    """Two terms of three steps, (N,) each."""
    terms = []
    for size in SIZES:
        loss = torch.randn(size, generator=generator)
        terms.append({"loss": loss, "kl": loss.square()})
    return terms


def tally_of(steps):
    tally = Tally()
    for terms in steps:
        tally.add(terms, len(terms["loss"]))
    return tally


@pytest.mark.parametrize("term", ["loss", "kl"])
def test_a_mean_is_over_all_images(steps, term):
    values = [value for terms in steps for value in terms[term].tolist()]
    by_hand = math.fsum(values) / sum(SIZES)
    assert tally_of(steps).means()[term] == pytest.approx(by_hand, rel=1e-6)


def test_the_table_holds_the_sum_of_each_step(steps):
    table = tally_of(steps).table()
    assert table.dtype == torch.float64
    assert table.shape == (3, 2)
    for row, terms in zip(table, steps, strict=True):
        assert row[0].item() == terms["loss"].sum().item()
        assert row[1].item() == terms["kl"].sum().item()


def test_many_steps_are_added_in_float64():
    """In float32, 1 is lost beside 2²⁴."""
    tally = Tally()
    tally.add({"loss": torch.tensor([2.0**24])}, 1)
    for _ in range(7):
        tally.add({"loss": torch.tensor([1.0])}, 1)
    assert tally.means()["loss"] == (2**24 + 7) / 8


def test_it_holds_no_graph(steps):
    weight = torch.ones((), requires_grad=True)
    tally = tally_of([{"loss": weight * steps[0]["loss"]}])
    assert not tally.table().requires_grad


def test_what_it_was_given_may_change_afterwards(steps):
    expected = steps[0]["loss"].sum().item()
    tally = tally_of(steps[:1])
    steps[0]["loss"].zero_()
    assert tally.table()[0, 0].item() == expected


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_the_first_step_that_is_not_finite(steps, bad):
    steps[1]["kl"][2] = bad
    steps[2]["kl"][0] = bad
    tally = tally_of(steps)
    assert tally.first_not_finite(["loss"]) is None

    step, term, value = tally.first_not_finite(["loss", "kl"])
    assert step == 1
    assert term == "kl"
    assert value == pytest.approx(bad, nan_ok=True)


def test_the_earliest_step_is_found_whatever_the_order_of_the_terms(steps):
    steps[1]["kl"][0] = math.nan
    steps[2]["loss"][0] = math.nan
    for terms in (["loss", "kl"], ["kl", "loss"]):
        step, term, _ = tally_of(steps).first_not_finite(terms)
        assert step == 1
        assert term == "kl"


def test_terms_are_known_by_name_not_by_order(steps):
    expected = tally_of(steps).means()
    turned = dict(reversed(steps[1].items()))
    assert tally_of([steps[0], turned, steps[2]]).means() == expected


def test_other_terms_in_a_later_step_are_refused(steps):
    tally = tally_of(steps)
    words = "an objective has the same terms at every step, got loss after loss, kl"
    with pytest.raises(UserError, match=words):
        tally.add({"loss": torch.ones(3)}, 3)
