"""The exercises of lab 04: totals that compare, a cyclic schedule, free bits, the mutual information gap."""
from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .core import Passed, close, generator, need, number, tensor


def comparable_total(fn: Callable[[float, float, float], float]) -> Passed:
    """fn(total, kl, beta): a loss at weight beta, and its KL → the −ELBO of the same model, in nats."""
    g = generator()
    for beta in (1.0, 0.1, 2.0, 10.0):
        reconstruction, kl = (100 * torch.rand(2, generator=g, dtype=torch.double)).tolist()
        answer, truth = number(fn, reconstruction + beta * kl, kl, beta), reconstruction + kl
        need(abs(answer - reconstruction) > 1e-3, "You give back the reconstruction term alone. In the −ELBO the KL counts too, once.")
        need(beta != 1 or abs(answer - truth) < 1e-3, "At β = 1 the total already is the −ELBO, so it should come back unchanged.")
        need(abs(answer - (reconstruction + beta * kl)) > 1e-3 or beta == 1, f"At β = {beta:g} the total comes back unchanged. It holds the KL "
             f"{beta:g} times, and should hold it once.")
        need(abs(answer - truth) < 1e-3, f"A model with reconstruction {reconstruction:.3g} and KL {kl:.3g} has the total "
             f"{reconstruction + beta * kl:.4g} at β = {beta:g}. Its −ELBO does not depend on β and is {truth:.4g}; yours is {answer:.4g}.")
    return Passed("comparable_total: unchanged at β = 1, and blind to the β that a model was trained with")


def cyclic(fn: Callable[[float, float, int, float], float]) -> Passed:
    """fn(progress, to, cycles, rise): the weight after a share `progress` of training; each cycle rises over its share `rise`, then stays."""
    for to, cycles, rise in ((1.0, 4, 0.5), (6.0, 1, 0.25), (2.0, 3, 1.0)):
        setting = f"with to = {to:g}, cycles = {cycles}, rise = {rise:g}"
        # odd fractions: none falls on the jump from one cycle to the next, where rounding would decide
        inside = [(i + 0.37) / (40 * cycles) for i in range(40)]
        first = [number(fn, p, to, cycles, rise) for p in inside]
        need(abs(number(fn, 0.0, to, cycles, rise)) < 1e-6, f"Training should start at weight 0, {setting}; yours does not.")
        need(max(first) <= to + 1e-6, f"The weight rises to {max(first):.3g}, {setting}: it should stop at {to:g} and stay there. Cut it off.")
        need(min(first) >= 0 and all(b >= a - 1e-9 for a, b in zip(first, first[1:])), f"Within a cycle the weight should never fall, {setting}.")
        need(abs(first[-1] - to) < 0.05 * to, f"At the end of its first cycle the weight should be {to:g}, {setting}, yours is {first[-1]:.3g}.")
        for part in (0.25, 0.5, 0.75):
            found = number(fn, part * rise / cycles, to, cycles, rise)
            need(abs(found - part * to) < 1e-6, f"The rise is a straight line: {part:g} of the way up it should be {part * to:g}, {setting}, "
                 f"yours is {found:.3g}. Is `rise` a share of one cycle, not of the whole training?")
        for later in range(1, cycles):
            again = [number(fn, p + later / cycles, to, cycles, rise) for p in inside]
            need(max(abs(a - b) for a, b in zip(first, again)) < 1e-6, f"Cycle {later + 1} should repeat the first one, {setting}; yours differs. "
                 "The fractional part of progress · cycles says where in its cycle a step lies.")
    return Passed("cyclic: starts at 0, rises in a straight line, stays at the top, and begins again with each cycle")


def free_bits(fn: Callable[[Tensor, float], Tensor]) -> Passed:
    """fn(kl, free): KL of each image and dimension (N, D), allowance in nats per dimension → a number, the price to minimise."""
    g = generator()
    kl = 2 * torch.rand(6, 4, generator=g, dtype=torch.double)
    means = kl.mean(0)
    need(abs(number(fn, kl, 0.0) - float(kl.sum(1).mean())) < 1e-6, "With nothing free the price should be the plain KL of the batch: summed "
         "over dimensions, averaged over images.")
    dead = number(fn, torch.zeros(6, 4, dtype=torch.double), 0.5)
    need(abs(dead) > 1e-6, "Four dead dimensions, each allowed 0.5 nats, cost 0 with you. Then dying still saves something: 0 is less than the "
         "allowance. A dimension below it should cost as much as one that uses it up.")
    need(abs(dead - 2) < 1e-6, f"Four dead dimensions, each allowed 0.5 nats, should cost 4 · 0.5 = 2; yours cost {dead:.3g}. The allowance "
         "holds for each dimension, not for their sum.")
    # one image far above the allowance and five below it, but the average below: the batch counts, not the image
    uneven = torch.tensor([[2.4], [0.0], [0.0], [0.0], [0.0], [0.0]], dtype=torch.double)
    need(abs(number(fn, uneven, 0.5) - 0.5) < 1e-6, "One image uses 2.4 nats and five none, on average 0.4 of the 0.5 allowed, so the price "
         f"should be 0.5; yours is {number(fn, uneven, 0.5):.3g}. Average over images first, compare after that.")
    rich = number(fn, kl + 3, 0.5)
    need(abs(rich - float((kl + 3).sum(1).mean())) < 1e-6, "Dimensions above their allowance should cost their whole KL; yours cost something "
         "else. Nothing is subtracted.")
    leaf = kl.clone().requires_grad_()
    floor = float(means.sort().values[1:3].mean())                        # two dimensions below it, two above
    price = tensor(fn, leaf, floor, shape=(), hint="Return one number for the batch.")
    need(price.requires_grad, "No gradient comes back from your price: is something detached, or turned into a Python number?")
    gradient = torch.autograd.grad(price, leaf)[0]
    need(close(gradient[:, means < floor], torch.zeros(6, 2, dtype=torch.double)), "A dimension below its allowance should feel no force, but "
         "a gradient reaches it.")
    need(bool((gradient[:, means > floor] > 0).all()), "A dimension above its allowance should feel the price, but no gradient reaches it.")
    return Passed("free_bits: the plain KL when nothing is free, no gain and no force below the allowance, compared after averaging over images")


def information_gap(fn: Callable[[Tensor, Tensor], Tensor]) -> Passed:
    """fn(information, entropy): nats that latent d tells of factor f (D, F), entropy of each factor (F,) → a number in [0, 1]."""
    g = generator()
    entropy = 1 + torch.rand(3, generator=g, dtype=torch.double)
    alone = torch.zeros(5, 3, dtype=torch.double)
    alone[[4, 0, 2], [0, 1, 2]] = entropy
    best = number(fn, alone, entropy)
    need(abs(best - 1) < 1e-6, f"One latent knows all of each factor and the others nothing: the gap should be 1, yours is {best:.3g}. Divide by "
         "the entropy of the factor, then average over factors.")
    shared = alone.clone()
    shared[[1, 3, 4], [0, 1, 2]] = entropy
    need(abs(number(fn, shared, entropy)) < 1e-6, "Two latents know each factor equally well, so there is no gap, and the score should be 0. "
         "Compare the best latent with the second best.")
    random = torch.rand(5, 3, generator=g, dtype=torch.double)
    score = number(fn, random, entropy)
    need(abs(number(fn, random[torch.randperm(5, generator=g)], entropy) - score) < 1e-6, "The order of the latents should not matter.")
    doubled = alone.clone()
    doubled[:, 1] = 0.0
    two_of_three = number(fn, doubled, entropy)
    need(abs(two_of_three - 2 / 3) < 1e-6, f"Two of three factors known, each by one latent: the mean gap is 0.667, yours is {two_of_three:.3g}. "
         "The gap is taken for each factor (a column), and every factor counts alike.")
    need(abs(number(fn, 2 * random, 2 * entropy) - score) < 1e-6, "Measured in other units, bits for nats, the score should be the same.")
    return Passed("information_gap: 1 if one latent knows a factor, 0 if two do, the mean over factors, the same in nats and bits")
