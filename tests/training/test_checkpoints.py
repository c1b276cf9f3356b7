"""A run that is interrupted ends where an uninterrupted one does."""
import pytest
import torch
from support.training import fit_elbo
from support.vaes import same_weights, small_vae

from vaekit import losses, recipes, training
from vaekit.data import augment
from vaekit.errors import UserError


@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(small, tmp_path, schedule, killed):
    train, test = small
    path = tmp_path / "run.safetensors"
    whole = small_vae()
    history = fit_elbo(whole, small, epochs=5, schedule=schedule)

    # 6 steps per epoch and 1 to evaluate: in the middle of the fourth
    with pytest.raises(KeyboardInterrupt):
        training.fit(
            killed(21, small_vae()),
            train,
            losses.negative_elbo,
            test=test,
            epochs=5,
            batch_size=50,
            schedule=schedule,
            checkpoint=path,
        )

    resumed = small_vae(seed=9)
    again = fit_elbo(resumed, small, epochs=5, schedule=schedule, checkpoint=path)
    assert same_weights(whole, resumed)
    assert again["test_loss"] == history["test_loss"]
    assert again["train_kl"] == history["train_kl"]
    assert list(tmp_path.iterdir()) == [path], "no temporary files"


@pytest.mark.parametrize("optimizer", ["adam", "radam"])
def test_a_run_in_channels_last_goes_on_as_it_was(small, tmp_path, optimizer):
    """A file keeps values, not how they lie in memory.

    The optimiser's moments must come back in the order of the weights.
    """
    path = tmp_path / "run.safetensors"

    def autoencoder():
        return recipes.build("conv-ae-mnist").to(memory_format=torch.channels_last)

    def fit(model, epochs, checkpoint=None):
        training.fit(
            model,
            small[0],
            losses.reconstruction_error,
            epochs=epochs,
            batch_size=50,
            optimizer=optimizer,
            checkpoint=checkpoint,
        )

    whole = autoencoder()
    fit(whole, 3)
    fit(autoencoder(), 2, checkpoint=path)
    resumed = autoencoder()
    fit(resumed, 3, checkpoint=path)

    assert same_weights(whole, resumed)
    weight = resumed.encoder[2].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not weight.is_contiguous()


def test_an_interrupted_patience_goes_on_with_the_best_weights(small, tmp_path, killed):
    """The best weights and the epochs since then come back from the file."""
    train, test = small
    path = tmp_path / "run.safetensors"

    def fit(model, objective, checkpoint=None):
        return training.fit(
            model,
            train.first(20),
            objective,
            test=test,
            epochs=400,
            batch_size=20,
            lr=1e-2,
            patience=8,
            checkpoint=checkpoint,
        )

    whole = small_vae(20)
    history = fit(whole, losses.negative_elbo)

    # 1 step per epoch and 1 to evaluate: stop when the best epoch is already past
    best_is_past = 2 * (history.best + 4)
    with pytest.raises(KeyboardInterrupt):
        fit(killed(best_is_past, small_vae(20)), losses.negative_elbo, checkpoint=path)
    resumed = small_vae(20, seed=9)
    again = fit(resumed, losses.negative_elbo, checkpoint=path)

    assert again["test_loss"] == history["test_loss"]
    assert same_weights(whole, resumed)


def test_a_finished_constant_run_can_be_prolonged(small, tmp_path):
    path = tmp_path / "run.safetensors"
    prolonged = small_vae()
    fit_elbo(prolonged, small, epochs=2, checkpoint=path)
    fit_elbo(prolonged, small, epochs=4, checkpoint=path)
    at_once = small_vae()
    fit_elbo(at_once, small, epochs=4)
    assert same_weights(prolonged, at_once)


def test_a_checkpoint_knows_its_images_and_how_they_were_changed(digits, tmp_path):
    path = tmp_path / "run.safetensors"

    def train(images, **settings):
        training.fit(
            small_vae(), images, losses.negative_elbo, epochs=1, checkpoint=path, **settings
        )

    zeros = digits[0].only("0").first(100)
    ones = digits[0].only("1").first(100)
    train(zeros)
    words = "other settings .data digits, only 0 → digits, only 1"
    with pytest.raises(UserError, match=words):
        train(ones)
    with pytest.raises(UserError, match="augment None → mirror"):
        train(zeros, augment=augment.mirror)


@pytest.mark.parametrize("change, words", [
    ({"batch_size": 60}, "other settings .batch_size 50 → 60"),
    ({"seed": 1}, "seed 0 → 1"),
    ({"lr": 2e-3}, "lr 0.001 → 0.002"),
    ({"schedule": "one-cycle"}, "schedule constant → one-cycle"),
])
def test_a_checkpoint_of_another_run_is_refused(small, tmp_path, change, words):
    path = tmp_path / "run.safetensors"
    fit_elbo(small_vae(), small, checkpoint=path)
    with pytest.raises(UserError, match=words):
        fit_elbo(small_vae(), small, checkpoint=path, **change)


def test_a_checkpoint_of_another_model_or_a_broken_one_is_refused(small, tmp_path):
    path = tmp_path / "run.safetensors"
    fit_elbo(small_vae(2), small, checkpoint=path)
    with pytest.raises(UserError, match=r"other settings \(model networks \w+ → \w+\)"):
        fit_elbo(small_vae(3), small, checkpoint=path)

    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match="not a readable safetensors file"):
        fit_elbo(small_vae(2), small, checkpoint=path)

    recipes.save(path, "mlp-vae-mnist-small", small_vae(2))
    with pytest.raises(UserError, match="holds weights but no training state"):
        fit_elbo(small_vae(2), small, checkpoint=path)
