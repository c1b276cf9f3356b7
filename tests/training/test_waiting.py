"""fit does not look at a tensor's values while it steps: on a GPU each look would wait for it."""
import pytest
import torch
from support.diffusion import dark_and_bright, small_model
from support.gan import small_gan
from support.reads import reads
from support.vaes import small_vae
from torch import nn

from vaekit import losses, training
from vaekit.losses import Scheduled, WarmUp, terms
from vaekit.models import conditioning, gan, nets
from vaekit.models.diffusion import denoising_error
from vaekit.models.vae import VAE

BATCH = 4

# the steps t are drawn on the CPU and checked there: no GPU is waited for
ALWAYS_ON_THE_CPU = {"models/diffusion/process.py: _signal_and_noise"}


@pytest.fixture(autouse=True)
def as_on_a_gpu(monkeypatch):
    """Leave out the checks that are made because values can be read freely on the CPU."""
    for module in (terms, conditioning):
        monkeypatch.setattr(module, "can_be_read_freely", lambda tensor: False)

    # torch's own compares the labels with the number of classes, on the CPU only
    def one_hot(labels, classes):
        return torch.eye(classes, dtype=torch.int64)[labels]

    monkeypatch.setattr(conditioning.F, "one_hot", one_hot)


def conditional_vae(kind="one-hot"):
    shape = (1, 28, 28)
    condition = conditioning.make(kind, 10, 4)
    decoder = nets.mlp_decoder(4 + condition.width, (16,), shape)
    return VAE(nn.Flatten(), decoder, 4, shape, condition=condition, hidden=(16,))


def gan_of_digits():
    return small_gan(shape=(1, 28, 28))


def places_read(model, images, objective, steps):
    """Where an epoch of so many steps looks at values, and how often."""
    with reads() as places:
        training.fit(
            model, images.first(steps * BATCH), objective, epochs=1, batch_size=BATCH
        )
    return {place: n for place, n in places.items() if place not in ALWAYS_ON_THE_CPU}


@pytest.mark.parametrize("build, objective", [
    (small_vae, losses.negative_elbo),
    (small_vae, losses.ImportanceWeighted(3)),
    (small_vae, losses.capacity),
    (small_vae, Scheduled(losses.free_bits, beta=WarmUp(2.0))),
    (conditional_vae, losses.negative_elbo),
    (lambda: conditional_vae("embedding"), losses.negative_elbo),
    (gan_of_digits, gan.non_saturating),
    (gan_of_digits, gan.least_squares),
])
def test_more_steps_are_no_more_looks(digits, build, objective):
    few = places_read(build(), digits[0], objective, steps=2)
    many = places_read(build(), digits[0], objective, steps=20)
    assert few == many


@pytest.mark.parametrize("ema", [None, 0.9])
def test_more_steps_of_diffusion_are_no_more_looks(ema):
    images = dark_and_bright(20 * BATCH)
    few = places_read(small_model(ema=ema), images, denoising_error, steps=2)
    many = places_read(small_model(ema=ema), images, denoising_error, steps=20)
    assert few == many


@pytest.mark.parametrize("look", [
    lambda loss: loss.mean().item(),
    lambda loss: bool(loss.mean() > 0),
    lambda loss: loss.tolist(),
    lambda loss: loss.cpu(),
    lambda loss: loss.detach().numpy(),
    lambda loss: loss[loss > 0],
    lambda loss: loss.nonzero(),
    lambda loss: torch.equal(loss, loss),
])
def test_a_look_at_every_step_would_be_seen(digits, look):
    def looking(output, x, c):
        result = losses.negative_elbo(output, x)
        look(result["loss"])
        return result

    few = places_read(small_vae(), digits[0], looking, steps=2)
    many = places_read(small_vae(), digits[0], looking, steps=20)
    place = "test_waiting.py: <lambda>"
    assert few[place] == 2
    assert many[place] == 20
