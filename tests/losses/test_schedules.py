"""Schedules against the values they are drawn by hand, and what `fit` makes of them."""
import functools
import math

import pytest
import torch
from test_fit import model, same

from vaekit import losses, training
from vaekit.errors import UserError
from vaekit.losses import Cyclic, Scheduled, WarmUp, describe


@pytest.mark.parametrize("schedule, expected", [
    (WarmUp(), {0: 0, 0.25: 0.5, 0.5: 1, 0.75: 1, 1: 1}),
    (WarmUp(4.0, over=0.8, start=2.0), {0: 2, 0.4: 3, 0.8: 4, 0.9: 4, 1: 4}),
    (WarmUp(1.0, over=1.0, start=5.0), {0: 5, 0.5: 3, 1: 1}),                      # a weight may fall, too
    (WarmUp(25, over=1.0), {0: 0, 0.1: 2.5, 1: 25}),
    (Cyclic(), {0: 0, 0.0625: 0.5, 0.125: 1, 0.24: 1, 0.25: 0, 0.3125: 0.5, 0.375: 1, 0.5: 0, 0.99: 1, 1: 1}),
    (Cyclic(3.0, cycles=2, rise=1.0), {0: 0, 0.25: 1.5, 0.5: 0, 0.75: 1.5, 0.9: 2.4, 1: 3}),
    (Cyclic(1.0, cycles=1, rise=0.25), {0: 0, 0.125: 0.5, 0.25: 1, 0.6: 1, 1: 1}),
])
def test_a_schedule_passes_through_its_points(schedule, expected):
    assert [schedule(progress) for progress in expected] == pytest.approx(list(expected.values()))


def note(calls):
    """An objective that notes its weight and whether it was trained with."""
    def recording(output, x, c, *, beta):
        calls.append((beta, torch.is_grad_enabled()))
        return losses.negative_elbo(output, x, beta=beta)
    return recording


def test_fit_trains_with_the_weight_of_the_moment_and_tests_with_the_last(small):
    calls = []
    history = training.fit(model(), small[0], Scheduled(note(calls), beta=WarmUp(2.0, over=0.5)), test=small[1], epochs=4, batch_size=100)
    trained, tested = ([beta for beta, gradient in calls if gradient is kind] for kind in (True, False))
    assert trained == pytest.approx([2 * min(1, step / 12 / 0.5) for step in range(12)]), "3 steps an epoch"
    assert tested == [2.0] * 4
    for row in history.rows:
        assert row["test_loss"] == pytest.approx(row["test_reconstruction"] + 2 * row["test_kl"], rel=1e-5)


def test_a_scheduled_weight_is_the_weight(small):
    """A schedule that does not move is the plain objective, to the last bit; one that ends high has lowered the KL."""
    plain, flat, high = model(), model(), model()
    training.fit(plain, small[0], functools.partial(losses.negative_elbo, beta=3.0), epochs=2, batch_size=50)
    training.fit(flat, small[0], Scheduled(losses.negative_elbo, beta=lambda progress: 3.0), epochs=2, batch_size=50)
    training.fit(high, small[0], Scheduled(losses.negative_elbo, beta=WarmUp(300.0)), epochs=2, batch_size=50)
    assert same(plain, flat)
    kl = [training.evaluate(m, small[1], losses.negative_elbo)["kl"] for m in (plain, high)]
    assert kl[1] < 0.5 * kl[0]


def test_several_weights_and_fixed_ones_go_together():
    both = Scheduled(functools.partial(losses.capacity, gamma=7.0), nats=WarmUp(25))
    assert both.at(0.25).keywords == {"gamma": 7.0, "nats": 12.5}
    assert Scheduled(lambda *arguments, **weights: {}, anything=WarmUp()).at(1).keywords == {"anything": 1.0}
    two = Scheduled(losses.free_bits, beta=WarmUp(2.0), free=WarmUp(0.0, start=1.0))
    assert two.at(0.25).keywords == {"beta": 1.0, "free": 0.5} and two.at(1).keywords == {"beta": 2.0, "free": 0.0}


@pytest.mark.parametrize("schedule", [WarmUp(2.0), Cyclic(2.0, cycles=2)])
def test_an_interrupted_scheduled_run_ends_where_an_uninterrupted_one_does(small, tmp_path, schedule):
    whole, broken, resumed, calls = model(), model(), model(seed=9), 0

    def fit(m, loss, **settings):
        return training.fit(m, small[0], Scheduled(loss, beta=schedule), test=small[1], epochs=4, batch_size=50, **settings)

    @functools.wraps(losses.negative_elbo)
    def interrupted(*arguments, **weights):
        nonlocal calls
        calls += 1
        if calls > 16:                                         # 6 steps an epoch and 1 to test: in the middle of the third
            raise KeyboardInterrupt
        return losses.negative_elbo(*arguments, **weights)

    history = fit(whole, losses.negative_elbo)
    with pytest.raises(KeyboardInterrupt):
        fit(broken, interrupted, checkpoint=tmp_path / "run.safetensors")
    again = fit(resumed, losses.negative_elbo, checkpoint=tmp_path / "run.safetensors")
    assert same(whole, resumed) and again["train_loss"] == history["train_loss"] and again["test_loss"] == history["test_loss"]


BETA = functools.partial(losses.negative_elbo, beta=2.0)


@pytest.mark.parametrize("before, after, epochs, words", [
    (Scheduled(losses.negative_elbo, beta=WarmUp(2.0)), Scheduled(losses.negative_elbo, beta=WarmUp(2.0)), 3, r"other settings \(epochs 1 → 3\)"),
    (BETA, functools.partial(losses.negative_elbo, beta=4.0), 1, r"loss negative_elbo\(beta=2.0\) → negative_elbo\(beta=4.0\)"),
    (losses.negative_elbo, BETA, 1, r"loss negative_elbo → negative_elbo\(beta=2.0\)"),
    (losses.negative_elbo, losses.free_bits, 1, "loss negative_elbo → free_bits"),
    (losses.ImportanceWeighted(2), losses.ImportanceWeighted(3), 1, r"ImportanceWeighted\(samples=2\) → ImportanceWeighted\(samples=3\)"),
    (Scheduled(losses.negative_elbo, beta=WarmUp(2.0)), Scheduled(losses.negative_elbo, beta=WarmUp(3.0)), 1, r"beta=WarmUp\(to=2.0.*to=3.0"),
    (Scheduled(losses.negative_elbo, beta=WarmUp(2.0)), BETA, 1, r"Scheduled\(negative_elbo, beta=WarmUp.* → negative_elbo\(beta=2.0\)"),
])
def test_a_checkpoint_of_another_objective_is_refused(small, tmp_path, before, after, epochs, words):
    def fit(loss, epochs=1):
        return training.fit(model(), small[0], loss, epochs=epochs, batch_size=100, checkpoint=tmp_path / "run.safetensors")

    fit(before)
    assert len(fit(before)) == 1, "the same one is taken back"
    with pytest.raises(UserError, match=words):
        fit(after, epochs)


def test_a_constant_beta_can_be_prolonged(small, tmp_path):
    for epochs in (1, 2):
        history = training.fit(model(), small[0], BETA, epochs=epochs, checkpoint=tmp_path / "run.safetensors")
    assert len(history) == 2


def test_objectives_describe_themselves_the_same_in_every_process():
    class Own:
        def __call__(self, output, x, c):
            return {}

    assert describe(losses.free_bits) == "free_bits" and describe(Own()).endswith("Own") and " at 0x" not in describe(Own())
    assert describe(functools.partial(losses.beta_tcvae, images=10, beta=2.0)) == "beta_tcvae(beta=2.0, images=10)"
    free = Scheduled(functools.partial(losses.free_bits, beta=2.0), free=Cyclic())
    assert repr(free) == "Scheduled(free_bits(beta=2.0), free=Cyclic(to=1.0, cycles=4, rise=0.5))"
    assert " at 0x" not in repr(Scheduled(losses.negative_elbo, beta=lambda progress: 1.0))


@pytest.mark.parametrize("call, words", [
    (lambda: WarmUp(-1.0), "to must be ≥ 0, got -1"),
    (lambda: WarmUp(start=math.nan), "start must be ≥ 0, got nan"),
    (lambda: WarmUp(over=0.0), "over is a share of training, above 0 and at most 1, got 0"),
    (lambda: WarmUp(over=1.5), "over is a share of training.*got 1.5"),
    (lambda: Cyclic(to=-2.0), "to must be ≥ 0, got -2"),
    (lambda: Cyclic(cycles=0), "cycles must be ≥ 1, got 0"),
    (lambda: Cyclic(rise=math.nan), "rise is a share of training.*got nan"),
    (lambda: Scheduled(losses.negative_elbo), "Scheduled needs schedules by the name of the weight they set, such as beta="),
    (lambda: Scheduled(losses.negative_elbo, betta=WarmUp()), "unknown weight 'betta'; choose one of beta. Did you mean 'beta'"),
    (lambda: Scheduled(losses.ImportanceWeighted(5), beta=WarmUp()), "unknown weight 'beta'"),
    (lambda: Scheduled(losses.negative_elbo, beta=2.0), "for fixed weights use partial"),
    (lambda: Scheduled(losses.negative_elbo, beta=WarmUp()).at(1.1), "progress lies between 0 and 1, got 1.1"),
    (lambda: Scheduled(losses.negative_elbo, beta=WarmUp()).at(-0.1), "progress lies between 0 and 1, got -0.1"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_a_schedule_below_zero_is_refused_when_it_gets_there(small):
    with pytest.raises(UserError, match="beta must be ≥ 0, got -"):
        training.fit(model(), small[0], Scheduled(losses.negative_elbo, beta=lambda progress: 0.1 - progress), epochs=1, batch_size=100)
