"""Layers and weights for the page: its JavaScript computes what torch does."""
import numpy as np
import pytest
import torch
from support.norms import normed
from support.page import PageError, run_network
from torch import nn

from vaekit.explore.layers import FromSigned
from vaekit.explore.portable import portable

# weights rounded to half precision: 2⁻¹¹ of each, and some of them add up
HALF = 2e-3
LAYERS = {
    "linear": (lambda: nn.Linear(6, 5), (6,)),
    "linear without bias": (lambda: nn.Linear(6, 5, bias=False), (6,)),
    "relu": (nn.ReLU, (7,)),
    "leaky relu": (lambda: nn.LeakyReLU(0.3), (7,)),
    "sigmoid": (nn.Sigmoid, (7,)),
    "tanh": (nn.Tanh, (7,)),
    "from signed": (FromSigned, (2, 3, 3)),
    "dropout": (nn.Dropout, (7,)),
    "identity": (nn.Identity, (7,)),
    "flatten": (nn.Flatten, (2, 3, 3)),
    "unflatten": (lambda: nn.Unflatten(1, (2, 3, 3)), (18,)),
    "batch norm of vectors": (lambda: normed(nn.BatchNorm1d(4)), (4,)),
    "batch norm of images": (lambda: normed(nn.BatchNorm2d(3)), (3, 4, 5)),
    "batch norm, not affine": (lambda: normed(nn.BatchNorm2d(3, affine=False)), (3, 4, 5)),
    "upsample": (lambda: nn.Upsample(scale_factor=2), (2, 3, 4)),
    "max pool": (lambda: nn.MaxPool2d(2), (2, 5, 6)),
    "conv": (lambda: nn.Conv2d(2, 3, 3, padding=1), (2, 5, 6)),
    "conv that strides": (lambda: nn.Conv2d(2, 3, 4, stride=2, padding=1), (2, 7, 6)),
    "conv without padding": (lambda: nn.Conv2d(2, 3, 3, bias=False), (2, 5, 6)),
    "transposed": (lambda: nn.ConvTranspose2d(3, 2, 4, stride=2, padding=1), (3, 4, 5)),
    "transposed, one more": (
        lambda: nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, output_padding=1),
        (3, 4, 5),
    ),
    "transposed, no stride": (lambda: nn.ConvTranspose2d(3, 2, 3), (3, 4, 5)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_each_layer_is_torchs(name):
    torch.manual_seed(0)
    make, sizes = LAYERS[name]
    layer = make().eval()
    network = nn.Sequential(layer)
    x = torch.randn(3, *sizes)
    with torch.no_grad():
        expected = network(x).flatten(1).numpy()
    for found, row in zip(run_network(portable((network, sizes)), *x), expected, strict=True):
        np.testing.assert_allclose(found, row, atol=HALF)


def test_the_page_leaves_its_input_as_it_was():
    network = portable((nn.Sequential(nn.ReLU()), (3,)))
    x = torch.tensor([-1.0, 2.0, -3.0])
    first, second = run_network(network, x, x)
    assert first.tolist() == second.tolist() == [0, 2, 0]


UNKNOWN = {
    "an activation": (nn.GELU(), (4,)),
    "softmax": (nn.Softmax(1), (4,)),
    "groups": (nn.Conv2d(2, 2, 3, groups=2), (2, 5, 5)),
    "dilation": (nn.Conv2d(2, 2, 3, dilation=2), (2, 5, 5)),
    "reflected": (nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), (2, 5, 5)),
    "padding by name": (nn.Conv2d(2, 2, 3, padding="same"), (2, 5, 5)),
    "not square": (nn.Conv2d(2, 2, (3, 1)), (2, 5, 5)),
    "bilinear": (nn.Upsample(scale_factor=2, mode="bilinear"), (2, 5, 5)),
    "one and a half": (nn.Upsample(scale_factor=1.5), (2, 4, 4)),
    "to a size": (nn.Upsample(size=8), (2, 4, 4)),
    "pools that overlap": (nn.MaxPool2d(3, stride=2), (2, 5, 5)),
    "pools beyond the edge": (nn.MaxPool2d(2, ceil_mode=True), (2, 5, 5)),
    "statistics of the batch": (nn.BatchNorm2d(2, track_running_stats=False), (2, 5, 5)),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_layer_that_the_page_does_not_know_stays_here(name):
    layer, sizes = UNKNOWN[name]
    assert portable((nn.Sequential(nn.Identity(), layer), sizes)) is None


def test_the_facts_of_a_network():
    network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Dropout(), nn.Linear(3, 4, bias=False))
    found = portable((network, (2,)))
    assert found.parts == [[
        {"op": "linear", "inputs": 2, "outputs": 3},
        {"op": "relu"},
        {"op": "linear", "inputs": 3, "outputs": 4},
    ]]
    # the missing bias is sent as zeros
    assert found.numbers == 6 + 3 + 12 + 4
    assert len(found.halves()) == 2 * found.numbers
    assert len(found.eighths()) == found.numbers + 4 * (3 + 1 + 4 + 1)
    assert found.products == 6 + 3 + 12


def test_half_precision_is_near():
    torch.manual_seed(0)
    layer = nn.Linear(50, 40)
    content = portable((layer, (50,))).halves()
    weight = np.frombuffer(content, np.float16)[:2000].reshape(40, 50).astype(np.float32)
    expected = layer.weight.detach().numpy()
    # by at most half of the last of 11 bits, or of the smallest number there is
    assert np.all(np.abs(weight - expected) <= np.maximum(2**-11 * np.abs(expected), 2**-25))


def test_eight_bits_are_near():
    torch.manual_seed(0)
    layer = nn.Linear(50, 40).requires_grad_(False)
    network = portable((layer, (50,)))
    rows = torch.eye(50)
    found = np.stack(run_network(network, *rows, bits=8)) - layer.bias.numpy()
    expected = layer.weight.numpy().T
    # half a step, of 127 from zero to the largest of each row; the bias has steps of its own
    step = np.abs(expected).max(0) / 127
    bias_step = float(layer.bias.abs().max()) / 127
    assert np.all(np.abs(found - expected) <= step / 2 + bias_step / 2 + 1e-6)


def test_zeros_survive_eight_bits():
    layer = nn.Linear(3, 2)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    (found,) = run_network(portable((layer, (3,))), torch.ones(3), bits=8)
    assert found.tolist() == [0, 0]


@pytest.mark.parametrize("bits", [16, 8])
def test_weights_of_another_network_are_refused_by_the_page(bits):
    network = portable((nn.Linear(3, 2), (3,)))
    content = network.halves() if bits == 16 else network.eighths()
    with pytest.raises(PageError, match="the weights are shorter than the network needs"):
        run_network(network, torch.ones(3), bits=bits, content=content[:-2])
    with pytest.raises(PageError, match="the weights are longer than the network needs"):
        run_network(network, torch.ones(3), bits=bits, content=content + bytes(2))


def test_nan_is_refused_by_the_page():
    network = portable((nn.Linear(1, 1), (1,)))
    content = np.array([np.nan, 0], np.float16).tobytes()
    with pytest.raises(PageError, match="the weights hold inf or NaN"):
        run_network(network, torch.ones(1), content=content)
