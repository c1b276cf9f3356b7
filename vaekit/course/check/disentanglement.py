"""The last exercise of lab 04: the mutual information gap."""
from __future__ import annotations

import torch
from torch import Tensor

from ...device import seeded
from .core import Passed, need
from .results import number
from .student import Solution, exercise


@exercise("information", "entropy")
def information_gap(fn: Solution) -> Passed:
    """fn(information, entropy): (D, F), (F,) → a number in [0, 1].

    `information` holds how much latent d says about factor f, `entropy` how much there is to say
    about each factor, both in nats.
    """
    generator = seeded(fn.seed)
    entropy = 1 + torch.rand(3, generator=generator, dtype=torch.double)
    # one latent knows all of each factor and the others nothing
    one_latent_each = torch.zeros(5, 3, dtype=torch.double)
    one_latent_each[[4, 0, 2], [0, 1, 2]] = entropy
    random = torch.rand(5, 3, generator=generator, dtype=torch.double)
    other_order = torch.randperm(5, generator=generator)

    _gap_to_the_second_best(fn, one_latent_each, entropy)
    score = number(fn, random, entropy)
    need(
        abs(number(fn, random[other_order], entropy) - score) < 1e-5,
        "The order of the latents should not matter.",
    )
    _gap_is_averaged_over_factors(fn, one_latent_each, entropy)
    need(
        abs(number(fn, 2 * random, 2 * entropy) - score) < 1e-5,
        "Measured in other units, bits for nats, the score should be the same.",
    )
    _gap_is_a_share_of_the_entropy(fn, one_latent_each, entropy)
    return Passed(
        "information_gap: 1 if one latent knows a factor, 0 if two do, in proportion between, "
        "the mean over factors, the same in nats and bits"
    )


def _gap_to_the_second_best(fn: Solution, one_latent_each: Tensor, entropy: Tensor) -> None:
    gap = number(fn, one_latent_each, entropy)
    need(
        gap > 1e-5,
        "One latent knows all of each factor and the others nothing: "
        f"the gap should be 1, yours is {gap:.3g}. Which two latents are compared, "
        "and which is subtracted from which?",
    )
    need(
        abs(gap - 1) < 1e-5,
        "One latent knows all of each factor and the others nothing: "
        f"the gap should be 1, yours is {gap:.3g}. "
        "Divide by the entropy of the factor, then average over factors.",
    )

    two_latents_each = one_latent_each.clone()
    two_latents_each[[1, 3, 4], [0, 1, 2]] = entropy
    need(
        abs(number(fn, two_latents_each, entropy)) < 1e-5,
        "Two latents know each factor equally well, so there is no gap, "
        "and the score should be 0. Compare the best latent with the second best.",
    )


def _gap_is_averaged_over_factors(fn: Solution, one_latent_each: Tensor, entropy: Tensor) -> None:
    one_factor_unknown = one_latent_each.clone()
    one_factor_unknown[:, 1] = 0.0
    gap = number(fn, one_factor_unknown, entropy)
    need(
        abs(gap - 2 / 3) < 1e-5,
        "Two of three factors known, each by one latent: "
        f"the mean gap is 0.667, yours is {gap:.3g}. "
        "The gap is taken for each factor (a column), and every factor counts alike.",
    )


def _gap_is_a_share_of_the_entropy(fn: Solution, one_latent_each: Tensor, entropy: Tensor) -> None:
    for share in (0.5, 0.2):
        gap = number(fn, share * one_latent_each, entropy)
        need(
            abs(gap - share) < 1e-5,
            f"One latent knows {share:g} of each factor's entropy and the others nothing: "
            f"the gap should be {share:g}, yours is {gap:.3g}. "
            "Divide by the entropy itself, and neither square the gap nor take a root.",
        )

        second = one_latent_each.roll(1, 0) * (1 - share)
        gap = number(fn, one_latent_each + second, entropy)
        need(
            abs(gap - share) < 1e-5,
            f"The best latent knows all of each factor, the second best {1 - share:g} of it: "
            f"the gap should be {share:g}, yours is {gap:.3g}. Subtract, then divide.",
        )
