"""The exercises of lab 02 on losses: the terms of the ELBO, effective β."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Normal
from torch.nn.functional import binary_cross_entropy_with_logits, cosine_similarity

from ...device import seeded
from .core import Passed, close, need
from .results import gradients, number, tensor
from .student import Solution, exercise

LN2 = math.log(2)


@exercise("mean", "log_var")
def gaussian_kl(fn: Solution) -> Passed:
    """fn(mean, log_var): (N, D) twice → (N, D), the KL of each dimension to N(0, 1), in nats."""
    generator = seeded(fn.seed)
    mean = torch.randn(4, 3, generator=generator)
    log_var = torch.randn(4, 3, generator=generator)

    def divergence(mean: Tensor, log_var: Tensor) -> Tensor:
        return tensor(
            fn,
            mean,
            log_var,
            shape=tuple(mean.shape),
            hint="Keep one value per dimension; the caller sums.",
        )

    kl = divergence(mean, log_var)
    zero = torch.zeros(2, 2)
    need(
        close(divergence(zero, zero), zero),
        "At mean 0 and log-variance 0 the posterior *is* the prior, "
        "so the divergence should be exactly 0.",
    )
    need(
        close(divergence(-mean, log_var), kl),
        "A mean of −2 is as far from the prior as +2, but yours differs. "
        "Is the mean squared, and are mean and log_var not swapped?",
    )
    need(
        bool((kl > 0).all()),
        "A divergence is never negative, and yours is for some inputs. Check the signs.",
    )
    _agrees_with_monte_carlo(kl, mean, log_var, generator)
    need(
        close(divergence(mean[:1], log_var[:1]), kl[:1]),
        "An image should have the same divergence alone as in a batch of four. "
        "Is something averaged over the batch?",
    )
    _gradient_of_the_kl(divergence, mean, log_var)
    return Passed(
        "gaussian_kl: zero at the prior, positive elsewhere, symmetric in the mean, "
        "equal to Monte Carlo, and with the gradient of its values"
    )


def _gradient_of_the_kl(
    divergence: Callable[[Tensor, Tensor], Tensor],
    mean: Tensor,
    log_var: Tensor,
) -> None:
    arguments = {
        "mean": mean.double().requires_grad_(),
        "log_var": log_var.double().requires_grad_(),
    }
    found = gradients(divergence(*arguments.values()), *arguments.values())
    for (name, argument), gradient in zip(arguments.items(), found):
        step = torch.zeros_like(argument)
        step[...] = 1e-3

        def moved(by: Tensor, name: str = name) -> Tensor:
            shifted = {key: value.detach() for key, value in arguments.items()}
            shifted[name] = shifted[name] + by
            return divergence(*shifted.values())

        need(
            bool(gradient.any()),
            f"Your values are right, but no gradient reaches {name}, so no encoder could learn "
            "from them. Is there a detach(), a no_grad() or an item()?",
        )
        need(
            # twice the rounding of float32, in which a solution may compute
            close(gradient, (moved(step) - moved(-step)) / 2e-3, 5e-3),
            f"Your values are right, but the gradient by {name} is not how they change. "
            "Is a part of the formula detached?",
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

    # the prior's draws, the log-ratio the other way round
    z = torch.randn(200_000, 4, 3, generator=generator)
    log_ratio = Normal(0.0, 1.0).log_prob(z) - Normal(mean, std).log_prob(z)
    need(
        not close(kl, log_ratio.mean(0), 0.05),
        "You measure how far the prior is from the posterior. The divergence is not symmetric: "
        "q comes first, and the average is over draws of q.",
    )

    worst = (kl - estimate).abs().argmax()
    need(
        close(kl, estimate, 0.05),
        "Averaging log q(z) − log p(z) over 200,000 samples "
        f"gives {estimate.flatten()[worst]:.3f} "
        f"where your formula gives {kl.flatten()[worst]:.3f}. "
        "Remember that log_var is log σ², and that there is a ½ in front.",
    )


@exercise("probability", "x")
def bernoulli_nll(fn: Solution) -> Passed:
    """fn(probability, x): two images (N, C, H, W) in (0, 1) → (N,), nats per image.

    The result is −log p(x) of independent Bernoulli pixels.
    """
    generator = seeded(fn.seed)
    p = torch.rand(4, 1, 5, 5, generator=generator) * 0.9 + 0.05
    x = (torch.rand(4, 1, 5, 5, generator=generator) > 0.5).float()

    def cost(prediction: Tensor, image: Tensor) -> Tensor:
        hint = "One number per image: add up all its pixels, and keep the images apart."
        return tensor(fn, prediction, image, shape=(len(image),), hint=hint)

    half = torch.full_like(p, 0.5)
    fair_coins = cost(half, x)
    _nats_summed_over_pixels(fair_coins)
    _every_pixel_costs(fair_coins, x)
    if_read_as_logits = binary_cross_entropy_with_logits(half, x, reduction="none")
    need(
        not close(fair_coins, if_read_as_logits.flatten(1).sum(1)),
        "25 fair coins cost 17.3 nats, and yours cost what they would if 0.5 were a logit. "
        "What comes in is a probability already.",
    )
    need(
        close(fair_coins, torch.full((4,), 25 * LN2)),
        "25 fair coins should cost 25 · ln 2 = 17.3 nats per image; "
        f"yours cost {float(fair_coins[0]):.3g}.",
    )
    need(
        close(cost(1 - p, 1 - x), cost(p, x)),
        "Swapping black and white everywhere should change nothing. "
        "Do pixels at 0 cost something too?",
    )
    _least_at_the_truth(cost)
    _channels_add_up(cost, p, x)
    _gradient_of_the_cost(cost, p, x)
    return Passed(
        "bernoulli_nll: ln 2 per fair coin, summed over pixels and channels, "
        "symmetric in black and white, least at the truth, and with a gradient"
    )


def _channels_add_up(cost: Callable[..., Tensor], p: Tensor, x: Tensor) -> None:
    """Images of three channels, of which each costs something else, and that are not square."""
    p = torch.cat([p, p.flip(0), p.flip(2)], 1)[:3, :, :4]
    x = torch.cat([x, x.flip(1, 3), 1 - x], 1)[:3, :, :4]
    in_colour = cost(p, x)
    each_channel = torch.stack([cost(p[:, k : k + 1], x[:, k : k + 1]) for k in range(3)])
    need(
        not close(in_colour, each_channel.mean(0)),
        "An image of three channels costs the mean of what its channels cost alone. "
        "The probability of an image is a product over its channels too: sum over them.",
    )
    need(
        close(in_colour, each_channel.sum(0)),
        "An image of three channels should cost the sum of what its channels cost alone, "
        "and yours does not. Is every channel counted, once?",
    )
    need(
        close(cost(p[:1], x[:1]), in_colour[:1]),
        "An image should cost the same alone as in a batch. "
        "Is something averaged over the batch?",
    )


def _gradient_of_the_cost(cost: Callable[..., Tensor], p: Tensor, x: Tensor) -> None:
    """By finite differences, in one pixel of each image at a time, for both of its colours."""
    prediction = p.double().clamp(0.1, 0.9).requires_grad_()
    image = x.double()
    (gradient,) = gradients(cost(prediction, image), prediction)
    need(
        bool(gradient.any()),
        "Your values are right, but no gradient reaches the probabilities, so no decoder could "
        "learn from them. Is there a detach(), a no_grad() or an item()?",
    )
    for row, column in ((0, 0), (2, 3), (4, 4)):
        step = torch.zeros_like(image)
        step[:, :, row, column] = 1e-3
        moved = prediction.detach()
        slope = (cost(moved + step, image) - cost(moved - step, image)) / 2e-3
        need(
            close(gradient[:, 0, row, column], slope, 2e-2),
            "Your values are right, but their gradient is not how they change with the "
            "probabilities. Is a part of the formula detached?",
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
    need(
        not close(fair_coins, torch.full((4,), -25 * LN2)),
        "A probability below 1 has a negative logarithm, "
        "so its *negative* logarithm should be positive. Check the sign.",
    )


def _every_pixel_costs(fair_coins: Tensor, x: Tensor) -> None:
    white = x.flatten(1).sum(1)
    for count, which, others in ((white, "white", "black"), (25 - white, "black", "white")):
        need(
            not close(fair_coins, count * LN2),
            f"25 fair coins should cost 17.3 nats, but with you only {which} pixels cost "
            f"something. A {others} pixel has a probability too.",
        )
    need(
        bool((fair_coins < 100).all()),
        f"25 fair coins should cost 17.3 nats, yours cost {float(fair_coins[0]):.3g}. "
        "Is the logarithm that of the probability, not that of x?",
    )


def _least_at_the_truth(cost: Callable[..., Tensor]) -> None:
    def cost_of(prediction: float, pixel: float) -> float:
        image = torch.full((1, 1, 5, 5), pixel)
        return float(cost(torch.full_like(image, prediction), image).detach())

    need(
        cost_of(0.3, pixel=0.3) < min(cost_of(0.2, pixel=0.3), cost_of(0.4, pixel=0.3)),
        "For a grey pixel of 0.3 the best prediction is 0.3, but yours prefers another value. "
        "Has each term a logarithm of its own, and is x used as it is, not rounded?",
    )
    nearly_sure = cost_of(0.9, pixel=1.0)
    need(
        abs(nearly_sure - 2.634) < 0.01,
        "25 white pixels, each predicted white with probability 0.9, cost 2.634 nats; "
        f"yours cost {nearly_sure:.4g}.",
    )


@exercise("weight", "pixels", "latents")
def effective_beta(fn: Solution) -> Passed:
    """fn(weight, pixels, latents): the β that a loss of means amounts to.

    With that β, (sum over pixels) + β · (sum over latents) has a gradient of the same direction as
    (mean over pixels) + weight · (mean over latents).
    """
    generator = seeded(fn.seed)
    any_weight = 0.1 + 3 * torch.rand((), generator=generator).item()
    for pixels, latents, weight in ((12, 3, 1.0), (7, 5, 0.25), (40, 1, 2.0), (9, 4, any_weight)):
        theta = torch.randn(6, generator=generator, requires_grad=True)
        costs = (torch.randn(pixels, 6, generator=generator) @ theta).square()
        kls = (torch.randn(latents, 6, generator=generator) @ theta).square()
        averaged = costs.mean() + weight * kls.mean()

        beta = number(fn, weight, pixels, latents)
        need(
            0 < beta < 1e6,
            f"With weight {weight:.3g}, {pixels} pixels and {latents} latents "
            f"you say β = {beta:.3g}. It should be above 0, and of the size of these numbers.",
        )
        summed = costs.sum() + beta * kls.sum()

        of_averaged = torch.autograd.grad(averaged, theta, retain_graph=True)[0]
        of_summed = torch.autograd.grad(summed, theta)[0]
        cosine = float(cosine_similarity(of_averaged, of_summed, dim=0))
        need(
            cosine > 1 - 1e-5,
            f"With weight {weight:.3g}, {pixels} pixels and {latents} latents "
            f"you say β = {beta:.3g}, but then the two losses do not pull in the same direction "
            f"(cosine {cosine:.3f}, should be 1). "
            "Multiply the averaged loss by the number of pixels "
            "and read off the factor on the summed KL.",
        )
    return Passed(
        "effective_beta: the summed loss with your β pulls in exactly the direction "
        "of the averaged one"
    )
