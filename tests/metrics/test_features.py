"""Feature networks: weights are the recorded ones, features are all there, modules unchanged."""
import functools
import hashlib

import pytest
import torch
from torch import nn

from vaekit import data, metrics
from vaekit.errors import UserError
from vaekit.files import load_weights, save_weights
from vaekit.models.classifier import Classifier
from vaekit.recipes import pretrained

WEIGHTS = data.built_in_folder() / "weights"
shipped = pytest.mark.skipif(
    not (WEIGHTS / "classifier-fashion.safetensors").exists(),
    reason="the shipped classifiers are not trained yet",
)


def in_half_precision(tensors):
    halves = {}
    for name, value in tensors.items():
        halves[name] = value.half() if value.is_floating_point() else value
    return halves


def in_single_precision(tensors):
    singles = {}
    for name, value in tensors.items():
        singles[name] = value.float() if value.is_floating_point() else value
    return singles


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """The file of an untrained classifier in a built-in folder, and its hash on record."""
    torch.manual_seed(0)
    path = tmp_path / "weights" / "classifier-fashion.safetensors"
    path.parent.mkdir()
    metadata = {
        "accuracy": "0.91",
        "recipe": "classifier-fashion",
        "latent_dim": "64",
        "image_shape": "1,28,28",
    }
    save_weights(path, in_half_precision(Classifier().state_dict()), metadata)

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(pretrained, "built_in_folder", lambda: tmp_path)
    monkeypatch.setitem(pretrained.HASHES, "classifier-fashion", digest)
    return path


def test_built_in_network_is_the_file(weights, generator):
    network = metrics.load_features("fashion", device="cpu")
    assert network.name == "fashion"
    assert network.num_features == 64
    assert network.accuracy == 0.91
    assert network.classes == 10
    assert network.hash == hashlib.sha256(weights.read_bytes()).hexdigest()

    tensors, _ = load_weights(weights)
    by_hand = Classifier().eval()
    by_hand.load_state_dict(in_single_precision(tensors))
    x = torch.rand(5, 1, 28, 28, generator=generator)
    with torch.no_grad():
        torch.testing.assert_close(network.features(x), by_hand.features(x).double())
        assert torch.equal(network.classify(x), by_hand(x).argmax(1))
    assert all(p.dtype == torch.float32 for p in network.module.parameters())


def test_another_weight_file_is_refused(weights):
    tensors, metadata = load_weights(weights)
    tensors["head.bias"] = tensors["head.bias"] + 1
    save_weights(weights, tensors, metadata)
    words = (
        "classifier-fashion.safetensors is not the recorded weight file "
        r"\(sha256 .*restore the file"
    )
    with pytest.raises(UserError, match=words):
        metrics.load_features("fashion")


def test_a_missing_weight_file_is_named(weights):
    weights.unlink()
    words = "classifier-fashion.safetensors is missing; it belongs to the package"
    with pytest.raises(UserError, match=words):
        metrics.load_features("fashion")


# the MNIST classifier has never seen scikit-learn's digits; it should still know most of them
@shipped
@pytest.mark.parametrize(
    "name, images, accuracy",
    [
        ("fashion", "fashion", 0.85),
        ("mnist", "digits", 0.5),
    ],
)
def test_shipped_weights_are_recorded_in_code_and_readme(name, images, accuracy):
    network = metrics.load_features(name, device="cpu")
    readme = (data.built_in_folder() / "README.md").read_text()
    assert network.hash == pretrained.HASHES[f"classifier-{name}"]
    assert f"`{network.hash}`" in readme
    _, metadata = load_weights(WEIGHTS / f"classifier-{name}.safetensors")
    assert metadata["recipe"] == f"classifier-{name}"

    real = data.load(images, "test").first(300)
    assert network.features(real).shape == (300, network.num_features)
    right = network.classify(real) == real.y
    assert right.double().mean() > accuracy


@shipped
@pytest.mark.parametrize("metric", [metrics.fid, metrics.kid])
def test_shipped_network_scores_real_images_near_the_floor_and_others_far_from_it(metric):
    real = data.load("fashion", "train").first(1500)
    fake = data.load("fashion", "test").first(500)
    good = metric(real, fake, resamples=20)
    bad = metric(real, 1 - fake.images(), resamples=20)
    assert bad.value > 10 * good.high
    assert good.beats(bad)
    assert good.features == "fashion"
    assert "not comparable with published Inception FIDs" in repr(good)


class Mean(nn.Module):
    num_features = 2

    def features(self, x):
        return torch.stack([x.mean((1, 2, 3)), x.amax((1, 2, 3))], 1)


def test_every_image_is_read_in_order_chunk_by_chunk(generator):
    x = torch.rand(2300, 1, 3, 3, generator=generator)
    found = metrics.load_features(Mean()).features(x)
    assert found.shape == (2300, 2)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, Mean().features(x).double())


def test_the_features_method_goes_before_forward_and_forward_will_do(generator):
    x = torch.rand(4, 1, 2, 2, generator=generator)
    assert metrics.load_features(nn.Flatten()).features(x).shape == (4, 4)
    assert metrics.load_features(Mean()).num_features == 2
    assert metrics.load_features(nn.Flatten()).num_features is None


def test_a_module_is_evaluated_without_dropout_and_left_as_it_was(generator):
    dropout = nn.Dropout(0.5)
    norm = nn.BatchNorm1d(4)
    module = nn.Sequential(nn.Flatten(), dropout, norm)
    dropout.eval()

    x = torch.rand(10, 1, 2, 2, generator=generator)
    network = metrics.load_features(module)
    assert torch.equal(network.features(x), network.features(x))
    assert not network.features(x).requires_grad

    assert module.training
    assert not dropout.training
    assert norm.training
    assert norm.num_batches_tracked == 0


def pixels(images):
    return images.flatten(1)


def test_a_function_is_a_feature_network_by_its_name(generator):
    real = torch.rand(30, 1, 2, 2, generator=generator)
    fake = torch.rand(30, 1, 2, 2, generator=generator)
    by_function = metrics.kid(real, fake, features=pixels, resamples=2)
    by_module = metrics.kid(real, fake, features=nn.Flatten(), resamples=2)
    assert by_function.value == by_module.value
    assert by_function.features == "pixels"
    assert by_function.weights == ""
    assert "compares only with scores of the same function" in by_function.note


def test_a_function_with_arguments_partly_given_has_its_name():
    network = metrics.load_features(functools.partial(torch.flatten, start_dim=1))
    assert network.name == "flatten"
    assert network.hash == ""


def test_a_function_is_called_without_gradient():
    weight = torch.ones(4, 3, requires_grad=True)
    network = metrics.load_features(lambda x: x.flatten(1) @ weight)
    assert not network.features(torch.rand(5, 1, 2, 2)).requires_grad


def test_no_images_are_refused():
    empty = data.ImageSet(torch.zeros(3, 1, 2, 2), torch.zeros(3).long())
    object.__setattr__(empty, "x", empty.x[:0])
    network = metrics.load_features(nn.Flatten())
    for read in (network.features, network.classify):
        with pytest.raises(UserError, match="images must be at least one image"):
            read(empty)
        with pytest.raises(UserError, match="with N ≥ 1"):
            read(torch.zeros(0, 1, 2, 2))


@pytest.mark.parametrize("damage", ["cut off", "empty", "a text", "a folder"])
def test_a_damaged_weight_file_is_a_sentence(weights, damage):
    content = weights.read_bytes()
    weights.unlink()
    if damage == "a folder":
        weights.mkdir()
    else:
        texts = {"cut off": content[:-100], "empty": b"", "a text": b"weights"}
        weights.write_bytes(texts[damage])
    with pytest.raises(UserError, match=r"not the recorded weight file|is no regular file"):
        metrics.load_features("fashion")


def test_the_hash_of_a_module_is_that_of_its_weights():
    one = nn.Linear(2, 2)
    same = nn.Linear(2, 2)
    other = nn.Linear(2, 2)
    same.load_state_dict(one.state_dict())

    digest = metrics.load_features(one).hash
    assert len(digest) == 64
    assert metrics.load_features(same).hash == digest
    assert metrics.load_features(other).hash != digest


def test_a_loaded_network_is_taken_as_it_is():
    network = metrics.load_features(Mean())
    assert metrics.load_features(network) is network


def test_an_unknown_name_is_refused():
    words = "unknown features 'fashon'.*Did you mean 'fashion'"
    with pytest.raises(UserError, match=words):
        metrics.load_features("fashon")


@pytest.mark.parametrize(
    "module, x, words",
    [
        (
            nn.Identity(),
            torch.rand(3, 1, 2, 2),
            r"one vector per image, \(N, F\).*\(3, 1, 2, 2\): flatten",
        ),
        (
            nn.Flatten(0),
            torch.rand(3, 1, 2, 2),
            r"\(N, F\)",
        ),
        (
            Classifier(),
            torch.rand(3, 3, 32, 32),
            r"takes images of shape \(1, 28, 28\), got \(3, 32",
        ),
    ],
)
def test_features_that_do_not_fit_are_named(module, x, words):
    network = metrics.load_features(module)
    with pytest.raises(UserError, match=words):
        network.features(x)


def test_features_that_are_not_finite_are_refused():
    linear = nn.Linear(4, 2)
    with torch.no_grad():
        linear.bias.fill_(float("inf"))
    network = metrics.load_features(nn.Sequential(nn.Flatten(), linear))
    with pytest.raises(UserError, match="not finite"):
        network.features(torch.rand(3, 1, 2, 2))
