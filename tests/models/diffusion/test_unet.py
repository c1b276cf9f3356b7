"""The network: what reaches what, and each of its parts against a formula of its own."""
import copy
import math

import pytest
import torch
from support.diffusion import SMALL, woken
from torch import nn
from torch.nn import functional as F

from vaekit.errors import UserError
from vaekit.models.diffusion import UNet
from vaekit.models.diffusion.unet import Attention, ResidualBlock, SinusoidalTime

GREY = (1, 28, 28)


@pytest.mark.parametrize("shape", [GREY, (3, 32, 32), (3, 64, 48)])
def test_the_unet_answers_in_the_shape_of_its_images(shape):
    network = UNet(shape, cond_width=10)
    weights = sum(weight.numel() for weight in network.parameters())
    assert weights == pytest.approx(1.5e6, rel=0.05)

    x = torch.randn(2, *shape)
    t = torch.tensor([1, 900])
    code = torch.eye(10)[:2]
    assert torch.equal(network(x, t, code), torch.zeros(2, *shape)), "it begins by predicting 0"

    y = woken(network)(x, t, code)
    assert y.shape == x.shape
    assert y.dtype == torch.float32
    assert y.std() > 0.01


@pytest.mark.parametrize(
    "settings",
    [
        dict(channels=(16,)),
        dict(channels=(16, 32, 48)),
        dict(channels=(16, 32), patch=1),
        dict(channels=(32,), patch=4),
    ],
)
def test_other_depths_widths_and_patches(settings):
    network = woken(UNet((3, 16, 16), bf16=False, **settings))
    y = network(torch.randn(2, 3, 16, 16), torch.tensor([1, 2]))
    assert y.shape == (2, 3, 16, 16)


def test_every_pixel_depends_on_time_class_and_all_other_pixels():
    network = woken(UNet(GREY, cond_width=10, bf16=False))
    x = torch.randn(1, *GREY).requires_grad_()
    code = torch.zeros(1, 10).requires_grad_()
    y = network(x, torch.tensor([5]), code)
    of_x, of_code = torch.autograd.grad(y[0, 0, 0, 0], (x, code))
    assert bool((of_x != 0).all())
    assert bool((of_code != 0).all())

    at_another_time = network(x, torch.tensor([6]), code)
    assert bool((at_another_time != y).all())


def test_an_image_does_not_depend_on_the_others():
    network = woken(UNet(GREY, cond_width=10, bf16=False))
    images = torch.randn(3, *GREY)
    t = torch.tensor([5, 6, 7])
    code = torch.eye(10)[:3]
    together = network(images, t, code)
    for i in range(3):
        own = slice(i, i + 1)
        alone = network(images[own], t[own], code[own])
        torch.testing.assert_close(together[own], alone, rtol=1e-4, atol=1e-4)


def test_bf16_changes_little_and_only_inside():
    exact = woken(UNet(GREY, bf16=False))
    fast = copy.deepcopy(exact)
    fast.bf16 = True
    x = torch.randn(8, *GREY)
    t = torch.randint(1, 1000, (8,))
    with torch.no_grad():
        expected = exact(x, t)
        y = fast(x, t)
    error = (expected - y).std() / expected.std()
    assert 1e-5 < error < 0.03
    assert y.dtype == torch.float32
    assert fast.stem.weight.dtype == torch.float32


def test_time_becomes_cosines_and_sines():
    t = torch.tensor([1, 17, 1000])
    for row, value in zip(SinusoidalTime(8)(t).tolist(), t.tolist()):
        angles = [value / 10_000 ** (k / 4) for k in range(4)]
        cosines = [math.cos(angle) for angle in angles]
        sines = [math.sin(angle) for angle in angles]
        assert row == pytest.approx(cosines + sines, abs=1e-4)


def test_attention_is_scaled_dot_product_attention_over_places():
    layer = woken(Attention(32))
    x = torch.randn(2, 32, 3, 5)

    # (N, places, 3 · channels), then (N, heads, places, channels / heads) each
    qkv = layer.to_qkv(layer.norm(x)).flatten(2).transpose(1, 2)
    q, k, v = [part.unflatten(2, (4, 8)).transpose(1, 2) for part in qkv.chunk(3, 2)]
    gathered = F.scaled_dot_product_attention(q, k, v)
    h = gathered.transpose(1, 2).flatten(2).transpose(1, 2).reshape(x.shape)
    torch.testing.assert_close(layer(x), x + layer.out(h), rtol=1e-4, atol=1e-5)


def test_a_residual_block_scales_and_shifts_by_the_embedding():
    block = woken(ResidualBlock(16, 16, 4))
    x = torch.randn(2, 16, 3, 3)
    emb = torch.randn(2, 4)
    scale_shift = block.to_scale_shift(emb)
    scale = scale_shift[:, :16]
    shift = scale_shift[:, 16:]

    normed = block.norm(block.first(x))
    rows = []
    for i in range(2):
        rows.append(normed[i] * (1 + scale[i, :, None, None]) + shift[i, :, None, None])
    h = torch.stack(rows)
    silu = h * torch.sigmoid(h)
    torch.testing.assert_close(block(x, emb), x + block.second(silu))


def test_the_way_up_sees_what_the_way_down_held():
    network = woken(UNet(SMALL, channels=(16, 32), bf16=False))
    into = {}
    out_of = {}

    def watch(way, level, block):
        def hook(module, inputs, output):
            into[way, level] = inputs[0]
            out_of[way, level] = output

        block.register_forward_hook(hook)

    for level in range(2):
        watch("down", level, network.down[level])
        watch("up", level, network.up[level])
    network(torch.randn(1, *SMALL), torch.tensor([5]))

    # the first 32 or 16 channels come from below, the others from beside
    assert torch.equal(into["up", 0][:, 32:], out_of["down", 1])
    assert torch.equal(into["up", 1][:, 16:], out_of["down", 0])


def test_attention_has_a_part_in_the_prediction():
    network = woken(UNet(SMALL, channels=(16, 32), bf16=False))
    x = torch.randn(1, *SMALL)
    t = torch.tensor([5])
    with_attention = network(x, t)
    nn.init.zeros_(network.attention.out.weight)
    assert not torch.equal(network(x, t), with_attention)


@pytest.mark.parametrize(
    "settings, words",
    [
        (dict(image_shape=(1, 30, 28)), "must be multiples of 4, got 30×28"),
        (dict(image_shape=(1, 28, 27)), "28×27"),
        (
            dict(image_shape=(1, 28, 28), channels=(16, 32, 48)),
            "3 levels the image's sides must be multiples of 8",
        ),
        (dict(image_shape=(28, 28)), r"image_shape of UNet must be tuple.*got tuple \(28, 28\)"),
        (dict(channels=()), "one or more channels"),
        (dict(channels=(20, 40)), "multiples of 16, which share a norm, got 20"),
        (dict(channels=(0,)), "≥ 1, got 0"),
        (dict(patch=0), "patch must be ≥ 1"),
        (dict(cond_width=-1), "cond_width must be ≥ 0"),
    ],
)
def test_sizes_that_do_not_divide_are_named(settings, words):
    with pytest.raises(UserError, match=words):
        UNet(**settings)


def test_the_wrong_image_or_code_is_named():
    t = torch.tensor([1])
    x = torch.zeros(1, *SMALL)
    with pytest.raises(UserError, match=r"images of shape \(1, 8, 8\), got \(1, 12, 12\)"):
        UNet(SMALL)(torch.zeros(1, 1, 12, 12), t)
    with pytest.raises(UserError, match="built without a condition"):
        UNet(SMALL)(x, t, torch.zeros(1, 2))
    with pytest.raises(UserError, match="built with cond_width 2"):
        UNet(SMALL, cond_width=2)(x, t)
