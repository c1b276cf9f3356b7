import pytest
import torch
from torch import nn

from vaekit.errors import UserError
from vaekit.models import nets


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def test_mlp_bodies_mirror_each_other():
    encoder, decoder = nets.mlp_encoder((1, 28, 28), (256, 128)), nets.mlp_decoder(5, (128, 256), (1, 28, 28))
    x = torch.rand(3, 1, 28, 28)
    assert encoder(x).shape == (3, 128) and decoder(torch.zeros(3, 5)).shape == x.shape
    assert parameters(encoder) == 784 * 256 + 256 + 256 * 128 + 128
    assert parameters(decoder) == 5 * 128 + 128 + 128 * 256 + 256 + 256 * 784 + 784
    assert bool((encoder(x) >= 0).all()), "an encoder body ends in a ReLU"


def test_conv_encoder_follows_the_report_layer_by_layer():
    shapes, x = [], torch.rand(2, 1, 28, 28)
    for layer in nets.conv_encoder():
        x = layer(x)
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            shapes.append(tuple(x.shape[1:]))
    assert shapes == [(8, 14, 14), (16, 7, 7), (32, 3, 3), (128,)]
    kinds = [type(layer).__name__ for layer in nets.conv_encoder()]
    assert kinds == ["Conv2d", "ReLU", "Conv2d", "BatchNorm2d", "ReLU", "Conv2d", "ReLU", "Flatten", "Linear", "ReLU"]


def test_conv_decoder_follows_the_report_layer_by_layer():
    shapes, z = [], torch.rand(2, 4)
    for layer in nets.conv_decoder(4):
        z = layer(z)
        if isinstance(layer, (nn.Linear, nn.ConvTranspose2d)):
            shapes.append(tuple(z.shape[1:]))
    assert shapes == [(128,), (288,), (16, 7, 7), (8, 14, 14), (1, 28, 28)]
    kinds = [type(layer).__name__ for layer in nets.conv_decoder(4)]
    assert kinds == ["Linear", "ReLU", "Linear", "ReLU", "Unflatten", "ConvTranspose2d", "BatchNorm2d", "ReLU",
                     "ConvTranspose2d", "BatchNorm2d", "ReLU", "ConvTranspose2d"]


def traced(body, x):
    """(kind of layer, shape of one image or row after it), layer by layer."""
    shapes = []
    for layer in body:
        x = layer(x)
        shapes.append((type(layer).__name__, tuple(x.shape[1:])))
    return shapes


@pytest.mark.parametrize("shape, channels", [((1, 28, 28), (16, 32)), ((3, 64, 48), (4, 6))])
def test_pooling_encoder_halves_the_image_twice(shape, channels):
    c, h, w = shape
    a, b = channels
    assert traced(nets.pooling_encoder(shape, channels), torch.rand(2, *shape)) == [
        ("Conv2d", (a, h, w)), ("ReLU", (a, h, w)), ("MaxPool2d", (a, h // 2, w // 2)),
        ("Conv2d", (b, h // 2, w // 2)), ("ReLU", (b, h // 2, w // 2)), ("MaxPool2d", (b, h // 4, w // 4)), ("Flatten", (b * h * w // 16,))]
    assert parameters(nets.pooling_encoder(shape, channels)) == (9 * c * a + a) + (9 * a * b + b)


@pytest.mark.parametrize("shape, channels", [((1, 28, 28), (16, 32)), ((3, 64, 48), (4, 6))])
def test_upsampling_decoder_doubles_the_image_twice(shape, channels):
    c, h, w = shape
    a, b = channels
    start = b * h * w // 16
    assert traced(nets.upsampling_decoder(5, shape, hidden=7, channels=channels), torch.rand(2, 5)) == [
        ("Linear", (7,)), ("ReLU", (7,)), ("Linear", (start,)), ("ReLU", (start,)), ("Unflatten", (b, h // 4, w // 4)),
        ("ConvTranspose2d", (a, h // 2, w // 2)), ("ReLU", (a, h // 2, w // 2)), ("ConvTranspose2d", (c, h, w))]
    count = (5 * 7 + 7) + (7 * start + start) + (4 * b * a + a) + (4 * a * c + c)
    assert parameters(nets.upsampling_decoder(5, shape, hidden=7, channels=channels)) == count


@pytest.mark.parametrize("residual", [False, True])
def test_a_block_is_four_convolutions_through_a_narrow_middle(residual):
    block, x = nets.Block(6, residual=residual), torch.randn(2, 6, 5, 7)
    h = x
    for layer, padding in zip(block.layers[1::2], (0, 1, 1, 0)):
        h = nn.functional.conv2d(0.5 * h * (1 + torch.erf(h / 2**0.5)), layer.weight, layer.bias, padding=padding)
    torch.testing.assert_close(block(x), x + h if residual else h)
    assert [tuple(layer.weight.shape) for layer in block.layers[1::2]] == [(3, 6, 1, 1), (3, 3, 3, 3), (3, 3, 3, 3), (6, 3, 1, 1)]
    with torch.no_grad():
        for p in block.parameters():
            p.zero_()
    assert torch.equal(block(x), x if residual else torch.zeros_like(x))


@pytest.mark.parametrize("residual, share", [(False, 0.2), (True, 0.5)])
def test_a_new_block_passes_its_input_on(residual, share):
    torch.manual_seed(0)
    block, x = nets.Block(64, residual=residual), torch.randn(64, 64, 8, 8)
    kept = block(x).std(0).mean() / x.std(0).mean()
    assert share < kept < 2, "torch's own initialisation keeps 0.007, and a decoder of three such blocks never learns to listen to z"
    assert residual or all((layer.bias == 0).all() for layer in block.layers[1::2])


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 16, 24)])
@pytest.mark.parametrize("residual", [False, True])
def test_block_bodies_halve_and_double_three_times(shape, residual):
    c, h, w = shape
    at = [(4, h // k, w // k) for k in (1, 2, 4, 8)]
    encoder, decoder = nets.block_encoder(shape, width=4, residual=residual), nets.block_decoder(5, shape, width=4, residual=residual)
    down = [step for a, b in zip(at, at[1:]) for step in (("Block", a), ("AvgPool2d", b))]
    assert traced(encoder, torch.rand(2, *shape)) == [("Conv2d", at[0]), *down, ("Flatten", (4 * h * w // 64,))]
    up = [step for a in at[2::-1] for step in (("Upsample", a), ("Block", a))]
    assert traced(decoder, torch.rand(2, 5)) == [("Linear", (4 * h * w // 64,)), ("Unflatten", at[3]), *up, ("Conv2d", shape)]
    block = (4 * 2 + 2) + 2 * (9 * 2 * 2 + 2) + (2 * 4 + 4)
    assert parameters(encoder) == (9 * c * 4 + 4) + 3 * block
    assert parameters(decoder) == 6 * (4 * h * w // 64) + 3 * block + (9 * 4 * c + c)
    assert [m.residual for body in (encoder, decoder) for m in body if isinstance(m, nets.Block)] == [residual] * 6


def test_linear_relu_has_a_pair_of_layers_a_step():
    layers = nets.linear_relu([4, 3, 2])
    assert [type(layer) for layer in layers] == [nn.Linear, nn.ReLU] * 2
    assert [(layer.in_features, layer.out_features) for layer in layers[::2]] == [(4, 3), (3, 2)]
    assert nets.linear_relu([4]) == []


def test_fit_together_counts_features_and_leaves_the_bodies_alone():
    encoder, decoder = nets.conv_encoder(), nets.conv_decoder(2)
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    assert nets.fit_together(encoder, decoder, 2, (1, 28, 28)) == 128
    assert encoder.training and all(torch.equal(before[k], v) for k, v in encoder.state_dict().items())


@pytest.mark.parametrize("call, words", [
    (lambda: nets.mlp_decoder(0, (8,), (1, 4, 4)), "latent_dim must be ≥ 1, got 0"),
    (lambda: nets.conv_decoder(-3), "latent_dim must be ≥ 1, got -3"),
    (lambda: nets.mlp_encoder((1, 4, 4), (0,)), "a hidden width must be ≥ 1, got 0"),
    (lambda: nets.conv_encoder((3, 32, 32)), "made for 28×28 images, got 32×32; use mlp_encoder"),
    (lambda: nets.linear_relu([4, 3, -1]), "a hidden width must be ≥ 1, got -1"),
    (lambda: nets.pooling_encoder((1, 30, 28)), "its sides must be multiples of 4, got 30×28"),
    (lambda: nets.pooling_encoder((1, 28, 30)), "multiples of 4, got 28×30"),
    (lambda: nets.upsampling_decoder(2, (1, 8, 9), hidden=4), "multiples of 4, got 8×9"),
    (lambda: nets.upsampling_decoder(0, hidden=4), "latent_dim must be ≥ 1, got 0"),
    (lambda: nets.upsampling_decoder(2, hidden=0), "a hidden width must be ≥ 1, got 0"),
    (lambda: nets.block_encoder((1, 28, 32)), "its sides must be multiples of 8, got 28×32"),
    (lambda: nets.block_decoder(2, (1, 32, 28)), "multiples of 8, got 32×28"),
    (lambda: nets.block_decoder(0), "latent_dim must be ≥ 1, got 0"),
    (lambda: nets.Block(1), "width must be ≥ 2, got 1"),
    (lambda: nets.fit_together(nets.mlp_encoder((1, 4, 4), (8,)), nets.mlp_decoder(2, (8,), (1, 5, 5)), 2, (1, 4, 4)),
     r"decoder gives images of shape \(1, 5, 5\), but the encoder takes \(1, 4, 4\)"),
    (lambda: nets.fit_together(nets.mlp_encoder((1, 4, 4), (8,)), nets.mlp_decoder(3, (8,), (1, 4, 4)), 2, (1, 4, 4)), "do not suit images of shape"),
    (lambda: nets.fit_together(nn.Identity(), nets.mlp_decoder(2, (8,), (1, 4, 4)), 2, (1, 4, 4)), r"ends in features \(N, F\).*add nn.Flatten"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
