"""Each recipe against what its report says."""
import pytest
import torch

from vaekit import losses, recipes
from vaekit.errors import UserError
from vaekit.files import save_weights
from vaekit.losses import reconstruction_error
from vaekit.models import gan


def tiny(name, coloured, **changes):
    """A short run of any recipe: on digits, or on coloured ones where a network takes nothing smaller."""
    if recipes.get(name).data == "cifar10":
        return recipes.train(name, data="cifar10", root=coloured, **dict(epochs=2, limit=40, batch_size=10, lr=3e-3) | changes)
    size = dict(limit=100, batch_size=25) if name in ("dc-gan", "dc-gan-fashion", "ddpm-fashion") else dict(limit=600, batch_size=100)
    return recipes.train(name, data="digits", **dict(epochs=3) | size | changes)


def layers(model, kind):
    return [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, kind)]


@pytest.mark.parametrize("name, latent_dim, epochs, batch_size, lr, weight_decay", [
    ("conv-ae-mnist", 4, 15, 512, 1e-3, 1e-5),
    ("mlp-vae-mnist-small", 20, 10, 512, 1e-3, 0.0),
    ("mlp-vae-mnist", 64, 300, 256, 1e-4, 0.0),
    ("fc-vae", 15, 10, 128, 1e-3, 0.0),
    ("fc-cvae", 15, 10, 128, 1e-3, 0.0),
    ("conv-cvae-mnist", 2, 15, 100, 1e-3, 0.0),
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


@pytest.mark.parametrize("shape, pixels", [((1, 28, 28), 784), ((3, 32, 32), 3072)])
def test_fc_cvae_concatenates_the_one_hot_label_to_image_and_latent(shape, pixels):
    model = recipes.build("fc-cvae", image_shape=shape)
    assert sorted(layers(model, torch.nn.Linear)) == sorted([(pixels + 10, 400), (400, 400), (400, 400), (400, 15), (400, 15),
                                                              (15 + 10, 400), (400, 400), (400, 400), (400, pixels)])
    x, c = torch.rand(3, *shape), torch.tensor([0, 4, 9])
    joined = []
    for first in (model.joint[0], model.decoder[0]):
        first.register_forward_pre_hook(lambda module, inputs: joined.append(inputs[0]))
    model.reconstruct(x, c)
    one_hot = torch.eye(10)[c]
    assert torch.equal(joined[0], torch.cat([x.flatten(1), one_hot], 1)) and torch.equal(joined[1][:, 15:], one_hot)


def test_conv_cvae_is_the_reports_network():
    model = recipes.build("conv-cvae-mnist")
    kinds = [(type(m).__name__, m.kernel_size, m.stride, m.padding) for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.MaxPool2d)]
    assert kinds == [("Conv2d", (3, 3), (1, 1), (1, 1)), ("MaxPool2d", 2, 2, 0)] * 2
    up = [(m.kernel_size, m.stride, m.padding) for m in model.modules() if isinstance(m, torch.nn.ConvTranspose2d)]
    assert up == [((2, 2), (2, 2), (0, 0))] * 2
    encoder = (9 * 16 + 16) + (9 * 16 * 32 + 32) + ((32 * 7 * 7 + 10) * 512 + 512) + 2 * (512 * 2 + 2)
    decoder = ((2 + 10) * 512 + 512) + (512 * 32 * 7 * 7 + 32 * 7 * 7) + (32 * 16 * 4 + 16) + (16 * 4 + 1)
    assert sum(p.numel() for p in model.parameters()) == encoder + decoder
    row, = recipes.get("conv-cvae-mnist").reported
    assert (row.latent_dim, row.terms) == (2, {"fid_10": 182.47}) and recipes.get("conv-cvae-mnist").condition == "one-hot"


@pytest.mark.parametrize("condition", ["one-hot", "embedding", "attributes"])
@pytest.mark.parametrize("name", ["fc-cvae", "conv-cvae-mnist"])
def test_each_condition_fits_each_conditional_recipe(name, condition, tmp_path):
    model = recipes.build(name, condition=condition, classes=6, image_shape=(3, 32, 32)).eval()
    c = torch.tensor([0, 1, 0, 1, 1, 0]) if condition == "attributes" else 5
    x = torch.rand(2, 3, 32, 32)
    loaded = recipes.load_model(recipes.save(tmp_path / "w.safetensors", name, model))
    assert loaded.condition.kind == condition and loaded.condition.size == 6
    assert torch.equal(loaded.reconstruct(x, c), model.reconstruct(x, c)) and model.sample(2, c).shape == (2, 3, 32, 32)


def test_attributes_need_rows_of_attributes():
    with pytest.raises(UserError, match="this model takes 10 attributes an image"):
        recipes.train("fc-cvae", data="digits", limit=50, epochs=1, condition="attributes")
    with pytest.raises(UserError, match="recipe 'fc-vae' is unconditional: leave condition out"):
        recipes.build("fc-vae", condition="one-hot")


def test_beta_weighs_the_kl_and_another_loss_takes_its_place():
    train = lambda **changes: recipes.train("fc-vae", data="digits", limit=100, epochs=1, **changes)  # noqa: E731
    run = train(beta=3)
    assert run.history.last["test_loss"] == pytest.approx(run.history.last["test_reconstruction"] + 3 * run.history.last["test_kl"], rel=1e-5)
    assert run.settings["beta"] == 3 and train().settings["beta"] == 1
    with pytest.raises(ZeroDivisionError):
        train(loss=lambda output, x, c: 1 / 0)
    for changes, words in ((dict(beta=2, loss=reconstruction_error), "the loss you pass. Leave beta out"),
                           (dict(beta=-1), "beta must be .*≥ 0, got -1")):
        with pytest.raises(UserError, match=words):
            train(**changes)


def test_the_table_of_s1_is_recorded():
    recipe = recipes.get("mlp-vae-mnist")
    rows = recipe.reported
    assert [(row.latent_dim, row.beta, *row.terms.values()) for row in rows] == [
        (1, 1, 156.82, 4.22, 161.04), (2, 1, 137.70, 6.80, 144.49), (64, 1, 76.23, 23.80, 100.03), (64, 0.1, 59.18, 77.68, 66.94),
        (64, 0.5, 69.50, 34.30, 86.65), (64, 2, 87.29, 15.46, 118.20), (64, 10, 143.37, 3.69, 180.22)]
    assert recipe.reported_at(64, 0.1)["loss"] == 66.94 and recipe.reported_at(64)["loss"] == 100.03
    assert recipe.reported_at(2, 0.1) == {} == recipe.reported_at(3)
    for row in rows:                                                                                 # the report's own rounding
        assert row.terms["loss"] == pytest.approx(row.terms["reconstruction"] + row.beta * row.terms["kl"], abs=0.011 + 0.005 * row.beta)


def test_fc_vae_takes_cifar_shapes():
    model = recipes.build("fc-vae", image_shape=(3, 32, 32))
    assert model.reconstruct(torch.rand(2, 3, 32, 32)).shape == (2, 3, 32, 32)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_trains(name, coloured, tmp_path):
    run = tiny(name, coloured)
    if isinstance(run.model, gan.GAN):
        assert all(torch.tensor(run.history[column]).isfinite().all() for column in run.history.columns)
        noise, fresh = torch.ones(2, 96), recipes.build(name).eval()
        assert not torch.equal(run.model.decode(noise), fresh.decode(noise))
    else:
        assert run.history["test_loss"][-1] < run.history["test_loss"][0]
    assert run.settings["data"] == run.train.name in ("digits", "cifar10")
    loaded = recipes.load_model(recipes.save(tmp_path / "w.safetensors", name, run.model)).state_dict()
    assert all(torch.equal(value, loaded[key]) for key, value in run.model.state_dict().items())


def test_fc_vae_trains_on_cifar(real_data):
    run = recipes.train("fc-vae", data="cifar10", root=real_data, limit=1000, epochs=1)
    assert run.model.sample(2).shape == (2, 3, 32, 32)


def test_fast_is_an_option_of_the_recipe():
    recipe = recipes.get("mlp-vae-mnist")
    assert recipe.settings(fast=True)["schedule"] == "one-cycle" and recipe.settings(fast=True)["epochs"] <= 30
    assert recipe.settings(fast=True, epochs=3)["epochs"] == 3
    with pytest.raises(UserError, match="recipe 'fc-vae' has no fast schedule"):
        recipes.get("fc-vae").settings(fast=True)


@pytest.mark.parametrize("beta, expected", [(0.1, "negative_elbo(beta=0.1)"), (1.0, "negative_elbo(beta=1.0)"),
                                            (10.0, "Scheduled(negative_elbo, beta=WarmUp(to=10.0, over=0.5, start=1.0))")])
def test_the_fast_schedule_warms_a_large_beta_up(beta, expected, monkeypatch):
    """Only β > 1 rises, from 1, and only if asked to be fast; the report's recipe has β from the first step on."""
    from vaekit.recipes import run

    seen = []
    monkeypatch.setattr(run, "fit", lambda model, train, loss, **settings: seen.append((losses.describe(loss), settings)))
    recipes.train("mlp-vae-mnist", data="digits", beta=beta, fast=True)
    recipes.train("mlp-vae-mnist", data="digits", beta=beta)
    assert [description for description, _ in seen] == [expected, f"negative_elbo(beta={beta})"]
    assert "warm_up" not in seen[0][1]


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


@pytest.mark.parametrize("condition", ["one-hot", "attributes", "embedding"])
def test_how_loudly_a_model_is_told_is_kept(condition, tmp_path):
    """The weight multiplies the code, and a saved model comes back with it."""
    c = torch.ones(2, 4, dtype=torch.int64) if condition == "attributes" else torch.tensor([1, 3])
    quiet, loud = (recipes.build("fc-cvae", 3, (1, 8, 8), condition=condition, classes=4, weight=weight) for weight in (1.0, 5.0))
    assert torch.allclose(loud.condition.codes(c, 2), 5 * quiet.condition.codes(c, 2))
    loaded = recipes.load_model(recipes.save(tmp_path / "w.safetensors", "fc-cvae", loud))
    assert torch.equal(loaded.decode(torch.ones(2, 3), c), loud.decode(torch.ones(2, 3), c))


def test_another_objective_is_not_set_beside_the_reports_row():
    run = recipes.train("mlp-vae-mnist", data="digits", limit=64, epochs=1, loss=losses.free_bits)
    assert run.recipe.reported_at(64, run.settings["beta"]) == {}


def test_a_choice_of_classes_a_number_of_each_and_a_validation_split():
    run = recipes.train("mlp-vae-mnist-small", data="digits", classes=["3", "7"], per_class=20, validation=0.25, epochs=2, patience=2, augment="flip")
    assert set(run.train.y.tolist()) == {3, 7} and len(run.train) == 30 and set(run.test.y.tolist()) == {3, 7}
    assert "validation_loss" in run.history.columns
    whole = recipes.train("mlp-vae-mnist-small", data="digits", per_class=3, epochs=1)
    assert whole.train.y.bincount().tolist() == [3] * 10 and len(whole.test) == 360
    few = recipes.train("mlp-vae-mnist-small", data="digits", per_class=3, test_limit=50, epochs=1)
    assert torch.equal(few.test.x, whole.test.x[:50]) and torch.equal(few.train.x, whole.train.x)


@pytest.mark.parametrize("settings, words", [
    ({"classes": ["cat"]}, "unknown class 'cat'"),
    ({"per_class": 0}, "number must be ≥ 1"), ({"test_limit": 0}, "limit must be ≥ 1"),
    ({"validation": 0.0}, "leaves none on one"),
    ({"validation": 1.0}, "leaves none on one"),
    ({"augment": "blur"}, "unknown augmentation 'blur'; choose one of flip, shift-flip"),
])
def test_a_choice_that_cannot_be_made_is_named(settings, words):
    with pytest.raises(UserError, match=words):
        recipes.train("mlp-vae-mnist-small", data="digits", epochs=1, **settings)


def test_weights_without_the_shape_of_their_images_are_refused(tmp_path):
    path = save_weights(tmp_path / "w.safetensors", {"a": torch.zeros(1)}, {"recipe": "fc-vae"})
    with pytest.raises(UserError, match="was not written by vaekit.recipes.save"):
        recipes.load_model(path)
