"""The sums of an epoch against plain sums."""
import math

import pytest
import torch

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
    assert tally.first_not_finite("loss") is None

    step, value = tally.first_not_finite("kl")
    assert step == 1
    assert value == pytest.approx(bad, nan_ok=True)
