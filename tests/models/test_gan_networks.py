"""The networks of GANs against those of the reports."""
import pytest
from torch import nn

from vaekit import recipes
from vaekit.models import gan

SHAPES = pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])


def linear_sizes(body):
    """(in, out) of each linear layer."""
    linear = [layer for layer in body if isinstance(layer, nn.Linear)]
    return [(layer.in_features, layer.out_features) for layer in linear]


def slopes(body):
    """The slope of each leaky ReLU."""
    leaky = [layer for layer in body if isinstance(layer, nn.LeakyReLU)]
    return [layer.negative_slope for layer in leaky]


def count_parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    "name, pixels, shape", [("fc-gan", 784, (1, 28, 28)), ("ls-gan", 3072, (3, 32, 32))]
)
def test_the_reports_networks(name, pixels, shape):
    model = recipes.build(name, image_shape=shape)
    assert linear_sizes(model.discriminator) == [(pixels, 256), (256, 256), (256, 1)]
    assert linear_sizes(model.generator) == [(96, 1024), (1024, 1024), (1024, pixels)]
    assert slopes(model.discriminator) == [0.01, 0.01]

    kinds = [type(layer).__name__ for layer in model.generator]
    assert kinds == ["Linear", "ReLU", "Linear", "ReLU", "Linear", "Tanh", "Unflatten"]


@pytest.mark.parametrize(
    "name, loss",
    [
        ("fc-gan", gan.non_saturating),
        ("ls-gan", gan.least_squares),
        ("dc-gan", gan.non_saturating),
    ],
)
def test_the_reports_losses(name, loss):
    assert recipes.get(name).loss is loss


@SHAPES
def test_dc_gan_has_these_many_weights(shape):
    model = recipes.build("dc-gan", image_shape=shape)
    c, h, w = shape
    places = h * w // 16

    linear = (96 + 1) * 128 * places
    norms = 2 * 128 + 2 * 64
    convolutions = (16 * 128 * 64 + 64) + (16 * 64 * c + c)
    assert count_parameters(model.generator) == linear + norms + convolutions

    convolutions = (16 * c * 64 + 64) + (16 * 64 * 128 + 128)
    norm = 2 * 128
    linear = 128 * places + 1
    assert count_parameters(model.discriminator) == convolutions + norm + linear
    assert set(slopes(model.discriminator)) == {0.2}


@SHAPES
def test_dc_gan_norms_neither_the_first_nor_the_last_layer(shape):
    model = recipes.build("dc-gan", image_shape=shape)
    beginning = list(model.discriminator)[:2]
    end = list(model.generator)[-2:]
    for layer in (*beginning, *end):
        assert not isinstance(layer, nn.BatchNorm2d)


def test_dc_gan_starts_as_its_authors_start_it():
    model = recipes.build("dc-gan")
    norms = [part for part in model.modules() if isinstance(part, nn.BatchNorm2d)]
    assert len(norms) == 3
    for norm in norms:
        assert norm.weight.mean().item() == pytest.approx(1, abs=0.01)
        assert 0.01 < norm.weight.std().item() < 0.03
        assert not norm.bias.any()

    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    layers = [part for part in model.modules() if isinstance(part, kinds)]
    assert len(layers) == 6
    for layer in layers:
        weight = layer.weight
        # four standard errors, of a mean and of a standard deviation
        of_mean = 4 * 0.02 / weight.numel() ** 0.5
        of_std = 4 / (2 * weight.numel()) ** 0.5
        assert abs(weight.mean().item()) < of_mean
        assert weight.std().item() == pytest.approx(0.02, rel=of_std)
        assert not layer.bias.any()
