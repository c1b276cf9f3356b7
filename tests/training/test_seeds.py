"""What a seed means in training, whatever its size, and that the caller's randomness stays."""
import numpy as np
import pytest
import torch
from support.training import fit_elbo
from support.vaes import same_weights, small_vae

from vaekit import losses, training
from vaekit.training.seeds import MEASURING, seed_epoch, seed_of

LARGE = [10**13, 10**14, 2**62, 2**63 - 1]


@pytest.mark.parametrize("seed, epoch, expected", [
    (0, MEASURING, -1),
    (0, 0, 0),
    (1, 0, 1_000_003),
    (7, 12, 7_000_033),
    (9_000_000_000_000, 5, 1_000_003 * 9_000_000_000_000 + 5),
])
def test_seeds_as_people_choose_them_mean_what_they_always_did(seed, epoch, expected):
    assert seed_of(seed, epoch) == expected


@pytest.mark.parametrize("seed", LARGE)
@pytest.mark.parametrize("epoch", [MEASURING, 0, 300])
def test_a_large_seed_stays_within_what_torch_takes(seed, epoch):
    assert 0 <= seed_of(seed, epoch) < 2**63


@pytest.mark.parametrize("seed", [np.uint8(3), np.int32(70000)])
def test_a_small_integer_of_numpys_does_not_overflow(seed):
    assert seed_of(seed, 2) == seed_of(int(seed), 2)
    assert seed_epoch(seed, 2).initial_seed() == seed_of(int(seed), 2)


def test_large_seeds_differ():
    numbers = {seed_of(seed, epoch) for seed in LARGE for epoch in range(-1, 50)}
    assert len(numbers) == 51 * len(LARGE)


@pytest.mark.parametrize("seed", [10**14, 2**63 - 1])
def test_training_with_a_large_seed_repeats_itself(small, seed):
    first = small_vae()
    again = small_vae()
    other = small_vae()
    fit_elbo(first, small, epochs=1, seed=seed)
    fit_elbo(again, small, epochs=1, seed=seed)
    fit_elbo(other, small, epochs=1, seed=seed - 1)
    assert same_weights(first, again)
    assert not same_weights(first, other)


@pytest.fixture
def gpus(monkeypatch):
    """Two GPUs that there are not, each with the state of its generator."""
    states = {0: torch.tensor([10]), 1: torch.tensor([11])}

    def get(device="cuda"):
        return states[device].clone()

    def put(state, device="cuda"):
        states[device] = state.clone()

    def seed_all(seed):
        for device in states:
            states[device] = torch.tensor([seed])

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_rng_state", get)
    monkeypatch.setattr(torch.cuda, "set_rng_state", put)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seed_all)
    monkeypatch.setattr(torch.cuda, "_is_in_bad_fork", lambda: False)
    return states


def test_a_seed_reaches_every_gpu_and_so_would_be_seen(gpus):
    torch.manual_seed(torch.initial_seed() % 1000)
    assert gpus[0].item() == gpus[1].item() < 1000


@pytest.mark.parametrize("act", [
    lambda small: fit_elbo(small_vae(), small, epochs=1, seed=5, device="cpu"),
    lambda small: training.evaluate(small_vae(), small[1], losses.negative_elbo, seed=5),
])
def test_the_callers_generators_of_the_gpus_stay_as_they_were(small, gpus, act):
    model_made_before = small_vae()
    assert model_made_before is not None
    act(small)
    assert [gpus[0].item(), gpus[1].item()] == [10, 11]
