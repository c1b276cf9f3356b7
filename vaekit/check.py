"""Checks behind the exercises: they try *properties* on random inputs and answer in a sentence that teaches.

No check contains the formula it asks for. A function passes if it behaves as the right one must; if not, CheckFailed says which property broke.
"""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

LN2 = math.log(2)


class CheckFailed(AssertionError):
    """An exercise is not solved yet. In a notebook only the sentence is shown, not the checker's own code."""

    def _render_traceback_(self):
        return [f"✗ Not yet. {self}"]


class Passed:
    """An exercise is solved; the repr says what was tested."""

    def __init__(self, sentence: str):
        self.sentence = sentence

    def __repr__(self) -> str:
        return f"✓ {self.sentence}"


def between(name: str, value: float, low: float, high: float) -> Passed:
    """Raise unless low ≤ value ≤ high. Passing gives the same words every time, so the output can be compared between machines."""
    if not low <= float(value) <= high:
        raise CheckFailed(f"{name} is {float(value):.4g}, expected between {low:g} and {high:g}")
    return Passed(f"{name} lies between {low:g} and {high:g}")


def squared_error(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(x, x_hat): (N, C, H, W) twice → (N,), the squared error summed over an image."""
    g = _generator()
    x, x_hat = torch.rand(5, 1, 6, 6, generator=g), torch.rand(5, 1, 6, 6, generator=g)
    error = _tensor(fn, x, x_hat, shape=(5,), hint="Keep one number an image: sum over everything but the first axis.")
    _need(_close(fn(x, x), torch.zeros(5)), "An image compared with itself should cost 0.")
    _need(_close(fn(x_hat, x), error), "Swapping the two images should not change the error.")
    _need(_close(fn(torch.zeros_like(x), 2 * x_hat), 4 * fn(torch.zeros_like(x), x_hat)),
          "Differences twice as large should cost four times as much: is each one squared before the sum, and is there no root after it?")
    _need(_close(fn(torch.cat([x, x], 2), torch.cat([x_hat, x_hat], 2)), 2 * error),
          "An image twice as tall, with every difference repeated, should cost twice as much. Yours does not: sum over the pixels, do not average.")
    one = torch.zeros(1, 1, 6, 6)
    one[..., 0, 0] = 1.0
    _need(_close(fn(torch.zeros_like(one), one), torch.ones(1)), "A single pixel wrong by 1 should cost exactly 1. Is there a factor too much?")
    return Passed("squared_error: zero for a perfect copy, symmetric, quadratic, summed over pixels, one number an image")


def pca(fn: Callable[[Tensor, Tensor, int], Tensor]) -> Passed:
    """fn(train, x, k): (M, P), (N, P), number of components → (N, P), x rebuilt from its k leading principal components."""
    g = _generator()
    scale = torch.tensor([8.0, 4.0, 2.0, 1.0, 0.5, 0.25])
    turn = torch.linalg.qr(torch.randn(6, 6, generator=g)).Q
    train = 3.0 + (torch.randn(400, 6, generator=g) * scale) @ turn
    x = train[:50]
    errors = []
    for k in range(1, 7):
        x_hat = _tensor(fn, train, x, k, shape=(50, 6), hint="Rebuild vectors of the length you were given.")
        errors.append(float((x - x_hat).square().sum(1).mean()))
    _need(errors[-1] < 1e-3, "With as many components as dimensions the rebuilding should be exact. Did you add the mean back at the end?")
    _need(all(b <= a + 1e-4 for a, b in zip(errors, errors[1:])), "More components should never make the error larger. Are they sorted by variance?")
    centre = train.mean(0, keepdim=True)
    _need(_close(fn(train, centre, 1), centre, 1e-2), "The mean of the training set should be rebuilt exactly, whatever k. Subtract the "
          "mean first, add it back last.")
    _need(_close(fn(train, x[:1], 2), fn(train, x, 2)[:1], 1e-3), "An image should be rebuilt the same alone as among others. Take the mean "
          "and the directions from the training set, not from x.")
    total = float((train - centre).square().sum())
    left = float((train - fn(train, train, 2)).square().sum())
    explained = float(scale[2:].square().sum() / scale.square().sum())
    _need(left / total < explained * 1.4, f"Two components should leave about {explained:.0%} of the variance, "
          f"yours leave {left / total:.0%}. Take the directions of *largest* variance.")
    return Passed("pca: exact with all components, monotone in k, keeps the mean, and finds the directions of largest variance")


def interpolate(fn: Callable[[Tensor, Tensor, int], Tensor]) -> Passed:
    """fn(a, b, steps): two latents (D,) → (steps, D), evenly spaced on the straight line from a to b, both ends included."""
    g = _generator()
    a, b = torch.randn(3, generator=g), torch.randn(3, generator=g)
    path = _tensor(fn, a, b, 5, shape=(5, 3), hint="One row a step, both ends included.")
    _need(_close(path[0], a), "The first step should be a itself.")
    _need(_close(path[-1], b), "The last step should be b itself. With 5 steps there are 4 gaps.")
    steps = path.diff(dim=0)
    _need(_close(steps, steps.mean(0).expand_as(steps)), "The steps should be of equal size, on one straight line; yours are not.")
    _tensor(fn, a, b, 8, shape=(8, 3), hint="The number of rows follows the argument steps.")
    return Passed("interpolate: starts at a, ends at b, in equal steps on a straight line")


def gaussian_kl(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(mean, log_var): (N, D) twice → (N, D), the KL of each dimension to N(0, 1), in nats."""
    g = _generator()
    mean, log_var = torch.randn(4, 3, generator=g), torch.randn(4, 3, generator=g)
    kl = _tensor(fn, mean, log_var, shape=(4, 3), hint="Keep one value a dimension; the caller sums.")
    _need(_close(fn(torch.zeros(2, 2), torch.zeros(2, 2)), torch.zeros(2, 2)),
          "At mean 0 and log-variance 0 the posterior *is* the prior, so the divergence should be exactly 0.")
    _need(bool((kl > 0).all()), "A divergence is never negative, and yours is for some inputs. Check the signs.")
    _need(_close(fn(-mean, log_var), kl), "A mean of −2 is as far from the prior as +2. Is the mean squared?")
    noise = torch.randn(200_000, 4, 3, generator=g)
    z = mean + (0.5 * log_var).exp() * noise
    sampled = (torch.distributions.Normal(mean, (0.5 * log_var).exp()).log_prob(z) - torch.distributions.Normal(0.0, 1.0).log_prob(z)).mean(0)
    worst = (kl - sampled).abs().argmax()
    _need(_close(kl, sampled, 0.05), f"Averaging log q(z) − log p(z) over 200,000 samples gives {sampled.flatten()[worst]:.3f} where your "
          f"formula gives "
          f"{kl.flatten()[worst]:.3f}. Remember that log_var is log σ², and that there is a ½ in front.")
    return Passed("gaussian_kl: zero at the prior, positive elsewhere, symmetric in the mean, and equal to Monte Carlo")


def reparameterize(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(mean, log_var): (N, D) twice → (N, D), a differentiable draw from N(mean, exp(log_var))."""
    mean, log_var = torch.full((40_000, 2), 3.0, requires_grad=True), torch.full((40_000, 2), 2.0, requires_grad=True)
    z = _tensor(fn, mean, log_var, shape=(40_000, 2), hint="One sample for each mean.")
    centre, spread, expected = z.mean().item(), z.std().item(), math.e
    _need(spread > 1e-3, "Every sample equals its mean: where is the noise?")
    _need(abs(centre - 3.0) < 0.1, f"Your samples average {centre:.2f} where the mean asks for 3.00. The noise itself should average 0: is "
          f"it Gaussian, or uniform?")
    _need(abs(spread - math.exp(2.0)) > 0.3, f"Your samples have the right mean, but their spread is {spread:.2f} where log_var = 2 asks "
          f"for {expected:.2f}. "
          "Did you use log σ² as if it were log σ?")
    _need(abs(spread - expected) < 0.1, f"Your samples have the right mean, but their spread is {spread:.2f} where log_var = 2 asks for "
          f"{expected:.2f}.")
    tail = float(((z - 3.0).abs() > 2 * expected).float().mean())
    _need(0.035 < tail < 0.056, f"{tail:.1%} of your samples lie beyond two standard deviations; for a Gaussian it is 4.6 %. Is the noise Gaussian?")
    _need(not _close(z, fn(mean, log_var)), "Two calls gave the same samples: draw fresh noise every time.")
    rows = (z.detach() - 3.0) / expected
    _need(abs(float((rows[:, 0] * rows[:, 1]).mean())) < 0.05, "The two dimensions got the same noise; each needs its own.")
    _need(z.requires_grad, "No gradient reaches mean or log_var. Build z from them by a formula; the noise alone comes from the random generator.")
    by_mean, by_log_var = torch.autograd.grad(z.sum(), (mean, log_var), allow_unused=True)
    _need(by_mean is not None and _close(by_mean, torch.ones_like(by_mean)), "Moving the mean by 1 should move every sample by 1. Check how "
          "the mean enters.")
    _need(by_log_var is not None and bool((by_log_var != 0).any()), "No gradient reaches log_var: is it detached, or left out?")
    return Passed("reparameterize: right mean, right spread, Gaussian, fresh and independent noise, and a gradient for both inputs")


def bernoulli_nll(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(probability, x): two images (N, C, H, W) in (0, 1) → (N,), −log p(x) of independent Bernoulli pixels, in nats per image."""
    g = _generator()
    p, x = torch.rand(4, 1, 5, 5, generator=g) * 0.9 + 0.05, (torch.rand(4, 1, 5, 5, generator=g) > 0.5).float()
    nll = _tensor(fn, p, x, shape=(4,), hint="One number an image.")
    fair = fn(torch.full_like(p, 0.5), x)
    _need(not _close(fair, torch.full((4,), LN2)), "25 fair coins cost 25 · ln 2 = 17.3 nats; yours cost ln 2 = 0.69. You averaged over "
          "pixels: sum instead.")
    _need(not _close(fair, torch.full((4,), 25.0)), "25 fair coins cost 17.3 nats; yours cost 25. That is bits: use the natural logarithm.")
    _need(bool((nll > 0).all()), "A probability below 1 has a negative logarithm, so its *negative* logarithm should be positive. Check the sign.")
    _need(_close(fair, torch.full((4,), 25 * LN2)), f"25 fair coins should cost 25 · ln 2 = 17.3 nats an image; yours cost {float(fair[0]):.3g}.")
    _need(_close(fn(1 - p, 1 - x), nll), "Swapping black and white everywhere should change nothing. Do pixels at 0 cost something too?")
    grey = torch.full((1, 1, 5, 5), 0.3)
    costs = [float(fn(torch.full_like(grey, q), grey)) for q in (0.2, 0.3, 0.4)]
    _need(costs[1] < min(costs[0], costs[2]), "For a grey pixel of 0.3 the best prediction is 0.3, but yours prefers another value. Are "
          "both terms there?")
    sure = float(fn(torch.full_like(grey, 0.9), torch.ones_like(grey)))
    _need(abs(sure - 2.634) < 0.01, f"25 white pixels, each predicted white with probability 0.9, cost 2.634 nats; yours cost {sure:.4g}.")
    return Passed("bernoulli_nll: ln 2 a fair coin, summed over pixels, symmetric in black and white, least at the truth")


def effective_beta(fn: Callable[[float, int, int], float]) -> Passed:
    """fn(weight, pixels, latents): the β for which  sum + β · sum  points the same way as  mean over pixels + weight · mean over latents."""
    g = _generator()
    for pixels, latents, weight in ((12, 3, 1.0), (7, 5, 0.25), (40, 1, 2.0)):
        theta = torch.randn(6, generator=g, requires_grad=True)
        costs, kls = (torch.randn(pixels, 6, generator=g) @ theta).square(), (torch.randn(latents, 6, generator=g) @ theta).square()
        asked = torch.autograd.grad(costs.mean() + weight * kls.mean(), theta, retain_graph=True)[0]
        beta = fn(weight, pixels, latents)
        _need(isinstance(beta, (int, float)), f"Return a number, not {type(beta).__name__}.")
        given = torch.autograd.grad(costs.sum() + beta * kls.sum(), theta)[0]
        cosine = float(torch.nn.functional.cosine_similarity(asked, given, dim=0))
        _need(cosine > 1 - 1e-5, f"With weight {weight}, {pixels} pixels and {latents} latents you say β = {beta:.3g}, but then the two "
              f"losses do not pull in the same "
              f"direction (cosine {cosine:.3f}, should be 1). Multiply the averaged loss by the number of pixels and read off the factor on "
              f"the summed KL.")
    return Passed("effective_beta: the summed loss with your β pulls in exactly the direction of the averaged one")


def importance_bound(fn: Callable[[Tensor], Tensor]) -> Passed:
    """fn(log_weights): (k, N) → (N,), the importance-weighted bound on log p(x) from k log-weights an image, in nats."""
    from .linear_gaussian import LinearGaussian

    g = _generator()
    log_w = 2 * torch.randn(6, 4, generator=g, dtype=torch.double)
    bound = _tensor(fn, log_w, shape=(4,), hint="The samples are the rows, the images the columns: keep one number an image.").double()

    def answer(log_weights: Tensor) -> Tensor:
        return fn(log_weights).double()

    _need(_close(answer(log_w[:1]), log_w[0]), "With a single sample (k = 1) the bound should be that sample's log-weight itself.")
    _need(not _close(bound, log_w.mean(0)), "That is the plain mean of the log-weights, the ELBO's estimate; however many samples are drawn, it gets "
          "no tighter. Average the weights, not their logarithms.")
    equal = answer(torch.full((6, 4), -3.0, dtype=torch.double))
    _need(not _close(equal, torch.full((4,), math.log(6) - 3).double()), "Six equal weights should give that weight, "
          "but your bound is six times as large: is it a sum where a mean is asked?")
    _need(_close(equal, torch.full((4,), -3.0).double()),
          f"Six samples with the log-weight −3 each should give −3, yours give {float(equal[0]):.3g}.")
    _need(bool((bound >= log_w.mean(0) - 1e-4).all()), "The bound should never lie below the mean of the log-weights (Jensen's inequality), "
          "but yours does.")
    _need(bool((bound <= log_w.amax(0) + 1e-4).all()), "A mean of weights cannot exceed the largest of them; yours does.")
    _need(_close(answer(log_w + 7), bound + 7), "Adding 7 to every log-weight should add 7 to the bound.")
    for far in (-2000.0, 2000.0):
        shifted = answer(log_w + far)
        _need(bool(shifted.isfinite().all()), f"With log-weights around {far:.0f}, which images of 784 pixels do have, the result is inf or NaN: "
              "the exponential leaves the range of floating point. Stay in logarithms, or take a common part out first.")
        _need(_close(shifted, bound + far, 1e-3), f"With log-weights around {far:.0f} the bound should move along by as much, to the last digit, "
              "but yours does not. Is something added to keep the logarithm finite, or one image's shift used for all?")
    apart = torch.cat([log_w, log_w - 5000], 1)
    _need(_close(answer(apart)[:4], bound) and _close(answer(apart)[4:], bound - 5000, 1e-3),
          "An image's bound should not depend on the images beside it.")
    # the truth: a model whose log p(x) is known, sampled with a proposal that is too wide
    model = LinearGaussian.from_spectrum([2.0, 1.0], pixels=6)
    x = model.sample(3, generator=g)
    mean, log_var = model.posterior(x)
    q = torch.distributions.Normal(mean, 1.5 * (0.5 * log_var).exp())
    z = mean + q.scale * torch.randn(20_000, 3, 2, generator=g, dtype=torch.double)
    log_p_x = model.log_likelihood(x.repeat(len(z), 1), z.flatten(0, 1)).view(-1, 3)
    found, truth = answer(log_p_x + (torch.distributions.Normal(0.0, 1.0).log_prob(z) - q.log_prob(z)).sum(2)), model.log_prob(x)
    _need(_close(found, truth, 0.01), f"For a linear-Gaussian model log p(x) is known to be {float(truth[0]):.3f}; with 20,000 samples your bound "
          f"should come within 0.1 of it, but it is {float(found[0]):.3f}.")
    return Passed("importance_bound: one sample gives its weight, above the ELBO, safe at ±2000 nats, and equal to a log p(x) that is known")


def frechet_distance(fn: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Passed:
    """fn(mean1, cov1, mean2, cov2): (F,), (F, F) twice → a number, the squared Fréchet distance of the two Gaussians."""
    g = _generator()
    zero, unit = torch.zeros(4, dtype=torch.double), torch.eye(4, dtype=torch.double)
    mean = torch.randn(4, generator=g, dtype=torch.double)
    a, b = (_spread(4, g) for _ in range(2))

    def answer(*gaussians: Tensor) -> float:
        return _number(fn, *gaussians)

    _need(abs(answer(mean, a, mean, a)) < 1e-4, "A Gaussian compared with itself should have distance 0.")
    step = 3 * unit[0]
    apart = answer(zero, a, step, a)
    _need(abs(apart - 3) > 1e-3, "With equal covariances and means 3 apart you say 3, but this distance is a squared one: 9.")
    _need(abs(apart - 9) < 1e-3, f"With equal covariances and means 3 apart the distance should be 3² = 9, yours is {apart:.3g}.")
    sizes = torch.tensor([4.0, 1.0, 1.0, 1.0], dtype=torch.double)
    _need(answer(zero, sizes.diag(), zero, sizes.flip(0).diag()) > 0.1, "One cloud is long in the first direction, the other in the last, "
          "and you see no difference. Comparing the traces is not enough: a third term asks how well the two covariances overlap.")
    # along one axis the cheapest way to turn one cloud into another keeps the order of the points
    quantiles = torch.special.ndtri((torch.arange(200_000, dtype=torch.double) + 0.5) / 200_000)
    cost = (2.0 * quantiles - 0.5 * quantiles).square().mean().item()
    found = answer(zero, 4.0 * unit, zero, 0.25 * unit)
    _need(abs(found - 4 * cost) < 0.01, f"Two round clouds in 4 dimensions, with standard deviations 2 and ½: moving each point of one to "
          f"its place in the other costs {4 * cost:.3g}, yours is {found:.3g}. Is the matrix root under the trace, and does it count twice?")
    distance = answer(zero, a, mean, b)
    _need(abs(answer(mean, b, zero, a) - distance) < 1e-4, "Swapping the two Gaussians should not change the distance.")
    turn = torch.linalg.qr(torch.randn(4, 4, generator=g, dtype=torch.double)).Q
    turned = answer(turn @ zero, turn @ a @ turn.T, turn @ mean, turn @ b @ turn.T)
    _need(abs(turned - distance) < 1e-3, f"Rotating all the points should change nothing, but your distance goes from {distance:.3g} to "
          f"{turned:.3g}. The root of a *matrix* is not the root of each of its entries.")
    stretch = _spread(4, g)                             # the cheapest way from a cloud to its symmetric stretch is the stretch
    cost = ((stretch - unit) @ a @ (stretch - unit)).trace().item()
    found = answer(zero, a, zero, stretch @ a @ stretch)
    _need(abs(found - cost) < 1e-3 * cost, f"For two clouds that lie askew the distance should be {cost:.3g}, yours is {found:.3g}: take "
          f"the root of the product of the covariances, which is not the product of their roots.")
    flat = torch.cov(torch.randn(4, 3, generator=g, dtype=torch.double))
    _need(abs(answer(zero, flat, zero, flat)) < 1e-3, "For a covariance from 3 images in 4 dimensions, of rank 2, the distance to itself "
          "should be 0 as well. Mind eigenvalues that should be 0 and come out as −1e-17.")
    return Passed("frechet_distance: zero for equal Gaussians, symmetric, blind to rotation, and the cost of moving one cloud onto the other")


def mmd(fn: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Passed:
    """fn(k_xx, k_yy, k_xy): kernel matrices (N, N), (M, M), (N, M) → a number, the unbiased estimate of the squared MMD."""
    g = _generator()

    def estimate(x: Tensor, y: Tensor) -> float:
        return _number(fn, x @ x.T, y @ y.T, x @ y.T)

    x, y = torch.randn(5, 3, generator=g), torch.randn(8, 3, generator=g)
    xx, yy, xy = x @ x.T, y @ y.T, x @ y.T
    found = _number(fn, xx, yy, xy)
    for moved, name in (((xx + 9 * torch.eye(5), yy, xy), "K_xx"), ((xx, yy + 9 * torch.eye(8), xy), "K_yy")):
        _need(abs(_number(fn, *moved) - found) < 1e-3, f"The diagonal of {name} compares each image with itself, and yours counts it. That "
              f"is the bias: leave it out of the mean.")
    ones = _number(fn, torch.ones(5, 5), torch.ones(8, 8), torch.ones(5, 8))
    _need(abs(ones) < 1e-4, f"If every pair of images is equally alike, no difference can be seen: the estimate should be 0, yours is "
          f"{ones:.3g}. How many pairs does each mean have without the diagonal, and how often does K_xy count?")
    crossed = xy.clone()
    crossed[0, 0] += 8 * 5
    _need(abs(_number(fn, xx, yy, crossed) - found) > 0.1, "K_xy has no images paired with themselves, so its diagonal counts like everything else.")
    _need(_number(fn, torch.ones(5, 5), torch.ones(8, 8), torch.zeros(5, 8)) > 0, "Sets that are alike inside and unlike each other should "
          "give a positive number. Check the signs.")
    # with the kernel x·y the estimate is, on average, the squared distance of the two means
    same = [estimate(torch.randn(4, 3, generator=g), torch.randn(6, 3, generator=g)) for _ in range(4000)]
    average = sum(same) / len(same)
    _need(abs(average) < 0.15, f"Over 4,000 pairs of sets from one distribution the estimate should average 0, yours averages {average:.3g}.")
    _need(min(same) < 0, "An unbiased estimate of 0 must sometimes fall below 0, and yours never does. Take no absolute value, and cut nothing off.")
    shifted = [estimate(torch.randn(4, 3, generator=g) + 2, torch.randn(6, 3, generator=g)) for _ in range(2000)]
    average = sum(shifted) / len(shifted)
    _need(abs(average - 12) < 0.5, f"With the kernel x·y and means (2, 2, 2) and 0 the estimate should average 12, yours averages {average:.3g}.")
    return Passed("mmd: leaves the diagonals out, averages 0 for one distribution, falls below 0 at times, and finds the distance of two means")


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _need(holds: bool, sentence: str) -> None:
    if not holds:
        raise CheckFailed(sentence)


def _close(a: Tensor, b: Tensor, tolerance: float = 1e-4) -> bool:
    return a.shape == b.shape and bool(torch.allclose(a.detach(), b.detach(), atol=tolerance, rtol=tolerance))


def _number(fn, *args) -> float:
    result = fn(*args)
    if result is None:
        raise CheckFailed("Your function returns nothing. Write your lines where the solution goes, and end with return.")
    if isinstance(result, Tensor) and (result.numel() != 1 or result.is_complex()):
        raise CheckFailed(f"Return one real number, not a tensor of shape {tuple(result.shape)} and type {result.dtype}.")
    if not math.isfinite(float(result)):
        raise CheckFailed("The result is inf or NaN. Is there a root of a negative number, or a division by 0?")
    return float(result)


def _spread(size: int, generator: torch.Generator) -> Tensor:
    """A random covariance matrix, well away from singular."""
    root = torch.randn(size, size, generator=generator, dtype=torch.double)
    return root @ root.T / size + 0.1 * torch.eye(size, dtype=torch.double)


def _tensor(fn, *args, shape: tuple[int, ...], hint: str) -> Tensor:
    result = fn(*args)
    if result is None:
        raise CheckFailed("Your function returns nothing. Write your lines where the solution goes, and end with return.")
    if not isinstance(result, Tensor):
        raise CheckFailed(f"Return a tensor, not {type(result).__name__}.")
    if tuple(result.shape) != shape:
        raise CheckFailed(f"The result has shape {tuple(result.shape)}, expected {shape}. {hint}")
    if not bool(result.isfinite().all()):
        raise CheckFailed("The result contains inf or NaN.")
    return result
