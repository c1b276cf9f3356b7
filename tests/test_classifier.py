import pytest
import torch

from vaekit import data, recipes
from vaekit.classifier import Classifier, jitter
from vaekit.data import built_in_folder
from vaekit.errors import UserError


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


@pytest.mark.parametrize("shift", [1, 3])
def test_jitter_moves_the_whole_batch_by_at_most_shift(shift):
    x = torch.zeros(8, 1, 11, 11)
    x[..., 5, 5] = 1
    places = set()
    for _ in range(200):
        moved = jitter(x, shift=shift)
        assert moved.shape == x.shape and moved.sum() == 8 and torch.equal(moved[0], moved[7])
        places.add(tuple((moved[0, 0].nonzero()[0] - 5).tolist()))
    assert places == {(a, b) for a in range(-shift, shift + 1) for b in range(-shift, shift + 1)}


def test_jitter_mirrors_about_half_of_the_images_if_asked():
    x = torch.zeros(400, 1, 5, 5)
    x[..., 0] = 1
    mirrored = jitter(x, shift=1, flip=True)[..., 2, :].squeeze(1)
    right = (mirrored[:, 2:].sum(1) > mirrored[:, :3].sum(1)).float().mean()
    assert 0.35 < right < 0.65 or mirrored.sum() == 0
    assert bool((jitter(x, shift=0)[..., 0] == 1).all()), "no mirror unless asked"


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
