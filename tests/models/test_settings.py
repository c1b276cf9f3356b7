"""A model's settings tell what the shapes of its weights do not, and a checkpoint reads them."""
import json

import pytest
import torch
from torch import nn

from vaekit import data, losses, training
from vaekit.errors import UserError
from vaekit.models import (
    GAN,
    VAE,
    AddedEmbedding,
    Attributes,
    Autoencoder,
    Diffusion,
    OneHot,
    UNet,
    gan,
    nets,
)

SHAPE = (1, 8, 8)


def vae(condition=None, *, slope=None, likelihood="Bernoulli"):
    extra = 0 if condition is None else condition.width
    encoder = nets.mlp_encoder(SHAPE, (16,))
    if slope is not None:
        encoder[2] = nn.LeakyReLU(slope)
    kind = type("Own", (VAE,), {"likelihood": likelihood})
    return kind(
        encoder, nets.mlp_decoder(4 + extra, (16,), SHAPE), 4, SHAPE, condition=condition
    )


def block_vae(residual):
    encoder = nets.block_encoder(SHAPE, width=4, residual=residual)
    decoder = nets.block_decoder(4, SHAPE, width=4, residual=residual)
    return VAE(encoder, decoder, 4, SHAPE)


def autoencoder(decoder_ends_in=None):
    decoder = nets.mlp_decoder(4, (16,), SHAPE)
    if decoder_ends_in is not None:
        decoder.append(decoder_ends_in)
    return Autoencoder(nets.mlp_encoder(SHAPE, (16,)), decoder, 4, SHAPE)


def small_gan(slope):
    discriminator = gan.fc_discriminator(SHAPE, 16)
    discriminator[2] = nn.LeakyReLU(slope)
    return GAN(gan.fc_generator(4, SHAPE, 16), discriminator, 4, SHAPE)


def diffusion(condition=None, **settings):
    width = 0 if condition is None else condition.width
    network = UNet(SHAPE, channels=(16,), cond_width=width)
    return Diffusion(network, SHAPE, condition=condition, **settings)


# pairs whose weights have the same names and shapes
PAIRS = {
    "a condition's weight": lambda: (vae(OneHot(3)), vae(OneHot(3, weight=2.0))),
    "a condition's kind": lambda: (vae(OneHot(3)), vae(Attributes(3))),
    "an embedding's weight": lambda: (
        vae(AddedEmbedding(3, 4)),
        vae(AddedEmbedding(3, 4, weight=0.5)),
    ),
    "the likelihood": lambda: (vae(), vae(likelihood="Gaussian")),
    "an activation": lambda: (vae(), vae(slope=0.2)),
    "a slope": lambda: (vae(slope=0.1), vae(slope=0.2)),
    "residual blocks": lambda: (block_vae(True), block_vae(False)),
    "the end of a decoder": lambda: (autoencoder(), autoencoder(nn.Tanh())),
    "a discriminator": lambda: (small_gan(0.1), small_gan(0.2)),
    "the steps of diffusion": lambda: (diffusion(steps=10), diffusion(steps=20)),
    "the target of diffusion": lambda: (diffusion(), diffusion(target="epsilon")),
    "a condition of diffusion": lambda: (
        diffusion(OneHot(3)),
        diffusion(Attributes(3)),
    ),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_the_settings_tell_models_apart_that_weights_do_not(pair):
    one, other = pair()
    shapes = {name: tuple(value.shape) for name, value in one.state_dict().items()}
    assert {name: tuple(v.shape) for name, v in other.state_dict().items()} == shapes
    assert one.settings != other.settings


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_the_settings_of_the_same_model_are_the_same_and_json(pair):
    for one, again in zip(pair(), pair()):
        assert one.settings == again.settings
        assert json.loads(json.dumps(one.settings)) == one.settings


def test_training_does_not_change_them():
    model = vae()
    before = json.dumps(model.settings)
    training.fit(model, torch.rand(8, *SHAPE), losses.negative_elbo, epochs=1)
    assert json.dumps(model.settings) == before


@pytest.mark.parametrize("build, other", [
    (lambda: vae(OneHot(10)), lambda: vae(OneHot(10, weight=4.0))),
    (lambda: block_vae(True), lambda: block_vae(False)),
])
def test_a_checkpoint_of_another_model_is_refused(build, other, tmp_path):
    train = data.ImageSet(torch.rand(64, *SHAPE), torch.arange(64) % 10)

    def fit(model):
        return training.fit(
            model,
            train,
            losses.negative_elbo,
            epochs=1,
            checkpoint=tmp_path / "run.safetensors",
        )

    fit(build())
    assert len(fit(build())) == 1, "the same one is taken back"
    with pytest.raises(UserError, match="other settings .*model"):
        fit(other())
