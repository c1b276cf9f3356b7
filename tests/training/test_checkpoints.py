"""A run that is interrupted ends where an uninterrupted one does."""
import functools

import pytest
import torch
from test_fit import fit, model, same

from vaekit import losses, recipes, training
from vaekit.data import augment
from vaekit.errors import UserError


@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(small, tmp_path, schedule):
    whole, broken, resumed = model(), model(), model(seed=9)
    history = fit(whole, small, epochs=5, schedule=schedule)
    path, calls = tmp_path / "run.safetensors", 0

    @functools.wraps(losses.negative_elbo)
    def interrupted(output, x, c):
        nonlocal calls
        calls += 1
        if calls > 21:                                         # 6 steps an epoch and 1 to evaluate: in the middle of the fourth
            raise KeyboardInterrupt
        return losses.negative_elbo(output, x)

    with pytest.raises(KeyboardInterrupt):
        training.fit(broken, small[0], interrupted, test=small[1], epochs=5, batch_size=50, schedule=schedule, checkpoint=path)
    again = fit(resumed, small, epochs=5, schedule=schedule, checkpoint=path)
    assert same(whole, resumed)
    assert again["test_loss"] == history["test_loss"] and again["train_kl"] == history["train_kl"]
    assert list(tmp_path.iterdir()) == [path], "no temporary files"


@pytest.mark.parametrize("optimizer", ["adam", "radam"])
def test_a_run_in_channels_last_goes_on_as_it_was(small, tmp_path, optimizer):
    """A file keeps values, not how they lie in memory: the optimiser's moments must come back in the order of the weights."""
    def autoencoder():
        return recipes.build("conv-ae-mnist").to(memory_format=torch.channels_last)

    def fit(m, epochs, **checkpoint):
        training.fit(m, small[0], losses.reconstruction_error, epochs=epochs, batch_size=50, optimizer=optimizer, **checkpoint)

    whole, resumed, path = autoencoder(), autoencoder(), tmp_path / "run.safetensors"
    fit(whole, 3)
    fit(autoencoder(), 2, checkpoint=path)
    fit(resumed, 3, checkpoint=path)
    weight = resumed.encoder[2].weight
    assert same(whole, resumed) and weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()


def test_a_finished_constant_run_can_be_prolonged(small, tmp_path):
    a, b = model(), model()
    fit(a, small, epochs=2, checkpoint=tmp_path / "run.safetensors")
    fit(a, small, epochs=4, checkpoint=tmp_path / "run.safetensors")
    fit(b, small, epochs=4)
    assert same(a, b)


def test_a_checkpoint_knows_which_images_it_was_trained_on_and_how_they_were_changed(digits, tmp_path):
    def train(images, **settings):
        training.fit(model(), images, losses.negative_elbo, epochs=1, checkpoint=tmp_path / "run.safetensors", **settings)

    zeros, ones = digits[0].only("0").first(100), digits[0].only("1").first(100)
    train(zeros)
    with pytest.raises(UserError, match="other settings .data digits, only 0 → digits, only 1"):
        train(ones)
    with pytest.raises(UserError, match="augment None → mirror"):
        train(zeros, augment=augment.mirror)


@pytest.mark.parametrize("change, words", [({"batch_size": 60}, "other settings .batch_size 50 → 60"), ({"seed": 1}, "seed 0 → 1")])
def test_a_checkpoint_of_another_run_is_refused(small, tmp_path, change, words):
    fit(model(), small, checkpoint=tmp_path / "run.safetensors")
    with pytest.raises(UserError, match=words):
        fit(model(), small, checkpoint=tmp_path / "run.safetensors", **change)


def test_a_checkpoint_of_another_model_or_a_broken_one_is_refused(small, tmp_path):
    path = tmp_path / "run.safetensors"
    fit(model(2), small, checkpoint=path)
    with pytest.raises(UserError, match="belongs to another model"):
        fit(model(3), small, checkpoint=path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match="not a readable safetensors file"):
        fit(model(2), small, checkpoint=path)
    recipes.save(path, "mlp-vae-mnist-small", model(2))
    with pytest.raises(UserError, match="holds weights but no training state"):
        fit(model(2), small, checkpoint=path)
