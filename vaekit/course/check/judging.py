"""The exercises of lab 06: the importance-weighted bound, Fréchet distance, MMD."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .core import Passed, close, generator, need, number, tensor


def importance_bound(fn: Callable[[Tensor], Tensor]) -> Passed:
    """fn(log_weights): (k, N) → (N,), the importance-weighted bound on log p(x) from k log-weights an image, in nats."""
    from ...models.linear_gaussian import LinearGaussian

    g = generator()
    log_w = 2 * torch.randn(6, 4, generator=g, dtype=torch.double)
    bound = tensor(fn, log_w, shape=(4,), hint="The samples are the rows, the images the columns: keep one number an image.").double()

    def answer(log_weights: Tensor) -> Tensor:
        return fn(log_weights).double()

    need(close(answer(log_w[:1]), log_w[0]), "With a single sample (k = 1) the bound should be that sample's log-weight itself.")
    need(not close(bound, log_w.mean(0)), "That is the plain mean of the log-weights, the ELBO's estimate; however many samples are drawn, it gets "
          "no tighter. Average the weights, not their logarithms.")
    equal = answer(torch.full((6, 4), -3.0, dtype=torch.double))
    need(not close(equal, torch.full((4,), math.log(6) - 3).double()), "Six equal weights should give that weight, "
          "but your bound is six times as large: is it a sum where a mean is asked?")
    need(close(equal, torch.full((4,), -3.0).double()),
          f"Six samples with the log-weight −3 each should give −3, yours give {float(equal[0]):.3g}.")
    need(bool((bound >= log_w.mean(0) - 1e-4).all()), "The bound should never lie below the mean of the log-weights (Jensen's inequality), "
          "but yours does.")
    need(bool((bound <= log_w.amax(0) + 1e-4).all()), "A mean of weights cannot exceed the largest of them; yours does.")
    need(close(answer(log_w + 7), bound + 7), "Adding 7 to every log-weight should add 7 to the bound.")
    for far in (-2000.0, 2000.0):
        shifted = answer(log_w + far)
        need(bool(shifted.isfinite().all()), f"With log-weights around {far:.0f}, which images of 784 pixels do have, the result is inf or NaN: "
              "the exponential leaves the range of floating point. Stay in logarithms, or take a common part out first.")
        need(close(shifted, bound + far, 1e-3), f"With log-weights around {far:.0f} the bound should move along by as much, to the last digit, "
              "but yours does not. Is something added to keep the logarithm finite, or one image's shift used for all?")
    apart = torch.cat([log_w, log_w - 5000], 1)
    need(close(answer(apart)[:4], bound) and close(answer(apart)[4:], bound - 5000, 1e-3),
          "An image's bound should not depend on the images beside it.")
    # the truth: a model whose log p(x) is known, sampled with a proposal that is too wide
    model = LinearGaussian.from_spectrum([2.0, 1.0], pixels=6)
    x = model.sample(3, generator=g)
    mean, log_var = model.posterior(x)
    q = torch.distributions.Normal(mean, 1.5 * (0.5 * log_var).exp())
    z = mean + q.scale * torch.randn(20_000, 3, 2, generator=g, dtype=torch.double)
    log_p_x = model.log_likelihood(x.repeat(len(z), 1), z.flatten(0, 1)).view(-1, 3)
    found, truth = answer(log_p_x + (torch.distributions.Normal(0.0, 1.0).log_prob(z) - q.log_prob(z)).sum(2)), model.log_prob(x)
    need(close(found, truth, 0.01), f"For a linear-Gaussian model log p(x) is known to be {float(truth[0]):.3f}; with 20,000 samples your bound "
          f"should come within 0.1 of it, but it is {float(found[0]):.3f}.")
    return Passed("importance_bound: one sample gives its weight, above the ELBO, safe at ±2000 nats, and equal to a log p(x) that is known")


def frechet_distance(fn: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Passed:
    """fn(mean1, cov1, mean2, cov2): (F,), (F, F) twice → a number, the squared Fréchet distance of the two Gaussians."""
    g = generator()
    zero, unit = torch.zeros(4, dtype=torch.double), torch.eye(4, dtype=torch.double)
    mean = torch.randn(4, generator=g, dtype=torch.double)
    a, b = (spread(4, g) for _ in range(2))

    def answer(*gaussians: Tensor) -> float:
        return number(fn, *gaussians)

    need(abs(answer(mean, a, mean, a)) < 1e-4, "A Gaussian compared with itself should have distance 0.")
    step = 3 * unit[0]
    apart = answer(zero, a, step, a)
    need(abs(apart - 3) > 1e-3, "With equal covariances and means 3 apart you say 3, but this distance is a squared one: 9.")
    need(abs(apart - 9) < 1e-3, f"With equal covariances and means 3 apart the distance should be 3² = 9, yours is {apart:.3g}.")
    sizes = torch.tensor([4.0, 1.0, 1.0, 1.0], dtype=torch.double)
    need(answer(zero, sizes.diag(), zero, sizes.flip(0).diag()) > 0.1, "One cloud is long in the first direction, the other in the last, "
          "and you see no difference. Comparing the traces is not enough: a third term asks how well the two covariances overlap.")
    # along one axis the cheapest way to turn one cloud into another keeps the order of the points
    quantiles = torch.special.ndtri((torch.arange(200_000, dtype=torch.double) + 0.5) / 200_000)
    cost = (2.0 * quantiles - 0.5 * quantiles).square().mean().item()
    found = answer(zero, 4.0 * unit, zero, 0.25 * unit)
    need(abs(found - 4 * cost) < 0.01, f"Two round clouds in 4 dimensions, with standard deviations 2 and ½: moving each point of one to "
          f"its place in the other costs {4 * cost:.3g}, yours is {found:.3g}. Is the matrix root under the trace, and does it count twice?")
    distance = answer(zero, a, mean, b)
    need(abs(answer(mean, b, zero, a) - distance) < 1e-4, "Swapping the two Gaussians should not change the distance.")
    turn = torch.linalg.qr(torch.randn(4, 4, generator=g, dtype=torch.double)).Q
    turned = answer(turn @ zero, turn @ a @ turn.T, turn @ mean, turn @ b @ turn.T)
    need(abs(turned - distance) < 1e-3, f"Rotating all the points should change nothing, but your distance goes from {distance:.3g} to "
          f"{turned:.3g}. The root of a *matrix* is not the root of each of its entries.")
    stretch = spread(4, g)                             # the cheapest way from a cloud to its symmetric stretch is the stretch
    cost = ((stretch - unit) @ a @ (stretch - unit)).trace().item()
    found = answer(zero, a, zero, stretch @ a @ stretch)
    need(abs(found - cost) < 1e-3 * cost, f"For two clouds that lie askew the distance should be {cost:.3g}, yours is {found:.3g}: take "
          f"the root of the product of the covariances, which is not the product of their roots.")
    flat = torch.cov(torch.randn(4, 3, generator=g, dtype=torch.double))
    need(abs(answer(zero, flat, zero, flat)) < 1e-3, "For a covariance from 3 images in 4 dimensions, of rank 2, the distance to itself "
          "should be 0 as well. Mind eigenvalues that should be 0 and come out as −1e-17.")
    return Passed("frechet_distance: zero for equal Gaussians, symmetric, blind to rotation, and the cost of moving one cloud onto the other")


def mmd(fn: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Passed:
    """fn(k_xx, k_yy, k_xy): kernel matrices (N, N), (M, M), (N, M) → a number, the unbiased estimate of the squared MMD."""
    g = generator()

    def estimate(x: Tensor, y: Tensor) -> float:
        return number(fn, x @ x.T, y @ y.T, x @ y.T)

    x, y = torch.randn(5, 3, generator=g), torch.randn(8, 3, generator=g)
    xx, yy, xy = x @ x.T, y @ y.T, x @ y.T
    found = number(fn, xx, yy, xy)
    for moved, name in (((xx + 9 * torch.eye(5), yy, xy), "K_xx"), ((xx, yy + 9 * torch.eye(8), xy), "K_yy")):
        need(abs(number(fn, *moved) - found) < 1e-3, f"The diagonal of {name} compares each image with itself, and yours counts it. That "
              f"is the bias: leave it out of the mean.")
    ones = number(fn, torch.ones(5, 5), torch.ones(8, 8), torch.ones(5, 8))
    need(abs(ones) < 1e-4, f"If every pair of images is equally alike, no difference can be seen: the estimate should be 0, yours is "
          f"{ones:.3g}. How many pairs does each mean have without the diagonal, and how often does K_xy count?")
    crossed = xy.clone()
    crossed[0, 0] += 8 * 5
    need(abs(number(fn, xx, yy, crossed) - found) > 0.1, "K_xy has no images paired with themselves, so its diagonal counts like everything else.")
    need(number(fn, torch.ones(5, 5), torch.ones(8, 8), torch.zeros(5, 8)) > 0, "Sets that are alike inside and unlike each other should "
          "give a positive number. Check the signs.")
    # with the kernel x·y the estimate is, on average, the squared distance of the two means
    same = [estimate(torch.randn(4, 3, generator=g), torch.randn(6, 3, generator=g)) for _ in range(4000)]
    average = sum(same) / len(same)
    need(abs(average) < 0.15, f"Over 4,000 pairs of sets from one distribution the estimate should average 0, yours averages {average:.3g}.")
    need(min(same) < 0, "An unbiased estimate of 0 must sometimes fall below 0, and yours never does. Take no absolute value, and cut nothing off.")
    shifted = [estimate(torch.randn(4, 3, generator=g) + 2, torch.randn(6, 3, generator=g)) for _ in range(2000)]
    average = sum(shifted) / len(shifted)
    need(abs(average - 12) < 0.5, f"With the kernel x·y and means (2, 2, 2) and 0 the estimate should average 12, yours averages {average:.3g}.")
    return Passed("mmd: leaves the diagonals out, averages 0 for one distribution, falls below 0 at times, and finds the distance of two means")


def spread(size: int, generator: torch.Generator) -> Tensor:
    """A random covariance matrix, well away from singular."""
    root = torch.randn(size, size, generator=generator, dtype=torch.double)
    return root @ root.T / size + 0.1 * torch.eye(size, dtype=torch.double)
