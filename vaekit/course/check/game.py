"""The exercises of lab 06 on the game itself: the non-saturating losses, and a cut in the graph."""
from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from ...device import seeded
from .core import Passed, close, need
from .gan import (
    ONE_PER_IMAGE,
    Losses,
    answer,
    generator_reads_fakes_only,
    losses_of,
    one_loss_per_pair,
    slopes_match,
)
from .results import gradients, tensor
from .student import Solution, exercise


@exercise("real", "fake")
def non_saturating(fn: Solution) -> Passed:
    """fn(real, fake): the discriminator's scores, (N,) each → its loss and the generator's, nats.

    Both are binary cross-entropies, (N,) each.
    """
    losses = losses_of(fn)
    generator_reads_fakes_only(losses)
    _learns_in_the_right_direction(losses)
    _undecided(losses)
    _does_not_saturate(losses)
    _are_log_probabilities(losses, fn.seed)
    one_loss_per_pair(losses, fn.seed)
    _survives_extremes(losses)
    slopes_match(losses, fn.seed)
    return Passed(
        "non_saturating: log 2 for each undecided score, finite for every score, with slopes "
        "for both players"
    )


@exercise("discriminator", "real", "fake")
def discriminator_loss(fn: Solution) -> Passed:
    """fn(discriminator, real, fake): a network, points (N, D) twice → its loss, nats, (N,).

    The points `fake` come out of a generator that must not learn from this loss.
    """
    for points, width in ((5, 2), (8, 3)):
        discriminator = _random_discriminator(width, fn.seed + points)
        real = torch.randn(points, width, generator=seeded(fn.seed + 1)) + 1
        fake = torch.randn(points, width, generator=seeded(fn.seed + 2)).requires_grad_()
        result = tensor(
            fn, discriminator, real, fake * 1.0, shape=(points,),
            hint="Scores come as (N, 1): take [:, 0], so that one number per point is left.",
        )
        _generator_learns_nothing(result, fake)
        _discriminator_learns(fn, discriminator, real, fake.detach(), result)
    return Passed(
        "discriminator_loss: the discriminator learns from real and generated points alike, "
        "and nothing reaches the generator"
    )


def _learns_in_the_right_direction(losses: Losses) -> None:
    need(
        answer(losses, 2.0, 0.0)[0] < answer(losses, -2.0, 0.0)[0],
        "Your discriminator loses less when it scores real images lower. "
        "A high score means real.",
    )
    need(
        answer(losses, 0.0, -2.0)[0] < answer(losses, 0.0, 2.0)[0],
        "Your discriminator loses less when it scores generated images higher. "
        "A low score means generated.",
    )
    need(
        answer(losses, 0.0, 2.0)[1] < answer(losses, 0.0, -2.0)[1],
        "Your generator loses less when its images are recognised. "
        "It wants them to be taken for real.",
    )


def _undecided(losses: Losses) -> None:
    of_discriminator, of_generator = answer(losses, 0.0, 0.0)
    need(
        of_generator > 0,
        f"For a score of 0 your generator's loss is {of_generator:.3g}, below 0: a log-probability "
        "with its sign, as in the minimax game. The non-saturating loss is the negative logarithm "
        "of the probability that its image is real.",
    )
    for found, halves, who in (
        (of_generator, 1, "generator's"), (of_discriminator, 2, "discriminator's"),
    ):
        expected = halves * math.log(2)
        need(
            abs(found - expected) < 1e-4,
            f"A score of 0 gives each answer the probability ½. The {who} loss is then "
            f"{expected:.3f} nats; yours is {found:.3g}.",
        )


def _does_not_saturate(losses: Losses) -> None:
    fake = torch.full((3,), -10.0, requires_grad=True)
    slope = float(gradients(losses(torch.zeros(3), fake)[1], fake)[0][0])
    need(
        abs(slope + 1) < 0.01,
        "A fake that is recognised, with a score of −10, should give the generator a slope near "
        f"−1; yours gives {slope:.2g}. Is it the minimax loss, which saturates there?",
    )


def _are_log_probabilities(losses: Losses, seed: int) -> None:
    """What the losses say of a score and of its negative are the two chances of one event."""
    scores = torch.randn(7, generator=seeded(seed)) * 2
    sure = torch.full((7,), 25.0)
    called_real = (-losses(scores, -sure)[0]).exp()
    called_fake = (-losses(sure, scores)[0]).exp()
    need(
        close(called_real + called_fake, torch.ones(7), 1e-3)
        and close(called_real.logit(), scores, 1e-2),
        "The two terms of the discriminator's loss should be −log of the probabilities "
        "of \"real\" and of \"generated\", which add up to 1 for one score; yours are not.",
    )
    need(
        close((-losses(sure, scores)[1]).exp(), called_real, 1e-3),
        "exp(−loss) of the generator should be the probability that its image is real, σ(score); "
        "yours is not.",
    )


def _survives_extremes(losses: Losses) -> None:
    scores = torch.tensor([-200.0, 200.0, -200.0, 200.0], requires_grad=True)
    other = torch.tensor([200.0, -200.0, -200.0, 200.0], requires_grad=True)
    for place in (0, 1):
        result = losses(scores, other)[place]
        largest = float(result.detach().max())
        need(
            largest > 199,
            f"At a score of ±200 a wrong answer should cost 200 nats, yours costs {largest:.3g}: "
            "a probability was rounded or clamped before its logarithm. "
            "Compute from the score, by F.softplus.",
        )
        gradients(result, scores, other)


def _random_discriminator(width: int, seed: int) -> nn.Module:
    network = nn.Sequential(nn.Linear(width, 16), nn.Tanh(), nn.Linear(16, 1))
    draw = seeded(seed)
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(torch.randn(weights.shape, generator=draw) * 0.7)
    return network


def _generator_learns_nothing(result: Tensor, fake: Tensor) -> None:
    reached = float(gradients(result, fake)[0].abs().max())
    need(
        reached == 0,
        f"A gradient of {reached:.2g} goes through the generated points back to the generator, "
        "and would teach it to help its opponent. Where should the graph be cut?",
    )


def _discriminator_learns(
    fn: Solution, discriminator: nn.Module, real: Tensor, fake: Tensor, result: Tensor
) -> None:
    weights = tuple(discriminator.parameters())
    found = torch.cat([each.flatten() for each in gradients(result, *weights)])
    need(
        float(found.abs().max()) > 0,
        "No gradient reaches the discriminator: only the generated points are to be detached, "
        "not their scores.",
    )
    _moves_its_scores(discriminator, weights, found, real, fake)
    silenced = copy.deepcopy(discriminator)
    with torch.no_grad():
        for each in silenced.parameters():
            each.zero_()
    undecided = tensor(fn, silenced, real, fake, shape=(len(real),), hint=ONE_PER_IMAGE)
    need(
        close(undecided, torch.full((len(real),), 2 * math.log(2)), 1e-3),
        "A discriminator that scores everything 0 should lose 2 log 2 = 1.386 nats per pair, "
        f"yours loses {undecided.mean():.3g}. Both kinds of point count once.",
    )


def _moves_its_scores(
    discriminator: nn.Module, weights: tuple[Tensor, ...], slope: Tensor, real: Tensor,
    fake: Tensor,
) -> None:
    """Near its weights the loss is that of real points called generated, and the reverse."""
    for points, sign in ((real, -1.0), (fake, 1.0)):
        scores = discriminator(points)[:, 0]
        chance_of_error = (sign * scores).sigmoid().detach()
        own = gradients(sign * chance_of_error * scores, *weights)
        slope = slope - torch.cat([each.flatten() for each in own])
    need(
        float(slope.abs().max()) < 1e-3,
        "The discriminator is not moved as it should be: its scores of real points up, "
        "those of generated points down, each by its probability of being wrong.",
    )
