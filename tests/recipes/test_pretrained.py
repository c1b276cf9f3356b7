"""The weights that come with the package."""
import hashlib

import pytest
import torch

from vaekit import data, metrics, recipes, training
from vaekit.errors import UserError
from vaekit.files import load_weights, save_weights
from vaekit.models import gan
from vaekit.models.diffusion import denoising_error
from vaekit.recipes import pretrained

FOLDER = data.built_in_folder() / "weights"


def test_every_file_is_recorded_and_every_record_has_its_file():
    assert {path.stem for path in FOLDER.glob("*.safetensors")} == set(pretrained.HASHES)
    readme = (data.built_in_folder() / "README.md").read_text()
    for name, sha256 in pretrained.HASHES.items():
        path = FOLDER / f"{name}.safetensors"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        assert all(f"`{told}`" in readme for told in (sha256, pretrained.load(name).facts["command"]))
        assert path.stat().st_size <= 3_000_000
        assert {tensor.dtype for tensor in load_weights(path)[0].values()} <= {torch.float16, torch.int64}


@pytest.mark.parametrize("name", sorted(pretrained.HASHES))
def test_a_shipped_model_is_its_recipes_and_knows_its_training(name):
    model, facts, sha256 = pretrained.load(name)
    fresh = recipes.build(name, image_shape=model.image_shape)
    assert type(model) is type(fresh) and not model.training and sha256 == pretrained.HASHES[name]
    told = {"block-cvae-cifar10": " --only airplane --epochs 50"}.get(name, "")
    assert facts["command"] == f"vaekit train {name}{told}" and all(p.dtype == torch.float32 and p.isfinite().all() for p in model.parameters())
    if not name.startswith("classifier"):
        recipe = recipes.get(name)
        assert (facts["epochs"], facts["images"]) == ((50, 5_000) if told else (recipe.epochs, 60_000)) and facts["seconds"] > 0
        assert facts["parameters"] == sum(p.numel() for p in fresh.parameters())


@pytest.mark.parametrize("name", ["dc-gan", "ddpm-fashion"])
def test_what_only_training_needs_is_left_out_and_the_samples_stay(name, tmp_path):
    torch.manual_seed(0)
    model = recipes.build(name)
    if name == "ddpm-fashion":
        for weight in model.average.network.buffers():
            weight.add_(0.01)                                                   # the average is what is shipped, not the weights
    c = (torch.arange(3),) if name == "ddpm-fashion" else ()
    how = {"steps": 2} if c else {}

    def sample(m):
        return m.eval().sample(3, *c, generator=torch.Generator().manual_seed(1), **how)

    before = sample(model)
    path = recipes.save(tmp_path / "w.safetensors", name, model.settle())
    loaded = recipes.load_model(path)
    assert path.stat().st_size < 0.85 * 4 * sum(p.numel() for p in [*recipes.build(name).parameters(), *recipes.build(name).buffers()])
    assert torch.equal(sample(loaded), before)
    if name == "dc-gan":
        with pytest.raises(UserError, match="this GAN was settled: it draws, but its discriminator is gone"):
            loaded.score(before)
        with pytest.raises(UserError, match="this GAN was settled"):
            training.fit(loaded, before, gan.minimax, epochs=1)
        assert isinstance(loaded, gan.GAN)


def test_another_file_is_refused_and_a_missing_one_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "built_in_folder", lambda: tmp_path)
    with pytest.raises(UserError, match="classifier-mnist.safetensors is missing; it belongs to the package"):
        pretrained.load("classifier-mnist")
    save_weights(tmp_path / "weights" / "classifier-mnist.safetensors", {"a": torch.zeros(1)})
    with pytest.raises(UserError, match="not the recorded weight file"):
        pretrained.load("classifier-mnist")
    with pytest.raises(UserError, match="unknown weights 'vae'; choose"):
        pretrained.load("vae")


def test_the_shipped_denoiser_denoises_and_draws_the_class_it_is_told():
    model, c = pretrained.load("ddpm-fashion").model, torch.arange(20) % 10
    error = training.evaluate(model, data.load("fashion", "test").first(300), denoising_error)["loss"]
    assert 0.12 < error < 0.16, "0.14 as trained; 0.19 if a single nonlinearity were missing"
    images = model.sample(20, c, steps=8, guidance=2.0, generator=torch.Generator().manual_seed(0))
    assert (metrics.load_features("fashion").classify(images) == c).float().mean() > 0.8
