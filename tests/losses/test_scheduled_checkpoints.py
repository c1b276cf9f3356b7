"""A checkpoint of a run with a schedule, or with another objective, when training goes on."""
import functools

import pytest
from support.vaes import same_weights, small_vae

from vaekit import losses, training
from vaekit.errors import UserError
from vaekit.losses import Cyclic, Scheduled, WarmUp

BETA_2 = functools.partial(losses.negative_elbo, beta=2.0)


@pytest.mark.parametrize("schedule", [
    WarmUp(2.0),
    Cyclic(2.0, cycles=2),
])
def test_an_interrupted_scheduled_run_ends_where_an_uninterrupted_one_does(
    small, tmp_path, schedule
, killed):
    images, test_images = small
    checkpoint = tmp_path / "run.safetensors"

    def fit(model, **settings):
        return training.fit(
            model,
            images,
            Scheduled(losses.negative_elbo, beta=schedule),
            test=test_images,
            epochs=4,
            batch_size=50,
            **settings,
        )

    whole = small_vae()
    history = fit(whole)

    with pytest.raises(KeyboardInterrupt):
        # 6 steps per epoch and 1 to test: in the middle of the third
        fit(killed(16, small_vae()), checkpoint=checkpoint)
    resumed = small_vae(seed=9)
    history_again = fit(resumed, checkpoint=checkpoint)

    assert same_weights(whole, resumed)
    assert history_again["train_loss"] == history["train_loss"]
    assert history_again["test_loss"] == history["test_loss"]


@pytest.mark.parametrize("before, after, epochs, words", [
    (
        Scheduled(losses.negative_elbo, beta=WarmUp(2.0)),
        Scheduled(losses.negative_elbo, beta=WarmUp(2.0)),
        3,
        r"other settings \(epochs 1 → 3\)",
    ),
    (
        BETA_2,
        functools.partial(losses.negative_elbo, beta=4.0),
        1,
        r"loss negative_elbo\(beta=2.0\) → negative_elbo\(beta=4.0\)",
    ),
    (
        losses.negative_elbo,
        BETA_2,
        1,
        r"loss negative_elbo → negative_elbo\(beta=2.0\)",
    ),
    (
        losses.negative_elbo,
        losses.free_bits,
        1,
        "loss negative_elbo → free_bits",
    ),
    (
        losses.ImportanceWeighted(2),
        losses.ImportanceWeighted(3),
        1,
        r"ImportanceWeighted\(samples=2\) → ImportanceWeighted\(samples=3\)",
    ),
    (
        Scheduled(losses.negative_elbo, beta=WarmUp(2.0)),
        Scheduled(losses.negative_elbo, beta=WarmUp(3.0)),
        1,
        r"beta=WarmUp\(to=2.0.*to=3.0",
    ),
    (
        Scheduled(losses.negative_elbo, beta=WarmUp(2.0)),
        BETA_2,
        1,
        r"Scheduled\(negative_elbo, beta=WarmUp.* → negative_elbo\(beta=2.0\)",
    ),
])
def test_a_checkpoint_of_another_objective_is_refused(
    small, tmp_path, before, after, epochs, words
):
    images, _ = small

    def fit(objective, epochs=1):
        return training.fit(
            small_vae(),
            images,
            objective,
            epochs=epochs,
            batch_size=100,
            checkpoint=tmp_path / "run.safetensors",
        )

    fit(before)
    assert len(fit(before)) == 1, "the same one is taken back"
    with pytest.raises(UserError, match=words):
        fit(after, epochs)


def test_a_constant_beta_can_be_prolonged(small, tmp_path):
    images, _ = small
    checkpoint = tmp_path / "run.safetensors"
    training.fit(small_vae(), images, BETA_2, epochs=1, checkpoint=checkpoint)
    history = training.fit(small_vae(), images, BETA_2, epochs=2, checkpoint=checkpoint)
    assert len(history) == 2
