"""Each recipe against what its report says."""
import pytest
import torch

from vaekit import recipes
from vaekit.errors import UserError


def layers(model, kind):
    return [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, kind)]


@pytest.mark.parametrize("name, latent_dim, epochs, batch_size, lr, weight_decay", [
    ("conv-ae-mnist", 4, 15, 512, 1e-3, 1e-5),
    ("mlp-vae-mnist-small", 20, 10, 512, 1e-3, 0.0),
    ("mlp-vae-mnist", 64, 300, 256, 1e-4, 0.0),
    ("fc-vae", 15, 10, 128, 1e-3, 0.0),
])
def test_the_reports_hyper_parameters_are_the_defaults(name, latent_dim, epochs, batch_size, lr, weight_decay):
    recipe = recipes.get(name)
    assert recipe.latent_dim == latent_dim and recipe.data == "mnist"
    assert recipe.settings() == {"epochs": epochs, "batch_size": batch_size, "lr": lr, "weight_decay": weight_decay, "schedule": "constant"}


@pytest.mark.parametrize("name, widths", [
    ("mlp-vae-mnist", [(784, 256), (256, 256), (64, 256), (256, 256), (256, 784), (256, 64), (256, 64)]),
    ("mlp-vae-mnist-small", [(784, 32), (32, 32), (20, 32), (32, 32), (32, 784), (32, 20), (32, 20)]),
    ("fc-vae", [(784, 400), (400, 400), (400, 400), (15, 400), (400, 400), (400, 400), (400, 784), (400, 15), (400, 15)]),
])
def test_the_reports_layers(name, widths):
    assert layers(recipes.build(name), torch.nn.Linear) == widths


def test_conv_ae_is_the_reports_network():
    model = recipes.build("conv-ae-mnist")
    count = sum(p.numel() for p in model.parameters())
    encoder = (9 * 8 + 8) + (9 * 8 * 16 + 16) + 2 * 16 + (9 * 16 * 32 + 32) + (288 * 128 + 128) + (128 * 4 + 4)
    decoder = (4 * 128 + 128) + (128 * 288 + 288) + (9 * 32 * 16 + 16) + 2 * 16 + (9 * 16 * 8 + 8) + 2 * 8 + (9 * 8 + 1)
    assert count == encoder + decoder


def test_the_table_of_s1_is_recorded():
    rows = recipes.get("mlp-vae-mnist").reported
    assert [(row.latent_dim, row.beta) for row in rows] == [(1, 1), (2, 1), (64, 1), (64, 0.1), (64, 0.5), (64, 2), (64, 10)]
    for row in rows:                                                                                 # the report's own rounding
        assert row.terms["loss"] == pytest.approx(row.terms["reconstruction"] + row.beta * row.terms["kl"], abs=0.04)


def test_fc_vae_takes_cifar_shapes():
    model = recipes.build("fc-vae", image_shape=(3, 32, 32))
    assert model.reconstruct(torch.rand(2, 3, 32, 32)).shape == (2, 3, 32, 32)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_trains(name):
    run = recipes.train(name, data="digits", epochs=3, limit=600, batch_size=100)
    assert run.history["test_loss"][-1] < run.history["test_loss"][0]
    assert run.settings["data"] == "digits" and len(run.train) == 600


def test_fc_vae_trains_on_cifar(real_data):
    run = recipes.train("fc-vae", data="cifar10", root=real_data, limit=1000, epochs=1)
    assert run.model.sample(2).shape == (2, 3, 32, 32)


def test_fast_is_an_option_of_the_recipe():
    recipe = recipes.get("mlp-vae-mnist")
    assert recipe.settings(fast=True)["schedule"] == "one-cycle" and recipe.settings(fast=True)["epochs"] <= 25
    assert recipe.settings(fast=True, epochs=3)["epochs"] == 3
    with pytest.raises(UserError, match="recipe 'fc-vae' has no fast schedule"):
        recipes.get("fc-vae").settings(fast=True)


def test_build_follows_its_seed():
    a, b, c = (recipes.build("mlp-vae-mnist-small", seed=s).state_dict()["to_mean.weight"] for s in (1, 1, 2))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_save_and_load_model(trained, tmp_path):
    path = recipes.save(tmp_path / "w.safetensors", "mlp-vae-mnist", trained.model)
    loaded = recipes.load_model(path)
    x = trained.test.images(slice(5))
    assert torch.equal(loaded.encode(x), trained.model.encode(x)) and not loaded.training
    with pytest.raises(UserError, match="no weights at"):
        recipes.load_model(tmp_path / "nothing.safetensors")


def test_unknown_names_are_answered():
    with pytest.raises(UserError, match="unknown recipe 'mlp-vae-mnst'.*Did you mean 'mlp-vae-mnist'"):
        recipes.train("mlp-vae-mnst")
    with pytest.raises(UserError, match="unknown data set 'emnist'"):
        recipes.train("fc-vae", data="emnist")
    with pytest.raises(UserError, match="latent_dim must be ≥ 1, got 0"):
        recipes.train("fc-vae", data="digits", latent_dim=0)
