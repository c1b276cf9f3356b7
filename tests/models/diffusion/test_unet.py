"""The network, its average, and both under the training loop."""
import copy
import functools
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from vaekit import training
from vaekit.data.images import ImageSet
from vaekit.errors import UserError
from vaekit.models import conditioning
from vaekit.models.diffusion import Average, Diffusion, UNet, denoising_error, to_signed
from vaekit.models.diffusion.unet import Attention, ResidualBlock, SinusoidalTime

SMALL = (1, 8, 8)


def awake(network, seed=0):
    """Its last layers begin at zero; give them something to say."""
    torch.manual_seed(seed)
    for weight in network.parameters():
        if not weight.any():
            nn.init.normal_(weight, std=0.1)
    return network


def small(channels=(16, 32), seed=0, **settings):
    torch.manual_seed(seed)
    return Diffusion(UNet(SMALL, channels=channels, code_width=2), SMALL, condition=conditioning.OneHot(2), **settings)


def pairs(n=64):
    """Two classes, two constant images each: class 0 is dark, class 1 is bright."""
    y = torch.arange(n) % 2
    grey = torch.tensor([[0.05, 0.25], [0.75, 0.95]])[y, torch.arange(n) // 2 % 2]
    return ImageSet(grey[:, None, None, None].expand(n, *SMALL).contiguous(), y, ("dark", "bright"))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 48)])
def test_the_unet_answers_in_the_shape_of_its_images(shape):
    network = UNet(shape, code_width=10)
    assert sum(weight.numel() for weight in network.parameters()) == pytest.approx(1.5e6, rel=0.05)
    x, t, code = torch.randn(2, *shape), torch.tensor([1, 900]), torch.eye(10)[:2]
    assert torch.equal(network(x, t, code), torch.zeros(2, *shape)), "it begins by predicting nothing"
    y = awake(network)(x, t, code)
    assert y.shape == x.shape and y.dtype == torch.float32 and y.std() > 0.01


@pytest.mark.parametrize("settings", [dict(channels=(16,)), dict(channels=(16, 32, 48)), dict(patch=1), dict(patch=4, channels=(32,))])
def test_other_depths_widths_and_patches(settings):
    network = awake(UNet((3, 16, 16), bf16=False, **{"channels": (16, 32)} | settings))
    assert network(torch.randn(2, 3, 16, 16), torch.tensor([1, 2])).shape == (2, 3, 16, 16)


def test_every_pixel_hears_of_time_class_and_all_other_pixels():
    network = awake(UNet((1, 28, 28), code_width=10, bf16=False))
    x, code = torch.randn(1, 1, 28, 28).requires_grad_(), torch.zeros(1, 10).requires_grad_()
    y = network(x, torch.tensor([5]), code)
    to_x, to_code = torch.autograd.grad(y[0, 0, 0, 0], (x, code), retain_graph=True)
    assert bool((to_x != 0).all()) and bool((to_code != 0).all())
    assert bool((network(x, torch.tensor([6]), code) != y).all())
    images = torch.randn(3, 1, 28, 28)
    together = network(images, torch.tensor([5, 6, 7]), torch.eye(10)[:3])
    for i in range(3):                                                                         # and an image hears nothing of the others
        torch.testing.assert_close(together[i:i + 1], network(images[i:i + 1], torch.tensor([5 + i]), torch.eye(10)[i:i + 1]), rtol=1e-4, atol=1e-4)


def test_bf16_changes_little_and_only_inside():
    exact = awake(UNet((1, 28, 28), bf16=False))
    fast = copy.deepcopy(exact)
    fast.bf16 = True
    x, t = torch.randn(8, 1, 28, 28), torch.randint(1, 1000, (8,))
    with torch.no_grad():
        error = (exact(x, t) - fast(x, t)).std() / exact(x, t).std()
    assert 1e-5 < error < 0.03 and fast(x, t).dtype == torch.float32 and fast.stem.weight.dtype == torch.float32


def test_time_is_told_by_cosines_and_sines():
    t = torch.tensor([1, 17, 1000])
    for row, value in zip(SinusoidalTime(8)(t).tolist(), t.tolist()):
        angles = [value / 10_000 ** (k / 4) for k in range(4)]
        assert row == pytest.approx([math.cos(a) for a in angles] + [math.sin(a) for a in angles], abs=1e-4)


def test_attention_is_scaled_dot_product_attention_over_places():
    layer, x = awake(Attention(32)), torch.randn(2, 32, 3, 5)
    q, k, v = layer.to_qkv(layer.norm(x)).flatten(2).transpose(1, 2).chunk(3, 2)               # (N, places, channels)
    heads = [part.unflatten(2, (4, 8)).transpose(1, 2) for part in (q, k, v)]
    h = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2).transpose(1, 2).reshape(x.shape)
    torch.testing.assert_close(layer(x), x + layer.out(h), rtol=1e-4, atol=1e-5)


def test_a_residual_block_scales_and_shifts_what_it_is_told():
    block, x, told = awake(ResidualBlock(16, 16, 4)), torch.randn(2, 16, 3, 3), torch.randn(2, 4)
    scale, shift = block.tell(told)[:, :16], block.tell(told)[:, 16:]
    normed = block.norm(block.first(x))
    h = torch.stack([normed[i] * (1 + scale[i, :, None, None]) + shift[i, :, None, None] for i in range(2)])
    torch.testing.assert_close(block(x, told), x + block.second(h * torch.sigmoid(h)))


@pytest.mark.parametrize("settings, words", [
    (dict(image_shape=(1, 30, 28)), "must be multiples of 4, got 30×28"), (dict(image_shape=(1, 28, 27)), "28×27"),
    (dict(image_shape=(1, 28, 28), channels=(16, 32, 48)), "3 levels the image's sides must be multiples of 8"),
    (dict(image_shape=(28, 28)), r"needs an image_shape \(C, H, W\)"), (dict(channels=()), "one or more channels"),
    (dict(channels=(20, 40)), "multiples of 16, which share a norm, got 20"), (dict(channels=(0,)), "≥ 1, got 0"),
    (dict(patch=0), "patch must be ≥ 1"), (dict(code_width=-1), "code_width must be ≥ 0"),
])
def test_sizes_that_do_not_divide_are_named(settings, words):
    with pytest.raises(UserError, match=words):
        UNet(**settings)


def test_the_wrong_image_or_code_is_named():
    t = torch.tensor([1])
    with pytest.raises(UserError, match=r"built for images of shape \(1, 8, 8\), got \(1, 12, 12\)"):
        UNet(SMALL)(torch.zeros(1, 1, 12, 12), t)
    with pytest.raises(UserError, match="built without a condition"):
        UNet(SMALL)(torch.zeros(1, *SMALL), t, torch.zeros(1, 2))
    with pytest.raises(UserError, match="built with code_width 2"):
        UNet(SMALL, code_width=2)(torch.zeros(1, *SMALL), t)


def test_the_average_is_the_weighted_sum_of_all_past_weights():
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    average, past = Average(network, 0.8), [network[0].weight.detach().clone()]
    for _ in range(30):
        with torch.no_grad():
            network[0].weight.normal_()
            network[1].running_mean.normal_()
        past.append(network[0].weight.detach().clone())
        average.update(network)
    decays = [min(0.8, (1 + k) / (10 + k)) for k in range(30)]
    shares = [math.prod(decays), *((1 - decays[k]) * math.prod(decays[k + 1:]) for k in range(30))]
    assert sum(shares) == pytest.approx(1)
    torch.testing.assert_close(average.network[0].weight, sum(share * weight for share, weight in zip(shares, past)))
    torch.testing.assert_close(average.network[1].running_mean, network[1].running_mean)
    assert not list(average.parameters()) and average.updates.item() == 30


def test_training_uses_the_weights_and_evaluation_their_average():
    model, x, c = small(), torch.rand(2, *SMALL), torch.tensor([0, 1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert {id(weight) for weight in model.parameters()} == {id(weight) for weight in model.network.parameters()}
    seen = []
    for _ in range(4):
        seen.append(model.network.head[2].bias.detach().clone())
        denoising_error(model(x, c))["loss"].mean().backward()
        optimizer.step()
    expected = seen[0]
    for k, weight in enumerate(seen):
        expected = torch.lerp(weight, expected, (1 + k) / (10 + k))
    torch.testing.assert_close(model.average.network.head[2].bias, expected)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        model(x, c)
    model.eval()(x, c)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items()), "only a training step moves the average"

    t = torch.tensor([500, 500])
    told = torch.eye(2)
    with torch.no_grad():
        for training_mode, network in ((True, model.network), (False, model.average.network)):
            model.train(training_mode)
            torch.testing.assert_close(model.denoise(x, 500, c), model.to_x0(network(x, t, told), 500, x))
        assert not torch.equal(model.network(x, t, told), model.average.network(x, t, told))


def test_a_settled_model_keeps_the_average_only():
    model = small()
    training.fit(model, pairs(), denoising_error, epochs=2, batch_size=16, progress=False)
    before, size = model.sample(3, 1, steps=4, generator=torch.Generator().manual_seed(0)), len(model.state_dict())
    assert torch.equal(model.settle().sample(3, 1, steps=4, generator=torch.Generator().manual_seed(0)), before)
    assert size == 2 * len(model.state_dict()) + 1 and model.settle() is model


def test_an_interrupted_run_ends_where_an_uninterrupted_one_does(tmp_path):
    settings, calls = dict(epochs=4, batch_size=16, schedule="one-cycle", test=pairs(8), patience=4, progress=False), 0

    @functools.wraps(denoising_error)
    def interrupted(output, x, c):
        nonlocal calls
        calls += 1
        if calls > 13:                                         # 4 steps an epoch and 1 to evaluate: in the middle of the third
            raise KeyboardInterrupt
        return denoising_error(output, x, c)

    whole, broken, resumed = small(), small(), small(seed=9)
    history = training.fit(whole, pairs(), denoising_error, **settings)
    with pytest.raises(KeyboardInterrupt):
        training.fit(broken, pairs(), interrupted, checkpoint=tmp_path / "run.safetensors", **settings)
    again = training.fit(resumed, pairs(), denoising_error, checkpoint=tmp_path / "run.safetensors", **settings)
    assert again["test_loss"] == history["test_loss"] and again["train_loss"] == history["train_loss"]
    assert whole.state_dict().keys() == resumed.state_dict().keys()
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())
    assert whole.average.updates == 16


def test_the_way_up_sees_what_the_way_down_left_and_attention_is_heard():
    network, seen = awake(UNet(SMALL, channels=(16, 32), bf16=False)), {}
    for way in ("down", "up"):
        for i, block in enumerate(getattr(network, way)):
            block.register_forward_hook(lambda module, x, y, key=(way, i): seen.update({key: (x[0], y)}))
    x, t = torch.randn(1, *SMALL), torch.tensor([5])
    y = network(x, t)
    for i, width in enumerate((32, 16)):
        assert torch.equal(seen["up", i][0][:, width:], seen["down", 1 - i][1])
    nn.init.zeros_(network.attention.out.weight)
    assert not torch.equal(network(x, t), y)


@pytest.mark.parametrize("changes, words", [
    (dict(target="epsilon"), "'v', .*'epsilon'"), (dict(schedule="linear"), "'noise': 'linear'"), (dict(steps=20), "'steps': 20"),
])
def test_a_checkpoint_of_another_diffusion_is_refused(tmp_path, changes, words):
    path = tmp_path / "c.safetensors"
    training.fit(small(channels=(16,)), pairs(8), denoising_error, epochs=1, checkpoint=path)
    training.fit(small(channels=(16,)), pairs(8), denoising_error, epochs=2, checkpoint=path)
    with pytest.raises(UserError, match=rf"other settings \(model .*{words}"):
        training.fit(small(channels=(16,), **changes), pairs(8), denoising_error, epochs=3, checkpoint=path)


def test_a_trained_model_draws_the_class_it_is_told():
    model = small(channels=(32,), steps=100, ema=0.9)
    history = training.fit(model, pairs(), denoising_error, epochs=60, batch_size=32, lr=5e-3, schedule="one-cycle", progress=False)
    assert history["train_loss"][-1] < 0.5 * history["train_loss"][0]

    def draw(c, guidance):
        return model.sample(20, c, steps=20, guidance=guidance, generator=torch.Generator().manual_seed(0))

    c = torch.arange(20) % 2
    brightness = draw(c, 1.0).mean((1, 2, 3))
    assert torch.equal((brightness > 0.5).long(), c) and brightness[c == 0].mean() < 0.35 and brightness[c == 1].mean() > 0.65
    assert (draw(c, 2.0) - draw(1 - c, 2.0)).abs().mean() > (draw(c, 1.0) - draw(1 - c, 1.0)).abs().mean()
    assert torch.equal(draw(c, 0.0), draw(1 - c, 0.0)), "without guidance the class is not heard"


def test_the_output_suits_the_loop():
    """fit() rebuilds the output in float32 from its parts, and needs one loss an image."""
    output = small()(torch.rand(3, *SMALL), torch.tensor([0, 1, 1]))
    assert type(output)(*(part.float() for part in output)).prediction.shape == (3, *SMALL)
    assert denoising_error(output)["loss"].shape == (3,)
    assert conditioning.is_conditional(small()) and to_signed(torch.tensor([0.0, 0.5, 1.0])).tolist() == [-1, 0, 1]
    with pytest.raises(UserError, match="plain tensor"):
        training.fit(small(), torch.rand(4, *SMALL), denoising_error)
