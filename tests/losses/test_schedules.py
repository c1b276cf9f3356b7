"""Schedules against values worked out by hand, and what `fit` makes of them."""
import functools
import math

import pytest
import torch
from support.vaes import same_weights, small_vae

from vaekit import losses, training
from vaekit.errors import UserError
from vaekit.losses import Cyclic, Scheduled, WarmUp, at, changes

BETA_2 = functools.partial(losses.negative_elbo, beta=2.0)


@pytest.mark.parametrize("schedule, points", [
    (WarmUp(), {0: 0, 0.25: 0.5, 0.5: 1, 0.75: 1, 1: 1}),
    (WarmUp(4.0, over=0.8, start=2.0), {0: 2, 0.4: 3, 0.8: 4, 0.9: 4, 1: 4}),
    # a weight may fall, too
    (WarmUp(1.0, over=1.0, start=5.0), {0: 5, 0.5: 3, 1: 1}),
    (WarmUp(25, over=1.0), {0: 0, 0.1: 2.5, 1: 25}),
    (
        Cyclic(),
        {
            0: 0, 0.0625: 0.5, 0.125: 1, 0.24: 1,
            0.25: 0, 0.3125: 0.5, 0.375: 1,
            0.5: 0, 0.99: 1, 1: 1,
        },
    ),
    (
        Cyclic(3.0, cycles=2, rise=1.0),
        {0: 0, 0.25: 1.5, 0.5: 0, 0.75: 1.5, 0.9: 2.4, 1: 3},
    ),
    (Cyclic(1.0, cycles=1, rise=0.25), {0: 0, 0.125: 0.5, 0.25: 1, 0.6: 1, 1: 1}),
])
def test_a_schedule_passes_through_its_points(schedule, points):
    found = [schedule(progress) for progress in points]
    assert found == pytest.approx(list(points.values()))


@pytest.mark.parametrize("cycles", [*range(1, 60), 97, 1000])
@pytest.mark.parametrize("steps", [1, 7, 10])
def test_every_cycle_starts_at_0_wherever_progress_is_rounded(cycles, steps):
    """Progress as `fit` computes it, at the first step of each cycle."""
    schedule = Cyclic(2.0, cycles=cycles)
    starts = [schedule(cycle * steps / (cycles * steps)) for cycle in range(cycles)]
    assert starts == [0.0] * cycles
    assert schedule(1.0) == 2.0
    assert schedule(1 - 1e-16) == 2.0


class OwnSchedule:
    """A student's objective that changes, and takes two draws per image: no class of ours."""

    samples = 2

    def __init__(self, seen):
        self.seen = seen

    def at(self, progress):
        self.seen.append(progress)
        return self

    def __call__(self, output, x, c):
        return losses.ImportanceWeighted(2)(output, x)


def test_an_objective_of_ones_own_is_known_by_its_methods():
    seen = []
    own = OwnSchedule(seen)
    assert changes(own)
    assert losses.samples_of(own) == 2
    assert at(own, 0.25) is own
    assert seen == [0.25]


def test_a_partial_is_what_it_is_made_of():
    seen = []
    scheduled = functools.partial(OwnSchedule(seen), c=None)
    assert changes(scheduled)
    assert losses.samples_of(scheduled) == 2
    assert at(scheduled, 0.5).keywords == {"c": None}
    assert seen == [0.5]


def test_a_scheduled_objective_takes_the_draws_of_what_it_schedules(small):
    def two_draws(output, x, c, *, beta):
        terms = losses.ImportanceWeighted(2)(output, x)
        return {"loss": beta * terms["loss"]}

    two_draws.samples = 2
    scheduled = Scheduled(two_draws, beta=WarmUp())
    assert losses.samples_of(scheduled) == 2
    assert losses.samples_of(at(scheduled, 0.5)) == 2


def test_fit_trains_with_an_objective_of_ones_own(small):
    images, _ = small
    seen = []
    training.fit(small_vae(), images, OwnSchedule(seen), epochs=2, batch_size=100)
    steps = 2 * 3
    assert seen == [step / steps for step in range(steps)]


def test_only_a_scheduled_objective_changes():
    scheduled = Scheduled(losses.negative_elbo, beta=WarmUp(2.0))
    assert changes(scheduled)
    assert at(scheduled, 0.25).keywords == {"beta": 1.0}
    assert at(scheduled, 1.0).keywords == {"beta": 2.0}

    def own(output, x, c):
        return {"loss": output}

    for objective in (losses.negative_elbo, BETA_2, losses.ImportanceWeighted(3), own):
        assert not changes(objective)
        assert at(objective, 0.25) is objective


def recording(calls):
    """An objective that records its weight and whether it was trained with."""
    def objective(output, x, c, *, beta):
        calls.append((beta, torch.is_grad_enabled()))
        return losses.negative_elbo(output, x, beta=beta)

    return objective


def test_fit_trains_with_the_weight_of_the_moment_and_tests_with_the_last(small):
    images, test_images = small
    calls = []
    history = training.fit(
        small_vae(),
        images,
        Scheduled(recording(calls), beta=WarmUp(2.0, over=0.5)),
        test=test_images,
        epochs=4,
        batch_size=100,
    )
    trained = [beta for beta, gradient in calls if gradient]
    tested = [beta for beta, gradient in calls if not gradient]

    steps = 3 * 4
    rising = [2 * min(1, step / steps / 0.5) for step in range(steps)]
    assert trained == pytest.approx(rising), "3 steps per epoch"
    assert tested == [2.0] * 4
    for row in history.rows:
        total = row["test_reconstruction"] + 2 * row["test_kl"]
        assert row["test_loss"] == pytest.approx(total, rel=1e-5)


def test_a_scheduled_weight_is_the_weight(small):
    """A constant schedule is the plain objective, to the last bit; one that rises lowers the KL."""
    images, test_images = small

    def trained(objective):
        model = small_vae()
        training.fit(model, images, objective, epochs=2, batch_size=50)
        return model

    plain = trained(functools.partial(losses.negative_elbo, beta=3.0))
    constant = trained(Scheduled(losses.negative_elbo, beta=lambda progress: 3.0))
    rising = trained(Scheduled(losses.negative_elbo, beta=WarmUp(300.0)))
    assert same_weights(plain, constant)

    kl_plain = training.evaluate(plain, test_images, losses.negative_elbo)["kl"]
    kl_rising = training.evaluate(rising, test_images, losses.negative_elbo)["kl"]
    assert kl_rising < 0.5 * kl_plain


def test_several_weights_and_fixed_ones_go_together():
    with_fixed = Scheduled(functools.partial(losses.capacity, gamma=7.0), nats=WarmUp(25))
    assert with_fixed.at(0.25).keywords == {"gamma": 7.0, "nats": 12.5}

    any_name = Scheduled(lambda *arguments, **weights: {}, anything=WarmUp())
    assert any_name.at(1).keywords == {"anything": 1.0}

    two = Scheduled(losses.free_bits, beta=WarmUp(2.0), free=WarmUp(0.0, start=1.0))
    assert two.at(0.25).keywords == {"beta": 1.0, "free": 0.5}
    assert two.at(1).keywords == {"beta": 2.0, "free": 0.0}




@pytest.mark.parametrize("call, words", [
    (lambda: WarmUp(-1.0), "to must be ≥ 0, got -1"),
    (lambda: WarmUp(start=math.nan), "start must be ≥ 0, got nan"),
    (
        lambda: WarmUp(over=0.0),
        "over is a share of training and must be above 0 and at most 1, got 0",
    ),
    (lambda: WarmUp(over=1.5), "over is a share of training.*got 1.5"),
    (lambda: Cyclic(to=-2.0), "to must be ≥ 0, got -2"),
    (lambda: Cyclic(cycles=0), "cycles must be ≥ 1, got 0"),
    (lambda: Cyclic(rise=math.nan), "rise is a share of training.*got nan"),
    (lambda: Cyclic(to=math.inf), "to must be ≥ 0, got inf"),
    (lambda: at(None, 0.5), "objective must be a function of .* got None"),
    (lambda: at(losses.negative_elbo, math.nan), "progress must lie between 0 and 1, got nan"),
    (
        lambda: Scheduled(losses.negative_elbo),
        "Scheduled needs schedules by the name of the weight they set, such as beta=",
    ),
    (
        lambda: Scheduled(losses.negative_elbo, betta=WarmUp()),
        "unknown weight 'betta'; choose one of beta. Did you mean 'beta'",
    ),
    (
        lambda: Scheduled(losses.ImportanceWeighted(5), beta=WarmUp()),
        r"^ImportanceWeighted\(samples=5\) has no weights to schedule; train with it as it is",
    ),
    (
        lambda: Scheduled(losses.reconstruction_error, beta=WarmUp()),
        "^reconstruction_error has no weights to schedule",
    ),
    (
        lambda: Scheduled(losses.negative_elbo, beta=2.0),
        "such as beta=.*, got beta=2.0; for fixed weights use partial",
    ),
    (
        lambda: Scheduled(losses.negative_elbo, beta=WarmUp()).at(1.1),
        "progress must lie between 0 and 1, got 1.1",
    ),
    (
        lambda: Scheduled(losses.negative_elbo, beta=WarmUp()).at(-0.1),
        "progress must lie between 0 and 1, got -0.1",
    ),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_a_schedule_below_zero_is_refused_when_it_gets_there(small):
    images, _ = small
    falling = Scheduled(losses.negative_elbo, beta=lambda progress: 0.1 - progress)
    with pytest.raises(UserError, match="beta must be ≥ 0, got -"):
        training.fit(small_vae(), images, falling, epochs=1, batch_size=100)
