import pytest
import torch
from torch import nn

from vaekit import nets
from vaekit.errors import UserError


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
    (lambda: nets.fit_together(nets.mlp_encoder((1, 4, 4), (8,)), nets.mlp_decoder(2, (8,), (1, 5, 5)), 2, (1, 4, 4)),
     r"decoder gives images of shape \(1, 5, 5\), but the encoder takes \(1, 4, 4\)"),
    (lambda: nets.fit_together(nets.mlp_encoder((1, 4, 4), (8,)), nets.mlp_decoder(3, (8,), (1, 4, 4)), 2, (1, 4, 4)), "do not suit images of shape"),
    (lambda: nets.fit_together(nn.Identity(), nets.mlp_decoder(2, (8,), (1, 4, 4)), 2, (1, 4, 4)), r"ends in features \(N, F\).*add nn.Flatten"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
