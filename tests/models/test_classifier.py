import pytest
import torch

from vaekit import data, recipes
from vaekit.data import built_in_folder
from vaekit.errors import UserError
from vaekit.models.classifier import Classifier


def test_the_contract():
    model = Classifier().eval()
    x = torch.rand(5, 1, 28, 28)
    assert model(x).shape == (5, 10) and model.features(x).shape == (5, model.num_features) == (5, 64)
    assert torch.equal(model.classify(x), model(x).argmax(1))
    assert bool((model.features(x) < 0).any()), "features are taken before the ReLU"
    with pytest.raises(UserError, match=r"takes images of shape \(N, 1, 28, 28\)"):
        model(torch.rand(5, 1, 32, 32))
    with pytest.raises(UserError, match="features must be ≥ 1, got 0"):
        Classifier(features=0)


def test_it_learns_the_digits():
    run = recipes.train("classifier-mnist", data="digits", epochs=4)
    assert run.history["test_error"][-1] < 0.1
    assert (run.model.classify(run.test.images()) != run.test.y).float().mean().item() == pytest.approx(run.history["test_error"][-1])


@pytest.mark.parametrize("name, floor", [("fashion", 0.92), ("mnist", 0.992)])
def test_the_shipped_weights_are_as_good_as_they_say(name, floor, real_data):
    path = built_in_folder() / "weights" / f"classifier-{name}.safetensors"
    model, recipe = recipes.load_model(path), recipes.get(f"classifier-{name}")
    test = data.load(recipe.data, "test", root=real_data)
    assert (model.classify(test.images()) == test.y).float().mean() >= floor
    assert path.stat().st_size <= 400_000


def test_the_recipe_refuses_other_images():
    with pytest.raises(UserError, match=r"classifier takes images of shape \(1, 28, 28\), got \(3, 32, 32\)"):
        recipes.build("classifier-mnist", image_shape=(3, 32, 32))
