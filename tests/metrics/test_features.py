"""Feature networks: weights are the recorded ones, features are all there, a module is left as it was."""
import hashlib
import sys
from urllib.error import URLError

import pytest
import torch
from torch import nn

from vaekit import data, metrics
from vaekit.errors import UserError
from vaekit.files import load_weights, save_weights
from vaekit.metrics import features
from vaekit.models.classifier import Classifier
from vaekit.recipes import pretrained

WEIGHTS = data.built_in_folder() / "weights"
shipped = pytest.mark.skipif(not (WEIGHTS / "classifier-fashion.safetensors").exists(), reason="the shipped classifiers are not trained yet")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A built-in folder with the weights of an untrained classifier, and their hash on record."""
    torch.manual_seed(0)
    path = tmp_path / "weights" / "classifier-fashion.safetensors"
    path.parent.mkdir()
    save_weights(path, {k: v.half() if v.is_floating_point() else v for k, v in Classifier().state_dict().items()},
                 {"accuracy": "0.91", "recipe": "classifier-fashion", "latent_dim": "64", "image_shape": "1,28,28"})
    monkeypatch.setattr(pretrained, "built_in_folder", lambda: tmp_path)
    monkeypatch.setitem(pretrained.HASHES, "classifier-fashion", hashlib.sha256(path.read_bytes()).hexdigest())
    return tmp_path


def test_built_in_network_is_the_file(folder, generator):
    network = metrics.load_features("fashion", device="cpu")
    path = folder / "weights" / "classifier-fashion.safetensors"
    assert (network.name, network.num_features, network.accuracy, network.classes) == ("fashion", 64, 0.91, 10)
    assert network.hash == hashlib.sha256(path.read_bytes()).hexdigest()
    by_hand = Classifier().eval()
    by_hand.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_weights(path)[0].items()})
    x = torch.rand(5, 1, 28, 28, generator=generator)
    with torch.no_grad():
        torch.testing.assert_close(network.features(x), by_hand.features(x).double())
        assert torch.equal(network.classify(x), by_hand(x).argmax(1))
    assert all(p.dtype == torch.float32 for p in network.module.parameters())


def test_another_weight_file_is_refused(folder):
    path = folder / "weights" / "classifier-fashion.safetensors"
    tensors, metadata = load_weights(path)
    tensors["head.bias"] = tensors["head.bias"] + 1
    save_weights(path, tensors, metadata)
    with pytest.raises(UserError, match=r"classifier-fashion.safetensors is not the recorded weight file \(sha256 .*restore the file"):
        metrics.load_features("fashion")


def test_a_missing_weight_file_is_named(folder):
    (folder / "weights" / "classifier-fashion.safetensors").unlink()
    with pytest.raises(UserError, match="classifier-fashion.safetensors is missing; it belongs to the package"):
        metrics.load_features("fashion")


@shipped
@pytest.mark.parametrize("name, images", [("fashion", "fashion"), ("mnist", "digits")])
def test_shipped_weights_are_recorded_in_code_and_readme(name, images):
    network = metrics.load_features(name, device="cpu")
    assert network.hash == pretrained.HASHES[f"classifier-{name}"] and f"`{network.hash}`" in (data.built_in_folder() / "README.md").read_text()
    assert load_weights(WEIGHTS / f"classifier-{name}.safetensors")[1]["recipe"] == f"classifier-{name}"
    real = data.load(images, "test").first(300)
    assert network.features(real).shape == (300, network.num_features)
    # the MNIST classifier has never seen scikit-learn's digits; it should still know most of them
    assert (network.classify(real) == real.y).double().mean() > (0.85 if name == "fashion" else 0.5)


@shipped
def test_shipped_network_scores_real_images_near_the_floor_and_others_far_from_it():
    train, test = data.load("fashion", "train"), data.load("fashion", "test")
    real, fake = train.first(1500), test.first(500)
    for metric in (metrics.fid, metrics.kid):
        good, bad = metric(real, fake, resamples=20), metric(real, 1 - fake.images(), resamples=20)
        assert bad.value > 10 * good.high and good.beats(bad)
        assert good.features == "fashion" and "not comparable with published Inception FIDs" in repr(good)


class Mean(nn.Module):
    num_features = 2

    def features(self, x):
        return torch.stack([x.mean((1, 2, 3)), x.amax((1, 2, 3))], 1)


def test_every_image_is_read_in_order_chunk_by_chunk(generator):
    x = torch.rand(2300, 1, 3, 3, generator=generator)
    found = metrics.load_features(Mean()).features(x)
    assert found.shape == (2300, 2) and found.dtype == torch.float64
    torch.testing.assert_close(found, Mean().features(x).double())


def test_the_features_method_goes_before_forward_and_forward_will_do(generator):
    x = torch.rand(4, 1, 2, 2, generator=generator)
    assert metrics.load_features(nn.Flatten()).features(x).shape == (4, 4)
    assert metrics.load_features(Mean()).num_features == 2 and metrics.load_features(nn.Flatten()).num_features is None


def test_a_module_is_evaluated_without_dropout_and_left_as_it_was(generator):
    module = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.BatchNorm1d(4))
    module[1].eval()
    x = torch.rand(10, 1, 2, 2, generator=generator)
    network = metrics.load_features(module)
    assert torch.equal(network.features(x), network.features(x)) and not network.features(x).requires_grad
    assert (module.training, module[1].training, module[2].training) == (True, False, True)
    assert module[2].num_batches_tracked == 0


def test_the_hash_of_a_module_is_that_of_its_weights():
    one, same, other = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
    same.load_state_dict(one.state_dict())
    hashes = [metrics.load_features(module).hash for module in (one, same, other)]
    assert hashes[0] == hashes[1] != hashes[2] and len(hashes[0]) == 64


def test_a_loaded_network_is_taken_as_it_is():
    network = metrics.load_features(Mean())
    assert metrics.load_features(network) is network


@pytest.mark.parametrize("call, words", [
    (lambda: metrics.load_features("fashon"), "unknown feature network 'fashon'.*Did you mean 'fashion'"),
    (lambda: metrics.load_features(nn.Identity()).features(torch.rand(3, 1, 2, 2)), r"one vector an image, \(N, F\).*\(3, 1, 2, 2\): flatten"),
    (lambda: metrics.load_features(nn.Flatten(0)).features(torch.rand(3, 1, 2, 2)), r"\(N, F\)"),
    (lambda: metrics.load_features(Classifier()).features(torch.rand(3, 3, 32, 32)), r"takes images of shape \(1, 28, 28\), got \(3, 32"),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


def test_features_that_are_not_finite_are_refused():
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    with torch.no_grad():
        module[1].bias.fill_(float("inf"))
    with pytest.raises(UserError, match="not finite"):
        metrics.load_features(module).features(torch.rand(3, 1, 2, 2))


def test_inception_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(UserError, match="pip install torch-fidelity.*features='fashion'"):
        metrics.load_features("inception")


@pytest.fixture
def torch_fidelity(tmp_path, monkeypatch):
    """The package is there (a stand-in will do until the weights are read), the weights are not."""
    pytest.importorskip("torchmetrics.image.fid")           # before the stand-in: torchmetrics looks for the package as it is imported
    monkeypatch.setitem(sys.modules, "torch_fidelity", sys)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    return tmp_path / "checkpoints" / "weights-inception-2015-12-05-6726825d.pth"


def test_inception_without_a_network_says_where_to_put_the_file(torch_fidelity, monkeypatch):
    def no_network(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(UserError, match=r"could not be downloaded \(.*no route.*Download https.* put it there, or use features='fashion'"):
        metrics.load_features("inception")


def test_inception_weights_are_checked_before_the_pickle_is_read(torch_fidelity):
    torch_fidelity.parent.mkdir()
    torch_fidelity.write_bytes(b"half a download")
    with pytest.raises(UserError, match="not the recorded weight file"):
        metrics.load_features("inception", device="cpu")


def test_inception_reads_grey_images_of_any_size_as_colour_bytes():
    seen = []
    x = torch.arange(256).reshape(1, 1, 16, 16) / 255
    module = nn.Module()
    module.forward = lambda images: seen.append(images) or images.flatten(1).float()
    features._AnyImage(module)(x)
    assert seen[0].dtype == torch.uint8 and seen[0].shape == (1, 3, 16, 16)
    assert torch.equal(seen[0][0, 0].flatten(), torch.arange(256).byte()) and torch.equal(seen[0][0, 0], seen[0][0, 2])
    features._AnyImage(module)(torch.full((1, 3, 2, 2), 0.999))
    assert (seen[1] == 255).all()                           # rounded, not truncated
    with pytest.raises(UserError, match="1 or 3 channels, got 2"):
        features._AnyImage(module)(torch.rand(1, 2, 8, 8))
