"""What recipes refuse: misspelt settings, files of weights that name no model."""
import re
from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vaekit import recipes
from vaekit.errors import UserError
from vaekit.files import load_weights, save_weights
from vaekit.recipes import pretrained, weights

EXAMPLES = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """(tensors, metadata) of a conditional model."""
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    model = recipes.build("fc-cvae", 3, (1, 8, 8), classes=4, weight=2.0)
    return load_weights(recipes.save(path, "fc-cvae", model))


def refusal(tmp_path, tensors, metadata):
    """The sentence that refuses weights with this metadata; it names the file and the way out."""
    path = tmp_path / "w.safetensors"
    path.unlink(missing_ok=True)
    save_weights(path, tensors, metadata)
    with pytest.raises(UserError) as caught:
        recipes.load_model(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    assert "train it again" in text or "recipes.save" in text
    return text


def test_the_file_as_it_was_written_is_read(saved, tmp_path):
    tensors, metadata = saved
    path = save_weights(tmp_path / "w.safetensors", tensors, metadata)
    assert recipes.load_model(path).latent_dim == 3


@pytest.mark.parametrize("entry, text, words", [
    ("image_shape", "a,b", "image_shape 'a,b'"),
    ("image_shape", "1,8", "image_shape '1,8'"),
    ("image_shape", "1,8,8,8", "image_shape"),
    ("image_shape", "1,8,-8", "image_shape"),
    ("image_shape", "", "image_shape ''"),
    ("image_shape", "1,8,8.0", "image_shape"),
    ("image_shape", "1,1000000,1000000", "cannot be built"),
    ("image_shape", "1,9,9", "does not fit"),
    ("latent_dim", "x", "latent_dim 'x'"),
    ("latent_dim", "0", "latent_dim must be ≥ 1"),
    ("latent_dim", "4", "does not fit"),
    ("latent_dim", "9" * 5000, "latent_dim"),
    ("classes", "-1", "classes must be ≥ 1, got -1"),
    ("classes", "5", "does not fit"),
    ("classes", "1e3", "classes '1e3'"),
    ("weight", "heavy", "weight 'heavy'"),
    ("weight", "nan", "weight must be finite, got nan"),
    ("condition", "smell", "unknown condition 'smell'"),
    ("condition", "attributes", ""),
    ("recipe", "fc-cvea", "unknown recipe 'fc-cvea'.*Did you mean"),
    ("recipe", "fc-vae", "unconditional"),
    ("recipe", "ddpm-cifar10", ""),
])
def test_metadata_that_names_no_such_model(saved, tmp_path, entry, text, words):
    tensors, metadata = saved
    if (entry, text) == ("condition", "attributes"):
        # the same shapes: it is a model, though of another condition
        path = save_weights(tmp_path / "w.safetensors", tensors, metadata | {entry: text})
        assert recipes.load_model(path).condition.kind == "attributes"
        return
    assert re.search(words, refusal(tmp_path, tensors, metadata | {entry: text}))


@EXAMPLES
@given(
    entry=st.sampled_from([
        "image_shape", "latent_dim", "classes", "weight", "condition", "recipe",
    ]),
    text=st.text(st.characters(codec="utf-8"), max_size=12),
)
def test_any_text_in_the_metadata_is_read_or_refused_in_a_sentence(saved, tmp_path, entry, text):
    tensors, metadata = saved
    path = tmp_path / "any.safetensors"
    path.unlink(missing_ok=True)
    save_weights(path, tensors, metadata | {entry: text})
    try:
        model = recipes.load_model(path)
    except UserError as error:
        assert "\n" not in str(error)
    else:
        assert not model.training


@pytest.mark.parametrize("change", [
    lambda tensors: tensors | {"more": torch.zeros(1)},
    lambda tensors: dict(list(tensors.items())[1:]),
    lambda tensors: {name: value.to(torch.complex64) for name, value in tensors.items()},
    lambda tensors: {name: value.long() for name, value in tensors.items()},
    lambda tensors: {name: torch.full_like(value, torch.nan) for name, value in tensors.items()},
    lambda tensors: {},
])
def test_tensors_that_are_not_those_of_the_model(saved, tmp_path, change):
    tensors, metadata = saved
    refusal(tmp_path, change(tensors), metadata)


# settings


@pytest.mark.parametrize("misspelt, meant", [
    ("epohcs", "epochs"),
    ("batchsize", "batch_size"),
    ("patince", "patience"),
])
@pytest.mark.parametrize("value", [3, None])
def test_a_misspelt_setting_is_refused_with_the_near_name(misspelt, meant, value):
    words = f"unknown setting '{misspelt}'; choose one of .*Did you mean '{meant}'"
    with pytest.raises(UserError, match=words):
        recipes.train("fc-vae", "digits", **{misspelt: value})
    with pytest.raises(UserError, match=words):
        recipes.get("fc-vae").settings(**{misspelt: value})


def test_a_misspelt_setting_is_refused_before_data_is_looked_for():
    with pytest.raises(UserError, match="unknown setting 'epohcs'"):
        recipes.train("fc-vae", "no such data", epohcs=3)


@pytest.mark.parametrize("change, words", [
    ({"latent_dim": 0}, "latent_dim must be ≥ 1, got 0"),
    ({"epochs": -1}, "epochs must be ≥ 1, got -1"),
    ({"lr": float("nan")}, "lr must be > 0, got nan"),
    ({"name": ""}, "name must .*, got ''"),
    ({"data": "mnst"}, "unknown data set 'mnst'.*Did you mean 'mnist'"),
    ({"condition": "smell"}, "unknown condition 'smell'"),
    ({"warm_up": 2.0}, "warm_up must be > 0 and ≤ 1, got 2.0"),
    ({"fast": {"epohcs": 3}}, "unknown setting of fast 'epohcs'.*Did you mean 'epochs'"),
])
def test_a_recipe_of_ones_own_that_cannot_be_is_named(change, words):
    with pytest.raises(UserError, match=words):
        replace(recipes.get("fc-vae"), **change)


def test_a_report_gives_numbers():
    with pytest.raises(UserError, match="terms of Reported.*kl.*must be finite, got nan"):
        recipes.Reported(2, {"kl": float("nan")})


# what build and pretrained give


@pytest.mark.parametrize("name", ["fc-vae", "conv-ae-mnist", "dc-gan", "classifier-mnist"])
def test_a_built_model_is_ready_for_use(name):
    """As one from a file: to look at it changes nothing. `fit` itself switches to training."""
    model = recipes.build(name)
    assert {part.training for part in model.modules()} == {False}


def test_to_reconstruct_with_a_built_model_leaves_its_batch_normalisation():
    model = recipes.build("conv-ae-mnist")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.reconstruct(torch.rand(5, 1, 28, 28))
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("seed, words", [
    (-1, "seed must be ≥ 0, got -1"),
    (2**63, "seed must be ≤ 9223372036854775807"),
])
def test_a_seed_out_of_range_is_named(seed, words):
    with pytest.raises(UserError, match=words):
        recipes.build("fc-vae", seed=seed)


def test_a_weight_that_is_no_number_is_named():
    with pytest.raises(UserError, match="weight must be .*got nan"):
        recipes.build("fc-cvae", weight=float("nan"))


def test_a_shipped_file_is_parsed_once(monkeypatch):
    calls = []

    def counted(path, *args, **settings):
        calls.append(path)
        return load_weights(path, *args, **settings)

    monkeypatch.setattr(pretrained, "load_weights", counted)
    monkeypatch.setattr(weights, "load_weights", counted)
    pretrained.load("classifier-mnist")
    assert len(calls) == 1


def test_facts_of_a_shipped_file_are_numbers(tmp_path, monkeypatch):
    model = recipes.build("classifier-mnist")
    folder = tmp_path / "weights"
    metadata = {"recipe": "classifier-mnist", "image_shape": "1,28,28", "epochs": "many"}
    path = save_weights(folder / "classifier-mnist.safetensors", model.state_dict(), metadata)
    monkeypatch.setattr(pretrained, "built_in_folder", lambda: tmp_path)
    monkeypatch.setattr(pretrained, "verified", lambda path, sha256: sha256)
    with pytest.raises(UserError, match=f"{path}.*epochs 'many'"):
        pretrained.load("classifier-mnist")


def test_the_note_of_a_weaker_weight_decay():
    recipe = recipes.get("conv-ae-mnist")
    assert recipe.weight_decay == 1e-5
    assert "784" in recipe.note
