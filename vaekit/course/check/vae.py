"""The exercises of lab 02: the terms of the ELBO, reparameterisation, effective β."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Normal
from torch.nn.functional import cosine_similarity

from ...device import seeded
from .core import Passed, close, need, tensor

LN2 = math.log(2)


def gaussian_kl(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(mean, log_var): (N, D) twice → (N, D), the KL of each dimension to N(0, 1), in nats."""
    generator = seeded(0)
    mean = torch.randn(4, 3, generator=generator)
    log_var = torch.randn(4, 3, generator=generator)
    kl = tensor(
        fn,
        mean,
        log_var,
        shape=(4, 3),
        hint="Keep one value per dimension; the caller sums.",
    )

    zero = torch.zeros(2, 2)
    need(
        close(fn(zero, zero), zero),
        "At mean 0 and log-variance 0 the posterior *is* the prior, "
        "so the divergence should be exactly 0.",
    )
    need(
        bool((kl > 0).all()),
        "A divergence is never negative, and yours is for some inputs. Check the signs.",
    )
    need(
        close(fn(-mean, log_var), kl),
        "A mean of −2 is as far from the prior as +2. Is the mean squared?",
    )
    _agrees_with_monte_carlo(kl, mean, log_var, generator)
    return Passed(
        "gaussian_kl: zero at the prior, positive elsewhere, symmetric in the mean, "
        "and equal to Monte Carlo"
    )


def _agrees_with_monte_carlo(
    kl: Tensor,
    mean: Tensor,
    log_var: Tensor,
    generator: torch.Generator,
) -> None:
    std = (0.5 * log_var).exp()
    z = mean + std * torch.randn(200_000, 4, 3, generator=generator)
    log_ratio = Normal(mean, std).log_prob(z) - Normal(0.0, 1.0).log_prob(z)
    estimate = log_ratio.mean(0)

    worst = (kl - estimate).abs().argmax()
    need(
        close(kl, estimate, 0.05),
        "Averaging log q(z) − log p(z) over 200,000 samples "
        f"gives {estimate.flatten()[worst]:.3f} "
        f"where your formula gives {kl.flatten()[worst]:.3f}. "
        "Remember that log_var is log σ², and that there is a ½ in front.",
    )


def reparameterize(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(mean, log_var): (N, D) twice → (N, D).

    The result is a draw from N(mean, exp(log_var)), differentiable in both.
    """
    mean = torch.full((40_000, 2), 3.0, requires_grad=True)
    log_var = torch.full((40_000, 2), 2.0, requires_grad=True)
    z = tensor(fn, mean, log_var, shape=(40_000, 2), hint="One sample for each mean.")

    noise = (z.detach() - 3.0) / math.e
    _mean_and_spread_are_right(z.detach())
    _noise_is_gaussian(noise)
    need(
        not close(z, fn(mean, log_var)),
        "Two calls gave the same samples: draw fresh noise every time.",
    )
    correlation = float((noise[:, 0] * noise[:, 1]).mean())
    need(
        abs(correlation) < 0.05,
        "The two dimensions got the same noise; each needs its own.",
    )
    _gradient_reaches_both(z, mean, log_var)
    return Passed(
        "reparameterize: right mean, right spread, Gaussian, fresh and independent noise, "
        "and a gradient for both inputs"
    )


def _mean_and_spread_are_right(z: Tensor) -> None:
    average = z.mean().item()
    spread = z.std().item()
    # log_var = 2 is σ = e; read as log σ it would be σ = e²
    expected = math.e
    if_read_as_log_std = math.exp(2.0)

    need(spread > 1e-3, "Every sample equals its mean: where is the noise?")
    need(
        abs(average - 3.0) < 0.1,
        f"Your samples average {average:.2f} where the mean is 3.00. "
        "The noise itself should average 0: is it Gaussian, or uniform?",
    )
    need(
        abs(spread - if_read_as_log_std) > 0.3,
        "Your samples have the right mean, "
        f"but their spread is {spread:.2f} where log_var = 2 means {expected:.2f}. "
        "Did you use log σ² as if it were log σ?",
    )
    need(
        abs(spread - expected) < 0.1,
        "Your samples have the right mean, "
        f"but their spread is {spread:.2f} where log_var = 2 means {expected:.2f}.",
    )


def _noise_is_gaussian(noise: Tensor) -> None:
    tail = float((noise.abs() > 2).float().mean())
    need(
        0.035 < tail < 0.056,
        f"{tail:.1%} of your samples lie beyond two standard deviations; "
        "for a Gaussian it is 4.6 %. Is the noise Gaussian?",
    )


def _gradient_reaches_both(z: Tensor, mean: Tensor, log_var: Tensor) -> None:
    need(
        z.requires_grad,
        "No gradient reaches mean or log_var. "
        "Build z from them by a formula; the noise alone comes from the random generator.",
    )
    by_mean, by_log_var = torch.autograd.grad(z.sum(), (mean, log_var), allow_unused=True)
    need(
        by_mean is not None and close(by_mean, torch.ones_like(by_mean)),
        "Moving the mean by 1 should move every sample by 1. Check how the mean enters.",
    )
    need(
        by_log_var is not None and bool((by_log_var != 0).any()),
        "No gradient reaches log_var: is it detached, or left out?",
    )


def bernoulli_nll(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(probability, x): two images (N, C, H, W) in (0, 1) → (N,), nats per image.

    The result is −log p(x) of independent Bernoulli pixels.
    """
    generator = seeded(0)
    p = torch.rand(4, 1, 5, 5, generator=generator) * 0.9 + 0.05
    x = (torch.rand(4, 1, 5, 5, generator=generator) > 0.5).float()
    nll = tensor(fn, p, x, shape=(4,), hint="One number per image.")

    fair_coins = fn(torch.full_like(p, 0.5), x)
    _nats_summed_over_pixels(fair_coins)
    need(
        bool((nll > 0).all()),
        "A probability below 1 has a negative logarithm, "
        "so its *negative* logarithm should be positive. Check the sign.",
    )
    need(
        close(fair_coins, torch.full((4,), 25 * LN2)),
        "25 fair coins should cost 25 · ln 2 = 17.3 nats per image; "
        f"yours cost {float(fair_coins[0]):.3g}.",
    )
    need(
        close(fn(1 - p, 1 - x), nll),
        "Swapping black and white everywhere should change nothing. "
        "Do pixels at 0 cost something too?",
    )
    _least_at_the_truth(fn)
    return Passed(
        "bernoulli_nll: ln 2 per fair coin, summed over pixels, symmetric in black and white, "
        "least at the truth"
    )


def _nats_summed_over_pixels(fair_coins: Tensor) -> None:
    need(
        not close(fair_coins, torch.full((4,), LN2)),
        "25 fair coins cost 25 · ln 2 = 17.3 nats; yours cost ln 2 = 0.69. "
        "You averaged over pixels: sum instead.",
    )
    need(
        not close(fair_coins, torch.full((4,), 25.0)),
        "25 fair coins cost 17.3 nats; yours cost 25. "
        "That is bits: use the natural logarithm.",
    )


def _least_at_the_truth(fn: Callable) -> None:
    def cost(prediction: float, pixel: float) -> float:
        image = torch.full((1, 1, 5, 5), pixel)
        return float(fn(torch.full_like(image, prediction), image))

    need(
        cost(0.3, pixel=0.3) < min(cost(0.2, pixel=0.3), cost(0.4, pixel=0.3)),
        "For a grey pixel of 0.3 the best prediction is 0.3, but yours prefers another value. "
        "Are both terms there?",
    )
    nearly_sure = cost(0.9, pixel=1.0)
    need(
        abs(nearly_sure - 2.634) < 0.01,
        "25 white pixels, each predicted white with probability 0.9, cost 2.634 nats; "
        f"yours cost {nearly_sure:.4g}.",
    )


def effective_beta(fn: Callable[[float, int, int], float]) -> Passed:
    """fn(weight, pixels, latents): the β that a loss of means amounts to.

    With that β, (sum over pixels) + β · (sum over latents) has a gradient of the same direction as
    (mean over pixels) + weight · (mean over latents).
    """
    generator = seeded(0)
    for pixels, latents, weight in ((12, 3, 1.0), (7, 5, 0.25), (40, 1, 2.0)):
        theta = torch.randn(6, generator=generator, requires_grad=True)
        costs = (torch.randn(pixels, 6, generator=generator) @ theta).square()
        kls = (torch.randn(latents, 6, generator=generator) @ theta).square()
        averaged = costs.mean() + weight * kls.mean()

        beta = fn(weight, pixels, latents)
        need(isinstance(beta, (int, float)), f"Return a number, not {type(beta).__name__}.")
        summed = costs.sum() + beta * kls.sum()

        of_averaged = torch.autograd.grad(averaged, theta, retain_graph=True)[0]
        of_summed = torch.autograd.grad(summed, theta)[0]
        cosine = float(cosine_similarity(of_averaged, of_summed, dim=0))
        need(
            cosine > 1 - 1e-5,
            f"With weight {weight}, {pixels} pixels and {latents} latents "
            f"you say β = {beta:.3g}, but then the two losses do not pull in the same direction "
            f"(cosine {cosine:.3f}, should be 1). "
            "Multiply the averaged loss by the number of pixels "
            "and read off the factor on the summed KL.",
        )
    return Passed(
        "effective_beta: the summed loss with your β pulls in exactly the direction "
        "of the averaged one"
    )
