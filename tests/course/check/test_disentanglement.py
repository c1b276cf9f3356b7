"""Check of the mutual information gap (lab 04).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
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


@pytest.mark.parametrize("solution", [
    gap,
    gap_factor_by_factor,
    lambda i, h: gap(i.float(), h.float()),
    lambda i, h: gap(i, h).item(),
    lambda i, h: gap(i / h, torch.ones_like(h)),
])
def test_the_right_gap_passes_and_says_what_was_tested(solution):
    passes(check.information_gap, solution)


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
])
def test_a_wrong_gap(wrong, words):
    refuses(check.information_gap, wrong, words)
