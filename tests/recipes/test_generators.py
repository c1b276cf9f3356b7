"""The recipes of GANs, blocks and diffusion against what their reports say."""
from dataclasses import replace

import pytest
import torch
from test_recipes import layers, tiny

from vaekit import recipes
from vaekit.errors import UserError
from vaekit.experiments.reproduce import reproduce
from vaekit.losses import negative_elbo
from vaekit.models import gan
from vaekit.models.diffusion import Diffusion, denoising_error


@pytest.mark.parametrize("name, latent_dim, loss, settings", [
    ("fc-gan", 96, gan.minimax, dict(epochs=10, batch_size=128, lr=1e-3)),
    ("ls-gan", 96, gan.least_squares, dict(epochs=10, batch_size=128, lr=1e-3)),
    ("dc-gan", 96, gan.minimax, dict(epochs=10, batch_size=128, lr=1e-3, optimizer="adam", betas=(0.5, 0.999))),
    ("block-cvae-cifar10", 128, negative_elbo, dict(epochs=200, batch_size=46, lr=1e-3)),
    ("block-cvae", 128, negative_elbo, dict(epochs=200, batch_size=46, lr=1e-3)),
    ("ddpm-cifar10", None, denoising_error, dict(epochs=200, batch_size=128, lr=1e-3, optimizer="radam", betas=(0.9, 0.999))),
])
def test_what_the_reports_say_of_gans_blocks_and_diffusion(name, latent_dim, loss, settings):
    recipe = recipes.get(name)
    assert (recipe.latent_dim, recipe.loss) == (latent_dim, loss) and recipe.data == ("mnist" if "gan" in name else "cifar10")
    assert recipe.settings() == {"weight_decay": 0.0, "schedule": "constant"} | settings
    assert recipe.source == ("S3" if "gan" in name else "house" if name == "block-cvae" else "S0")


@pytest.mark.parametrize("name, optimizer, betas", [("dc-gan", "Adam", (0.5, 0.999)), ("ddpm-cifar10", "RAdam", (0.9, 0.999))])
def test_optimizer_and_betas_reach_the_training(name, optimizer, betas, coloured, monkeypatch):
    made, kind = [], getattr(torch.optim, optimizer)
    monkeypatch.setattr(torch.optim, optimizer, lambda parameters, **settings: (made.append(settings["betas"]), kind(parameters, **settings))[1])
    tiny(name, coloured, epochs=1, limit=10)
    assert made == [betas] * (2 if name == "dc-gan" else 1)


def test_block_cvae_adds_the_label_to_the_latent():
    for name, residual in (("block-cvae-cifar10", False), ("block-cvae", True)):
        model = recipes.build(name, image_shape=(3, 32, 32))
        blocks = [m for body in (model.encoder, model.decoder) for m in body if type(m).__name__ == "Block"]
        assert [block.residual for block in blocks] == [residual] * 6 and recipes.get(name).condition == model.condition.kind == "embedding"
        assert layers(model.joint, torch.nn.Linear) == [(64 * 4 * 4, 256)] and layers(model.decoder, torch.nn.Linear) == [(128, 64 * 4 * 4)]
    with pytest.raises(UserError, match="its sides must be multiples of 8, got 28×28"):
        recipes.build("block-cvae")


def test_ddpm_predicts_the_noise_and_has_no_latent_space(tmp_path):
    model = recipes.build("ddpm-cifar10", image_shape=(3, 32, 32), classes=7).eval()
    assert isinstance(model, Diffusion) and (model.target, model.steps, model.condition.kind, model.condition.size) == ("epsilon", 1000, "one-hot", 7)
    assert model.alpha_bar[1].item() == pytest.approx(1 - 1e-4) and 1e-5 < model.alpha_bar[-1].item() < 1e-4, "Ho et al. 2020, section 4"
    loaded = recipes.load_model(recipes.save(tmp_path / "w.safetensors", "ddpm-cifar10", model))
    a, b = (m.sample(2, [0, 6], steps=2, generator=torch.Generator().manual_seed(0)) for m in (model, loaded))
    assert torch.equal(a, b) and not hasattr(loaded, "latent_dim")
    with pytest.raises(UserError, match="recipe 'ddpm-cifar10' has no latent space: leave latent_dim out"):
        recipes.build("ddpm-cifar10", 4)
    with pytest.raises(UserError, match="diffusion takes the conditions OneHot and Attributes, got AddedEmbedding"):
        recipes.build("ddpm-cifar10", condition="embedding")


def test_a_bound_a_game_and_a_denoiser_of_one_size_on_the_same_images():
    names = ("conv-cvae-fashion", "dc-gan-fashion", "ddpm-fashion")
    weights = [sum(p.numel() for p in recipes.build(name).parameters() if p.requires_grad) for name in names]
    assert max(weights) < 1.2 * min(weights) and {recipes.get(name).data for name in names} == {"fashion_full"}


def test_reproduced_rows_of_a_recipe_with_its_own_betas_are_known_again(tmp_path, monkeypatch):
    recipe = recipes.get("mlp-vae-mnist")
    monkeypatch.setitem(recipes.RECIPES, recipe.name, replace(recipe, betas=(0.5, 0.999), reported=recipe.reported[:1]))
    rows = reproduce("s1-table1", out=tmp_path, data="digits", epochs=1, limit=64, jobs=1)
    assert reproduce("s1-table1", out=tmp_path, data="digits", epochs=1, limit=64, jobs=1)[0].measured == rows[0].measured
