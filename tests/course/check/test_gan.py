"""Check of the least-squares game (lab 05).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import pytest
import torch
import torch.nn.functional as F
from support.checks import passes, refuses

from vaekit.course import check
from vaekit.models import gan


def half(score, target):
    return (score - target).square() / 2


def right_discriminator(real, fake):
    return half(real, 1) + half(fake, 0)


def right_generator(real, fake):
    return half(fake, 1)


def game(real, fake, discriminator=right_discriminator, generator=right_generator):
    return discriminator(real, fake), generator(real, fake)


def library(real, fake):
    images = torch.rand(len(real), 1, 2, 2)
    terms = gan.least_squares(gan.GANOutput(real, fake, images), images)
    return terms["discriminator_loss"], terms["generator_loss"]


def list_of_losses(real, fake):
    return [0.5 * (real - 1) ** 2 + 0.5 * fake**2, 0.5 * (1 - fake) ** 2]


@pytest.mark.parametrize("solution", [game, library, list_of_losses])
def test_the_right_losses_pass_and_say_what_was_tested(solution):
    passes(check.least_squares, solution)


@pytest.mark.parametrize("wrong, words", [
    (lambda real, fake: None, "returns nothing"),
    (
        lambda real, fake: half(real, 1),
        "Return two tensors, the discriminator's loss and the generator's",
    ),
    (
        lambda real, fake: (half(real, 1), None),
        "Return a tensor, not NoneType",
    ),
    (
        lambda real, fake: tuple(loss.mean() for loss in game(real, fake)),
        "Keep one number per image",
    ),
    (
        lambda real, fake: tuple(float(loss.mean()) for loss in game(real, fake)),
        "Return a tensor, not float",
    ),
    (lambda real, fake: game(real, fake)[::-1], "Is it the second of the two"),
    (
        lambda real, fake: game(1 - real, 1 - fake),
        "The targets are the other way round",
    ),
])
def test_a_wrong_pair_of_losses(wrong, words):
    refuses(check.least_squares, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (
        lambda real, fake: half(real, 0) + half(fake, 1),
        "The targets are the other way round",
    ),
    (
        lambda real, fake: F.softplus(-real) + F.softplus(fake),
        "no sigmoid, no logarithm",
    ),
    (
        lambda real, fake: half(real.sigmoid(), 1) + half(fake.sigmoid(), 0),
        "no sigmoid, no logarithm",
    ),
    (
        lambda real, fake: 2 * (half(real, 1) + half(fake, 0)),
        "a real image, is off by 1, and .* pays 1",
    ),
    (
        lambda real, fake: half(real, 1) + 2 * half(fake, 0),
        "a generated image, is off by 1, and .* pays 1",
    ),
    (
        lambda real, fake: half(real, 1),
        "of a generated image, is off by 1: .* yours pays 0",
    ),
    (
        lambda real, fake: half(fake, 0),
        "of a real image, is off by 1: .* yours pays 0",
    ),
    (
        lambda real, fake: (half(real, 1) + half(fake, 0)) / 2,
        "should pay ½, yours pays 0.25",
    ),
    (
        lambda real, fake: half(real.clamp(max=1), 1) + half(fake, 0),
        "an error above the target costs as much",
    ),
    (
        lambda real, fake: ((real - 1).abs() + fake.abs()) / 2,
        "four times as much",
    ),
    (
        lambda real, fake: right_discriminator(real, fake).detach(),
        "No gradient comes back",
    ),
])
def test_a_wrong_loss_of_the_discriminator(wrong, words):
    refuses(check.least_squares, lambda real, fake: game(real, fake, discriminator=wrong), words)


@pytest.mark.parametrize("wrong, words", [
    (
        lambda real, fake: -half(fake, 0) - half(real, 1),
        "the scores of real images",
    ),
    (lambda real, fake: -half(fake, 0) - 0.1, "does not play for the negative"),
    (lambda real, fake: half(fake, 0), "when they are recognised"),
    (
        lambda real, fake: F.softplus(-fake),
        "taken for real, so the generator should pay 0",
    ),
    (
        lambda real, fake: 2 * half(fake, 1),
        "The factor ½ belongs to its loss too",
    ),
    (
        lambda real, fake: (fake - 1).abs() / 2,
        "½ for a score of 0 and 2 for a score of −1",
    ),
    (
        lambda real, fake: half(fake.clamp(max=1), 1),
        "the generator should pay 2 for it too; yours pays 0",
    ),
    (lambda real, fake: half(real, 1), "made of the scores of generated images"),
    (lambda real, fake: half(fake, 1) / 2, "half the square of what is missing"),
    (lambda real, fake: half(fake, 1).detach(), "No gradient comes back"),
])
def test_a_wrong_loss_of_the_generator(wrong, words):
    refuses(check.least_squares, lambda real, fake: game(real, fake, generator=wrong), words)
