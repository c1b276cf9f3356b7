"""Models for the page: it decodes and encodes as they do, and other models stay here."""
from functools import partial

import numpy as np
import pytest
import torch
from support.norms import weighted
from support.page import run_model
from torch import nn

from vaekit import recipes
from vaekit.errors import UserError
from vaekit.explore import portable as rooms
from vaekit.explore.portable import decoder_of, encoder_of, refuse_bad_weights
from vaekit.explore.scene import Scene
from vaekit.models import VAE, nets
from vaekit.models.conditioning import AddedEmbedding, Attributes, OneHot, is_conditional
from vaekit.recipes import builders

SHAPE = (1, 8, 8)
# weights rounded to half precision: 2⁻¹¹ of each, and some of them add up
HALF = 2e-3


def vae(condition=None, latent_dim=2):
    torch.manual_seed(0)
    if condition is None:
        return builders.mlp_vae(16, 8)(latent_dim, SHAPE)
    return builders.mlp_cvae(16, 8)(latent_dim, SHAPE, condition)


def made(build, *arguments):
    torch.manual_seed(0)
    return build(*arguments)


def on_faces(name):
    """A recipe's model that has seen data, and decodes with much contrast."""
    torch.manual_seed(0)
    model = weighted(recipes.build(name, image_shape=(3, 64, 48), classes=17))
    model.decoder[-1].weight.data.mul_(20)
    return model


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
# recipes at full size: batch normalisation, and windows of 8 that stride by 4
FACES = {
    name: partial(on_faces, name)
    for name in ("patch-vae-faces", "patch-cvae-faces")
}
MODELS |= FACES
LABELS = {"attributes": [0, 1, 1], "patch-cvae-faces": [0, 1] * 8 + [0]}


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


@pytest.mark.parametrize("name", ["mlp", "one-hot", "attributes", "embedding", "conv", *FACES])
def test_the_page_encodes_as_the_model_does(name):
    model = MODELS[name]().eval()
    scene = Scene()
    scene.add_model(model, encoder=True)
    assert scene.facts["models"][0]["encoder"] is not None

    x = torch.rand(1, *model.image_shape, generator=torch.Generator().manual_seed(1))
    label = LABELS.get(name, 2)
    c = torch.tensor(label) if is_conditional(model) else None
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
