"""Where a model runs, where its noise comes from, and what measuring it leaves as it was."""
import pytest
import torch
from torch import nn

from vaekit import device
from vaekit.device import (
    can_be_read_freely,
    device_of,
    evaluating,
    has_bf16,
    own_random_state,
    pick_device,
    seeded,
    standard_normal,
)
from vaekit.errors import UserError

CPU = torch.device("cpu")
CUDA = torch.device("cuda")
# a device that holds no values, on every machine
META = torch.device("meta")


@pytest.fixture
def machine(monkeypatch):
    """Make torch see a machine of your choice: machine(cuda=True, mps=False), with four GPUs."""

    def see(*, cuda, mps):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 4 if cuda else 0)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return see


# pick_device


@pytest.mark.parametrize(
    "cuda, mps, best",
    [
        (True, True, "cuda"),
        (True, False, "cuda"),
        (False, True, "mps"),
        (False, False, "cpu"),
    ],
)
def test_auto_is_the_best_device_of_the_machine(cuda, mps, best, machine):
    machine(cuda=cuda, mps=mps)
    assert pick_device() == torch.device(best)
    assert pick_device("auto") == torch.device(best)


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0", "cuda:3", "mps", "mps:0"])
def test_a_device_of_the_machine_is_taken_by_its_name(name, machine):
    machine(cuda=True, mps=True)
    assert pick_device(name) == torch.device(name)


@pytest.mark.parametrize("name", ["cpu", "cuda:1", "mps"])
def test_a_device_may_be_torchs_own(name, machine):
    machine(cuda=True, mps=True)
    assert pick_device(torch.device(name)) == torch.device(name)


@pytest.mark.parametrize(
    "name, words",
    [
        ("cuda:4", "'cuda:4' was asked for, but torch sees 4 of its kind, numbered from 0"),
        ("mps:1", "'mps:1' was asked for, but torch sees 1 of its kind.*device='auto' or 'mps'"),
        (META, "unknown device 'meta'; choose one of auto, cuda, mps, cpu"),
    ],
)
def test_one_device_too_many_is_named(name, words, machine):
    machine(cuda=True, mps=True)
    with pytest.raises(UserError, match=words):
        pick_device(name)


@pytest.mark.parametrize(
    "name, words",
    [
        ("cuda", "'cuda' was asked for, but torch sees no GPU; use device='auto' or 'cpu'"),
        ("cuda:1", "torch sees no GPU"),
        ("mps", "'mps' was asked for, but torch sees none; use device='auto' or 'cpu'"),
        ("mps:0", "'mps' was asked for, but torch sees none"),
        ("gpu", "unknown device 'gpu'; choose one of auto, cuda, mps, cpu"),
        ("cdua", "unknown device 'cdua'.*Did you mean 'cuda'"),
        ("", "unknown device ''"),
        ("cpu:first", "'cpu:first' is no device; use auto, cuda, cuda:0, mps or cpu"),
        ("auto:0", "'auto:0' is no device"),
    ],
)
def test_a_device_that_is_not_there_is_named(name, words, machine):
    machine(cuda=False, mps=False)
    with pytest.raises(UserError, match=words):
        pick_device(name)


# device_of, can_be_read_freely


def test_a_model_is_where_its_weights_are():
    assert device_of(nn.Linear(1, 1)) == CPU
    assert device_of(nn.Linear(1, 1, device="meta")) == META


def test_a_model_without_weights_is_where_its_buffers_are():
    model = nn.Module()
    model.register_buffer("count", torch.zeros((), device="meta"))
    assert device_of(model) == META


def test_a_model_without_weights_and_buffers_is_on_the_cpu():
    assert device_of(nn.Flatten()) == CPU


def test_a_model_that_is_no_module_is_on_the_cpu():
    assert device_of(object()) == CPU


def test_only_values_on_the_cpu_can_be_read_freely():
    assert can_be_read_freely(torch.zeros(1))
    assert not can_be_read_freely(torch.zeros(1, device="meta"))


# random numbers


def test_the_same_seed_gives_the_same_numbers():
    first = torch.rand(4, generator=seeded(3))
    again = torch.rand(4, generator=seeded(3))
    other = torch.rand(4, generator=seeded(4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_seeded_generator_leaves_torchs_own_alone():
    before = torch.get_rng_state()
    torch.rand(4, generator=seeded(3))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_other_libraries_do_not_take_is_refused(seed):
    with pytest.raises(UserError, match="seed must be [≥≤]"):
        seeded(seed)


def test_a_negative_side_is_refused():
    with pytest.raises(UserError, match="each side of shape must be ≥ 0, got -1"):
        standard_normal((2, -1))


def test_standard_normal_is_torchs_own_draw_from_the_generator():
    drawn = standard_normal((2, 3), seeded(1))
    assert torch.equal(drawn, torch.randn(2, 3, generator=seeded(1)))


def test_standard_normal_without_a_generator_follows_torchs_own():
    torch.manual_seed(5)
    expected = torch.randn(2, 3)
    torch.manual_seed(5)
    assert torch.equal(standard_normal((2, 3)), expected)


@pytest.mark.parametrize("shape", [[2, 3], (2, 3), torch.Size([2, 3])])
def test_standard_normal_takes_any_kind_of_shape(shape):
    assert standard_normal(shape).shape == (2, 3)


def test_own_random_state_leaves_the_callers_as_it_was():
    before = torch.get_rng_state()
    with own_random_state():
        torch.manual_seed(0)
        torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)


def test_own_random_state_is_given_back_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(KeyError), own_random_state():
        torch.manual_seed(0)
        raise KeyError
    assert torch.equal(torch.get_rng_state(), before)


# evaluating


@pytest.fixture
def model():
    """A model in training mode, but for a part that was frozen on purpose."""
    frozen = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout()).eval()
    return nn.Sequential(nn.Linear(2, 2), frozen, nn.Dropout())


def modes(model):
    return [part.training for part in model.modules()]


def test_evaluating_puts_every_part_in_evaluation_mode_without_gradient(model):
    with evaluating(model) as same:
        assert same is model
        assert not any(modes(model))
        assert not model(torch.zeros(3, 2)).requires_grad


def test_after_evaluating_each_part_is_as_it_was(model):
    before = modes(model)
    assert True in before
    assert False in before
    with evaluating(model):
        pass
    assert modes(model) == before
    assert torch.is_grad_enabled()


def test_after_an_error_while_evaluating_each_part_is_as_it_was(model):
    before = modes(model)
    with pytest.raises(KeyError), evaluating(model):
        raise KeyError
    assert modes(model) == before
    assert torch.is_grad_enabled()


def test_evaluating_within_evaluating_gives_back_step_by_step(model):
    before = modes(model)
    with evaluating(model):
        with evaluating(model):
            pass
        assert not any(modes(model))
        assert not torch.is_grad_enabled()
    assert modes(model) == before


def test_evaluating_takes_what_is_no_module():
    formula = object()
    with evaluating(formula) as same:
        assert same is formula
        assert not torch.is_grad_enabled()


# has_bf16


@pytest.mark.parametrize("answer", [True, False])
def test_a_gpu_is_asked_whether_it_computes_in_bfloat16(answer, monkeypatch):
    def supported(including_emulation):
        return including_emulation or answer

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert has_bf16(CUDA) == answer


@pytest.mark.parametrize(
    "avx512, amx, answer",
    [
        (False, False, False),
        (True, False, True),
        (False, True, True),
        (True, True, True),
    ],
)
def test_a_cpu_computes_in_bfloat16_by_either_kind_of_instruction(
    avx512, amx, answer, monkeypatch
):
    monkeypatch.setattr(
        torch.cpu, "_is_avx512_bf16_supported", lambda: avx512, raising=False
    )
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    assert has_bf16(CPU) == answer


def test_a_torch_that_does_not_know_these_questions_says_no(monkeypatch):
    monkeypatch.setattr(device.torch, "cpu", object())
    assert not has_bf16(CPU)


def test_other_devices_say_no():
    assert not has_bf16(torch.device("mps"))


def test_to_wake_log1p_changes_no_value_and_draws_nothing():
    logits = torch.linspace(-100, 100, 10_001)
    x = torch.rand(10_001, generator=device.seeded(0))
    before = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
    state = torch.random.get_rng_state()

    device.wake_log1p()

    after = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
    assert torch.equal(after, before)
    assert torch.equal(torch.random.get_rng_state(), state)
