"""What the checks of a GAN's two losses (lab 06) share."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...device import seeded
from .core import close, need
from .results import gradients, pair
from .student import Solution

BOTH = "the discriminator's loss and the generator's"
ONE_PER_IMAGE = "Keep one number per image; the mean over images is taken later."
Losses = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


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
