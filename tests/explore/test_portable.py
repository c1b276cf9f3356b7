"""Networks for the page: its JavaScript computes what torch does, and other models stay here."""
import numpy as np
import pytest
import torch
from support.page import PageError, run_model, run_network
from torch import nn

from vaekit.errors import UserError
from vaekit.explore import portable as rooms
from vaekit.explore.layers import FromSigned
from vaekit.explore.portable import decoder_of, encoder_of, portable, refuse_bad_weights
from vaekit.explore.scene import Scene
from vaekit.models import VAE, nets
from vaekit.models.conditioning import AddedEmbedding, Attributes, OneHot
from vaekit.recipes import builders

SHAPE = (1, 8, 8)
# weights rounded to half precision: 2⁻¹¹ of each, and some of them add up
HALF = 2e-3


def normed(module):
    """A batch normalisation that has seen data, and learned."""
    for tensor in (*module.parameters(), module.running_mean):
        nn.init.uniform_(tensor, -1, 1)
    nn.init.uniform_(module.running_var, 0.5, 2)
    return module


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


def vae(condition=None, latent_dim=2):
    torch.manual_seed(0)
    if condition is None:
        return builders.mlp_vae(16, 8)(latent_dim, SHAPE)
    return builders.mlp_cvae(16, 8)(latent_dim, SHAPE, condition)


def weighted(gan):
    """A GAN whose batch normalisations have seen data."""
    for part in gan.modules():
        if isinstance(part, (nn.BatchNorm1d, nn.BatchNorm2d)):
            normed(part)
    return gan.eval()


def made(build, *arguments):
    torch.manual_seed(0)
    return build(*arguments)


MODELS = {
    "mlp": lambda: vae(),
    "one latent": lambda: vae(latent_dim=1),
    "one-hot": lambda: vae(OneHot(3, weight=2.0)),
    "attributes": lambda: vae(Attributes(3, weight=2.0)),
    "embedding": lambda: vae(AddedEmbedding(3, 2)),
    "conv": lambda: made(builders.conv_cvae((4, 8), 16), 2, SHAPE, OneHot(3)),
    "colours": lambda: made(builders.mlp_vae(8), 2, (3, 8, 8)),
    "autoencoder": lambda: made(builders.conv_autoencoder, 3, (1, 28, 28)),
    "gan": lambda: weighted(made(builders.fc_gan, 4, SHAPE)),
    "dc gan": lambda: weighted(made(builders.dc_gan(4), 4, (1, 28, 28))),
}
LABELS = {"attributes": [0, 1, 1]}


@pytest.mark.parametrize("name", MODELS)
def test_the_page_decodes_as_the_model_does(name):
    model = MODELS[name]().eval()
    assert decoder_of(model) is not None
    scene = Scene()
    scene.add_model(model)

    z = torch.randn(3, model.latent_dim, generator=torch.Generator().manual_seed(1))
    is_conditional = scene.facts["models"][0]["condition"] is not None
    label = LABELS.get(name, 2)
    c = torch.tensor(label) if is_conditional else None
    with torch.no_grad():
        expected = model.decode(z, c).flatten(1).numpy()
    found = run_model(scene, [["decode", row, label] for row in z.tolist()])
    assert np.abs(np.stack(found) - expected).max() <= 1 / 255


@pytest.mark.parametrize("name", ["mlp", "one-hot", "attributes", "embedding", "conv"])
def test_the_page_encodes_as_the_model_does(name):
    model = MODELS[name]().eval()
    scene = Scene()
    scene.add_model(model, encoder=True)
    assert scene.facts["models"][0]["encoder"] is not None

    x = torch.rand(1, *model.image_shape, generator=torch.Generator().manual_seed(1))
    label = LABELS.get(name, 2)
    c = None if name == "mlp" else torch.tensor(label)
    with torch.no_grad():
        mean, log_var = model.posterior(x, c)
    (found,) = run_model(scene, [["posterior", x.flatten().tolist(), label]])
    np.testing.assert_allclose(found["mean"], mean[0].numpy(), atol=HALF)
    np.testing.assert_allclose(found["logVar"], log_var[0].numpy(), atol=HALF)


def test_the_page_decodes_a_trained_model_to_a_grey_level(trained):
    scene = Scene()
    scene.add_model(trained.model)
    z = 2 * torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = trained.model.decode(z).flatten(1).numpy()
    found = run_model(scene, [["decode", row] for row in z.tolist()])
    assert np.abs(np.stack(found) - expected).max() <= 1 / 255


class Inverted(VAE):
    """Its decoder alone does not give its images."""

    def decode(self, z, c=None):
        return 1 - super().decode(z, c)


class Doubled(VAE):
    """Its encoder alone does not give its codes."""

    def posterior(self, x, c=None):
        mean, log_var = super().posterior(x, c)
        return 2 * mean, log_var


def of_class(cls):
    torch.manual_seed(0)
    return cls(nets.mlp_encoder(SHAPE, (8,)), nets.mlp_decoder(2, (8,), SHAPE), 2, SHAPE)


def test_a_model_that_decodes_otherwise_stays_here():
    assert decoder_of(of_class(Inverted)) is None
    assert decoder_of(of_class(VAE)) is not None


def test_a_model_that_encodes_otherwise_stays_here():
    assert encoder_of(of_class(Doubled)) is None
    assert encoder_of(of_class(VAE)) is not None


class Formula:
    """No torch module at all."""

    latent_dim = 2
    image_shape = SHAPE

    def decode(self, z, c=None):
        return z.sigmoid().mean(1).reshape(-1, 1, 1, 1).expand(-1, *SHAPE)


def test_a_formula_stays_here():
    assert decoder_of(Formula()) is None
    assert encoder_of(Formula()) is None
    refuse_bad_weights(Formula())


class Foreign(nn.Module):
    """A student's: another output, another layer, its own condition."""

    latent_dim = 2
    image_shape = SHAPE

    def __init__(self, last):
        super().__init__()
        self.decoder = nn.Sequential(nn.Linear(2, 64), last)

    def decode(self, z, c=None):
        return self.decoder(z).reshape(-1, *SHAPE)


def test_a_decoder_that_ends_in_its_own_sigmoid_travels():
    torch.manual_seed(0)
    assert decoder_of(Foreign(nn.Sigmoid())).parts[0][-1] == {"op": "sigmoid"}
    assert decoder_of(Foreign(nn.Softmax(1))) is None


def test_a_foreign_model_with_a_condition_travels():
    torch.manual_seed(0)
    model = Foreign(nn.Sigmoid())
    model.condition = OneHot(2)
    model.decoder[0] = nn.Linear(4, 64)
    model.decode = lambda z, c: model.decoder(
        model.condition.join_latent(z, model.condition.encode(c, len(z)))
    ).reshape(-1, *SHAPE)
    assert decoder_of(model) is not None


def test_a_large_model_stays_here(monkeypatch):
    model = vae()
    assert decoder_of(model) is not None
    monkeypatch.setattr(rooms, "MOST_NUMBERS", 100)
    assert decoder_of(model) is None
    assert encoder_of(model) is None


def test_much_work_stays_here(monkeypatch):
    monkeypatch.setattr(rooms, "MOST_PRODUCTS", 100)
    assert decoder_of(vae()) is None


def test_a_weight_beyond_half_precision_stays_here():
    model = vae()
    nn.init.constant_(model.decoder[0].weight, 1e5)
    assert decoder_of(model) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value):
    model = vae()
    model.to_mean.bias.data[0] = value
    with pytest.raises(UserError, match="weights to_mean.bias hold inf or NaN"):
        Scene().add_model(model)


def test_statistics_that_are_not_finite_are_refused():
    gan = made(builders.dc_gan(4), 4, (1, 28, 28))
    name, norm = next((n, m) for n, m in gan.named_modules() if isinstance(m, nn.BatchNorm2d))
    norm.running_mean[0] = float("nan")
    with pytest.raises(UserError, match=f"weights {name}.running_mean hold inf or NaN"):
        refuse_bad_weights(gan)


def test_asking_leaves_the_model_in_training_mode():
    model = weighted(made(builders.fc_gan, 4, SHAPE)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    decoder_of(model)
    assert all(part.training for part in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
