"""The moving average of the weights: its formula, when it moves, and what is shipped."""
import math

import pytest
import torch
from support.diffusion import SMALL, dark_and_bright, small_model
from torch import nn

from vaekit import training
from vaekit.device import seeded
from vaekit.models.diffusion import Average, denoising_error

X = torch.rand(2, *SMALL, generator=seeded(0))
C = torch.tensor([0, 1])


def weights_of(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def assert_same(module, before):
    for name, value in module.state_dict().items():
        assert torch.equal(before[name], value), f"{name} changed"


def test_the_average_is_the_weighted_sum_of_all_past_weights():
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average = Average(network, 0.8)
    past = [network[0].weight.detach().clone()]
    for _ in range(30):
        with torch.no_grad():
            network[0].weight.normal_()
            network[1].running_mean.normal_()
        past.append(network[0].weight.detach().clone())
        average.update(network)

    decays = [min(0.8, (1 + k) / (10 + k)) for k in range(30)]
    shares = [math.prod(decays)]
    for k in range(30):
        shares.append((1 - decays[k]) * math.prod(decays[k + 1:]))
    assert sum(shares) == pytest.approx(1)

    expected = sum(share * weight for share, weight in zip(shares, past))
    torch.testing.assert_close(average.network[0].weight, expected)
    torch.testing.assert_close(average.network[1].running_mean, network[1].running_mean)
    assert average.updates.item() == 30


def test_the_averages_weights_are_buffers():
    network = nn.Linear(2, 3)
    average = Average(network, 0.8)
    assert list(average.parameters()) == []
    assert average.state_dict().keys() == {"network.weight", "network.bias", "updates"}
    assert len(list(network.parameters())) == 2, "the network itself keeps its own"


def test_tied_weights_are_averaged_under_both_names():
    network = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    network[1].weight = network[0].weight
    average = Average(network, 0.0)
    with torch.no_grad():
        network[0].weight.fill_(7.0)
    for _ in range(2):
        average.update(network)
    torch.testing.assert_close(average.network[0].weight, network[0].weight.detach())
    torch.testing.assert_close(average.network[1].weight, network[0].weight.detach())


def test_an_optimiser_sees_the_network_only():
    model = small_model()
    of_model = {id(weight) for weight in model.parameters()}
    of_network = {id(weight) for weight in model.network.parameters()}
    assert of_model == of_network


@pytest.mark.parametrize("mode", [True, False])
def test_forward_alone_changes_nothing(mode):
    model = small_model().train(mode)
    before = weights_of(model)
    model(X, C)
    assert_same(model, before)


def test_after_step_takes_in_the_weights_as_they_are():
    model = small_model()
    with torch.no_grad():
        model.network.head[2].bias.fill_(1.0)
    network = weights_of(model.network)
    model.after_step()
    assert_same(model.network, network)
    assert model.average.updates == 1

    # the first of all has d = 1 / 10, and the bias began at 0
    bias = model.average.network.head[2].bias
    torch.testing.assert_close(bias, torch.full_like(bias, 0.9))


def test_a_model_without_an_average_has_nothing_to_do_after_a_step():
    model = small_model(ema=None)
    before = weights_of(model)
    model.after_step()
    assert_same(model, before)


@pytest.mark.parametrize("epochs", [1, 3])
def test_after_fit_the_average_has_seen_the_weights_after_each_step(epochs, monkeypatch):
    model = small_model(channels=(16,))
    seen = [model.network.head[2].bias.detach().clone()]
    step = torch.optim.Adam.step

    def step_and_look(optimizer, *arguments, **settings):
        result = step(optimizer, *arguments, **settings)
        seen.append(model.network.head[2].bias.detach().clone())
        return result

    monkeypatch.setattr(torch.optim.Adam, "step", step_and_look)
    training.fit(
        model,
        dark_and_bright(32),
        denoising_error,
        epochs=epochs,
        batch_size=16,
        device="cpu",
        progress=False,
    )
    assert len(seen) == 1 + 2 * epochs
    assert model.average.updates == 2 * epochs

    expected = seen[0]
    for k, weight in enumerate(seen[1:]):
        expected = torch.lerp(weight, expected, (1 + k) / (10 + k))
    torch.testing.assert_close(model.average.network.head[2].bias, expected)


def test_evaluation_during_fit_does_not_move_the_average():
    settings = dict(epochs=2, batch_size=16, device="cpu", progress=False)
    plain = small_model(channels=(16,))
    watched = small_model(channels=(16,))
    training.fit(plain, dark_and_bright(32), denoising_error, **settings)
    training.fit(
        watched, dark_and_bright(32), denoising_error, test=dark_and_bright(8), **settings
    )
    assert_same(watched, weights_of(plain))


@pytest.mark.parametrize("mode", [True, False])
def test_samples_are_drawn_by_the_average_in_either_mode(mode):
    model = small_model()
    for seed in range(2):
        with torch.no_grad():
            model.network.head[2].weight.normal_(generator=seeded(seed))
        model.after_step()

    model.train(mode)
    used = model.average.network
    other = model.network
    t = torch.tensor([500, 500])
    code = torch.eye(2)
    with torch.no_grad():
        x0 = model.denoise(X, 500, C)
        torch.testing.assert_close(x0, model.to_x0(used(X, t, code), 500, X))
        assert not torch.equal(used(X, t, code), other(X, t, code))


@pytest.mark.parametrize("mode", [True, False])
def test_forward_uses_the_weights_in_training_and_their_average_otherwise(mode):
    model = small_model(drop=0.0).train(mode)
    with torch.no_grad():
        model.network.head[2].bias.fill_(1.0)
    model.after_step()
    bias = model.network if mode else model.average.network
    # the last convolution is zero but for its bias
    torch.testing.assert_close(
        model(X, C).prediction[:, 0, 0, 0], bias.head[2].bias[:1].expand(len(X)), rtol=1e-2, atol=0
    )


def test_for_inference_only_the_average_is_kept():
    model = small_model()
    training.fit(
        model, dark_and_bright(), denoising_error, epochs=2, batch_size=16, progress=False
    )
    images = model.sample(3, 1, steps=4, generator=seeded(0))
    names = len(model.state_dict())

    assert model.for_inference() is model
    assert torch.equal(model.sample(3, 1, steps=4, generator=seeded(0)), images)
    # weights and average, and the count of updates
    assert names == 2 * len(model.state_dict()) + 1
    assert model.for_inference() is model, "a second time there is nothing to do"
