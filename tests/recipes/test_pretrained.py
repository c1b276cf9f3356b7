"""The weights that come with the package."""
import hashlib

import pytest
import torch
from support.recipes import weights

from vaekit import data, metrics, recipes, training
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.files import load_weights, save_weights
from vaekit.models import gan
from vaekit.models.diffusion import denoising_error
from vaekit.recipes import pretrained

FOLDER = data.built_in_folder() / "weights"
# how they were trained, where it was not by the recipe alone
OPTIONS = {"block-cvae-cifar10": " --only airplane --epochs 50"}


def test_every_file_is_recorded_and_every_record_has_its_file():
    assert {path.stem for path in FOLDER.glob("*.safetensors")} == set(pretrained.HASHES)


@pytest.mark.parametrize("name, recorded", sorted(pretrained.HASHES.items()))
def test_a_file_is_small_and_written_up(name, recorded):
    path = FOLDER / f"{name}.safetensors"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == recorded
    assert path.stat().st_size <= 3_000_000

    readme = (data.built_in_folder() / "README.md").read_text()
    assert f"`{recorded}`" in readme
    assert f"`{pretrained.load(name).facts['command']}`" in readme

    tensors, _ = load_weights(path)
    kinds = {tensor.dtype for tensor in tensors.values()}
    assert kinds <= {torch.float16, torch.int64}


# the small VAEs to explore, and those of lab 09
TRAINED_OFTEN = ("mlp-vae-explore", "mlp-cvae-explore", "patch-vae-faces", "patch-cvae-faces")


@pytest.mark.parametrize("name", sorted(pretrained.HASHES))
def test_a_shipped_model_is_its_recipes(name):
    model, facts, sha256 = pretrained.load(name)
    recipe = facts["command"].split()[2]
    options = facts["command"].removeprefix(f"vaekit train {recipe}")
    latent_dim = getattr(model, "latent_dim", None)
    fresh = recipes.build(recipe, latent_dim, image_shape=model.image_shape)
    assert type(model) is type(fresh)
    assert not model.training
    assert sha256 == pretrained.HASHES[name]
    # a file of another name than its recipe's is one of those trained in several ways
    assert recipe == name or recipe in TRAINED_OFTEN
    if recipe == name:
        assert options == OPTIONS.get(name, "")
    elif "fashion" in name:
        assert "--data fashion_full" in options
    for parameter in model.parameters():
        assert parameter.dtype == torch.float32
        assert parameter.isfinite().all()


@pytest.mark.parametrize("name, epochs, images", [
    ("block-cvae-cifar10", 50, 5_000),
    ("conv-cvae-fashion", 50, 60_000),
    ("dc-gan-fashion", 12, 60_000),
    ("ddpm-fashion", 12, 60_000),
])
def test_a_shipped_generator_knows_its_training(name, epochs, images):
    model, facts, _ = pretrained.load(name)
    assert facts["epochs"] == epochs
    assert facts["images"] == images
    assert facts["seconds"] > 0
    assert facts["parameters"] == weights(recipes.build(name, image_shape=model.image_shape))
    if name not in OPTIONS:
        assert facts["epochs"] == recipes.get(name).epochs


def test_the_example_of_the_docstring_runs():
    # as it stands there, but for fewer steps
    model = pretrained.load("ddpm-fashion").model
    assert model.sample(8, torch.arange(8), steps=2).shape == (8, 1, 28, 28)


def samples_of(name, model):
    """Three images, always the same ones of a model."""
    generator = seeded(1)
    if name == "ddpm-fashion":
        return model.eval().sample(3, torch.arange(3), generator=generator, steps=2)
    return model.eval().sample(3, generator=generator)


@pytest.mark.parametrize("name", ["dc-gan", "ddpm-fashion"])
def test_what_only_training_needs_is_left_out_and_the_samples_stay(name, tmp_path):
    torch.manual_seed(0)
    model = recipes.build(name)
    whole = [*model.parameters(), *model.buffers()]
    size = 4 * sum(tensor.numel() for tensor in whole)
    if name == "ddpm-fashion":
        # the average is what is shipped, not the weights
        for weight in model.average.network.buffers():
            weight.add_(0.01)

    before = samples_of(name, model)
    path = recipes.save(tmp_path / "w.safetensors", name, model.for_inference())
    assert path.stat().st_size < 0.85 * size
    assert torch.equal(samples_of(name, recipes.load_model(path)), before)


def test_a_gan_kept_for_inference_says_what_is_gone(tmp_path):
    model = recipes.build("dc-gan")
    path = recipes.save(tmp_path / "w.safetensors", "dc-gan", model.for_inference())
    loaded = recipes.load_model(path)
    assert isinstance(loaded, gan.GAN)

    images = loaded.sample(3)
    words = "this GAN was kept for inference: it draws, but its discriminator is gone"
    with pytest.raises(UserError, match=words):
        loaded.score(images)
    with pytest.raises(UserError, match="this GAN was kept for inference"):
        training.fit(loaded, images, gan.non_saturating, epochs=1)


def test_another_file_is_refused_and_a_missing_one_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "built_in_folder", lambda: tmp_path)
    words = "classifier-mnist.safetensors is missing; it belongs to the package"
    with pytest.raises(UserError, match=words):
        pretrained.load("classifier-mnist")

    path = tmp_path / "weights" / "classifier-mnist.safetensors"
    save_weights(path, {"a": torch.zeros(1)})
    with pytest.raises(UserError, match="not the recorded weight file"):
        pretrained.load("classifier-mnist")

    with pytest.raises(UserError, match="unknown weights 'vae'; choose"):
        pretrained.load("vae")


def test_the_shipped_denoiser_denoises():
    model = pretrained.load("ddpm-fashion").model
    images = data.load("fashion", "test").first(300)
    error = training.evaluate(model, images, denoising_error)["loss"]
    assert 0.12 < error < 0.16, "0.14 as trained; 0.19 if a single nonlinearity were missing"


def test_the_shipped_denoiser_draws_the_class_it_is_given():
    model = pretrained.load("ddpm-fashion").model
    c = torch.arange(20) % 10
    images = model.sample(20, c, steps=8, guidance=2.0, generator=seeded(0))
    right = metrics.load_features("fashion").classify(images) == c
    assert right.float().mean() > 0.8
