"""The held-out sets belong to a run: with other ones its checkpoint is refused at once."""
import subprocess
import sys
import textwrap

import pytest
import torch
from conftest import REPO
from support.vaes import same_weights, small_vae

from vaekit import losses, recipes, training
from vaekit.data import ImageSet
from vaekit.errors import UserError
from vaekit.training import settings


@pytest.fixture
def sets(digits):
    """60 digits to train on, 30 to validate on, 30 to test on."""
    train, test = digits
    return {
        "train": train.first(60),
        "validation": test._take(slice(0, 30), "validation part"),
        "test": test._take(slice(30, 60), "test part"),
    }


def fit(sets, names, path, *, model=None, **settings):
    """Train on `train`, with the named held-out sets."""
    held_out = {name: sets[name] for name in names}
    settings = {"epochs": 2, "batch_size": 30, **settings}
    return training.fit(
        small_vae() if model is None else model,
        sets["train"],
        losses.negative_elbo,
        checkpoint=path,
        **held_out,
        **settings,
    )


def refused(sets, names, path, words, **settings):
    """The run is refused in these words before an epoch is trained; the file stays as it was."""
    before = path.read_bytes()
    model = small_vae(seed=3)
    untouched = small_vae(seed=3)
    calls = []
    model.register_forward_hook(lambda *call: calls.append(call))
    with pytest.raises(UserError, match=words):
        fit(sets, names, path, model=model, **settings)
    assert calls == []
    assert path.read_bytes() == before
    assert same_weights(model, untouched)


def test_a_validation_set_left_out_is_named(sets, tmp_path):
    path = tmp_path / "run.safetensors"
    fit(sets, ["validation", "test"], path)
    refused(sets, ["test"], path, r"\(validation digits.*, validation part .* → None", epochs=4)


def test_a_test_set_that_was_not_there_is_named(sets, tmp_path):
    path = tmp_path / "run.safetensors"
    fit(sets, [], path)
    words = r"\(test None → digits.*, test part \(30 images, content [0-9a-f]{16}\)"
    refused(sets, ["test"], path, words, epochs=4)


def test_patience_does_not_watch_another_set_than_before(sets, tmp_path):
    """The best weights were those of the test set; the validation set would judge otherwise."""
    path = tmp_path / "run.safetensors"
    fit(sets, ["test"], path)
    refused(
        sets,
        ["validation", "test"],
        path,
        r"\(validation None → digits.*watched test → validation\)",
        patience=2,
        epochs=9,
    )


@pytest.mark.parametrize("name", ["train", "validation", "test"])
def test_other_images_of_the_same_name_and_number_are_noticed(sets, tmp_path, name):
    path = tmp_path / "run.safetensors"
    fit(sets, ["validation", "test"], path)
    images = sets[name]
    changed = images.x.clone()
    changed[-1, 0, -1, -1] += 1
    others = ImageSet(changed, images.y, images.classes, images.name)
    words = "content [0-9a-f]{16}.* → .*[0-9a-f]{16}"
    refused(sets | {name: others}, ["validation", "test"], path, words, epochs=4)


def test_other_labels_are_noticed(sets, tmp_path):
    path = tmp_path / "run.safetensors"
    fit(sets, [], path)
    images = sets["train"]
    others = ImageSet(images.x, images.y.roll(1), images.classes, images.name)
    refused(sets | {"train": others}, [], path, "content [0-9a-f]{16} → [0-9a-f]{16}", epochs=4)


def test_another_seed_of_a_split_is_noticed(digits, tmp_path):
    path = tmp_path / "run.safetensors"

    def halves(seed):
        train, validation = digits[0].first(60).split(0.5, seed=seed)
        return {"train": train, "validation": validation}

    fit(halves(0), ["validation"], path)
    refused(halves(1), ["validation"], path, "content .* → ", epochs=4)


@pytest.mark.parametrize("names", [[], ["test"], ["validation"], ["validation", "test"]])
def test_the_same_sets_go_on_and_can_be_prolonged(sets, tmp_path, names):
    path = tmp_path / "run.safetensors"
    resumed = small_vae()
    fit(sets, names, path, model=resumed)
    history = fit(sets, names, path, model=resumed, epochs=4)
    at_once = small_vae()
    fit(sets, names, None, model=at_once, epochs=4)
    assert len(history) == 4
    assert same_weights(resumed, at_once)


def test_patience_only_says_where_a_run_ends_so_it_may_change(sets, tmp_path):
    path = tmp_path / "run.safetensors"
    fit(sets, ["test"], path)
    assert len(fit(sets, ["test"], path, patience=3, epochs=4)) == 4


def test_a_fresh_process_knows_its_run_again(sets, tmp_path):
    """Nothing of the fingerprint hangs on the process: no address, no random hash."""
    path = tmp_path / "run.safetensors"
    fit(sets, ["validation", "test"], path)
    program = f"""
        import sys
        sys.path.insert(0, "tests")
        from support.vaes import small_vae
        from vaekit import data, losses, training

        train, test = data.load("digits", "train"), data.load("digits", "test")
        history = training.fit(
            small_vae(),
            train.first(60),
            losses.negative_elbo,
            validation=test._take(slice(0, 30), "validation part"),
            test=test._take(slice(30, 60), "test part"),
            epochs=3,
            batch_size=30,
            checkpoint={str(path)!r},
            progress=False,
        )
        print(len(history))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split() == ["3"]


def test_what_a_weight_of_the_condition_changes_is_noticed(digits, tmp_path):
    path = tmp_path / "run.safetensors"
    sets = {"train": digits[0].first(60)}

    def model(weight):
        return recipes.build("fc-cvae", 3, weight=weight)

    fit(sets, [], path, model=model(1.0), epochs=1)
    words = r"condition weight 1\.0 → 5\.0"
    with pytest.raises(UserError, match=words):
        fit(sets, [], path, model=model(5.0))


def test_without_a_checkpoint_nothing_is_hashed(sets, monkeypatch):
    def refuse(images):
        raise AssertionError("the images were hashed")

    monkeypatch.setattr(settings, "content_of", refuse)
    fit(sets, ["test"], None, epochs=1)


def test_of_very_many_images_a_sample_is_hashed(monkeypatch, digits):
    """Every so many images, so that the time does not grow without bound; every label."""
    images = digits[0].first(100)
    whole = settings.content_of(images)
    monkeypatch.setattr(settings, "MOST_BYTES_HASHED", 28 * 28 * 10)
    sample = settings.content_of(images)
    assert sample != whole
    assert settings.content_of(images) == sample

    seen = images.x.clone()
    seen[10] = 255 - seen[10]
    changed = ImageSet(seen, images.y, images.classes, images.name)
    assert settings.content_of(changed) != sample
    relabelled = ImageSet(images.x, images.y.roll(1), images.classes, images.name)
    assert settings.content_of(relabelled) != sample


def test_two_images_that_change_places_are_noticed(digits):
    images = digits[0].first(10)
    turned = ImageSet(images.x.flip(0), images.y.flip(0), images.classes, images.name)
    assert settings.content_of(images) != settings.content_of(turned)


def test_a_fingerprint_holds_what_json_holds(sets, tmp_path):
    """A tuple in a model's settings comes back as a list, and is the same run."""
    path = tmp_path / "run.safetensors"
    model = small_vae()
    model.settings = {"channels": (16, 32)}
    fit(sets, [], path, model=model, epochs=1)
    assert len(fit(sets, [], path, model=model)) == 2

    other = small_vae()
    other.settings = {"channels": (16, 64)}
    with pytest.raises(UserError, match=r"model channels \[16, 32\] → \[16, 64\]"):
        fit(sets, [], path, model=other)

    odd = small_vae()
    odd.settings = {"network": torch.nn.ReLU}
    with pytest.raises(UserError, match="model.settings must be what JSON holds"):
        fit(sets, [], path, model=odd)
