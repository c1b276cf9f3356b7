"""Check of the mutual information gap (lab 04).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import numpy as np
import pytest
import torch
from support.checks import passes, refuses

from vaekit.course import check


def gap(i, h, other=1):
    """Of the best latent to the one at place `other` in the order of information."""
    first, second = i.sort(0, descending=True).values[[0, other]]
    return ((first - second) / h).mean()


def gap_factor_by_factor(i, h):
    gaps = []
    for information, entropy in zip(i.T, h):
        ascending = information.sort().values
        gaps.append((ascending[-1] - ascending[-2]) / entropy)
    return sum(gaps) / len(gaps)


def gap_by_masking(i, h):
    """The best latent is taken out, the best of the rest is the second."""
    best = i.argmax(0)
    rest = i.clone()
    rest[best, torch.arange(i.shape[1])] = -1
    return ((i.amax(0) - rest.amax(0)) / h).sum() / len(h)


def gap_by_numpy(i, h):
    ordered = np.partition(i.numpy(), -2, axis=0)
    return np.mean((ordered[-1] - ordered[-2]) / h.numpy())


RIGHT = pytest.mark.parametrize("solution", [
    gap,
    gap_factor_by_factor,
    lambda i, h: gap(i.float(), h.float()),
    lambda i, h: gap(i, h).item(),
    lambda i, h: gap(i / h, torch.ones_like(h)),
    gap_by_masking,
    gap_by_numpy,
])


@RIGHT
def test_the_right_gap_passes_and_says_what_was_tested(solution):
    passes(check.information_gap, solution)


@RIGHT
@pytest.mark.parametrize("seed", [1, 2, 3, 2**32 - 1])
def test_the_right_gap_passes_with_any_seed_of_the_check(solution, seed):
    assert repr(check.information_gap(solution, seed=seed)).startswith("✓")


def gap_to_a_later_latent(i, h):
    """To the best of those that come after the best one in the order of the latents."""
    rest = []
    for column in i.T:
        after_the_best = column[int(column.argmax()) + 1:]
        rest.append(torch.cat([after_the_best, torch.zeros(1)]).max())
    return ((i.amax(0) - torch.stack(rest)) / h).mean()


def gap_divided_by_all_entropy(i, h):
    first, second = i.topk(2, 0).values
    return (first - second).sum() / h.sum()


def share_of_each(i, h):
    first, second = i.topk(2, 0).values
    return (first - second) / h


@pytest.mark.parametrize("wrong, words", [
    (lambda i, h: (i.amax(0) / h).mean(), "no gap"),
    (lambda i, h: gap(i, torch.ones_like(h)), "Divide by the entropy"),
    (lambda i, h: gap(i, h) * len(h), "should be 1"),
    (
        lambda i, h: gap(i, h, other=-1),
        "Compare the best latent with the second best|nothing",
    ),
    (
        lambda i, h: ((i[0] - i[1]).abs() / h).mean(),
        "should be 1|order of the latents",
    ),
    (lambda i, h: -gap(i, h), "which is subtracted from which"),
    (lambda i, h: gap(i, i.amax(0)), "inf or NaN"),
    (lambda i, h: gap(i.T, h), "raised RuntimeError"),
    (gap_divided_by_all_entropy, "every factor counts alike"),
    (lambda i, h: gap(i, h) ** 2, "the mean gap is 0.667"),
    (gap_to_a_later_latent, "order of the latents"),
    (lambda i, h: gap(i.exp(), h.exp() - 1), "in other units"),
    (lambda i, h: i, "one real number"),
    # squared, or a root, factor by factor: the same for gaps of 0 and 1
    (lambda i, h: share_of_each(i, h).square().mean(), "neither square"),
    (lambda i, h: share_of_each(i, h).sqrt().mean(), "neither square"),
    # no entropy: in shares of what the best latent knows
    (
        lambda i, h: gap(i, i.amax(0).clamp(min=1e-9)),
        "Divide by the entropy itself",
    ),
    # one entropy for all factors
    (lambda i, h: share_of_each(i, h.mean()).mean(), "should be 1|every factor counts alike"),
    (lambda i, h: share_of_each(i, h).median(), "every factor counts alike"),
    # a ratio in place of a difference
    (
        lambda i, h: (1 - i.topk(2, 0).values[1] / i.amax(0).clamp(min=1e-9)).mean(),
        "every factor counts alike",
    ),
    # to the mean of the other latents
    (
        lambda i, h: ((i.amax(0) - (i.sum(0) - i.amax(0)) / (len(i) - 1)) / h).mean(),
        "Compare the best latent with the second best",
    ),
])
def test_a_wrong_gap(wrong, words):
    refuses(check.information_gap, wrong, words)
