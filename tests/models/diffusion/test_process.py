"""The process against closed forms; for Gaussian data the best possible network is known. Its samplers are in test_diffusion_sampling.py."""
import itertools
import math

import pytest
import torch
from torch import nn

from vaekit.errors import UserError
from vaekit.models import conditioning
from vaekit.models.diffusion import (
    Diffusion,
    UNet,
    cumulative,
    denoising_error,
    linear_betas,
    to_images,
)

SHAPE = (1, 1, 3)
MEAN = torch.tensor([0.3, -0.2, 0.0], dtype=torch.double)
COVARIANCE = torch.tensor([[0.030, 0.015, 0.0], [0.015, 0.020, -0.006], [0.0, -0.006, 0.010]], dtype=torch.double)


class BestForGaussian(nn.Module):
    """E[x_0 | x_t] for x_0 ~ N(mean, covariance), from the joint Gaussian of x_0 and x_t, turned into what the target asks for."""

    def __init__(self, alpha_bar, target):
        super().__init__()
        self.alpha_bar, self.target, self.mean = alpha_bar, target, MEAN
        self.eigenvalues, self.axes = torch.linalg.eigh(COVARIANCE)

    def forward(self, x, t, code=None):
        x_t, kept = x.flatten(1).double(), self.alpha_bar[t][:, None]
        signal, sigma = kept.sqrt(), (1 - kept).sqrt()
        gain = signal * self.eigenvalues / (kept * self.eigenvalues + 1 - kept)                # Cov(x_0, x_t) / Var(x_t) along each axis
        x0 = self.mean + (x_t - signal * self.mean) @ self.axes * gain @ self.axes.T
        eps = (x_t - signal * x0) / sigma
        return (eps if self.target == "epsilon" else signal * eps - sigma * x0).reshape(x.shape).to(x.dtype)


class Linear(nn.Module):
    """prediction = x / 2 + t / 100 + the first pixel's worth of the code: simple enough to follow by hand."""

    def __init__(self, width=3):
        super().__init__()
        self.calls, self.codes, self.worth = 0, [], torch.arange(1.0, width + 1)

    def forward(self, x, t, code=None):
        self.calls += 1
        self.codes.append(code)
        said = 0 if code is None else code @ self.worth
        return x / 2 + (t / 100 + said)[:, None, None, None]


def gaussian(target="v", schedule="cosine", steps=1000):
    return Diffusion(BestForGaussian(cumulative(schedule, steps), target), SHAPE, steps=steps, schedule=schedule, target=target, ema=None)


def conditional(**settings):
    return Diffusion(Linear(), SHAPE, condition=conditioning.OneHot(3), **settings)


def test_the_linear_schedule_is_the_product_of_its_steps():
    kept = 1.0
    for t, alpha_bar in enumerate(cumulative("linear", 1000).tolist()):
        kept *= 1 if t == 0 else 1 - (1e-4 + (0.02 - 1e-4) * (t - 1) / 999)
        assert alpha_bar == pytest.approx(kept, rel=1e-9)


def test_the_cosine_schedule_is_its_formula_until_the_last_step_is_held_back():
    f = [math.cos((t / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(1001)]
    alpha_bar = cumulative("cosine", 1000).tolist()
    assert alpha_bar[:1000] == pytest.approx([each / f[0] for each in f[:1000]], rel=1e-6)
    assert alpha_bar[1000] == pytest.approx(alpha_bar[999] * 0.001, rel=1e-9), "β = 0.999, not 1"


@pytest.mark.parametrize("schedule, steps", list(itertools.product(("linear", "cosine"), (20, 1000, 4000))))
def test_schedules_fall_from_1_to_almost_0(schedule, steps):
    alpha_bar = cumulative(schedule, steps)
    assert alpha_bar.shape == (steps + 1,) and alpha_bar.dtype == torch.double and alpha_bar[0] == 1
    assert bool((alpha_bar.diff() < 0).all()) and 0 < alpha_bar[-1] < 1e-4


def test_noise_is_where_the_chain_of_small_steps_ends(generator):
    model, betas, x0 = gaussian(schedule="linear", steps=20), linear_betas(20).clamp(max=0.999).tolist(), torch.tensor([0.9, -0.5, 0.1])
    n = 100_000
    x = x0.expand(n, 3)
    for t, beta in enumerate(betas[:7], 1):
        x = math.sqrt(1 - beta) * x + math.sqrt(beta) * torch.randn(n, 3, generator=generator)
        if t in (1, 7):
            direct = model.noise(x0.reshape(1, *SHAPE), t, torch.randn(n, *SHAPE, generator=generator)).flatten(1)
            kept = math.prod(1 - each for each in betas[:t])
            for draws in (x, direct):
                assert draws.mean(0).tolist() == pytest.approx((math.sqrt(kept) * x0).tolist(), abs=4 / math.sqrt(n))
                assert draws.var(0).tolist() == pytest.approx([1 - kept] * 3, rel=4 * math.sqrt(2 / n))


def test_each_image_may_have_its_own_t():
    model, x0, eps = gaussian(), torch.rand(3, *SHAPE), torch.randn(3, *SHAPE)
    t = torch.tensor([1, 400, 1000])
    together = model.noise(x0, t, eps)
    for i in range(3):
        torch.testing.assert_close(together[i:i + 1], model.noise(x0[i:i + 1], int(t[i]), eps[i:i + 1]))


@pytest.mark.parametrize("target, schedule", list(itertools.product(("v", "epsilon"), ("linear", "cosine"))))
def test_predictions_and_x0_are_two_words_for_one_thing(target, schedule, generator):
    model = gaussian(target, schedule)
    x0, eps = (torch.randn(4, *SHAPE, generator=generator, dtype=torch.double) for _ in range(2))
    t = torch.tensor([1, 10, 500, 990])
    torch.testing.assert_close(model.to_x0(model.to_target(x0, t, eps), t, model.noise(x0, t, eps)), x0)


def test_v_is_the_velocity_along_the_circle_from_image_to_noise():
    model, x0, eps = gaussian("v"), torch.randn(1, *SHAPE, dtype=torch.double), torch.randn(1, *SHAPE, dtype=torch.double)
    angle, h = math.acos(math.sqrt(model.alpha_bar[300])), 1e-5
    ahead, behind = (math.cos(a) * x0 + math.sin(a) * eps for a in (angle + h, angle - h))
    torch.testing.assert_close(model.to_target(x0, 300, eps), (ahead - behind) / (2 * h), rtol=1e-7, atol=1e-7)
    assert torch.equal(gaussian("epsilon").to_target(x0, 300, eps), eps)


def test_forward_noises_the_image_to_every_t_alike():
    class Tell(nn.Module):
        def forward(self, x, t, code=None):
            return x

    torch.manual_seed(0)
    model = Diffusion(Tell(), SHAPE, steps=5, schedule="linear", target="epsilon", ema=None)
    output = model(torch.full((50_000, *SHAPE), 0.75))                          # 0.75 in [0, 1] is 0.5 in [-1, 1]
    assert output.t.unique(return_counts=True)[0].tolist() == [1, 2, 3, 4, 5]
    assert output.t.unique(return_counts=True)[1].tolist() == pytest.approx([10_000] * 5, abs=400)
    for t in range(1, 6):
        x_t, eps = output.prediction[output.t == t], output.target[output.t == t]
        torch.testing.assert_close(x_t, model.alpha_bar[t].sqrt().float() * 0.5 + (1 - model.alpha_bar[t]).sqrt().float() * eps)
    assert output.target.mean().item() == pytest.approx(0, abs=0.02) and output.target.var().item() == pytest.approx(1, abs=0.02)


def test_the_error_is_a_mean_over_pixels_and_the_best_network_has_the_least():
    torch.manual_seed(0)
    x = to_images(MEAN + torch.randn(4000, 3, dtype=torch.double) @ torch.linalg.cholesky(COVARIANCE).T).reshape(-1, *SHAPE).float()
    best, worse = gaussian("epsilon", "linear"), gaussian("epsilon", "linear")
    worse.network.mean = MEAN + 0.2
    losses = []
    for model in (best, worse):
        torch.manual_seed(1)
        output = model(x)
        by_hand = [((p - q) ** 2).sum().item() / 3 for p, q in zip(output.prediction[:5], output.target[:5])]
        losses.append(denoising_error(output, x)["loss"])
        assert losses[-1].shape == (4000,) and losses[-1][:5].tolist() == pytest.approx(by_hand, rel=1e-5)
    assert losses[0].mean() < losses[1].mean() < 1


def test_guidance_by_hand():
    model, x_t = conditional(target="v"), torch.full((2, *SHAPE), 0.4)
    signal, sigma = math.sqrt(model.alpha_bar[100]), math.sqrt(1 - model.alpha_bar[100])
    untold, told = 0.4 / 2 + 1, torch.tensor([0.4 / 2 + 1 + 3, 0.4 / 2 + 1 + 1])               # class 2 is worth 3, class 0 is worth 1
    for w in (0.0, 0.5, 1.0, 3.0, None):
        prediction = told if w is None else (1 - w) * untold + w * told
        expected = (signal * 0.4 - sigma * prediction)[:, None, None, None].expand(2, *SHAPE)
        torch.testing.assert_close(model.denoise(x_t, 100, torch.tensor([2, 0]), guidance=w), expected)


def test_guidance_1_asks_the_network_once_and_others_once_with_twice_the_images():
    model = conditional(ema=None)
    for guidance, images in [(1.0, 2), (None, 2), (2.0, 4)]:
        model.network.calls = 0
        model.denoise(torch.zeros(2, *SHAPE), 3, 1, guidance=guidance)
        assert model.network.calls == 1 and len(model.network.codes[-1]) == images


def test_a_tenth_of_the_labels_is_withheld_in_training_and_none_in_evaluation():
    torch.manual_seed(0)
    model, c = conditional(ema=None), torch.arange(9000) % 3
    model(torch.rand(9000, *SHAPE), c)
    code = model.network.codes[-1]
    untold = (code == 0).all(1)
    assert untold.float().mean().item() == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / 9000))
    assert torch.equal(code[~untold].argmax(1), c[~untold]) and bool((code[~untold].sum(1) == 1).all())
    model.eval()(torch.rand(9000, *SHAPE), c)
    assert torch.equal(model.network.codes[-1].argmax(1), c) and bool((model.network.codes[-1].sum(1) == 1).all())


@pytest.mark.parametrize("w", [0.5, 1.0, 5.0])
def test_attributes_that_are_absent_differ_from_attributes_not_told(w):
    model = Diffusion(Linear(2), SHAPE, condition=conditioning.Attributes(2, weight=w), ema=None, drop=0.5)
    model.eval()(torch.rand(2, *SHAPE), torch.tensor([[0, 1], [0, 0]]))
    assert model.network.codes[-1].tolist() == [[-w, w], [-w, -w]]
    model.denoise(torch.zeros(1, *SHAPE), 5, [1, 0], guidance=2.0)
    assert model.network.codes[-1].tolist() == [[w, -w], [0, 0]]


@pytest.mark.parametrize("settings, words", [
    (dict(steps=0), "steps must be ≥ 1, got 0"), (dict(steps=1001), "can sample with 1 … 1000, got 1001"), (dict(steps=2.5), "whole number"),
    (dict(eta=-0.1), "eta must lie in .0, 1., .* got -0.1"), (dict(eta=1.1), "got 1.1"), (dict(eta=math.nan), "got nan"),
    (dict(guidance=2.0), "guidance needs a condition"), (dict(guidance=0.0), "guidance needs a condition"), (dict(c=1), "unconditional"),
    (dict(n=0), "n must be ≥ 1, got 0"), (dict(eta=None), "got None"), (dict(n=0, x_T=torch.zeros(0, *SHAPE)), "n must be ≥ 1, got 0"),
    (dict(x_T=torch.zeros(3, *SHAPE)), "noise of 3 images, but n is 2"),
    (dict(x_T=torch.zeros(2, 1, 1, 4)), r"noise of shape \(N, 1, 1, 3\), got \(2, 1, 1, 4\)"),
])
def test_bad_settings_of_sample_are_named(settings, words):
    with pytest.raises(UserError, match=words):
        gaussian().sample(**{"n": 2} | settings)


@pytest.mark.parametrize("c, settings, words", [
    (None, {}, "this model is conditional: pass c"), (3, {}, "unknown class 3"), ("boot", {}, "c must be a class in 0 … 2 .*got 'boot'"),
    (torch.tensor([1, 2, 0]), {}, "2 images, 3 classes"),
    (1, dict(guidance=-1.0), "guidance must be ≥ 0, got -1"), (1, dict(guidance=math.inf), "got inf"), (1, dict(guidance="2"), "number ≥ 0, got '2'"),
])
def test_bad_conditions_are_named(c, settings, words):
    with pytest.raises(UserError, match=words):
        conditional().sample(2, c, **settings)


def test_guidance_needs_training_without_labels():
    model = conditional(drop=0)
    model.sample(1, 0, steps=1)
    with pytest.raises(UserError, match="drop = 0 never trains"):
        model.sample(1, 0, steps=1, guidance=2.0)


@pytest.mark.parametrize("t", [0, 1001, -1, torch.tensor([1, 1001]), 2.5])
def test_t_is_checked(t):
    for act in (lambda m: m.noise(torch.zeros(2, *SHAPE), t, torch.zeros(2, *SHAPE)), lambda m: m.denoise(torch.zeros(2, *SHAPE), t)):
        with pytest.raises(UserError, match="whole number in 1 … 1000"):
            act(gaussian())


@pytest.mark.parametrize("settings, words", [
    (dict(schedule="cosin"), "unknown schedule 'cosin'.*Did you mean 'cosine'"), (dict(target="eps"), "unknown target 'eps'"),
    (dict(steps=0), "steps must be ≥ 1"), (dict(drop=1.0), "drop 1.0"), (dict(drop=-0.1), "drop -0.1"), (dict(ema=1.0), "ema 1.0"),
    (dict(condition=conditioning.AddedEmbedding(3, 2)), "takes the conditions OneHot and Attributes, got AddedEmbedding"),
    (dict(condition=conditioning.OneHot(4)), "does not suit images of shape .* code of width 4"),
])
def test_bad_settings_of_the_model_are_named(settings, words):
    with pytest.raises(UserError, match=words):
        Diffusion(Linear(), SHAPE, **settings)


class Shrinking(nn.Module):
    def forward(self, x, t, code=None):
        return x[..., :2]


def test_images_of_another_shape_are_named():
    with pytest.raises(UserError, match="takes images of shape"):
        gaussian()(torch.zeros(2, 1, 1, 4))
    with pytest.raises(UserError, match="built for images of shape"):
        Diffusion(UNet((1, 8, 8), channels=(16,)), (1, 12, 12))
    with pytest.raises(UserError, match="answer in the shape of the images"):
        Diffusion(Shrinking(), SHAPE)
