"""Encoder and decoder bodies, layer by layer, and the trial that finds what does not fit."""
import pytest
import torch
from torch import nn

from vaekit.errors import UserError
from vaekit.models import nets

RESIDUAL = pytest.mark.parametrize("residual", [False, True])
POOLED = pytest.mark.parametrize(
    "shape, channels", [((1, 28, 28), (16, 32)), ((3, 64, 48), (4, 6))]
)


def count_parameters(module):
    return sum(p.numel() for p in module.parameters())


def traced(body, x):
    """(kind of layer, shape of one image or row after it), layer by layer."""
    shapes = []
    for layer in body:
        x = layer(x)
        shapes.append((type(layer).__name__, tuple(x.shape[1:])))
    return shapes


def test_mlp_bodies_mirror_each_other():
    encoder = nets.mlp_encoder((1, 28, 28), (256, 128))
    decoder = nets.mlp_decoder(5, (128, 256), (1, 28, 28))
    x = torch.rand(3, 1, 28, 28)
    features = encoder(x)
    assert features.shape == (3, 128)
    assert decoder(torch.zeros(3, 5)).shape == x.shape
    assert bool((features >= 0).all()), "an encoder body ends in a ReLU"

    of_encoder = (784 * 256 + 256) + (256 * 128 + 128)
    of_decoder = (5 * 128 + 128) + (128 * 256 + 256) + (256 * 784 + 784)
    assert count_parameters(encoder) == of_encoder
    assert count_parameters(decoder) == of_decoder


def test_conv_encoder_follows_the_report_layer_by_layer():
    assert traced(nets.conv_encoder(), torch.rand(2, 1, 28, 28)) == [
        ("Conv2d", (8, 14, 14)),
        ("ReLU", (8, 14, 14)),
        ("Conv2d", (16, 7, 7)),
        ("BatchNorm2d", (16, 7, 7)),
        ("ReLU", (16, 7, 7)),
        ("Conv2d", (32, 3, 3)),
        ("ReLU", (32, 3, 3)),
        ("Flatten", (288,)),
        ("Linear", (128,)),
        ("ReLU", (128,)),
    ]


def test_conv_decoder_follows_the_report_layer_by_layer():
    assert traced(nets.conv_decoder(4), torch.rand(2, 4)) == [
        ("Linear", (128,)),
        ("ReLU", (128,)),
        ("Linear", (288,)),
        ("ReLU", (288,)),
        ("Unflatten", (32, 3, 3)),
        ("ConvTranspose2d", (16, 7, 7)),
        ("BatchNorm2d", (16, 7, 7)),
        ("ReLU", (16, 7, 7)),
        ("ConvTranspose2d", (8, 14, 14)),
        ("BatchNorm2d", (8, 14, 14)),
        ("ReLU", (8, 14, 14)),
        ("ConvTranspose2d", (1, 28, 28)),
    ]


@POOLED
def test_pooling_encoder_halves_the_image_twice(shape, channels):
    c, h, w = shape
    first, second = channels
    encoder = nets.pooling_encoder(shape, channels)
    assert traced(encoder, torch.rand(2, *shape)) == [
        ("Conv2d", (first, h, w)),
        ("ReLU", (first, h, w)),
        ("MaxPool2d", (first, h // 2, w // 2)),
        ("Conv2d", (second, h // 2, w // 2)),
        ("ReLU", (second, h // 2, w // 2)),
        ("MaxPool2d", (second, h // 4, w // 4)),
        ("Flatten", (second * h * w // 16,)),
    ]
    expected = (9 * c * first + first) + (9 * first * second + second)
    assert count_parameters(encoder) == expected


@POOLED
def test_upsampling_decoder_doubles_the_image_twice(shape, channels):
    c, h, w = shape
    first, second = channels
    start = second * h * w // 16
    decoder = nets.upsampling_decoder(5, shape, hidden=7, channels=channels)
    assert traced(decoder, torch.rand(2, 5)) == [
        ("Linear", (7,)),
        ("ReLU", (7,)),
        ("Linear", (start,)),
        ("ReLU", (start,)),
        ("Unflatten", (second, h // 4, w // 4)),
        ("ConvTranspose2d", (first, h // 2, w // 2)),
        ("ReLU", (first, h // 2, w // 2)),
        ("ConvTranspose2d", (c, h, w)),
    ]
    linear = (5 * 7 + 7) + (7 * start + start)
    convolutions = (4 * second * first + first) + (4 * first * c + c)
    assert count_parameters(decoder) == linear + convolutions


@RESIDUAL
def test_a_block_is_four_convolutions_through_a_narrow_middle(residual):
    block = nets.Block(6, residual=residual)
    convolutions = block.layers[1::2]
    x = torch.randn(2, 6, 5, 7)
    h = x
    for layer, padding in zip(convolutions, (0, 1, 1, 0)):
        gelu = 0.5 * h * (1 + torch.erf(h / 2**0.5))
        h = nn.functional.conv2d(gelu, layer.weight, layer.bias, padding=padding)
    torch.testing.assert_close(block(x), x + h if residual else h)

    shapes = [tuple(layer.weight.shape) for layer in convolutions]
    assert shapes == [(3, 6, 1, 1), (3, 3, 3, 3), (3, 3, 3, 3), (6, 3, 1, 1)]

    with torch.no_grad():
        for p in block.parameters():
            p.zero_()
    assert torch.equal(block(x), x if residual else torch.zeros_like(x))


@pytest.mark.parametrize("residual, share", [(False, 0.2), (True, 0.5)])
def test_a_new_block_passes_its_input_on(residual, share):
    """torch's own initialisation keeps 0.007 of it.

    A decoder of three such blocks never learns to use z.
    """
    torch.manual_seed(0)
    block = nets.Block(64, residual=residual)
    x = torch.randn(64, 64, 8, 8)
    kept = block(x).std(0).mean() / x.std(0).mean()
    assert share < kept < 2


def test_a_new_block_without_residual_has_biases_of_zero():
    for layer in nets.Block(64).layers[1::2]:
        assert not layer.bias.any()


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 16, 24)])
@RESIDUAL
def test_block_bodies_halve_and_double_three_times(shape, residual):
    c, h, w = shape
    whole, half, quarter, eighth = [(4, h // k, w // k) for k in (1, 2, 4, 8)]
    features = 4 * h * w // 64

    encoder = nets.block_encoder(shape, width=4, residual=residual)
    assert traced(encoder, torch.rand(2, *shape)) == [
        ("Conv2d", whole),
        ("Block", whole),
        ("AvgPool2d", half),
        ("Block", half),
        ("AvgPool2d", quarter),
        ("Block", quarter),
        ("AvgPool2d", eighth),
        ("Flatten", (features,)),
    ]

    decoder = nets.block_decoder(5, shape, width=4, residual=residual)
    assert traced(decoder, torch.rand(2, 5)) == [
        ("Linear", (features,)),
        ("Unflatten", eighth),
        ("Upsample", quarter),
        ("Block", quarter),
        ("Upsample", half),
        ("Block", half),
        ("Upsample", whole),
        ("Block", whole),
        ("Conv2d", shape),
    ]

    of_block = (4 * 2 + 2) + 2 * (9 * 2 * 2 + 2) + (2 * 4 + 4)
    assert count_parameters(encoder) == (9 * c * 4 + 4) + 3 * of_block
    assert count_parameters(decoder) == 6 * features + 3 * of_block + (9 * 4 * c + c)
    for body in (encoder, decoder):
        blocks = [layer for layer in body if isinstance(layer, nets.Block)]
        assert [block.residual for block in blocks] == [residual] * 3


def test_linear_relu_has_a_pair_of_layers_per_step():
    layers = nets.linear_relu([4, 3, 2])
    assert [type(layer) for layer in layers] == [nn.Linear, nn.ReLU] * 2
    sizes = [(layer.in_features, layer.out_features) for layer in layers[::2]]
    assert sizes == [(4, 3), (3, 2)]
    assert nets.linear_relu([4]) == []


def test_fit_together_counts_features_and_leaves_the_bodies_alone():
    encoder = nets.conv_encoder()
    decoder = nets.conv_decoder(2)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    random_state = torch.get_rng_state()
    assert nets.fit_together(encoder, decoder, 2, (1, 28, 28)) == 128

    assert encoder.training
    assert decoder.training
    assert torch.equal(torch.get_rng_state(), random_state), "no random number is drawn"
    for name, value in encoder.state_dict().items():
        assert torch.equal(before[name], value), f"{name} changed"


@pytest.fixture
def part_frozen():
    """A network in training mode, but for a layer that was frozen on purpose."""
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.BatchNorm1d(2))
    network[2].eval()
    return network


def modes(network):
    return [part.training for part in network.modules()]


def test_a_trial_runs_in_evaluation_mode_and_without_gradient(part_frozen):
    other = nn.Linear(2, 1)
    with nets.trial("they do not suit", part_frozen, other):
        assert not any(modes(part_frozen))
        assert not any(modes(other))
        assert not other(part_frozen(torch.zeros(3, 2))).requires_grad
    assert modes(part_frozen) == [True, True, True, False]
    assert modes(other) == [True]
    assert torch.is_grad_enabled()


def test_a_trial_restores_the_modes_and_says_what_does_not_suit(part_frozen):
    words = "it does not suit: .*shapes cannot be multiplied"
    with pytest.raises(UserError, match=words) as e, nets.trial("it does not suit", part_frozen):
        part_frozen(torch.zeros(2, 3))
    assert isinstance(e.value.__cause__, RuntimeError)
    assert modes(part_frozen) == [True, True, True, False]
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("error", [UserError("sides of 4"), KeyError("unknown")])
def test_a_trial_passes_on_other_errors_as_they_are(error, part_frozen):
    with pytest.raises(type(error)) as e, nets.trial("it does not suit", part_frozen):
        raise error
    assert e.value is error
    assert modes(part_frozen) == [True, True, True, False]


def mlp_encoder():
    return nets.mlp_encoder((1, 4, 4), (8,))


def mlp_decoder(latent_dim=2, shape=(1, 4, 4)):
    return nets.mlp_decoder(latent_dim, (8,), shape)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: mlp_decoder(0), "latent_dim must be ≥ 1, got 0"),
        (lambda: nets.conv_decoder(-3), "latent_dim must be ≥ 1, got -3"),
        (
            lambda: nets.mlp_encoder((1, 4, 4), (0,)),
            "a hidden width must be ≥ 1, got 0",
        ),
        (
            lambda: nets.conv_encoder((3, 32, 32)),
            "made for 28×28 images, got 32×32; use mlp_encoder",
        ),
        (lambda: nets.linear_relu([4, 3, -1]), "a hidden width must be ≥ 1, got -1"),
        (
            lambda: nets.pooling_encoder((1, 30, 28)),
            "its sides must be multiples of 4, got 30×28",
        ),
        (lambda: nets.pooling_encoder((1, 28, 30)), "multiples of 4, got 28×30"),
        (
            lambda: nets.upsampling_decoder(2, (1, 8, 9), hidden=4),
            "multiples of 4, got 8×9",
        ),
        (lambda: nets.upsampling_decoder(0, hidden=4), "latent_dim must be ≥ 1, got 0"),
        (lambda: nets.upsampling_decoder(2, hidden=0), "a hidden width must be ≥ 1, got 0"),
        (
            lambda: nets.block_encoder((1, 28, 32)),
            "its sides must be multiples of 8, got 28×32",
        ),
        (lambda: nets.block_decoder(2, (1, 32, 28)), "multiples of 8, got 32×28"),
        (lambda: nets.block_decoder(0), "latent_dim must be ≥ 1, got 0"),
        (lambda: nets.Block(1), "width must be ≥ 2, got 1"),
        (
            lambda: nets.fit_together(
                mlp_encoder(), mlp_decoder(shape=(1, 5, 5)), 2, (1, 4, 4)
            ),
            r"decoder gives images of shape \(1, 5, 5\), but the encoder takes \(1, 4, 4\)",
        ),
        (
            lambda: nets.fit_together(mlp_encoder(), mlp_decoder(3), 2, (1, 4, 4)),
            r"do not suit images of shape \(1, 4, 4\) and latent_dim 2: ",
        ),
        (
            lambda: nets.fit_together(nn.Identity(), mlp_decoder(), 2, (1, 4, 4)),
            r"ends in features \(N, F\).*add nn.Flatten",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
