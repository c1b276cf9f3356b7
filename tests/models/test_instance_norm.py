"""S2's network: its layers, its sizes, its misprint, and what its normalisation cannot see."""
import pytest
import torch
from torch import nn

from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.models import GaussianVAE, nets

SHAPE = (3, 64, 48)


def weights(module):
    return sum(parameter.numel() for parameter in module.parameters())


def convolutions(module):
    """(inputs, outputs, kernel, stride, padding) of each, in order."""
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    return [
        (m.in_channels, m.out_channels, m.kernel_size[0], m.stride[0], m.padding[0])
        for m in module.modules()
        if isinstance(m, kinds)
    ]


def faces(n=4, seed=0, shape=SHAPE):
    return torch.rand(n, *shape, generator=seeded(seed))


def test_the_encoder_has_the_reports_layers():
    assert convolutions(nets.instance_norm_encoder()) == [
        (3, 32, 4, 2, 1),
        (32, 32, 3, 1, 1),
        (32, 64, 4, 2, 1),
        (64, 64, 3, 1, 1),
        (64, 128, 4, 2, 1),
        (128, 128, 3, 1, 1),
        (128, 256, 4, 2, 1),
        (256, 256, 3, 1, 1),
    ]


def test_the_decoder_has_the_reports_layers_with_stride_2_in_all_its_4x4():
    assert convolutions(nets.instance_norm_decoder(64)) == [
        (256, 256, 3, 1, 1),
        (256, 128, 4, 2, 1),
        (128, 128, 3, 1, 1),
        (128, 64, 4, 2, 1),
        (64, 64, 3, 1, 1),
        (64, 32, 4, 2, 1),
        (32, 32, 3, 1, 1),
        (32, 3, 4, 2, 1),
    ]


@pytest.mark.parametrize("body, normalised", [
    (nets.instance_norm_encoder(), 8),
    (nets.instance_norm_decoder(64), 7),
])
def test_normalisation_and_relu_follow_all_convolutions_but_the_last_of_the_decoder(
    body, normalised
):
    kinds = [type(layer) for layer in body]
    convolution = nn.Conv2d if nn.Conv2d in kinds else nn.ConvTranspose2d
    places = [i for i, kind in enumerate(kinds) if kind is convolution]
    followed = [kinds[i + 1:i + 3] == [nn.InstanceNorm2d, nn.ReLU] for i in places]
    assert followed == [True] * normalised + [False] * (8 - normalised)


def test_the_maps_are_halved_four_times():
    x = faces()
    sizes = []
    for layer in nets.instance_norm_encoder():
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            sizes.append(tuple(x.shape[2:]))
    halved = [(32, 24), (16, 12), (8, 6), (4, 3)]
    assert sizes == [size for size in halved for _ in range(2)]
    assert x.shape == (4, 256 * 4 * 3)


def test_with_the_printed_stride_the_image_would_be_40x32():
    decoder = nets.instance_norm_decoder(8, SHAPE, 4)
    first = next(m for m in decoder if getattr(m, "kernel_size", None) == (4, 4))
    z = torch.zeros(2, 8)
    assert decoder(z).shape == (2, *SHAPE)
    first.stride = (1, 1)
    assert decoder(z).shape == (2, 3, 40, 32)


@pytest.mark.parametrize("width", [1, 16, 32])
def test_the_number_of_weights_is_known(width):
    # per scale of w channels: 4×4 from half as many and 3×3, of 1, 2, 4 and 8 times the width
    convolutional = 3 * 16 * width + sum(
        (16 * w * w // 2 if w > width else 0) + 9 * w * w
        for w in (width, 2 * width, 4 * width, 8 * width)
    )
    linear = (64 + 1) * (8 * width * 4 * 3)
    assert weights(nets.instance_norm_encoder(SHAPE, width)) == convolutional
    assert weights(nets.instance_norm_decoder(64, SHAPE, width)) == convolutional + 3 + linear


def test_the_whole_vae_of_the_report_has_3_5_million_weights():
    model = GaussianVAE(nets.instance_norm_encoder(), nets.instance_norm_decoder(64), 64, SHAPE)
    heads = 2 * (256 * 4 * 3 + 1) * 64
    bodies = 2 * 1_473_024 + 3 + (64 + 1) * 256 * 4 * 3
    assert weights(model) == bodies + heads == 3_539_075


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 32, 16), (3, 16, 32), (3, 64, 48)])
def test_other_sizes_come_back(shape):
    encoder = nets.instance_norm_encoder(shape, 4)
    decoder = nets.instance_norm_decoder(5, shape, 4)
    model = GaussianVAE(encoder, decoder, 5, shape)
    assert model.reconstruct(faces(2, shape=shape)).shape == (2, *shape)


@pytest.mark.parametrize("body", [
    lambda shape: nets.instance_norm_encoder(shape, 4),
    lambda shape: nets.instance_norm_decoder(5, shape, 4),
])
@pytest.mark.parametrize("shape, words", [
    ((3, 64, 50), "sides must be multiples of 16, got 64×50"),
    ((1, 28, 28), "sides must be multiples of 16, got 28×28"),
    ((3, 16, 16), r"maps of one pixel.*got image_shape \(3, 16, 16\); give larger images"),
    ((64, 48), r"image_shape .*must be tuple.*got tuple \(64, 48\)"),
])
def test_sizes_that_do_not_suit_are_refused(body, shape, words):
    with pytest.raises(UserError, match=words):
        body(shape)


@pytest.mark.parametrize("make, words", [
    (lambda: nets.instance_norm_encoder(SHAPE, 0), "width must be ≥ 1, got 0"),
    (lambda: nets.instance_norm_decoder(5, SHAPE, 0), "width must be ≥ 1, got 0"),
    (lambda: nets.instance_norm_decoder(0), "latent_dim must be ≥ 1, got 0"),
])
def test_numbers_out_of_range_are_refused(make, words):
    with pytest.raises(UserError, match=words):
        make()


def test_the_encoder_does_not_see_contrast():
    """A face and its copy at half the contrast about mid-grey."""
    torch.manual_seed(0)
    encoder = nets.instance_norm_encoder(SHAPE, 8).double()
    x = faces().double()
    paler = 0.5 + 0.5 * (x - 0.5)
    features = encoder(x)
    assert torch.allclose(encoder(paler), features, atol=1e-2)
    # which are not simply constant
    assert (features[0] - features[1]).abs().max() > 0.5


def test_the_encoder_sees_brightness_at_the_frame_alone():
    """After the first convolution, the interior of a brighter copy is as it was."""
    torch.manual_seed(0)
    first = nets.instance_norm_encoder(SHAPE, 8)[:2].double()
    x = 0.5 * faces().double()
    change = first(x + 0.3) - first(x)
    interior = change[:, :, 1:-1, 1:-1]
    # the same change for all pixels of a channel, which the normalisation takes away
    assert torch.allclose(interior, interior[:, :, :1, :1].expand_as(interior), atol=1e-12)
    assert not torch.allclose(change[:, :, 0], interior[:, :, :1, :1].squeeze(3), atol=1e-3)


def test_the_padding_is_mid_grey():
    """An image of mid-grey is 0 everywhere, its padding too: no frame is to be seen."""
    first = nets.instance_norm_encoder(SHAPE, 8)[:2]
    assert first(torch.full((1, *SHAPE), 0.5)).abs().max() == 0


def test_a_bias_before_the_normalisation_would_change_nothing():
    torch.manual_seed(0)
    x = faces()
    convolution = nn.Conv2d(3, 4, 4, stride=2, padding=1)
    norm = nn.InstanceNorm2d(4)
    before = norm(convolution(x))
    with torch.no_grad():
        convolution.bias += 3.0
    assert torch.allclose(norm(convolution(x)), before, atol=1e-5)


def test_the_normalisation_has_no_weights_and_no_statistics():
    for layer in nets.instance_norm_encoder().modules():
        if isinstance(layer, nn.InstanceNorm2d):
            assert not layer.affine
            assert not layer.track_running_stats


def test_an_image_does_not_depend_on_its_batch():
    torch.manual_seed(0)
    model = GaussianVAE(
        nets.instance_norm_encoder(SHAPE, 4), nets.instance_norm_decoder(5, SHAPE, 4), 5, SHAPE
    ).train()
    x = faces(6)
    assert torch.allclose(model.encode(x)[:2], model.encode(x[:2]), atol=1e-5)


def test_every_weight_has_a_gradient():
    torch.manual_seed(0)
    model = GaussianVAE(
        nets.instance_norm_encoder(SHAPE, 4), nets.instance_norm_decoder(5, SHAPE, 4), 5, SHAPE
    )
    output = model(faces())
    (output.logits.square().sum() + output.mean.sum() + output.log_var.sum()).backward()
    for name, weight in model.named_parameters():
        assert weight.grad.abs().max() > 0, name
