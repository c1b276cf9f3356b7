"""Recipes at work: every one trains, takes what it is given, and comes back from its file."""
from dataclasses import replace

import pytest
import torch
from support.recipes import tiny

from vaekit import losses, recipes
from vaekit.data import Selection
from vaekit.errors import UserError
from vaekit.files import load_weights, save_weights
from vaekit.losses import reconstruction_error
from vaekit.models import gan

pytestmark = pytest.mark.slow


def same_weights(a, b):
    """The same names and values; their order may differ."""
    a = a.state_dict()
    b = b.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_trains(name, coloured, tmp_path):
    run = tiny(name, coloured)
    if isinstance(run.model, gan.GAN):
        for column in run.history.columns:
            assert torch.tensor(run.history[column]).isfinite().all()
        noise = torch.ones(2, 96)
        fresh = recipes.build(name).eval()
        assert not torch.equal(run.model.decode(noise), fresh.decode(noise))
    else:
        losses_seen = run.history["test_loss"]
        assert losses_seen[-1] < losses_seen[0]

    data = {"cifar10": "cifar10", "faces": "faces", "celeba": "faces"}.get(
        recipes.get(name).data, "digits"
    )
    assert run.settings["data"] == data
    assert run.train.name == data
    path = recipes.save(tmp_path / "w.safetensors", name, run.model)
    assert same_weights(recipes.load_model(path), run.model)


def test_fc_vae_trains_on_cifar(real_data):
    run = recipes.train("fc-vae", Selection("cifar10", root=real_data, limit=1000), epochs=1)
    assert run.model.sample(2).shape == (2, 3, 32, 32)


def test_a_recipe_of_ones_own_trains_saves_and_builds(digits):
    """The recipe travels as it is: it need not be in the table."""
    own = replace(recipes.get("mlp-vae-mnist-small"), name="mine", latent_dim=3, data="digits")
    run = recipes.train(own, epochs=1, batch_size=512)
    assert run.recipe is own
    assert len(run.train) == len(digits[0])
    assert run.model.latent_dim == 3
    assert recipes.build(own).latent_dim == 3


def test_data_is_a_name_or_a_selection():
    by_name = recipes.train("mlp-vae-mnist-small", "digits", epochs=1)
    selected = recipes.train("mlp-vae-mnist-small", Selection("digits"), epochs=1)
    assert same_weights(by_name.model, selected.model)


@pytest.mark.parametrize("condition", ["one-hot", "embedding", "attributes"])
@pytest.mark.parametrize("name", ["fc-cvae", "conv-cvae-mnist"])
def test_each_condition_fits_each_conditional_recipe(name, condition, tmp_path):
    shape = (3, 32, 32)
    model = recipes.build(name, condition=condition, classes=6, image_shape=shape).eval()
    loaded = recipes.load_model(recipes.save(tmp_path / "w.safetensors", name, model))
    assert loaded.condition.kind == condition
    assert loaded.condition.size == 6

    c = torch.tensor([0, 1, 0, 1, 1, 0]) if condition == "attributes" else 5
    x = torch.rand(2, *shape)
    assert torch.equal(loaded.reconstruct(x, c), model.reconstruct(x, c))
    assert model.sample(2, c).shape == (2, *shape)


def test_attributes_need_rows_of_attributes():
    with pytest.raises(UserError, match="needs data with attributes"):
        recipes.train("fc-cvae", Selection("digits", limit=50), epochs=1, condition="attributes")


def test_an_unconditional_recipe_takes_no_condition():
    with pytest.raises(UserError, match="recipe 'fc-vae' is unconditional: leave condition out"):
        recipes.build("fc-vae", condition="one-hot")


def train_fc_vae(**changes):
    return recipes.train("fc-vae", Selection("digits", limit=100), epochs=1, **changes)


def test_beta_weighs_the_kl():
    run = train_fc_vae(beta=3)
    last = run.history.last
    total = last["test_reconstruction"] + 3 * last["test_kl"]
    assert last["test_loss"] == pytest.approx(total, rel=1e-5)
    assert run.settings["beta"] == 3
    assert train_fc_vae().settings["beta"] == 1


def test_another_loss_takes_the_recipes_place():
    with pytest.raises(ZeroDivisionError):
        train_fc_vae(loss=lambda output, x, c: 1 / 0)


@pytest.mark.parametrize("changes, words", [
    (dict(beta=2, loss=reconstruction_error), "the loss you pass. Leave beta out"),
    (dict(beta=-1), "beta must be .*≥ 0, got -1"),
])
def test_a_beta_that_cannot_be_is_named(changes, words):
    with pytest.raises(UserError, match=words):
        train_fc_vae(**changes)


def test_another_objective_is_not_set_beside_the_reports_row():
    images = Selection("digits", limit=64)
    run = recipes.train("mlp-vae-mnist", images, epochs=1, loss=losses.free_bits)
    assert run.recipe.reported_at(64, run.settings["beta"]) == {}


@pytest.mark.parametrize("beta, expected", [
    (0.1, "negative_elbo(beta=0.1)"),
    (1.0, "negative_elbo(beta=1.0)"),
    (10.0, "Scheduled(negative_elbo, beta=WarmUp(to=10.0, over=0.5, start=1.0))"),
])
def test_the_fast_schedule_warms_a_large_beta_up(beta, expected, monkeypatch):
    """Only β > 1 rises, from 1, and only if fast; the report's recipe has β from the first step."""
    from vaekit.recipes import run

    seen = []

    def watched(model, train, objective, **settings):
        seen.append((losses.describe(objective), settings))

    monkeypatch.setattr(run, "fit", watched)
    recipes.train("mlp-vae-mnist", "digits", beta=beta, fast=True)
    recipes.train("mlp-vae-mnist", "digits", beta=beta)
    assert [description for description, _ in seen] == [expected, f"negative_elbo(beta={beta})"]
    assert "warm_up" not in seen[0][1]


def test_build_follows_its_seed():
    first = recipes.build("mlp-vae-mnist-small", seed=1)
    again = recipes.build("mlp-vae-mnist-small", seed=1)
    other = recipes.build("mlp-vae-mnist-small", seed=2)
    assert torch.equal(first.to_mean.weight, again.to_mean.weight)
    assert not torch.equal(first.to_mean.weight, other.to_mean.weight)


def test_save_and_load_model(trained, tmp_path):
    path = recipes.save(tmp_path / "w.safetensors", "mlp-vae-mnist", trained.model)
    loaded = recipes.load_model(path)
    x = trained.test.images(slice(5))
    assert torch.equal(loaded.encode(x), trained.model.encode(x))
    assert not loaded.training
    with pytest.raises(UserError, match="no weights at"):
        recipes.load_model(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("condition", ["one-hot", "attributes", "embedding"])
def test_the_weight_of_a_condition_is_kept(condition, tmp_path):
    """The weight multiplies the code, and a saved model comes back with it."""

    def build(weight):
        return recipes.build(
            "fc-cvae", 3, (1, 8, 8), condition=condition, classes=4, weight=weight
        )

    c = torch.tensor([1, 3])
    if condition == "attributes":
        c = torch.ones(2, 4, dtype=torch.int64)
    once = build(1.0)
    fivefold = build(5.0)
    assert torch.allclose(fivefold.condition.encode(c, 2), 5 * once.condition.encode(c, 2))

    loaded = recipes.load_model(recipes.save(tmp_path / "w.safetensors", "fc-cvae", fivefold))
    z = torch.ones(2, 3)
    assert torch.equal(loaded.decode(z, c), fivefold.decode(z, c))


def test_weights_without_the_shape_of_their_images_are_refused(tmp_path):
    tensors = {"a": torch.zeros(1)}
    path = save_weights(tmp_path / "w.safetensors", tensors, {"recipe": "fc-vae"})
    with pytest.raises(UserError, match="was not written by vaekit.recipes.save"):
        recipes.load_model(path)


def test_a_classifier_has_no_latent_space(tmp_path):
    model = recipes.build("classifier-mnist")
    assert model.num_features == 64
    path = recipes.save(tmp_path / "w.safetensors", "classifier-mnist", model)
    _, metadata = load_weights(path)
    assert "latent_dim" not in metadata
    with pytest.raises(UserError, match="recipe 'classifier-mnist' has no latent space"):
        recipes.build("classifier-mnist", 64)


def test_weights_of_a_classifier_that_name_a_latent_dim_are_read(tmp_path):
    """The shipped ones do: they gave their number of features so."""
    model = recipes.build("classifier-mnist", seed=5)
    metadata = {"recipe": "classifier-mnist", "image_shape": "1,28,28", "latent_dim": "64"}
    path = save_weights(tmp_path / "w.safetensors", model.state_dict(), metadata)
    assert same_weights(recipes.load_model(path), model)


def test_unknown_names_are_answered():
    words = "unknown recipe 'mlp-vae-mnst'.*Did you mean 'mlp-vae-mnist'"
    with pytest.raises(UserError, match=words):
        recipes.train("mlp-vae-mnst")
    with pytest.raises(UserError, match="unknown data set 'emnist'"):
        recipes.train("fc-vae", "emnist")
    with pytest.raises(UserError, match="latent_dim must be ≥ 1, got 0"):
        recipes.train("fc-vae", "digits", latent_dim=0)


def train_small(augment=None, **choice):
    images = Selection("digits", **choice)
    return recipes.train("mlp-vae-mnist-small", images, epochs=1, augment=augment)


def test_a_choice_of_classes_a_number_of_each_and_a_validation_split():
    images = Selection("digits", classes=("3", "7"), per_class=20, validation=0.25)
    run = recipes.train("mlp-vae-mnist-small", images, epochs=2, patience=2, augment="flip")
    assert set(run.train.y.tolist()) == {3, 7}
    assert len(run.train) == 30
    assert set(run.test.y.tolist()) == {3, 7}
    assert "validation_loss" in run.history.columns


def test_a_limit_of_the_test_set_leaves_the_training_set():
    whole = train_small(per_class=3)
    assert whole.train.y.bincount().tolist() == [3] * 10
    assert len(whole.test) == 360

    few = train_small(per_class=3, test_limit=50)
    assert torch.equal(few.test.x, whole.test.x[:50])
    assert torch.equal(few.train.x, whole.train.x)


@pytest.mark.parametrize("choice, words", [
    ({"classes": ("cat",)}, "unknown class 'cat'"),
    ({"per_class": 0}, "per_class must be ≥ 1, got 0"),
    ({"test_limit": 0}, "test_limit must be ≥ 1, got 0"),
    ({"validation": 0.0}, "validation must be > 0 and < 1, got 0.0"),
    ({"validation": 1.0}, "validation must be > 0 and < 1, got 1.0"),
    ({"augment": "blur"}, "unknown augmentation 'blur'; choose one of flip, flip-blur, "),
])
def test_a_choice_that_cannot_be_made_is_named(choice, words):
    with pytest.raises(UserError, match=words):
        train_small(**choice)
