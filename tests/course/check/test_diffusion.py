"""Checks of the forward process and the DDIM step (lab 07).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import math

import pytest
import torch
from support.checks import passes, refuses

from vaekit.course import check
from vaekit.device import seeded
from vaekit.models.diffusion import step


def root_of_the_rest(kept):
    return (1 - kept).sqrt()


def forward(x0, kept, of_image=torch.sqrt, of_noise=root_of_the_rest, draw=torch.randn_like):
    noise = draw(x0)
    return of_image(kept) * x0 + of_noise(kept) * noise, noise


def forward_by_lerp(x0, kept):
    noise = torch.randn(x0.shape)
    return torch.lerp(x0 * 0, x0, kept**0.5) + noise * (1 - kept) ** 0.5, noise


def ddim(x_t, x0, now, after, noise=None):
    if noise is None:
        noise = (x_t - math.sqrt(now) * x0) / math.sqrt(1 - now)
    return math.sqrt(after) * x0 + math.sqrt(1 - after) * noise


def ddim_of_tensors(x_t, x0, now, after):
    noise = (x_t - now.sqrt() * x0) / (1 - now).sqrt()
    return after.sqrt() * x0 + (1 - after).sqrt() * noise


def ddim_by_one_ratio(x_t, x0, now, after):
    return after**0.5 * x0 + (x_t - now**0.5 * x0) * ((1 - after) / (1 - now)) ** 0.5


def forward_by_angle(x0, kept):
    """A quarter of a turn leads from the data to the noise."""
    angle = torch.acos(kept.sqrt())
    noise = torch.randn(x0.shape)
    return torch.cos(angle) * x0 + torch.sin(angle) * noise, noise


def forward_row_by_row(x0, kept):
    noise = torch.stack([torch.randn_like(row) for row in x0])
    mixed = [a.sqrt() * row + (1 - a).sqrt() * z for a, row, z in zip(kept, x0, noise)]
    return torch.stack(mixed), noise


def forward_by_normal(x0, kept):
    """Draw x_t itself, and solve for the noise in it."""
    below = 1e-12
    spread = (1 - kept).sqrt()
    noise = torch.normal(torch.zeros_like(x0), torch.ones_like(x0))
    x_t = kept.sqrt() * x0 + spread * noise
    solved = (x_t - kept.sqrt() * x0) / spread.clamp(min=below)
    return x_t, torch.where(spread > 0.1, solved, noise)


def ddim_by_rotation(x_t, x0, now, after):
    """x_t and x0 span a circle; go round it from one angle to the other."""
    start, end = torch.acos(now.sqrt()), torch.acos(after.sqrt())
    across = torch.sin(end) / torch.sin(start)
    return across * x_t + torch.sin(start - end) / torch.sin(start) * x0


def ddim_in_scaled_units(x_t, x0, now, after):
    """Karras et al.: x / √ᾱ moves on a straight line to x0."""
    sigma, next_sigma = ((1 - now) / now).sqrt(), ((1 - after) / after).sqrt()
    straight = x0 + (x_t / now.sqrt() - x0) * next_sigma / sigma
    return after.sqrt() * straight


@pytest.mark.parametrize("checker, solution", [
    (check.forward_process, forward),
    (check.forward_process, forward_by_angle),
    (check.forward_process, forward_row_by_row),
    (check.forward_process, forward_by_normal),
    (check.ddim_step, ddim_by_rotation),
    (check.ddim_step, ddim_in_scaled_units),
    (check.forward_process, forward_by_lerp),
    (check.ddim_step, ddim),
    (check.ddim_step, lambda x_t, x0, now, after: step(x_t, x0, float(now), float(after), 0.0)),
    (check.forward_process, lambda x0, kept: forward(x0.double(), kept.double())),
    (check.forward_process, lambda x0, kept: list(forward(x0, kept))),
    (
        check.ddim_step,
        lambda x_t, x0, now, after: ddim(x_t.float(), x0.float(), float(now), float(after)),
    ),
    (check.ddim_step, ddim_of_tensors),
    (check.ddim_step, ddim_by_one_ratio),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    passes(checker, solution)


def one_draw_for_all_channels(x):
    return torch.randn_like(x[:, :1]).expand_as(x) if x.ndim == 4 else torch.randn_like(x)


@pytest.mark.parametrize("seed", [1, 7, 123])
@pytest.mark.parametrize("checker, solution", [
    (check.forward_process, forward),
    (check.ddim_step, ddim),
])
def test_the_seed_of_the_check_is_an_argument(checker, solution, seed):
    assert checker(solution, seed=seed)


@pytest.mark.parametrize("wrong, words", [
    (lambda x0, kept: None, "returns nothing"),
    (
        lambda x0, kept: forward(x0, kept)[0],
        "Return two tensors, x_t and the noise in it",
    ),
    (lambda x0, kept: forward(x0[:1], kept[:1]), "Both have the shape of x0"),
    (
        lambda x0, kept: forward(x0, 1 - kept),
        "the share of the data that is .kept.: 1 keeps all",
    ),
    (
        lambda x0, kept: (forward(x0, kept)[0], torch.randn_like(x0)),
        "the very draw",
    ),
    (lambda x0, kept: forward(x0, kept)[::-1], "Return x_t first, then the noise"),
    (
        lambda x0, kept: (forward(x0, kept)[0], x0),
        "second of the two that you return is x_0",
    ),
    (
        lambda x0, kept: forward(x0, kept, of_noise=lambda kept: -((1 - kept).sqrt())),
        "opposite sign",
    ),
    (lambda x0, kept: forward(x0, kept**2), "you keep ¼ of each number"),
    (
        lambda x0, kept: forward(x0, kept**0.5),
        "each number of x_0 should count half; yours counts 0.71",
    ),
    (
        lambda x0, kept: forward(x0, kept, draw=one_draw_for_all_channels),
        "The channels of an image share the same noise",
    ),
    (
        lambda x0, kept: forward(x0, kept.flatten()[0]),
        "Each row comes with an ᾱ of its own",
    ),
])
def test_a_wrong_forward_process(wrong, words):
    refuses(check.forward_process, wrong, words)


def test_a_forward_process_for_points_only():
    def wrong(x0, kept):
        noise = torch.randn(len(x0), 2)
        return forward(x0, kept, draw=lambda x: noise)

    refuses(check.forward_process, wrong, "raised RuntimeError: .*must match the size")


@pytest.mark.parametrize("factors, words", [
    ({"of_noise": torch.ones_like}, "At ᾱ = 1 nothing is destroyed yet"),
    ({"of_image": lambda kept: 0.1 + 0.9 * kept}, "At ᾱ = 0 nothing is kept"),
    (
        {"of_image": lambda kept: kept, "of_noise": lambda kept: 1 - kept},
        "you keep ¼ of each number",
    ),
    ({"of_noise": lambda kept: 1 - kept}, "the noise gets the factor ¾"),
    (
        {"of_noise": lambda kept: 1 - kept**0.5},
        "Data of variance 1 should keep it",
    ),
])
def test_a_forward_process_with_wrong_factors(factors, words):
    refuses(check.forward_process, lambda x0, kept: forward(x0, kept, **factors), words)


def repeated_every_100_rows(x):
    if len(x) <= 100:
        return torch.randn_like(x)
    few = torch.randn(100, *x.shape[1:])
    return few[torch.arange(len(x)) % 100]


@pytest.mark.parametrize("draw, words", [
    (torch.rand_like, "Draw it with randn, not with rand"),
    (lambda x: 2 * torch.randn_like(x), "should have standard deviation 1"),
    (lambda x: 12**0.5 * (torch.rand_like(x) - 0.5), "Is it Gaussian"),
    (lambda x: torch.randn(len(x), 1).expand_as(x), "take the shape of x0"),
    (
        lambda x: torch.randn(x.shape[1:]).expand_as(x),
        "Several rows share the same noise",
    ),
    (repeated_every_100_rows, "Several rows share the same noise"),
    (lambda x: 1 + torch.randn_like(x), r"should have mean 0, yours has 1\.0\d\.$"),
    (
        lambda x: torch.randn(x.shape, generator=seeded(1)),
        "draw fresh noise every time",
    ),
])
def test_a_forward_process_with_wrong_noise(draw, words):
    """What is drawn is returned, and goes into x_t too."""
    refuses(check.forward_process, lambda x0, kept: forward(x0, kept, draw=draw), words)


def ddim_with_noise(noise):
    """The right step, but for what it takes to be the noise in x_t."""
    return lambda x_t, x0, now, after: ddim(x_t, x0, now, after, noise(x_t, x0, now))


@pytest.mark.parametrize("noise, words", [
    (lambda x_t, x0, now: torch.randn_like(x0), "This step draws nothing"),
    (lambda x_t, x0, now: x_t, "x_t itself is not the noise"),
    (lambda x_t, x0, now: x_t - math.sqrt(now) * x0, "x_t itself is not the noise"),
    (
        lambda x_t, x0, now: x_t / math.sqrt(1 - now),
        r"becomes 1.25 · x0\. Is the image",
    ),
    (
        lambda x_t, x0, now: (x_t - x0) / math.sqrt(1 - now),
        "Is the image's part taken out of x_t",
    ),
    (
        lambda x_t, x0, now: (x_t - now * x0) / math.sqrt(1 - now),
        "Is the image's part taken out",
    ),
])
def test_a_ddim_step_with_wrong_noise(noise, words):
    refuses(check.ddim_step, ddim_with_noise(noise), words)


def ancestral(x_t, x0, now, after):
    return step(x_t, x0, float(now), float(after), 1.0, torch.randn_like(x0))


def euler(x_t, x0, now, after):
    return x_t + (math.sqrt(after) - math.sqrt(now)) * x0


def image_as_strong_as_before(x_t, x0, now, after):
    return ddim(x_t, x0, now, after) + (now**0.5 - after**0.5) * x0


@pytest.mark.parametrize("wrong, words", [
    (lambda x_t, x0, now, after: None, "returns nothing"),
    (
        lambda x_t, x0, now, after: ddim(x_t, x0, now, after)[0],
        "A step keeps the shape",
    ),
    (ancestral, "This step draws nothing"),
    (
        lambda x_t, x0, now, after: ddim(x_t, x0, after, now),
        "You walk the wrong way",
    ),
    (
        lambda x_t, x0, now, after: (x_t - now**0.5 * x0) / (1 - now) ** 0.5,
        "give that noise back with the factor 1",
    ),
    (
        lambda x_t, x0, now, after: ddim(x_t, x0, now**2, after**2),
        "should be 0.6 times the same noise",
    ),
    (
        lambda x_t, x0, now, after: after**0.5 * x0 + (1 - after) * x_t / 0.8,
        "0.36 times.*is a root missing",
    ),
    (euler, "rescale the noise that you found"),
    (lambda x_t, x0, now, after: x_t, "rescale the noise that you found"),
    (
        lambda x_t, x0, now, after: ddim(x_t, x0, now, 1 - (1 - after) ** 2),
        "should be 0.6 times the same noise",
    ),
    (lambda x_t, x0, now, after: x0, "Yours is 0 times it"),
    (image_as_strong_as_before, "you used the coefficient of x_t"),
    (
        lambda x_t, x0, now, after: ddim(x_t, x0, now, after) + (now - 0.36) * x0,
        "land exactly where the forward process",
    ),
    (
        lambda x_t, x0, now, after: ddim(x_t, x0, now, min(after, 0.98)),
        "it should give x0 itself",
    ),
])
def test_a_wrong_ddim_step(wrong, words):
    refuses(check.ddim_step, wrong, words)


def first_channel_only(x_t, x0, now, after):
    x_s = x_t.clone()
    x_s[:, :1] = ddim(x_t, x0, now, after)[:, :1]
    return x_s


def mean_over_the_batch(x_t, x0, now, after):
    noise = (x_t - math.sqrt(now) * x0) / math.sqrt(1 - now)
    return ddim(x_t, x0, now, after, noise.mean(0, keepdim=True).expand_as(noise))


@pytest.mark.parametrize("wrong", [first_channel_only, mean_over_the_batch])
def test_a_ddim_step_that_is_right_for_some_numbers_only(wrong):
    refuses(check.ddim_step, wrong, "noise|image|lands")
