"""The classifier of attributes: its contract, what it learns, how it is stored."""
from dataclasses import replace

import pytest
import torch
from support.attributes import NAMES, attribute_set, planted

from vaekit import metrics, recipes, training
from vaekit.device import seeded
from vaekit.errors import UserError
from vaekit.files import load_weights
from vaekit.losses import attribute_cross_entropy
from vaekit.models import AttributeClassifier


def model_of(attributes=3, image_shape=(3, 64, 48)):
    torch.manual_seed(0)
    return AttributeClassifier(attributes, image_shape).eval()


def images(n=5, shape=(3, 64, 48)):
    return torch.rand(n, *shape, generator=seeded(0))


def test_the_contract():
    model = model_of()
    x = images()
    logits = model(x)
    features = model.features(x)
    assert logits.shape == (5, 3)
    assert features.shape == (5, model.num_features) == (5, 64)
    assert torch.equal(model.classify(x), (logits > 0).long())
    torch.testing.assert_close(model.probabilities(x), logits.sigmoid())
    assert bool((features < 0).any()), "features are taken before the ReLU"


def test_it_is_small():
    weights = sum(weight.numel() for weight in model_of(17).parameters())
    assert 100_000 < weights < 200_000


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 28, 28), (3, 16, 16), (3, 50, 37)])
def test_images_of_other_sizes(shape):
    assert model_of(2, shape)(images(3, shape)).shape == (3, 2)


def test_forward_does_not_read_the_labels_of_a_batch():
    model = model_of()
    x = images()
    assert torch.equal(model(x, torch.ones(5, 3)), model(x))


def test_measuring_leaves_it_in_training_mode_and_its_statistics_as_they_were():
    model = model_of().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.classify(images())
    model.probabilities(images())
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_many_images_are_read_five_hundred_at_a_time():
    model = model_of(2, (1, 16, 16))
    sizes = []
    model.head.register_forward_pre_hook(lambda layer, inputs: sizes.append(len(inputs[0])))
    assert model.classify(images(501, (1, 16, 16))).shape == (501, 2)
    assert sizes == [500, 1]


def test_it_is_a_feature_network():
    network = metrics.load_features(model_of())
    assert network.num_features == 64
    assert network.features(images()).shape == (5, 64)
    assert float(metrics.kid(images(20), images(20), features=network, floor=False)) < 1e-6


def test_it_learns_planted_attributes_and_comes_back_from_its_file(tmp_path):
    train = attribute_set(planted(600))
    recipe = replace(recipes.get("classifier-faces"), augment=None)
    model = recipes.build(recipe, image_shape=train.shape, classes=3)
    training.fit(model, train, recipe.loss, epochs=4, lr=3e-3, batch_size=64, progress=False)

    test = attribute_set(planted(400, seed=1))
    for name, score in metrics.balanced_accuracy(model, test).items():
        assert score.value > 0.98, name

    path = recipes.save(tmp_path / "w.safetensors", "classifier-faces", model)
    assert load_weights(path)[1]["classes"] == "3"
    loaded = recipes.load_model(path)
    assert torch.equal(loaded.classify(test.images()), model.classify(test.images()))


def test_the_recipe_counts_the_attributes_of_its_data():
    model = recipes.build("classifier-faces", image_shape=(3, 64, 64), classes=7)
    assert model.num_attributes == 7
    assert model.image_shape == (3, 64, 64)
    assert recipes.get("classifier-faces").loss is attribute_cross_entropy


@pytest.mark.parametrize("call, words", [
    (lambda: AttributeClassifier(0), "attributes must be ≥ 1, got 0"),
    (lambda: AttributeClassifier(2, features=0), "features must be ≥ 1, got 0"),
    (lambda: AttributeClassifier(2, (3, 64, 15)), "sides of image_shape must be at least 16"),
    (lambda: model_of()(images(2, (3, 64, 64))), r"takes images of shape \(N, 3, 64, 48\)"),
    (lambda: model_of().classify(images() * 2), r"must lie in \[0, 1\], got values from"),
    (lambda: model_of().sample(2), "AttributeClassifier has no prior to draw samples from"),
    (
        lambda: metrics.consistency_of(images(2), [0, 1], features=model_of()),
        "'AttributeClassifier' reads attributes, .* and no classes; use metrics.carried",
    ),
    (
        lambda: recipes.save("w.safetensors", "classifier-faces", recipes.build("fc-vae")),
        "model must have num_attributes, and VAE has no num_attributes",
    ),
    (
        lambda: recipes.build("classifier-faces", 4, (3, 64, 48), classes=len(NAMES)),
        "recipe 'classifier-faces' has no latent space",
    ),
])
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()
