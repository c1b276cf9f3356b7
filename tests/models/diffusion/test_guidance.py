"""Guidance without a classifier, by hand with a linear network."""
import math

import pytest
import torch
from support.diffusion import SHAPE, conditional_model

from vaekit.errors import UserError


@pytest.mark.parametrize("w", [0.0, 0.5, 1.0, 3.0, None])
def test_guidance_by_hand(w):
    model = conditional_model(target="v")
    x_t = torch.full((2, *SHAPE), 0.4)
    c = torch.tensor([2, 0])

    # x / 2 + t / 100, and class 2 adds 3, class 0 adds 1
    uncond = 0.4 / 2 + 1
    cond = torch.tensor([uncond + 3, uncond + 1])
    prediction = cond if w is None else (1 - w) * uncond + w * cond

    signal = math.sqrt(model.alpha_bar[100])
    sigma = math.sqrt(1 - model.alpha_bar[100])
    expected = signal * 0.4 - sigma * prediction
    expected = expected[:, None, None, None].expand(2, *SHAPE)
    torch.testing.assert_close(model.denoise(x_t, 100, c, guidance=w), expected)


@pytest.mark.parametrize("guidance, images", [(1.0, 2), (None, 2), (2.0, 4)])
def test_the_network_is_called_once_and_with_guidance_for_twice_the_images(guidance, images):
    model = conditional_model(ema=None)
    model.network.calls = 0
    model.denoise(torch.zeros(2, *SHAPE), 3, 1, guidance=guidance)
    assert model.network.calls == 1
    assert len(model.network.codes[-1]) == images


def test_many_images_are_denoised_a_chunk_at_a_time_to_the_same_end():
    model = conditional_model().eval()
    x_T = torch.randn(1100, *SHAPE)
    c = torch.arange(1100) % 3
    settings = dict(steps=3, guidance=1.5, clip=False)
    whole = model.sample(1100, c, x_T=x_T, **settings)

    # 512 images, with and without their condition, and the rest
    codes = model.average.network.codes[1:]
    assert {len(code) for code in codes} == {1024, 152}

    for part in (slice(0, 5), slice(509, 515), slice(1095, 1100)):
        n = len(x_T[part])
        alone = model.sample(n, c[part], x_T=x_T[part], **settings)
        torch.testing.assert_close(whole[part], alone)


@pytest.mark.parametrize(
    "guidance, words",
    [
        (-1.0, "guidance must be ≥ 0, got -1"),
        (math.inf, "got inf"),
        (math.nan, "got nan"),
        ("2", "guidance of Diffusion.sample must be float or None, got str '2'"),
    ],
)
def test_bad_guidance_is_named(guidance, words):
    with pytest.raises(UserError, match=words):
        conditional_model().sample(2, 1, guidance=guidance)


def test_guidance_needs_training_without_labels():
    model = conditional_model(drop=0)
    model.sample(1, 0, steps=1)
    with pytest.raises(UserError, match="drop = 0 never trains"):
        model.sample(1, 0, steps=1, guidance=2.0)
