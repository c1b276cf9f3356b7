"""The recipes of autoencoders against what their reports say."""
import pytest
import torch
from support.recipes import layers, weights

from vaekit import recipes
from vaekit.errors import UserError
from vaekit.recipes.systems import SYSTEMS


@pytest.mark.parametrize("name, latent_dim, epochs, batch_size, lr, weight_decay", [
    ("conv-ae-mnist", 4, 15, 512, 1e-3, 1e-5),
    ("mlp-vae-mnist-small", 20, 10, 512, 1e-3, 0.0),
    ("mlp-vae-mnist", 64, 300, 256, 1e-4, 0.0),
    ("fc-vae", 15, 10, 128, 1e-3, 0.0),
    ("fc-cvae", 15, 10, 128, 1e-3, 0.0),
    ("conv-cvae-mnist", 2, 15, 100, 1e-3, 0.0),
])
def test_the_reports_hyper_parameters_are_the_defaults(
    name, latent_dim, epochs, batch_size, lr, weight_decay
):
    recipe = recipes.get(name)
    assert recipe.latent_dim == latent_dim
    assert recipe.data == "mnist"
    assert recipe.settings() == {
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "weight_decay": weight_decay,
        "schedule": "constant",
        "optimizer": "adam",
        "betas": (0.9, 0.999),
    }


@pytest.mark.parametrize("name, encoder, decoder", [
    (
        "mlp-vae-mnist",
        [(784, 256), (256, 256)],
        [(64, 256), (256, 256), (256, 784)],
    ),
    (
        "mlp-vae-mnist-small",
        [(784, 32), (32, 32)],
        [(20, 32), (32, 32), (32, 784)],
    ),
    (
        "fc-vae",
        [(784, 400), (400, 400), (400, 400)],
        [(15, 400), (400, 400), (400, 400), (400, 784)],
    ),
])
def test_the_reports_layers(name, encoder, decoder):
    model = recipes.build(name)
    to_latent = (encoder[-1][1], decoder[0][0])
    # nothing beside them: encoder, decoder, and the layers of μ and log σ²
    assert layers(model) == [*encoder, *decoder, to_latent, to_latent]


def test_conv_ae_is_the_reports_network():
    encoder = (
        (9 * 8 + 8)
        + (9 * 8 * 16 + 16)
        + 2 * 16
        + (9 * 16 * 32 + 32)
        + (288 * 128 + 128)
        + (128 * 4 + 4)
    )
    decoder = (
        (4 * 128 + 128)
        + (128 * 288 + 288)
        + (9 * 32 * 16 + 16)
        + 2 * 16
        + (9 * 16 * 8 + 8)
        + 2 * 8
        + (9 * 8 + 1)
    )
    assert weights(recipes.build("conv-ae-mnist")) == encoder + decoder


@pytest.mark.parametrize("shape, pixels", [
    ((1, 28, 28), 784),
    ((3, 32, 32), 3072),
])
def test_fc_cvae_concatenates_the_one_hot_label_to_image_and_latent(shape, pixels):
    model = recipes.build("fc-cvae", image_shape=shape)
    encoder = [(pixels + 10, 400), (400, 400), (400, 400), (400, 15), (400, 15)]
    decoder = [(15 + 10, 400), (400, 400), (400, 400), (400, pixels)]
    assert sorted(layers(model)) == sorted(encoder + decoder)

    joined = []
    for first in (model.joint[0], model.decoder[0]):
        first.register_forward_pre_hook(lambda module, inputs: joined.append(inputs[0]))
    x = torch.rand(3, *shape)
    c = torch.tensor([0, 4, 9])
    model.reconstruct(x, c)

    one_hot = torch.eye(10)[c]
    assert torch.equal(joined[0], torch.cat([x.flatten(1), one_hot], 1))
    assert torch.equal(joined[1][:, 15:], one_hot)


def test_conv_cvae_is_the_reports_network():
    model = recipes.build("conv-cvae-mnist")
    down = []
    up = []
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.MaxPool2d):
            kind = type(module).__name__
            down.append((kind, module.kernel_size, module.stride, module.padding))
        elif isinstance(module, torch.nn.ConvTranspose2d):
            up.append((module.kernel_size, module.stride, module.padding))
    assert down == [("Conv2d", (3, 3), (1, 1), (1, 1)), ("MaxPool2d", 2, 2, 0)] * 2
    assert up == [((2, 2), (2, 2), (0, 0))] * 2

    encoder = (
        (9 * 16 + 16)
        + (9 * 16 * 32 + 32)
        + ((32 * 7 * 7 + 10) * 512 + 512)
        + 2 * (512 * 2 + 2)
    )
    decoder = (
        ((2 + 10) * 512 + 512)
        + (512 * 32 * 7 * 7 + 32 * 7 * 7)
        + (32 * 16 * 4 + 16)
        + (16 * 4 + 1)
    )
    assert weights(model) == encoder + decoder


def test_conv_cvae_has_the_reports_number_and_condition():
    recipe = recipes.get("conv-cvae-mnist")
    row, = recipe.reported
    assert row.latent_dim == 2
    assert row.terms == {"fid_10": 182.47}
    assert recipe.condition == "one-hot"


def test_the_table_of_s1_is_recorded():
    recipe = recipes.get("mlp-vae-mnist")
    rows = [(row.latent_dim, row.beta, *row.terms.values()) for row in recipe.reported]
    assert rows == [
        (1, 1, 156.82, 4.22, 161.04),
        (2, 1, 137.70, 6.80, 144.49),
        (64, 1, 76.23, 23.80, 100.03),
        (64, 0.1, 59.18, 77.68, 66.94),
        (64, 0.5, 69.50, 34.30, 86.65),
        (64, 2, 87.29, 15.46, 118.20),
        (64, 10, 143.37, 3.69, 180.22),
    ]
    assert recipe.reported_at(64, 0.1)["loss"] == 66.94
    assert recipe.reported_at(64)["loss"] == 100.03
    assert recipe.reported_at(2, 0.1) == {}
    assert recipe.reported_at(3) == {}


def test_the_totals_of_s1_are_the_sums_of_their_terms():
    for row in recipes.get("mlp-vae-mnist").reported:
        total = row.terms["reconstruction"] + row.beta * row.terms["kl"]
        # the report's own rounding
        rounding = 0.011 + 0.005 * row.beta
        assert row.terms["loss"] == pytest.approx(total, abs=rounding)


def test_fc_vae_takes_cifar_shapes():
    model = recipes.build("fc-vae", image_shape=(3, 32, 32))
    assert model.reconstruct(torch.rand(2, 3, 32, 32)).shape == (2, 3, 32, 32)


def test_fast_is_an_option_of_the_recipe():
    recipe = recipes.get("mlp-vae-mnist")
    fast = recipe.settings(fast=True)
    assert fast["schedule"] == "one-cycle"
    assert fast["epochs"] <= 30
    assert recipe.settings(fast=True, epochs=3)["epochs"] == 3
    with pytest.raises(UserError, match="recipe 'fc-vae' has no fast schedule"):
        recipes.get("fc-vae").settings(fast=True)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_settings_are_all_arguments_of_fit_that_a_recipe_sets(name):
    recipe = recipes.get(name)
    names = ["epochs", "batch_size", "lr", "weight_decay", "schedule", "optimizer", "betas"]
    assert list(recipe.settings()) == names
    # a fast schedule changes some of them and adds none
    assert recipe.fast.keys() <= set(names)


def test_a_recipe_is_taken_as_it_is():
    recipe = recipes.get("fc-vae")
    assert recipes.get(recipe) is recipe


def test_every_system_has_its_recipe_in_the_same_order():
    assert list(recipes.RECIPES) == list(SYSTEMS)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_recipe_has_the_facts_of_its_system(name):
    recipe = recipes.get(name)
    for fact, value in SYSTEMS[name].items():
        assert getattr(recipe, fact) == value, fact
