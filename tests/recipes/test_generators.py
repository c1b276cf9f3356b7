"""The recipes of GANs, blocks and diffusion against what their reports say."""
from dataclasses import replace

import pytest
import torch
from support.recipes import layers, tiny

from vaekit import recipes
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.experiments.reproduce import reproduce
from vaekit.losses import negative_elbo
from vaekit.models import gan, nets
from vaekit.models.diffusion import Diffusion, denoising_error

# what fit does where a report says nothing
PLAIN = {
    "weight_decay": 0.0,
    "schedule": "constant",
    "optimizer": "adam",
    "betas": (0.9, 0.999),
}


@pytest.mark.parametrize("name, source, data, latent_dim, loss, settings", [
    ("fc-gan", "S3", "mnist", 96, gan.non_saturating, dict(epochs=10, batch_size=128, lr=1e-3)),
    ("ls-gan", "S3", "mnist", 96, gan.least_squares, dict(epochs=10, batch_size=128, lr=1e-3)),
    (
        "dc-gan",
        "S3",
        "mnist",
        96,
        gan.non_saturating,
        dict(epochs=10, batch_size=128, lr=1e-3, betas=(0.5, 0.999)),
    ),
    (
        "block-cvae-cifar10",
        "S0",
        "cifar10",
        128,
        negative_elbo,
        dict(epochs=200, batch_size=46, lr=1e-3),
    ),
    (
        "block-cvae",
        "house",
        "cifar10",
        128,
        negative_elbo,
        dict(epochs=200, batch_size=46, lr=1e-3),
    ),
    (
        "ddpm-cifar10",
        "S0",
        "cifar10",
        None,
        denoising_error,
        dict(epochs=200, batch_size=128, lr=1e-3, optimizer="radam"),
    ),
])
def test_what_the_reports_say_of_gans_blocks_and_diffusion(
    name, source, data, latent_dim, loss, settings
):
    recipe = recipes.get(name)
    assert recipe.source == source
    assert recipe.data == data
    assert recipe.latent_dim == latent_dim
    assert recipe.loss == loss
    assert recipe.settings() == PLAIN | settings


@pytest.mark.parametrize("name, optimizer, betas, players", [
    ("dc-gan", "Adam", (0.5, 0.999), 2),
    ("ddpm-cifar10", "RAdam", (0.9, 0.999), 1),
])
def test_optimizer_and_betas_reach_the_training(
    name, optimizer, betas, players, coloured, monkeypatch
):
    made = []
    kind = getattr(torch.optim, optimizer)

    def watched(parameters, **settings):
        made.append(settings["betas"])
        return kind(parameters, **settings)

    monkeypatch.setattr(torch.optim, optimizer, watched)
    tiny(name, coloured, epochs=1, limit=10)
    assert made == [betas] * players


@pytest.mark.parametrize("name, residual", [
    ("block-cvae-cifar10", False),
    ("block-cvae", True),
])
def test_block_cvae_adds_the_label_to_the_latent(name, residual):
    model = recipes.build(name, image_shape=(3, 32, 32))
    bodies = [*model.encoder, *model.decoder]
    blocks = [part for part in bodies if isinstance(part, nets.Block)]
    assert [block.residual for block in blocks] == [residual] * 6

    assert recipes.get(name).condition == "embedding"
    assert model.condition.kind == "embedding"
    assert layers(model.joint) == [(64 * 4 * 4, 256)]
    assert layers(model.decoder) == [(128, 64 * 4 * 4)]


def test_block_cvae_takes_sides_that_halve_three_times():
    with pytest.raises(UserError, match="its sides must be multiples of 8, got 28×28"):
        recipes.build("block-cvae")


def test_ddpm_predicts_the_noise():
    model = recipes.build("ddpm-cifar10", image_shape=(3, 32, 32), classes=7)
    assert isinstance(model, Diffusion)
    assert model.target == "epsilon"
    assert model.steps == 1000
    assert model.condition.kind == "one-hot"
    assert model.condition.size == 7

    # Ho et al. 2020, section 4
    assert model.alpha_bar[1].item() == pytest.approx(1 - 1e-4)
    assert 1e-5 < model.alpha_bar[-1].item() < 1e-4


def test_ddpm_is_saved_and_loaded(tmp_path):
    model = recipes.build("ddpm-cifar10", image_shape=(3, 32, 32), classes=7).eval()
    path = recipes.save(tmp_path / "w.safetensors", "ddpm-cifar10", model)
    loaded = recipes.load_model(path)
    before = model.sample(2, [0, 6], steps=2, generator=seeded(0))
    after = loaded.sample(2, [0, 6], steps=2, generator=seeded(0))
    assert torch.equal(before, after)


def test_ddpm_has_no_latent_space():
    assert not hasattr(recipes.build("ddpm-cifar10", image_shape=(3, 32, 32)), "latent_dim")
    words = "recipe 'ddpm-cifar10' has no latent space: leave latent_dim out"
    with pytest.raises(UserError, match=words):
        recipes.build("ddpm-cifar10", 4)


def test_ddpm_refuses_an_embedding():
    words = "diffusion takes the conditions OneHot and Attributes, got AddedEmbedding"
    with pytest.raises(UserError, match=words):
        recipes.build("ddpm-cifar10", condition="embedding")


def test_a_bound_a_game_and_a_denoiser_of_one_size_on_the_same_images():
    sizes = []
    for name in ("conv-cvae-fashion", "dc-gan-fashion", "ddpm-fashion"):
        assert recipes.get(name).data == "fashion_full"
        learned = [p for p in recipes.build(name).parameters() if p.requires_grad]
        sizes.append(sum(p.numel() for p in learned))
    assert max(sizes) < 1.2 * min(sizes)


def test_reproduced_rows_of_a_recipe_with_its_own_betas_are_known_again(tmp_path, monkeypatch):
    recipe = recipes.get("mlp-vae-mnist")
    changed = replace(recipe, betas=(0.5, 0.999), reported=recipe.reported[:1])
    monkeypatch.setitem(recipes.RECIPES, recipe.name, changed)

    trial = dict(out=tmp_path, data="digits", epochs=1, limit=64, jobs=1)
    first = reproduce("s1-table1", **trial)
    again = reproduce("s1-table1", **trial)
    assert again[0].measured == first[0].measured
