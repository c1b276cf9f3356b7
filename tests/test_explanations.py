"""What torch says badly of a call's arguments is said again, in the call's own names."""
from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from vaekit import losses, recipes, training
from vaekit.arguments import checked
from vaekit.errors import UserError


@checked
def add(model: nn.Module, x: Tensor) -> Tensor:
    return model(x)


def test_tensors_of_several_dtypes_are_named():
    expected = r"add cannot compute with these dtypes \(x float64: .*\); convert images"
    with pytest.raises(UserError, match=expected):
        add(nn.Linear(2, 2), torch.zeros(1, 2).double())


def test_tensors_of_several_devices_are_named():
    expected = r"add lie on different devices \(model on cpu, x on meta\); move them to one"
    with pytest.raises(UserError, match=expected):
        add(nn.Linear(2, 2), torch.zeros(1, 2, device="meta"))


@checked
def outer(images: Tensor) -> Tensor:
    return add(nn.Linear(2, 2), images)


def test_the_call_that_the_user_wrote_is_named():
    with pytest.raises(UserError, match=r"arguments of outer .*\(images on meta\)"):
        outer(torch.zeros(1, 2, device="meta"))


def test_another_error_is_left_alone():
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        add(nn.Linear(2, 2), torch.zeros(1, 3))


@checked
def noise(n: int) -> Tensor:
    return torch.randn(n)


@pytest.mark.parametrize(
    "n, expected",
    [
        (10**30, r"n of noise must lie within ±2\*\*63, got 1000"),
        (2**50, "n of noise = 1125899906842624 needs more memory .*; choose a smaller n"),
    ],
)
def test_a_number_beyond_all_memory_is_named(n, expected):
    with pytest.raises(UserError, match=expected):
        noise(n)

def test_an_error_of_the_user_s_own_objective_keeps_its_words(digits):
    def strict(output, x, c):
        raise ValueError("my own check: the dtype of the mask is wrong")

    model = recipes.build("mlp-vae-mnist-small", latent_dim=2)
    with pytest.raises(ValueError, match="my own check") as raised:
        training.fit(model, digits[0], strict, epochs=1, progress=False)
    assert not isinstance(raised.value, UserError)


def test_a_large_seed_is_not_blamed_for_a_lack_of_memory(monkeypatch):
    def exhausted(*args, **kwargs):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(torch.nn.Module, "to", exhausted)
    model = recipes.build("mlp-vae-mnist-small", latent_dim=2)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        training.fit(
            model,
            torch.zeros(4, 1, 28, 28),
            losses.negative_elbo,
            epochs=1,
            seed=20_261_121,
            progress=False,
        )


# dtypes


def test_a_double_model_is_told_its_way_out():
    expected = r"these dtypes \(model float64: .*\); use model.float\(\)$"
    with pytest.raises(UserError, match=expected):
        add(nn.Linear(2, 2).double(), torch.zeros(1, 2))


@pytest.mark.parametrize("dtype", [torch.uint8])
def test_usual_dtypes_are_not_blamed(dtype):
    with pytest.raises(RuntimeError, match="^mat1 and mat2 must have the same dtype") as caught:
        add(nn.Linear(2, 2), torch.zeros(1, 2, dtype=dtype))
    assert not isinstance(caught.value, UserError)


def test_whole_numbers_in_place_of_images_are_named():
    with pytest.raises(UserError, match=r"these dtypes \(x int64: .*\); convert images"):
        add(nn.Linear(2, 2), torch.zeros(1, 2, dtype=torch.int64))


# memory


@checked
def decode(k: int, memory_mb: float = 64) -> Tensor:
    raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


def test_a_room_for_more_than_all_memory_is_named():
    expected = "memory_mb of decode = 1000000000.0 needs more memory .*; choose a smaller memory_mb"
    with pytest.raises(UserError, match=expected):
        decode(1000, memory_mb=1e9)


def test_a_small_room_is_not_blamed_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        decode(1000, memory_mb=64)
