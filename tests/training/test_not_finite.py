"""A run that leaves the finite numbers stops, says where, and saves nothing of that epoch."""
import math

import pytest
import torch
from support.gan import LOSSES, small_gan
from support.training import fit_elbo, spoiled, two_modes
from support.vaes import same_weights, small_vae

from vaekit import losses, training
from vaekit.errors import UserError
from vaekit.models import gan

# 300 images in batches of 50
STEPS = 6


def to_nan(terms):
    return terms | {"loss": terms["loss"] * math.nan}


def to_infinity(terms):
    return terms | {"loss": terms["loss"] + math.inf}


def finite_with_a_nan_gradient(terms):
    """The loss as it was; √0 adds nothing, but its slope is infinite."""
    zero = 0 * terms["loss"]
    return terms | {"loss": terms["loss"] + zero.sqrt()}


def test_a_diverging_run_stops_with_the_step_and_the_advice(small):
    def diverging(output, x, c):
        terms = losses.negative_elbo(output, x)
        return {"loss": terms["loss"] * math.nan}

    words = "the loss became nan at epoch 1, step 1; try a lower lr than 0.5"
    with pytest.raises(UserError, match=words):
        training.fit(small_vae(), small[0], diverging, epochs=1, lr=0.5)


@pytest.mark.parametrize("spoil, value", [
    (to_nan, "nan"),
    (to_infinity, "inf"),
])
def test_the_first_bad_step_is_named_within_its_epoch(small, spoil, value):
    train, test = small
    calls = []
    broken = spoiled(losses.negative_elbo, spoil, epoch=2, step=3, steps=STEPS)

    def counted(output, x, c):
        calls.append(torch.is_grad_enabled())
        return broken(output, x, c)

    words = f"the loss became {value} at epoch 2, step 3; try a lower lr than 0.001"
    with pytest.raises(UserError, match=f"^{words}$"):
        training.fit(small_vae(), train, counted, test=test, epochs=9, batch_size=50)
    assert calls.count(True) <= 2 * STEPS
    assert calls.count(False) == 1, "the test set was measured after the first epoch only"


@pytest.mark.parametrize("spoil, step, words", [
    (to_nan, 3, "the loss became nan at epoch 2, step 3"),
    (to_nan, STEPS, "the loss became nan at epoch 2, step 6"),
    # a last step that goes wrong shows in no loss of its epoch
    (finite_with_a_nan_gradient, STEPS, "the weights became nan at epoch 2, step 6"),
])
def test_nothing_of_that_epoch_is_saved(small, tmp_path, spoil, step, words):
    train, test = small
    path = tmp_path / "run.safetensors"

    def fit(model, epochs):
        broken = spoiled(losses.negative_elbo, spoil, epoch=2, step=step, steps=STEPS)
        return training.fit(
            model, train, broken, test=test, epochs=epochs, batch_size=50, checkpoint=path
        )

    with pytest.raises(UserError, match=words):
        fit(small_vae(), epochs=3)
    assert list(tmp_path.iterdir()) == [path]

    # the first epoch is what the file holds
    one_epoch = small_vae()
    fit_elbo(one_epoch, small, epochs=1)
    resumed = small_vae(seed=9)
    history = fit(resumed, epochs=1)
    assert len(history) == 1
    assert same_weights(resumed, one_epoch)

    # and from there it goes on to the same end; made anew, the objective counts its steps from here
    whole = small_vae()
    fit_elbo(whole, small, epochs=2)
    resumed = small_vae(seed=9)
    fit(resumed, epochs=2)
    assert same_weights(resumed, whole)


def test_a_loss_that_spoils_the_weights_early_shows_in_the_next_loss(small):
    broken = spoiled(
        losses.negative_elbo, finite_with_a_nan_gradient, epoch=1, step=2, steps=STEPS
    )
    with pytest.raises(UserError, match="the loss became nan at epoch 1, step 3"):
        training.fit(small_vae(), small[0], broken, epochs=1, batch_size=50)


@pytest.mark.parametrize("term", ["discriminator_loss", "generator_loss"])
def test_a_game_that_diverges_stops_with_the_term_the_step_and_the_advice(term):
    """One bad value of one player spoils the other at the next step: the first is named."""
    calls = []

    def breaking(output, x, c):
        calls.append(x)
        terms = gan.non_saturating(output, x)
        if len(calls) == 6:
            terms[term] = terms[term] * math.nan
        return terms

    name = term.replace("_", " ")
    words = (
        f"the {name} became nan at epoch 2, step 2; "
        "try a lower lr than 0.002, or a weaker discriminator"
    )
    with pytest.raises(UserError, match=f"^{words}$"):
        training.fit(small_gan(), two_modes(128), breaking, epochs=9, batch_size=32, lr=2e-3)


@LOSSES
def test_a_learning_rate_beyond_reason_stops_the_game(loss):
    words = (
        r"the (discriminator|generator) loss became (inf|nan) at epoch 1, step [23]; "
        r"try a lower lr than 1e\+30"
    )
    with pytest.raises(UserError, match=words):
        training.fit(small_gan(), two_modes(128), loss, epochs=9, batch_size=32, lr=1e30)


def test_a_last_step_of_a_game_that_diverges_is_not_saved(tmp_path):
    path = tmp_path / "c.safetensors"
    words = (
        r"the weights became (inf|nan) at epoch 1, step 1; "
        r"try a lower lr than 1e\+38, or a weaker discriminator"
    )
    with pytest.raises(UserError, match=words):
        training.fit(
            small_gan(),
            two_modes(8),
            gan.non_saturating,
            epochs=1,
            batch_size=8,
            lr=1e38,
            checkpoint=path,
        )
    assert not path.exists()


# held-out sets


def spoiled_when_measured(value, *, epoch, per_epoch):
    """The −ELBO, whose loss is `value` where held-out images are measured in this epoch."""
    measured = 0

    def objective(output, x, c):
        nonlocal measured
        terms = losses.negative_elbo(output, x)
        if torch.is_grad_enabled():
            return terms
        measured += 1
        now = (measured - 1) // per_epoch + 1
        return terms | {"loss": terms["loss"] * value} if now == epoch else terms

    return objective


@pytest.mark.parametrize("held_out, name", [
    (["test"], "test"),
    (["validation", "test"], "validation"),
])
@pytest.mark.parametrize("value, word", [(math.nan, "nan"), (math.inf, "inf")])
@pytest.mark.parametrize("epoch", [1, 2])
def test_a_held_out_loss_that_is_not_finite_stops_the_run(
    small, tmp_path, held_out, name, value, word, epoch
):
    """Else it would stay the best for ever, as nothing is less than NaN."""
    train, test = small
    path = tmp_path / "run.safetensors"
    objective = spoiled_when_measured(value, epoch=epoch, per_epoch=len(held_out))
    words = (
        f"the {name} loss became {word} at epoch {epoch}, though the training loss is finite; "
        "look for what differs in these images, or try a lower lr than 0.001"
    )
    with pytest.raises(UserError, match=f"^{words}$"):
        training.fit(
            small_vae(),
            train,
            objective,
            epochs=4,
            patience=2,
            checkpoint=path,
            **dict.fromkeys(held_out, test),
        )
    assert path.exists() == (epoch == 2), "nothing of that epoch is saved"
