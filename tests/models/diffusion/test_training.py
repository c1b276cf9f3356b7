"""Diffusion under the training loop: interrupted, resumed, refused, and what it learns."""

import pytest
import torch
from support.diffusion import dark_and_bright, small_model

from vaekit import training
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models.diffusion import denoising_error

pytestmark = pytest.mark.slow


def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(tmp_path, killed):
    settings = dict(
        epochs=4,
        batch_size=16,
        schedule="one-cycle",
        test=dark_and_bright(8),
        patience=4,
        progress=False,
    )
    whole = small_model()
    history = training.fit(whole, dark_and_bright(), denoising_error, **settings)

    # per epoch 4 steps and 1 call to evaluate: this is in the middle of the third
    model = killed(13, small_model())
    path = tmp_path / "run.safetensors"
    with pytest.raises(KeyboardInterrupt):
        training.fit(model, dark_and_bright(), denoising_error, checkpoint=path, **settings)

    resumed = small_model(seed=9)
    again = training.fit(
        resumed, dark_and_bright(), denoising_error, checkpoint=path, **settings
    )
    assert again["test_loss"] == history["test_loss"]
    assert again["train_loss"] == history["train_loss"]
    assert whole.average.updates == 16
    assert whole.state_dict().keys() == resumed.state_dict().keys()
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), f"{name} differs"


def fit_with_checkpoint(model, path, epochs):
    training.fit(model, dark_and_bright(8), denoising_error, epochs=epochs, checkpoint=path)


@pytest.mark.parametrize(
    "changes, words",
    [
        (dict(target="epsilon"), "target v → epsilon"),
        (dict(schedule="linear"), "noise cosine → linear"),
        (dict(steps=20), "steps 1000 → 20"),
    ],
)
def test_a_checkpoint_of_another_diffusion_is_refused(tmp_path, changes, words):
    path = tmp_path / "c.safetensors"
    fit_with_checkpoint(small_model(channels=(16,)), path, epochs=1)
    fit_with_checkpoint(small_model(channels=(16,)), path, epochs=2)
    other = small_model(channels=(16,), **changes)
    with pytest.raises(UserError, match=rf"other settings \(model .*{words}"):
        fit_with_checkpoint(other, path, epochs=3)


def test_images_without_labels_are_refused():
    with pytest.raises(UserError, match="plain tensor"):
        training.fit(small_model(), torch.rand(4, 1, 8, 8), denoising_error)


@pytest.fixture(scope="module")
def run():
    """A model that has learned dark and bright, and its history."""
    model = small_model(channels=(32,), steps=100, ema=0.9)
    history = training.fit(
        model,
        dark_and_bright(),
        denoising_error,
        epochs=60,
        batch_size=32,
        lr=5e-3,
        schedule="one-cycle",
        progress=False,
    )
    return model, history


def draw(model, c, guidance):
    return model.sample(20, c, steps=20, guidance=guidance, generator=seeded(0))


def test_training_lowers_the_loss(run):
    _, history = run
    assert history["train_loss"][-1] < 0.5 * history["train_loss"][0]


def test_a_trained_model_draws_the_class_it_is_given(run):
    model, _ = run
    c = torch.arange(20) % 2
    brightness = draw(model, c, 1.0).mean((1, 2, 3))
    assert torch.equal((brightness > 0.5).long(), c)
    assert brightness[c == 0].mean() < 0.35
    assert brightness[c == 1].mean() > 0.65


def test_guidance_moves_the_classes_apart(run):
    model, _ = run
    c = torch.arange(20) % 2

    def difference_between_classes(guidance):
        return (draw(model, c, guidance) - draw(model, 1 - c, guidance)).abs().mean()

    assert difference_between_classes(2.0) > difference_between_classes(1.0)
    assert difference_between_classes(0.0) == 0, "without guidance the class is not used"
