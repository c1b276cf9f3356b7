"""Check of the importance-weighted bound (lab 05).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import math

import pytest
import torch
from support.checks import passes, refuses

from vaekit.course import check
from vaekit.metrics.likelihood import log_mean_exp


def shifted(w, shift):
    return (w - shift).exp().mean(0).log() + shift


def added_one_by_one(w):
    total = w[0]
    for each in w[1:]:
        total = torch.logaddexp(total, each)
    return total - math.log(len(w))


def by_softmax(w):
    """log Σ e^w is what the softmax subtracts."""
    return (w - w.log_softmax(0)).mean(0) - math.log(len(w))


@pytest.mark.parametrize("seed", range(8))
def test_the_right_bound_passes_with_any_seed(seed):
    assert repr(check.importance_bound(log_mean_exp, seed=seed)).startswith("✓")


@pytest.mark.parametrize("solution", [
    added_one_by_one,
    by_softmax,
    lambda w: torch.logcumsumexp(w, 0)[-1] - math.log(len(w)),
    lambda w: torch.logsumexp(w - math.log(w.shape[0]), dim=0),
    lambda w: (w - w.amax(0)).exp().mean(0).log() + w.amax(0),
    log_mean_exp,
    lambda w: shifted(w, w.amax(0)),
    lambda w: log_mean_exp(w).double(),
    lambda w: log_mean_exp(w).float(),
    lambda w: torch.stack([each.logsumexp(0) - math.log(len(each)) for each in w.T]),
])
def test_the_right_bound_passes_and_says_what_was_tested(solution):
    passes(check.importance_bound, solution)


@pytest.mark.parametrize("wrong, words", [
    (lambda w: w.mean(0), "plain mean of the log-weights"),
    (lambda w: torch.logsumexp(w, 0), "is it a sum where a mean is needed"),
    (
        lambda w: torch.logsumexp(w, 1),
        r"shape \(6,\), expected \(4,\)\. The samples are the rows",
    ),
    (
        lambda w: w.exp().mean(0),
        r"single sample \(k = 1\) the bound should be that sample's log-weight",
    ),
    (lambda w: -log_mean_exp(w), r"single sample \(k = 1\)"),
    (lambda w: w.exp().mean(0).log(), "around -2000.*inf or NaN"),
    (lambda w: (w.exp().mean(0) + 1e-30).log(), "around -2000.*move along"),
    (
        lambda w: w.clamp(-700, 700).double().exp().mean(0).log().float(),
        "around -2000.*move along",
    ),
    (lambda w: shifted(w, w.max()), "should not depend on the images beside it"),
    (lambda w: torch.logsumexp(w, 0) - math.log(6), r"single sample \(k = 1\)"),
    (lambda w: w.mean(0).log(), "logarithm of 0 or of a negative number"),
    (lambda w: log_mean_exp(w).numpy(), "Compute with torch"),
    (lambda w: w.amax(0), "equal to a log p|come within 0.1"),
    (lambda w: w.median(0).values, "Jensen|come within 0.1"),
    (
        lambda w: w.mean(0) + 0.5 * w.var(0, correction=0),
        "exceed the largest|come within 0.1",
    ),
    (lambda w: None, "returns nothing"),
])
def test_a_wrong_bound(wrong, words):
    refuses(check.importance_bound, wrong, words)
