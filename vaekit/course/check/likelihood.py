"""An exercise of lab 05: the importance-weighted bound."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Normal

from ...device import seeded
from .core import Passed, close, need
from .results import tensor
from .student import Solution, exercise


@exercise("log_weights")
def importance_bound(fn: Solution) -> Passed:
    """fn(log_weights): (k, N) → (N,), the importance-weighted bound on log p(x), in nats.

    It is computed from k log-weights per image.
    """
    generator = seeded(fn.seed)
    log_weights = 2 * torch.randn(6, 4, generator=generator, dtype=torch.double)

    def answer(log_weights: Tensor, finite: bool = True) -> Tensor:
        return tensor(
            fn,
            log_weights,
            shape=(log_weights.shape[1],),
            hint="The samples are the rows, the images the columns: keep one number per image.",
            finite=finite,
        ).double()

    bound = answer(log_weights)
    need(
        close(answer(log_weights[:1]), log_weights[0]),
        "With a single sample (k = 1) the bound should be that sample's log-weight itself.",
    )
    _averages_the_weights(answer, bound, log_weights)
    _lies_between_mean_and_maximum(bound, log_weights)
    need(
        close(answer(log_weights + 7), bound + 7),
        "Adding 7 to every log-weight should add 7 to the bound.",
    )
    _survives_weights_beyond_floating_point(answer, bound, log_weights)
    _finds_a_known_likelihood(answer, generator)
    return Passed(
        "importance_bound: one sample gives its weight, above the ELBO, safe at ±2000 nats, "
        "and equal to a log p(x) that is known"
    )


def _averages_the_weights(answer: Callable, bound: Tensor, log_weights: Tensor) -> None:
    need(
        not close(bound, log_weights.mean(0)),
        "That is the plain mean of the log-weights, the ELBO's estimate; "
        "however many samples are drawn, it gets no tighter. "
        "Average the weights, not their logarithms.",
    )

    weight = torch.full((4,), -3.0, dtype=torch.double)
    six_equal = answer(torch.stack([weight] * 6))
    need(
        not close(six_equal, weight + math.log(6)),
        "Six equal weights should give the bound of one of them, "
        "but yours is that of a weight six times as large: is it a sum where a mean is needed?",
    )
    need(
        close(six_equal, weight),
        "Six samples with the log-weight −3 each should give −3, "
        f"yours give {float(six_equal[0]):.3g}.",
    )


def _lies_between_mean_and_maximum(bound: Tensor, log_weights: Tensor) -> None:
    need(
        bool((bound >= log_weights.mean(0) - 1e-4).all()),
        "The bound should never lie below the mean of the log-weights (Jensen's inequality), "
        "but yours does.",
    )
    need(
        bool((bound <= log_weights.amax(0) + 1e-4).all()),
        "A mean of weights cannot exceed the largest of them; yours does.",
    )


def _survives_weights_beyond_floating_point(
    answer: Callable,
    bound: Tensor,
    log_weights: Tensor,
) -> None:
    for far in (-2000.0, 2000.0):
        shifted = answer(log_weights + far, finite=False)
        need(
            bool(shifted.isfinite().all()),
            f"With log-weights around {far:.0f}, which images of 784 pixels do have, "
            "the result is inf or NaN: the exponential leaves the range of floating point. "
            "Stay in logarithms, or take a common part out first.",
        )
        need(
            close(shifted, bound + far, 1e-3),
            f"With log-weights around {far:.0f} the bound should move along by as much, "
            "to the last digit, but yours does not. "
            "Is something added to keep the logarithm finite, "
            "or one image's shift used for all?",
        )

    far_apart = answer(torch.cat([log_weights, log_weights - 5000], 1), finite=False)
    need(
        close(far_apart[:4], bound) and close(far_apart[4:], bound - 5000, 1e-3),
        "An image's bound should not depend on the images beside it.",
    )


def _finds_a_known_likelihood(answer: Callable, generator: torch.Generator) -> None:
    # only this check needs the models, and they take a while to import
    from ...models.linear_gaussian import LinearGaussian

    model = LinearGaussian.from_spectrum([2.0, 1.0], pixels=6)
    x = model.sample(3, generator=generator)
    log_p_x = model.log_prob(x)

    # the proposal is the posterior, but too wide
    mean, log_var = model.posterior(x)
    proposal = Normal(mean, 1.5 * (0.5 * log_var).exp())
    noise = torch.randn(20_000, 3, 2, generator=generator, dtype=torch.double)
    z = mean + proposal.scale * noise

    log_likelihood = model.log_likelihood(x.repeat(len(z), 1), z.flatten(0, 1)).view(-1, 3)
    log_ratio = Normal(0.0, 1.0).log_prob(z) - proposal.log_prob(z)
    bound = answer(log_likelihood + log_ratio.sum(2))
    need(
        close(bound, log_p_x, 0.01),
        f"For a linear-Gaussian model log p(x) is known to be {float(log_p_x[0]):.3f}; "
        "with 20,000 samples your bound should come within 0.1 of it, "
        f"but it is {float(bound[0]):.3f}.",
    )
