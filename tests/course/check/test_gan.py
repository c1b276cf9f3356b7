"""Check of the least-squares game (lab 06).

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


def by_mse_loss(real, fake):
    one = torch.ones_like(real)
    zero = torch.zeros_like(fake)
    of_real = F.mse_loss(real, one, reduction="none")
    of_fake = F.mse_loss(fake, zero, reduction="none")
    return (of_real + of_fake) / 2, F.mse_loss(fake, one, reduction="none") / 2


def multiplied_out(real, fake):
    both = torch.stack([real - 1, fake])
    return 0.5 * (both * both).sum(0), fake**2 / 2 - fake + 0.5


def in_a_loop(real, fake):
    of_discriminator = [((r - 1) ** 2 + f**2) / 2 for r, f in zip(real, fake)]
    of_generator = [(1 - f) ** 2 / 2 for f in fake]
    return torch.stack(of_discriminator), torch.stack(of_generator)


RIGHT = [game, library, list_of_losses, by_mse_loss, multiplied_out, in_a_loop]


@pytest.mark.parametrize("solution", RIGHT)
def test_the_right_losses_pass_and_say_what_was_tested(solution):
    passes(check.least_squares, solution)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_right_losses_pass_with_any_seed_of_the_check(seed):
    assert repr(check.least_squares(game, seed=seed)).startswith("✓")


def test_no_square_error_of_a_hinge():
    def hinge(real, fake):
        return right_discriminator(real, fake), F.relu(1 - fake).square() / 2

    refuses(check.least_squares, hinge, "should pay 2 for it too; yours pays 0")


@pytest.mark.parametrize("wrong, words", [
    (lambda real, fake: half(real.detach(), 1) + half(fake, 0), "discriminator.* of real images"),
    (
        lambda real, fake: half(real, 1) + half(fake.detach(), 0),
        "discriminator.* of generated images",
    ),
    (
        lambda real, fake: half(real, 1).mean() + half(fake, 0),
        "changes with the other images of the batch",
    ),
])
def test_a_discriminator_that_learns_from_half_of_what_it_sees(wrong, words):
    refuses(check.least_squares, lambda real, fake: game(real, fake, discriminator=wrong), words)


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
        "No gradient, or a wrong one, comes back",
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
    (lambda real, fake: half(fake, 1).detach(), "No gradient, or a wrong one, comes back"),
])
def test_a_wrong_loss_of_the_generator(wrong, words):
    refuses(check.least_squares, lambda real, fake: game(real, fake, generator=wrong), words)
