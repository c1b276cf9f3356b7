"""The classifier: its contract, what it learns, and the weights that are shipped."""
import pytest
import torch

from vaekit import data, recipes
from vaekit.data import built_in_folder
from vaekit.errors import UserError
from vaekit.models.classifier import Classifier


def test_the_contract():
    model = Classifier().eval()
    x = torch.rand(5, 1, 28, 28)
    logits = model(x)
    features = model.features(x)
    assert logits.shape == (5, 10)
    assert features.shape == (5, 64)
    assert model.num_features == 64
    assert torch.equal(model.classify(x), logits.argmax(1))
    assert bool((features < 0).any()), "features are taken before the ReLU"


def test_forward_does_not_read_the_labels_of_a_batch():
    model = Classifier().eval()
    x = torch.rand(2, 1, 28, 28)
    assert torch.equal(model(x, torch.tensor([0, 1])), model(x))


def test_many_images_are_classified_a_thousand_at_a_time():
    model = Classifier().eval()
    sizes = []
    model.head.register_forward_pre_hook(lambda layer, inputs: sizes.append(len(inputs[0])))
    assert model.classify(torch.rand(1001, 1, 28, 28)).shape == (1001,)
    assert sizes == [1000, 1]


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: Classifier()(torch.rand(5, 1, 32, 32)), r"images of shape \(N, 1, 28, 28\)"),
        (lambda: Classifier(features=0), "features must be ≥ 1, got 0"),
        (lambda: Classifier(classes=1), "classes must be ≥ 2, got 1"),
        (lambda: Classifier().sample(2), "Classifier has no prior to draw samples from"),
        (
            lambda: recipes.build("classifier-mnist", image_shape=(3, 32, 32)),
            r"classifier takes images of shape \(1, 28, 28\), got \(3, 32, 32\)",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(UserError, match=words):
        call()


@pytest.mark.slow
def test_it_learns_the_digits():
    run = recipes.train("classifier-mnist", data="digits", epochs=4)
    reported = run.history["test_error"][-1]
    assert reported < 0.1

    wrong = run.model.classify(run.test.images()) != run.test.y
    assert wrong.float().mean().item() == pytest.approx(reported)


@pytest.mark.slow
@pytest.mark.parametrize("name, floor", [("fashion", 0.92), ("mnist", 0.992)])
def test_the_shipped_weights_are_as_good_as_they_say(name, floor, real_data):
    path = built_in_folder() / "weights" / f"classifier-{name}.safetensors"
    model = recipes.load_model(path)
    recipe = recipes.get(f"classifier-{name}")

    test = data.load(recipe.data, "test", root=real_data)
    right = model.classify(test.images()) == test.y
    assert right.float().mean() >= floor
    assert path.stat().st_size <= 400_000
