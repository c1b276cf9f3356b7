"""The checks of lab 05 pass the right answer and tell each wrong one which property failed."""
import math

import pytest
import torch
import torch.nn.functional as F

from vaekit.course import check
from vaekit.models import gan
from vaekit.models.diffusion import step


def half(score, target):
    return (score - target).square() / 2


def game(real, fake, d=lambda real, fake: half(real, 1) + half(fake, 0), g=lambda real, fake: half(fake, 1)):
    return d(real, fake), g(real, fake)


def library(real, fake):
    terms = gan.least_squares(gan.GANOutput(real, fake, torch.rand(len(real), 1, 2, 2)), torch.rand(len(real), 1, 2, 2))
    return terms["discriminator_loss"], terms["generator_loss"]


def forward(x0, kept, a=torch.sqrt, b=lambda kept: (1 - kept).sqrt(), draw=torch.randn_like):
    noise = draw(x0)
    return a(kept) * x0 + b(kept) * noise, noise


def scaled(f):
    """Noise that is drawn by f; what is returned goes into x_t too."""
    return lambda x0, kept: forward(x0, kept, draw=f)


def only_two_columns(x0, kept):
    noise = torch.randn(len(x0), 2)
    return forward(x0, kept, draw=lambda x: noise)


def own_level(x0, kept):
    return forward(x0, kept.flatten()[0])


def ddim(x_t, x0, now, after, noise=None):
    eps = (x_t - math.sqrt(now) * x0) / math.sqrt(1 - now) if noise is None else noise
    return math.sqrt(after) * x0 + math.sqrt(1 - after) * eps


@pytest.mark.parametrize("checker, solution", [
    (check.least_squares, game),
    (check.least_squares, library),
    (check.least_squares, lambda real, fake: [0.5 * (real - 1) ** 2 + 0.5 * fake**2, 0.5 * (1 - fake) ** 2]),
    (check.forward_process, forward),
    (check.forward_process, lambda x0, kept: (torch.lerp(x0 * 0, x0, kept**0.5) + (e := torch.randn(x0.shape)) * (1 - kept) ** 0.5, e)),
    (check.ddim_step, ddim),
    (check.ddim_step, lambda x_t, x0, now, after: step(x_t, x0, now, after, 0.0)),
    (check.ddim_step, lambda x_t, x0, now, after: after.sqrt() * x0 + (1 - after).sqrt() * (x_t - now.sqrt() * x0) / (1 - now).sqrt()),
    (check.ddim_step, lambda x_t, x0, now, after: after**0.5 * x0 + (x_t - now**0.5 * x0) * ((1 - after) / (1 - now)) ** 0.5),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    for seed in range(3):
        torch.manual_seed(seed)
        assert repr(checker(solution)).startswith(f"✓ {checker.__name__}: ")


def wrong_d(d):
    return lambda real, fake: game(real, fake, d=d)


def wrong_g(g):
    return lambda real, fake: game(real, fake, g=g)


@pytest.mark.parametrize("checker, wrong, words", [
    (check.least_squares, lambda real, fake: None, "returns nothing"),
    (check.least_squares, lambda real, fake: half(real, 1), "Return two tensors, the discriminator's loss and the generator's"),
    (check.least_squares, lambda real, fake: tuple(v.mean() for v in game(real, fake)), "Keep one number an image"),
    (check.least_squares, lambda real, fake: tuple(float(v.mean()) for v in game(real, fake)), "Return a tensor, not float"),
    (check.least_squares, lambda real, fake: game(real, fake)[::-1], "Is it the second of the two"),
    (check.least_squares, lambda real, fake: game(1 - real, 1 - fake), "The targets are the other way round"),
    (check.least_squares, wrong_d(lambda real, fake: half(real, 0) + half(fake, 1)), "The targets are the other way round"),
    (check.least_squares, wrong_d(lambda real, fake: F.softplus(-real) + F.softplus(fake)), "no sigmoid, no logarithm"),
    (check.least_squares, wrong_d(lambda real, fake: half(real.sigmoid(), 1) + half(fake.sigmoid(), 0)), "no sigmoid, no logarithm"),
    (check.least_squares, wrong_d(lambda real, fake: 2 * (half(real, 1) + half(fake, 0))), "a real image, is off by 1, and .* pays 1"),
    (check.least_squares, wrong_d(lambda real, fake: half(real, 1) + 2 * half(fake, 0)), "a generated image, is off by 1, and .* pays 1"),
    (check.least_squares, wrong_d(lambda real, fake: half(real, 1)), "of a generated image, is off by 1: .* yours pays 0"),
    (check.least_squares, wrong_d(lambda real, fake: half(fake, 0)), "of a real image, is off by 1: .* yours pays 0"),
    (check.least_squares, wrong_d(lambda real, fake: (half(real, 1) + half(fake, 0)) / 2), "should pay ½, yours pays 0.25"),
    (check.least_squares, wrong_d(lambda real, fake: half(real.clamp(max=1), 1) + half(fake, 0)), "an error above the target costs as much"),
    (check.least_squares, wrong_d(lambda real, fake: ((real - 1).abs() + fake.abs()) / 2), "four times as much"),
    (check.least_squares, wrong_g(lambda real, fake: -half(fake, 0) - half(real, 1)), "the scores of real images"),
    (check.least_squares, wrong_g(lambda real, fake: -half(fake, 0) - 0.1), "does not play for the negative"),
    (check.least_squares, wrong_g(lambda real, fake: half(fake, 0)), "when they are recognised"),
    (check.least_squares, wrong_g(lambda real, fake: F.softplus(-fake)), "taken for real, so the generator should pay 0"),
    (check.least_squares, wrong_g(lambda real, fake: 2 * half(fake, 1)), "The factor ½ belongs to its loss too"),
    (check.least_squares, wrong_g(lambda real, fake: (fake - 1).abs() / 2), "½ for a score of 0 and 2 for a score of −1"),
    (check.least_squares, wrong_g(lambda real, fake: half(fake, 1) / 2), "half the square of what is missing"),
    (check.least_squares, wrong_g(lambda real, fake: half(fake, 1).detach()), "No gradient comes back"),
    (check.least_squares, wrong_d(lambda real, fake: (half(real, 1) + half(fake, 0)).detach()), "No gradient comes back"),
    (check.forward_process, lambda x0, kept: None, "returns nothing"),
    (check.forward_process, lambda x0, kept: forward(x0, kept)[0], "Return two tensors, x_t and the noise in it"),
    (check.forward_process, lambda x0, kept: forward(x0[:1], kept[:1]), "Both have the shape of x0"),
    (check.forward_process, lambda x0, kept: forward(x0, 1 - kept), "the share of the data that is .kept.: 1 keeps all"),
    (check.forward_process, lambda x0, kept: forward(x0, kept, b=lambda k: torch.ones_like(k)), "At ᾱ = 1 nothing is destroyed yet"),
    (check.forward_process, lambda x0, kept: forward(x0, kept, a=lambda k: 0.1 + 0.9 * k), "At ᾱ = 0 nothing is kept"),
    (check.forward_process, scaled(torch.rand_like), "Draw it with randn, not with rand"),
    (check.forward_process, scaled(lambda x: 2 * torch.randn_like(x)), "should have standard deviation 1"),
    (check.forward_process, scaled(lambda x: 12**0.5 * (torch.rand_like(x) - 0.5)), "Is it Gaussian"),
    (check.forward_process, scaled(lambda x: torch.randn(len(x), 1).expand_as(x)), "take the shape of x0"),
    (check.forward_process, scaled(lambda x: torch.randn(x.shape[1:]).expand_as(x)), "mean 0|standard deviation 1|take the shape of x0"),
    (check.forward_process, scaled(lambda x: torch.randn(100, *x.shape[1:])[torch.arange(len(x)) % 100] if len(x) > 100 else torch.randn_like(x)),
     "mean 0|standard deviation 1|take the shape of x0|Gaussian"),
    (check.forward_process, scaled(lambda x: torch.randn(x.shape, generator=torch.Generator().manual_seed(1))), "draw fresh noise every time"),
    (check.forward_process, lambda x0, kept: (forward(x0, kept)[0], torch.randn_like(x0)), "the very draw"),
    (check.forward_process, lambda x0, kept: forward(x0, kept, a=lambda k: k, b=lambda k: 1 - k), "you keep ¼ of each number"),
    (check.forward_process, lambda x0, kept: forward(x0, kept, b=lambda k: 1 - k), "the noise gets the factor ¾"),
    (check.forward_process, lambda x0, kept: forward(x0, kept, b=lambda k: 1 - k**0.5), "Data of variance 1 should keep it"),
    (check.forward_process, lambda x0, kept: forward(x0, kept**2), "you keep ¼ of each number"),
    (check.forward_process, lambda x0, kept: forward(x0, kept**0.5), "each number of x_0 should count half; yours counts 0.71"),
    (check.forward_process, only_two_columns, "Both have the shape of x0|must match the size"),
    (check.forward_process, own_level, "Each row comes with an ᾱ of its own"),
    (check.ddim_step, lambda x_t, x0, now, after: None, "returns nothing"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, after)[0], "A step keeps the shape"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, after, torch.randn_like(x0)), "This step draws nothing"),
    (check.ddim_step, lambda x_t, x0, now, after: step(x_t, x0, now, after, 1.0, torch.randn_like(x0)), "This step draws nothing"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, after, now), "You walk the wrong way"),
    (check.ddim_step, lambda x_t, x0, now, after: x_t + (math.sqrt(after) - math.sqrt(now)) * x0, "rescale the noise that you found"),
    (check.ddim_step, lambda x_t, x0, now, after: x_t, "rescale the noise that you found"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, after, x_t), "x_t itself is not the noise"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, after, x_t - math.sqrt(now) * x0), "x_t itself is not the noise"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, 1 - (1 - after) ** 2), "should be 0.6 times the same noise"),
    (check.ddim_step, lambda x_t, x0, now, after: x0, "Yours is 0 times it"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, after) + (now**0.5 - after**0.5) * x0, "you used the coefficient of x_t"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, after, x_t / math.sqrt(1 - now)), r"becomes 1.25 · x0\. Is the image"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, after, (x_t - x0) / math.sqrt(1 - now)), "Is the image's part taken out of x_t"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, after, (x_t - now * x0) / math.sqrt(1 - now)), "Is the image's part taken out"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, after) + (now - 0.36) * x0, "land exactly where the forward process"),
    (check.ddim_step, lambda x_t, x0, now, after: ddim(x_t, x0, now, min(after, 0.98)), "it should give x0 itself"),
])
def test_a_wrong_answer_is_told_which_property_failed(checker, wrong, words):
    torch.manual_seed(0)
    with pytest.raises((check.CheckFailed, RuntimeError), match=words):
        checker(wrong)
