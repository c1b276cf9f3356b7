"""The process against closed forms; for Gaussian data the best possible network is known."""
import math

import pytest
import torch
from support.diffusion import (
    COVARIANCE,
    MEAN,
    SHAPE,
    SMALL,
    LinearNetwork,
    conditional_model,
    gaussian_model,
    small_model,
)
from torch import nn

from vaekit.errors import UserError
from vaekit.models import conditioning
from vaekit.models.diffusion import (
    Diffusion,
    UNet,
    denoising_error,
    linear_betas,
    to_images,
    to_signed,
)


class Echo(nn.Module):
    """Its prediction is x_t itself."""

    def forward(self, x, t, code=None):
        return x


class Shrinking(nn.Module):
    """Its prediction has a column too few."""

    def forward(self, x, t, code=None):
        return x[..., :2]


# x_0 → x_t


@pytest.mark.parametrize("steps", [1, 7])
def test_noise_is_where_the_chain_of_small_steps_ends(steps, generator):
    n = 100_000
    x0 = torch.tensor([0.9, -0.5, 0.1])
    betas = linear_betas(20).clamp(max=0.999).tolist()[:steps]
    chain = x0.expand(n, 3)
    for beta in betas:
        noise = torch.randn(n, 3, generator=generator)
        chain = math.sqrt(1 - beta) * chain + math.sqrt(beta) * noise

    model = gaussian_model(schedule="linear", steps=20)
    eps = torch.randn(n, *SHAPE, generator=generator)
    direct = model.noise(x0.reshape(1, *SHAPE), steps, eps).flatten(1)

    kept = math.prod(1 - beta for beta in betas)
    mean = (math.sqrt(kept) * x0).tolist()
    variance = [1 - kept] * 3
    for draws in (chain, direct):
        assert draws.mean(0).tolist() == pytest.approx(mean, abs=4 / math.sqrt(n))
        assert draws.var(0).tolist() == pytest.approx(variance, rel=4 * math.sqrt(2 / n))


def test_each_image_may_have_its_own_t():
    model = gaussian_model()
    x0 = torch.rand(3, *SHAPE)
    eps = torch.randn(3, *SHAPE)
    t = torch.tensor([1, 400, 1000])
    together = model.noise(x0, t, eps)
    for i in range(3):
        own = slice(i, i + 1)
        alone = model.noise(x0[own], int(t[i]), eps[own])
        torch.testing.assert_close(together[own], alone)


@pytest.mark.parametrize("target", ["v", "epsilon"])
@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_predictions_and_x0_are_two_words_for_one_thing(target, schedule, generator):
    model = gaussian_model(target, schedule)
    x0 = torch.randn(4, *SHAPE, generator=generator, dtype=torch.double)
    eps = torch.randn(4, *SHAPE, generator=generator, dtype=torch.double)
    t = torch.tensor([1, 10, 500, 990])
    x_t = model.noise(x0, t, eps)
    prediction = model.to_target(x0, t, eps)
    torch.testing.assert_close(model.to_x0(prediction, t, x_t), x0)


def test_v_is_the_velocity_along_the_circle_from_image_to_noise():
    model = gaussian_model("v")
    x0 = torch.randn(1, *SHAPE, dtype=torch.double)
    eps = torch.randn(1, *SHAPE, dtype=torch.double)

    def at(angle):
        return math.cos(angle) * x0 + math.sin(angle) * eps

    angle = math.acos(math.sqrt(model.alpha_bar[300]))
    h = 1e-5
    velocity = (at(angle + h) - at(angle - h)) / (2 * h)
    torch.testing.assert_close(model.to_target(x0, 300, eps), velocity, rtol=1e-7, atol=1e-7)


def test_epsilon_is_the_noise():
    x0 = torch.randn(1, *SHAPE)
    eps = torch.randn(1, *SHAPE)
    assert torch.equal(gaussian_model("epsilon").to_target(x0, 300, eps), eps)


@pytest.mark.parametrize("t", [0, 1001, -1, torch.tensor([1, 1001]), torch.tensor(2.5)])
def test_t_is_checked(t):
    model = gaussian_model()
    blank = torch.zeros(2, *SHAPE)
    with pytest.raises(UserError, match="whole number in 1 … 1000"):
        model.noise(blank, t, blank)
    with pytest.raises(UserError, match="whole number in 1 … 1000"):
        model.denoise(blank, t)


def test_signed_pixels_and_back():
    images = torch.tensor([0.0, 0.5, 1.0])
    assert to_signed(images).tolist() == [-1, 0, 1]
    assert to_images(torch.tensor([-1.5, -1.0, 0.0, 1.0, 1.5])).tolist() == [0, 0, 0.5, 1, 1]


# training


def test_forward_noises_the_image_to_every_t_alike():
    torch.manual_seed(0)
    model = Diffusion(Echo(), SHAPE, steps=5, schedule="linear", target="epsilon", ema=None)
    # 0.75 in [0, 1] is 0.5 in [-1, 1]
    output = model(torch.full((50_000, *SHAPE), 0.75))

    steps, counts = output.t.unique(return_counts=True)
    assert steps.tolist() == [1, 2, 3, 4, 5]
    assert counts.tolist() == pytest.approx([10_000] * 5, abs=400)
    for t in range(1, 6):
        x_t = output.prediction[output.t == t]
        eps = output.target[output.t == t]
        signal = model.alpha_bar[t].sqrt().float()
        sigma = (1 - model.alpha_bar[t]).sqrt().float()
        torch.testing.assert_close(x_t, signal * 0.5 + sigma * eps)

    assert output.target.mean().item() == pytest.approx(0, abs=0.02)
    assert output.target.var().item() == pytest.approx(1, abs=0.02)


def gaussian_images(n):
    rows = torch.randn(n, 3, dtype=torch.double)
    x0 = MEAN + rows @ torch.linalg.cholesky(COVARIANCE).T
    return to_images(x0).reshape(-1, *SHAPE).float()


def test_the_error_is_a_mean_over_pixels_and_the_best_network_has_the_least():
    torch.manual_seed(0)
    x = gaussian_images(4000)
    best = gaussian_model("epsilon", "linear")
    worse = gaussian_model("epsilon", "linear")
    worse.network.mean = MEAN + 0.2

    losses = []
    for model in (best, worse):
        torch.manual_seed(1)
        output = model(x)
        loss = denoising_error(output, x)["loss"]
        losses.append(loss.mean())
        assert loss.shape == (4000,)
        for i in range(5):
            by_hand = ((output.prediction[i] - output.target[i]) ** 2).sum().item() / 3
            assert loss[i].item() == pytest.approx(by_hand, rel=1e-5)
    assert losses[0] < losses[1]
    assert losses[1] < 1


def test_a_tenth_of_the_labels_is_withheld_in_training():
    torch.manual_seed(0)
    model = conditional_model(ema=None)
    c = torch.arange(9000) % 3
    model(torch.rand(9000, *SHAPE), c)

    code = model.network.codes[-1]
    withheld = (code == 0).all(1)
    share = withheld.float().mean().item()
    assert share == pytest.approx(0.1, abs=4 * math.sqrt(0.09 / 9000))
    assert torch.equal(code[~withheld].argmax(1), c[~withheld])
    assert bool((code[~withheld].sum(1) == 1).all())


def test_no_label_is_withheld_in_evaluation():
    model = conditional_model(ema=None).eval()
    c = torch.arange(9000) % 3
    model(torch.rand(9000, *SHAPE), c)
    code = model.network.codes[-1]
    assert torch.equal(code.argmax(1), c)
    assert bool((code.sum(1) == 1).all())


def test_forward_of_an_unconditional_model_does_not_read_the_labels():
    model = gaussian_model()
    x = torch.rand(2, *SHAPE)
    torch.manual_seed(1)
    without = model(x)
    torch.manual_seed(1)
    with_labels = model(x, torch.tensor([0, 9]))
    assert torch.equal(with_labels.prediction, without.prediction)
    assert torch.equal(with_labels.t, without.t)


@pytest.mark.parametrize("w", [0.5, 1.0, 5.0])
def test_attributes_that_are_absent_differ_from_attributes_that_are_withheld(w):
    condition = conditioning.Attributes(2, weight=w)
    model = Diffusion(LinearNetwork(2), SHAPE, condition=condition, ema=None, drop=0.5)
    model.eval()(torch.rand(2, *SHAPE), torch.tensor([[0, 1], [0, 0]]))
    assert model.network.codes[-1].tolist() == [[-w, w], [-w, -w]]

    model.denoise(torch.zeros(1, *SHAPE), 5, [1, 0], guidance=2.0)
    assert model.network.codes[-1].tolist() == [[w, -w], [0, 0]]


def test_the_output_suits_the_loop():
    """`fit` rebuilds the output in float32 from its parts, and needs one loss per image."""
    model = small_model()
    assert conditioning.is_conditional(model)
    output = model(torch.rand(3, *SMALL), torch.tensor([0, 1, 1]))
    again = type(output)(*(part.float() for part in output))
    assert again.prediction.shape == (3, *SMALL)
    assert denoising_error(output)["loss"].shape == (3,)


# what is refused


def test_images_of_another_shape_are_named():
    with pytest.raises(UserError, match="takes images of shape"):
        gaussian_model()(torch.zeros(2, 1, 1, 4))
    with pytest.raises(UserError, match="built for images of shape"):
        Diffusion(UNet((1, 8, 8), channels=(16,)), (1, 12, 12))
    with pytest.raises(UserError, match="answer in the shape of the images"):
        Diffusion(Shrinking(), SHAPE)


@pytest.mark.parametrize(
    "settings, words",
    [
        (dict(schedule="cosin"), "unknown schedule 'cosin'.*Did you mean 'cosine'"),
        (dict(target="eps"), "unknown target 'eps'"),
        (dict(steps=0), "steps must be ≥ 1"),
        (dict(drop=1.0), "drop must lie in .* got 1.0"),
        (dict(drop=-0.1), "drop must lie in .* got -0.1"),
        (dict(ema=1.0), "ema must lie in .* got 1.0"),
        (
            dict(condition=conditioning.AddedEmbedding(3, 2)),
            "takes the conditions OneHot and Attributes, got AddedEmbedding",
        ),
        (
            dict(condition=conditioning.OneHot(4)),
            "does not suit images of shape .* condition of width 4",
        ),
    ],
)
def test_bad_settings_of_the_model_are_named(settings, words):
    with pytest.raises(UserError, match=words):
        Diffusion(LinearNetwork(), SHAPE, **settings)


@pytest.mark.parametrize(
    "settings, words",
    [
        (dict(steps=0), "steps must be ≥ 1, got 0"),
        (dict(steps=1001), "can sample with 1 … 1000, got 1001"),
        (dict(steps=2.5), "steps of Diffusion.sample must be int or None, got float 2.5"),
        (dict(eta=-0.1), "eta must lie in .0, 1., .* got -0.1"),
        (dict(eta=1.1), "got 1.1"),
        (dict(eta=math.nan), "got nan"),
        (dict(eta=None), "got None"),
        (dict(guidance=2.0), "guidance needs a condition"),
        (dict(guidance=0.0), "guidance needs a condition"),
        (dict(c=1), "unconditional"),
        (dict(n=0), "n must be ≥ 1, got 0"),
        (dict(n=0, x_T=torch.zeros(0, *SHAPE)), "n must be ≥ 1, got 0"),
        (dict(x_T=torch.zeros(3, *SHAPE)), "noise of 3 images, but n is 2"),
        (
            dict(x_T=torch.zeros(2, 1, 1, 4)),
            r"noise of shape \(N, 1, 1, 3\), got \(2, 1, 1, 4\)",
        ),
    ],
)
def test_bad_settings_of_sample_are_named(settings, words):
    arguments = {"n": 2} | settings
    with pytest.raises(UserError, match=words):
        gaussian_model().sample(**arguments)


@pytest.mark.parametrize(
    "c, words",
    [
        (None, "this model is conditional: pass c"),
        (3, "unknown class 3"),
        ("boot", "c must be a class in 0 … 2 .*got 'boot'"),
        (torch.tensor([1, 2, 0]), "2 images, 3 classes"),
    ],
)
def test_bad_conditions_are_named(c, words):
    with pytest.raises(UserError, match=words):
        conditional_model().sample(2, c)
