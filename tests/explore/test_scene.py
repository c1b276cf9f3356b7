"""Scene: what a view is told, as JSON and bytes."""
import json

import numpy as np
import pytest
import torch
from support.vaes import small_vae

from vaekit.errors import UserError
from vaekit.explore.scene import Scene, as_condition
from vaekit.models.conditioning import AddedEmbedding, Attributes, OneHot
from vaekit.recipes.builders import mlp_cvae

SHAPE = (1, 8, 8)


def conditional(condition):
    torch.manual_seed(0)
    return mlp_cvae(8)(2, SHAPE, condition)


def facts_of(model, **settings):
    scene = Scene()
    scene.add_model(model, **settings)
    return scene.facts["models"][0]


def test_a_scene_is_json():
    scene = Scene(scale=3)
    scene.add_model(conditional(OneHot(3)), "β = 1", encoder=True)
    scene.add_images("test", torch.rand(2, *SHAPE), torch.tensor([1, 0]))
    scene.add_points("codes", torch.rand(2, 2))
    assert json.loads(json.dumps(scene.facts)) == scene.facts
    assert scene.facts["scale"] == 3
    assert len(scene.facts["colours"]) == 10


def test_models_are_numbered():
    scene = Scene()
    first, second = small_vae(1), small_vae(2)
    scene.add_model(first, "one")
    scene.add_model(second, "two")
    assert scene.models == [first, second]
    told = [(each["index"], each["name"], each["latent_dim"]) for each in scene.facts["models"]]
    assert told == [(0, "one", 1), (1, "two", 2)]
    assert set(scene.buffers) == {"decoder0", "decoder1"}
    assert scene.facts["models"][1]["decoder"]["buffer"] == "decoder1"


def test_the_encoder_travels_only_if_asked():
    assert "encoder" not in facts_of(small_vae())
    encoder = facts_of(small_vae(), encoder=True)["encoder"]
    assert encoder["bits"] == 16
    assert len(encoder["parts"]) == 2


def test_a_model_that_does_not_travel_is_told_so():
    model = small_vae()
    model.decoder.append(torch.nn.Hardtanh(-9, 9))
    scene = Scene()
    scene.add_model(model)
    assert scene.facts["models"][0]["decoder"] is None
    assert scene.buffers == {}


def test_no_condition_is_none():
    assert facts_of(small_vae())["condition"] is None


def test_a_one_hot_condition_is_told_with_its_codes():
    found = facts_of(conditional(OneHot(3, weight=2.0)))["condition"]
    codes = [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]]
    assert found == {"join": "concatenate", "size": 3, "weight": 2.0, "codes": codes}


def test_attributes_are_their_own_codes():
    found = facts_of(conditional(Attributes(4, weight=3.0)))["condition"]
    assert found == {"join": "concatenate", "size": 4, "weight": 3.0, "codes": None}


def test_an_embedding_is_told_as_what_is_added():
    model = conditional(AddedEmbedding(3, 2))
    found = facts_of(model)["condition"]
    assert found["join"] == "add"
    with torch.no_grad():
        expected = model.condition.encode(torch.arange(3), 3)
    np.testing.assert_allclose(found["codes"], expected.numpy(), rtol=1e-6)


def test_images_are_bytes():
    scene = Scene()
    images = torch.tensor([0.0, 0.5, 1.0, 0.2]).reshape(1, 1, 2, 2)
    scene.add_images("test", images, torch.tensor([7]))
    assert list(scene.buffers["test"]) == [0, 128, 255, 51]
    told = {"buffer": "test", "count": 1, "shape": [1, 2, 2], "labels": [7]}
    assert scene.facts["images"] == {"test": told}


def test_points_are_floats_with_classes():
    scene = Scene()
    xy = torch.tensor([[1.5, -2.0], [0.0, 3.25]])
    scene.add_points("codes", xy, torch.tensor([3, 9]))
    scene.add_points("others", xy.double())
    assert np.frombuffer(scene.buffers["codes"], np.float32).tolist() == xy.flatten().tolist()
    assert list(scene.buffers["codes labels"]) == [3, 9]
    assert scene.buffers["others"] == scene.buffers["codes"]
    assert list(scene.buffers["others labels"]) == [0, 0]
    assert scene.facts["points"]["codes"] == {"buffer": "codes", "labels": "codes labels"}


def test_numbers_are_floats():
    scene = Scene()
    scene.add_numbers("kl", torch.tensor([[1, 2], [3, 4]]))
    assert np.frombuffer(scene.buffers["kl"], np.float32).tolist() == [1, 2, 3, 4]


def test_bad_weights_are_refused_before_they_travel():
    model = small_vae()
    model.decoder[0].weight.data[0, 0] = float("nan")
    scene = Scene()
    with pytest.raises(UserError, match=r"decoder\.0\.weight hold inf or NaN.*train it again"):
        scene.add_model(model)
    assert scene.models == []
    assert scene.buffers == {}


def test_what_the_page_calls_a_label_is_the_models_condition():
    assert as_condition(small_vae(), 0) is None
    assert as_condition(conditional(OneHot(3)), 2).tolist() == 2
    assert as_condition(conditional(Attributes(3)), [0, 1, 1]).tolist() == [0, 1, 1]
