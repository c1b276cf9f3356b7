"""What an objective may return, and what is said where it returns something else."""
from typing import NamedTuple

import pytest
import torch
from support.vaes import small_vae

from vaekit import losses, training
from vaekit.errors import UserError
from vaekit.training.terms import _float


class Named(NamedTuple):
    image: torch.Tensor
    t: torch.Tensor


HALF = torch.ones(2, dtype=torch.bfloat16)
WHOLE = torch.tensor([1, 2])


def test_a_plain_tuple_stays_one():
    image, steps = _float((HALF, WHOLE))
    assert image.dtype == torch.float32
    assert steps.dtype == torch.int64


def test_a_named_tuple_keeps_its_names():
    output = _float(Named(HALF, WHOLE))
    assert isinstance(output, Named)
    assert output.image.dtype == torch.float32
    assert output.t.dtype == torch.int64


def test_a_dictionary_keeps_its_keys():
    output = _float({"image": HALF, "name": "of no dtype"})
    assert output["image"].dtype == torch.float32
    assert output["name"] == "of no dtype"


def averaged(output, x, c):
    return {"loss": losses.negative_elbo(output, x)["loss"].mean()}


def unnamed(output, x, c):
    return losses.negative_elbo(output, x)["loss"]


def without_loss(output, x, c):
    return {"cost": losses.negative_elbo(output, x)["loss"]}


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (averaged, r"'loss' has shape \(\), but an objective gives one value per image, \(50,\)"),
        (unnamed, "returns its terms by name, .* got Tensor"),
        (without_loss, "the term 'loss' is minimised, but the objective gave cost"),
    ],
)
def test_an_objective_that_breaks_its_contract_is_refused(small, objective, words):
    train, _ = small
    with pytest.raises(UserError, match=words):
        training.fit(small_vae(), train, objective, epochs=1, batch_size=50)


def test_evaluate_refuses_an_average_too(small):
    _, test = small
    with pytest.raises(UserError, match="one value per image"):
        training.evaluate(small_vae(), test, averaged)


def test_interrupted_training_leaves_the_model_ready_for_use(small):
    def interrupted(output, x, c):
        raise KeyboardInterrupt

    train, _ = small
    model = small_vae()
    with pytest.raises(KeyboardInterrupt):
        training.fit(model, train, interrupted, epochs=1)
    assert not model.training
