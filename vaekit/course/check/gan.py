"""An exercise of lab 06: the least-squares game of a GAN."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, close, need
from .results import gradients, pair
from .student import Solution, exercise

BOTH = "the discriminator's loss and the generator's"
ONE_PER_IMAGE = "Keep one number per image; the mean over images is taken later."
Losses = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@exercise("real", "fake")
def least_squares(fn: Solution) -> Passed:
    """fn(real, fake): the discriminator's scores, (N,) each → its loss and the generator's.

    Both losses are (N,), without a unit.
    """
    losses = losses_of(fn)

    def discriminator_loss(real: float, fake: float) -> float:
        return answer(losses, real, fake)[0]

    def generator_loss(fake: float) -> float:
        return answer(losses, 1.0, fake)[1]

    generator_reads_fakes_only(losses)
    _targets_of_the_discriminator(discriminator_loss)
    _half_squares_of_the_discriminator(discriminator_loss)
    _target_of_the_generator(generator_loss)
    _half_squares_of_the_generator(generator_loss)
    one_loss_per_pair(losses, fn.seed)
    slopes_match(losses, fn.seed)
    return Passed(
        "least_squares: real images drawn to 1 and generated ones to 0, the generator's to 1, "
        "half a square each, one for each image, with slopes for both players"
    )


def losses_of(fn: Solution) -> Losses:
    """A student's game, called with care."""
    def losses(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        return pair(fn, real, fake, shape=tuple(real.shape), names=BOTH, hint=ONE_PER_IMAGE)

    return losses


def answer(losses: Losses, real: float, fake: float) -> tuple[float, float]:
    """What both players lose for one pair of scores."""
    of_discriminator, of_generator = losses(torch.full((3,), real), torch.full((3,), fake))
    return float(of_discriminator[0]), float(of_generator[0])


def generator_reads_fakes_only(losses: Losses) -> None:
    """The scores of real images do not enter the generator's loss."""
    need(
        abs(answer(losses, 1.0, 1.0)[1] - answer(losses, -2.0, 1.0)[1]) < 1e-5,
        "Your generator's loss changes with the scores of real images, which it cannot influence. "
        "Is it the second of the two that you return, and made of the scores of generated images?",
    )


def _targets_of_the_discriminator(loss: Callable[[float, float], float]) -> None:
    at_targets = loss(1.0, 0.0)
    at_swapped_targets = loss(0.0, 1.0)
    need(
        at_targets < 0.1 or at_swapped_targets > 0.1,
        "Your discriminator is content when it scores real images 0 and generated ones 1. "
        "The targets are the other way round.",
    )
    need(
        abs(at_targets) < 1e-5,
        "A discriminator that scores real images 1 and generated ones 0 makes no error "
        f"and should pay 0, not {at_targets:.3g}. "
        "The scores are compared with their targets, 1 and 0, as they are: "
        "no sigmoid, no logarithm.",
    )


def _half_squares_of_the_discriminator(loss: Callable[[float, float], float]) -> None:
    one_score_off_by_1 = [
        (2.0, 0.0, "real"),
        (1.0, 1.0, "generated"),
        (0.0, 0.0, "real"),
        (1.0, -1.0, "generated"),
    ]
    for real, fake, which in one_score_off_by_1:
        paid = loss(real, fake)
        need(
            abs(paid - 1) > 1e-5,
            f"One score, of a {which} image, is off by 1, and your discriminator pays 1. "
            "Half of that is meant: the factor ½ makes the slope equal to the error.",
        )
        need(
            abs(paid - 0.5) < 1e-5,
            f"One score, of a {which} image, is off by 1: "
            f"the discriminator should pay ½, yours pays {paid:.3g}. "
            "Both kinds of image count, "
            "and an error above the target costs as much as one below.",
        )
    need(
        abs(loss(3.0, 0.0) - 2) < 1e-5,
        "An error twice as large should cost four times as much, "
        "but your discriminator's does not.",
    )


def _target_of_the_generator(loss: Callable[[float], float]) -> None:
    recognised = loss(0.0)
    taken_for_real = loss(1.0)
    need(
        recognised >= 0,
        f"The generator's loss is {recognised:.3g}, below 0. "
        "It does not play for the negative of the discriminator's loss: "
        "it has a target of its own.",
    )
    need(
        abs(recognised) > 1e-5 or abs(taken_for_real) < 1e-5,
        "Your generator is content when its images score 0, that is, when they are recognised. "
        "It wants them to be taken for real.",
    )
    need(
        abs(taken_for_real) < 1e-5,
        "Generated images that score 1 are taken for real, "
        f"so the generator should pay 0; yours pays {taken_for_real:.3g}.",
    )


def _half_squares_of_the_generator(loss: Callable[[float], float]) -> None:
    off_by_1 = loss(0.0)
    off_by_2 = loss(-1.0)
    need(
        abs(off_by_1 - 1) > 1e-5,
        "Generated images that score 0 are off by 1, and your generator pays 1. "
        "The factor ½ belongs to its loss too.",
    )
    need(
        abs(off_by_1 - 0.5) < 1e-5 and abs(off_by_2 - 2) < 1e-5,
        "The generator should pay ½ for a score of 0 and 2 for a score of −1: "
        "half the square of what is missing. "
        f"Yours pays {off_by_1:.3g} and {off_by_2:.3g}.",
    )
    need(
        abs(loss(3.0) - 2) < 1e-5,
        "A score of 3 is as far above the target as −1 is below it, "
        f"so the generator should pay 2 for it too; yours pays {loss(3.0):.3g}.",
    )


def one_loss_per_pair(losses: Losses, seed: int) -> None:
    """No mean, no batch statistics: each loss comes from its own pair of scores."""
    scores = torch.randn(2, 6, generator=seeded(seed)) * 2
    together = losses(scores[0], scores[1])
    for place, who in enumerate(("discriminator", "generator")):
        alone = [losses(r[None], f[None])[place] for r, f in zip(scores[0], scores[1])]
        need(
            close(together[place], torch.cat(alone)),
            f"The {who}'s loss of an image changes with the other images of the batch. "
            "Each number should come from one pair of scores.",
        )


def slopes_match(losses: Losses, seed: int) -> None:
    """The gradient that autograd finds is that of the losses themselves."""
    scores = torch.randn(2, 5, generator=seeded(seed + 1)).requires_grad_()
    step = 1e-2
    # the row of the scores, then the loss
    for row, place in ((0, 0), (1, 0), (1, 1)):
        who = ("discriminator", "generator")[place]
        found = gradients(losses(scores[0], scores[1])[place], scores)[0][row]
        shift = torch.zeros_like(scores).detach()
        shift[row] = step
        high = losses(*(scores.detach() + shift))[place]
        low = losses(*(scores.detach() - shift))[place]
        measured = (high - low) / (2 * step)
        need(
            close(found, measured, 1e-2),
            f"No gradient, or a wrong one, comes back from the {who}'s loss to the scores of "
            f"{('real', 'generated')[row]} images. Is something detached, or computed without "
            "torch?",
        )
