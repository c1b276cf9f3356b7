"""The exercises of lab 02: the terms of the ELBO, reparameterisation, effective β."""
from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .core import Passed, close, generator, need, tensor

LN2 = math.log(2)


def gaussian_kl(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(mean, log_var): (N, D) twice → (N, D), the KL of each dimension to N(0, 1), in nats."""
    g = generator()
    mean, log_var = torch.randn(4, 3, generator=g), torch.randn(4, 3, generator=g)
    kl = tensor(fn, mean, log_var, shape=(4, 3), hint="Keep one value a dimension; the caller sums.")
    need(close(fn(torch.zeros(2, 2), torch.zeros(2, 2)), torch.zeros(2, 2)),
          "At mean 0 and log-variance 0 the posterior *is* the prior, so the divergence should be exactly 0.")
    need(bool((kl > 0).all()), "A divergence is never negative, and yours is for some inputs. Check the signs.")
    need(close(fn(-mean, log_var), kl), "A mean of −2 is as far from the prior as +2. Is the mean squared?")
    noise = torch.randn(200_000, 4, 3, generator=g)
    z = mean + (0.5 * log_var).exp() * noise
    sampled = (torch.distributions.Normal(mean, (0.5 * log_var).exp()).log_prob(z) - torch.distributions.Normal(0.0, 1.0).log_prob(z)).mean(0)
    worst = (kl - sampled).abs().argmax()
    need(close(kl, sampled, 0.05), f"Averaging log q(z) − log p(z) over 200,000 samples gives {sampled.flatten()[worst]:.3f} where your "
          f"formula gives "
          f"{kl.flatten()[worst]:.3f}. Remember that log_var is log σ², and that there is a ½ in front.")
    return Passed("gaussian_kl: zero at the prior, positive elsewhere, symmetric in the mean, and equal to Monte Carlo")


def reparameterize(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(mean, log_var): (N, D) twice → (N, D), a differentiable draw from N(mean, exp(log_var))."""
    mean, log_var = torch.full((40_000, 2), 3.0, requires_grad=True), torch.full((40_000, 2), 2.0, requires_grad=True)
    z = tensor(fn, mean, log_var, shape=(40_000, 2), hint="One sample for each mean.")
    centre, spread, expected = z.mean().item(), z.std().item(), math.e
    need(spread > 1e-3, "Every sample equals its mean: where is the noise?")
    need(abs(centre - 3.0) < 0.1, f"Your samples average {centre:.2f} where the mean asks for 3.00. The noise itself should average 0: is "
          f"it Gaussian, or uniform?")
    need(abs(spread - math.exp(2.0)) > 0.3, f"Your samples have the right mean, but their spread is {spread:.2f} where log_var = 2 asks "
          f"for {expected:.2f}. "
          "Did you use log σ² as if it were log σ?")
    need(abs(spread - expected) < 0.1, f"Your samples have the right mean, but their spread is {spread:.2f} where log_var = 2 asks for "
          f"{expected:.2f}.")
    tail = float(((z - 3.0).abs() > 2 * expected).float().mean())
    need(0.035 < tail < 0.056, f"{tail:.1%} of your samples lie beyond two standard deviations; for a Gaussian it is 4.6 %. Is the noise Gaussian?")
    need(not close(z, fn(mean, log_var)), "Two calls gave the same samples: draw fresh noise every time.")
    rows = (z.detach() - 3.0) / expected
    need(abs(float((rows[:, 0] * rows[:, 1]).mean())) < 0.05, "The two dimensions got the same noise; each needs its own.")
    need(z.requires_grad, "No gradient reaches mean or log_var. Build z from them by a formula; the noise alone comes from the random generator.")
    by_mean, by_log_var = torch.autograd.grad(z.sum(), (mean, log_var), allow_unused=True)
    need(by_mean is not None and close(by_mean, torch.ones_like(by_mean)), "Moving the mean by 1 should move every sample by 1. Check how "
          "the mean enters.")
    need(by_log_var is not None and bool((by_log_var != 0).any()), "No gradient reaches log_var: is it detached, or left out?")
    return Passed("reparameterize: right mean, right spread, Gaussian, fresh and independent noise, and a gradient for both inputs")


def bernoulli_nll(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(probability, x): two images (N, C, H, W) in (0, 1) → (N,), −log p(x) of independent Bernoulli pixels, in nats per image."""
    g = generator()
    p, x = torch.rand(4, 1, 5, 5, generator=g) * 0.9 + 0.05, (torch.rand(4, 1, 5, 5, generator=g) > 0.5).float()
    nll = tensor(fn, p, x, shape=(4,), hint="One number an image.")
    fair = fn(torch.full_like(p, 0.5), x)
    need(not close(fair, torch.full((4,), LN2)), "25 fair coins cost 25 · ln 2 = 17.3 nats; yours cost ln 2 = 0.69. You averaged over "
          "pixels: sum instead.")
    need(not close(fair, torch.full((4,), 25.0)), "25 fair coins cost 17.3 nats; yours cost 25. That is bits: use the natural logarithm.")
    need(bool((nll > 0).all()), "A probability below 1 has a negative logarithm, so its *negative* logarithm should be positive. Check the sign.")
    need(close(fair, torch.full((4,), 25 * LN2)), f"25 fair coins should cost 25 · ln 2 = 17.3 nats an image; yours cost {float(fair[0]):.3g}.")
    need(close(fn(1 - p, 1 - x), nll), "Swapping black and white everywhere should change nothing. Do pixels at 0 cost something too?")
    grey = torch.full((1, 1, 5, 5), 0.3)
    costs = [float(fn(torch.full_like(grey, q), grey)) for q in (0.2, 0.3, 0.4)]
    need(costs[1] < min(costs[0], costs[2]), "For a grey pixel of 0.3 the best prediction is 0.3, but yours prefers another value. Are "
          "both terms there?")
    sure = float(fn(torch.full_like(grey, 0.9), torch.ones_like(grey)))
    need(abs(sure - 2.634) < 0.01, f"25 white pixels, each predicted white with probability 0.9, cost 2.634 nats; yours cost {sure:.4g}.")
    return Passed("bernoulli_nll: ln 2 a fair coin, summed over pixels, symmetric in black and white, least at the truth")


def effective_beta(fn: Callable[[float, int, int], float]) -> Passed:
    """fn(weight, pixels, latents): the β for which  sum + β · sum  points the same way as  mean over pixels + weight · mean over latents."""
    g = generator()
    for pixels, latents, weight in ((12, 3, 1.0), (7, 5, 0.25), (40, 1, 2.0)):
        theta = torch.randn(6, generator=g, requires_grad=True)
        costs, kls = (torch.randn(pixels, 6, generator=g) @ theta).square(), (torch.randn(latents, 6, generator=g) @ theta).square()
        asked = torch.autograd.grad(costs.mean() + weight * kls.mean(), theta, retain_graph=True)[0]
        beta = fn(weight, pixels, latents)
        need(isinstance(beta, (int, float)), f"Return a number, not {type(beta).__name__}.")
        given = torch.autograd.grad(costs.sum() + beta * kls.sum(), theta)[0]
        cosine = float(torch.nn.functional.cosine_similarity(asked, given, dim=0))
        need(cosine > 1 - 1e-5, f"With weight {weight}, {pixels} pixels and {latents} latents you say β = {beta:.3g}, but then the two "
              f"losses do not pull in the same "
              f"direction (cosine {cosine:.3f}, should be 1). Multiply the averaged loss by the number of pixels and read off the factor on "
              f"the summed KL.")
    return Passed("effective_beta: the summed loss with your β pulls in exactly the direction of the averaged one")
