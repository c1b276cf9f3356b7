"""The patch networks: their shapes, how many weights they have, and which sides they refuse."""
from functools import partial

import pytest
import torch
from torch import nn

from vaekit.device import evaluating, seeded
from vaekit.errors import UserError
from vaekit.models import GaussianVAE, nets
from vaekit.models.conditioning import Attributes
from vaekit.recipes import builders

SHAPE = (3, 64, 48)
ATTRIBUTES = torch.arange(34).reshape(2, 17) % 2
SHAPES = [SHAPE, (3, 64, 64), (1, 16, 16), (3, 32, 48)]


BODIES = [nets.patch_encoder, partial(nets.patch_decoder, 5)]


def weights(module):
    return sum(parameter.numel() for parameter in module.parameters())


def images(n=2, shape=SHAPE):
    return torch.rand(n, *shape, generator=seeded(0))


def latents(n=2, size=5):
    return torch.randn(n, size, generator=seeded(0))


def sides_after(body, x, kind):
    """The sides of the maps after each layer of one kind."""
    sides = []
    for layer in body:
        x = layer(x)
        if isinstance(layer, kind):
            sides.append(tuple(x.shape[2:]))
    return sides


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_an_encoder_gives_one_row_of_features_per_image(shape):
    encoder = nets.patch_encoder(shape, width=4, hidden=10)
    assert encoder(images(shape=shape)).shape == (2, 10)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_decoder_gives_images_of_the_shape_asked_for(shape):
    decoder = nets.patch_decoder(5, shape, width=4, hidden=10)
    assert decoder(latents()).shape == (2, *shape)


def test_the_first_convolution_makes_the_image_four_times_smaller_the_others_twice():
    sides = sides_after(nets.patch_encoder(), images(), nn.Conv2d)
    assert sides == [(16, 12), (8, 6), (4, 3)]


def test_the_decoder_takes_the_same_way_back():
    sides = sides_after(nets.patch_decoder(5), latents(), nn.ConvTranspose2d)
    assert sides == [(8, 6), (16, 12), (64, 48)]


@pytest.mark.parametrize("width, hidden", [(32, 256), (8, 20)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_encoder_has_these_weights(shape, width, hidden):
    channels, height, wide = shape
    # kernels of 8×8 and 4×4 without biases: batch normalisation shifts
    kernels = 64 * channels * width + 16 * width * 2 * width + 16 * 2 * width * 4 * width
    normalisation = 2 * (width + 2 * width + 4 * width)
    linear = (4 * width * (height // 16) * (wide // 16) + 1) * hidden
    encoder = nets.patch_encoder(shape, width=width, hidden=hidden)
    assert weights(encoder) == kernels + normalisation + linear


@pytest.mark.parametrize("width, hidden", [(32, 256), (8, 20)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_decoder_has_these_weights(shape, width, hidden):
    channels, height, wide = shape
    kernels = 64 * channels * width + 16 * width * 2 * width + 16 * 2 * width * 4 * width
    normalisation = 2 * (width + 2 * width)
    # no normalisation follows the last layer, so it has a bias
    bias = channels
    values = 4 * width * (height // 16) * (wide // 16)
    linear = (7 + 1) * hidden + (hidden + 1) * values
    decoder = nets.patch_decoder(7, shape, width=width, hidden=hidden)
    assert weights(decoder) == kernels + normalisation + bias + linear


@pytest.mark.parametrize("shape", [(3, 64, 40), (3, 24, 48), (1, 28, 28), (3, 8, 8)], ids=str)
@pytest.mark.parametrize("make", BODIES)
def test_sides_that_are_no_multiples_of_16_are_refused(make, shape):
    _, height, wide = shape
    with pytest.raises(UserError, match=f"must be multiples of 16, got {height}×{wide}"):
        make(shape)


@pytest.mark.parametrize("setting", ["width", "hidden"])
@pytest.mark.parametrize("make", BODIES)
def test_layers_have_at_least_one_unit(make, setting):
    with pytest.raises(UserError, match=f"{setting} must be ≥ 1, got 0"):
        make(**{setting: 0})


def test_a_decoder_needs_a_latent():
    with pytest.raises(UserError, match="latent_dim must be ≥ 1, got 0"):
        nets.patch_decoder(0)


def test_the_encoder_sees_a_difference_of_brightness():
    """What instance normalisation would take away."""
    torch.manual_seed(0)
    encoder = nets.patch_encoder(width=4, hidden=10)
    dark = 0.5 * images()
    with evaluating(encoder):
        assert (encoder(dark) - encoder(2 * dark)).abs().max() > 1e-3


def test_the_vae_is_gaussian_and_told_nothing():
    model = builders.patch_vae(4, 10)(5, SHAPE)
    assert isinstance(model, GaussianVAE)
    assert model.condition.width == 0
    assert model.sample(2, generator=seeded(0)).shape == (2, *SHAPE)


def test_the_conditional_vae_is_gaussian_and_told_the_attributes():
    model = builders.patch_cvae(4, 10)(5, SHAPE, Attributes(17))
    assert isinstance(model, GaussianVAE)
    c = torch.arange(17) % 2
    z = latents()
    with evaluating(model):
        assert model.decode(z, c).shape == (2, *SHAPE)
        assert not torch.equal(model.decode(z, c), model.decode(z, 1 - c))


def test_its_attributes_join_before_a_layer_of_the_same_width():
    model = builders.patch_cvae(4, 10)(5, SHAPE, Attributes(17))
    joint = [each for each in model.joint if isinstance(each, nn.Linear)]
    assert [(each.in_features, each.out_features) for each in joint] == [(10 + 17, 10)]


@pytest.mark.parametrize("build, c", [
    (lambda: builders.patch_vae(4, 10)(5, SHAPE), None),
    (lambda: builders.patch_cvae(4, 10)(5, SHAPE, Attributes(17)), ATTRIBUTES),
], ids=["vae", "conditional"])
def test_a_gradient_reaches_every_weight(build, c):
    torch.manual_seed(0)
    model = build()
    output = model(images(), c)
    (output.logits.square().sum() + output.log_var.square().sum()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
