"""Checks of squared error, PCA and interpolation (lab 01).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import pytest
import torch
from support.checks import passes, refuses

from vaekit import losses
from vaekit.course import check


def pca(train, x, k, centre=True, smallest=False):
    mean = train.mean(0) if centre else torch.zeros(train.shape[1])
    axes = torch.linalg.svd(train - mean, full_matrices=False).Vh
    if smallest:
        axes = axes.flip(0)
    leading = axes[:k]
    return mean + (x - mean) @ leading.T @ leading


def pca_that_grows_worse(train, x, k):
    """With one component it uses six, with two five; only with six it is right."""
    return pca(train, x, 7 - k if k < 6 else 6)


def lerp(a, b, steps):
    return torch.lerp(a, b, torch.linspace(0, 1, steps)[:, None])


@pytest.mark.parametrize("checker, solution", [
    (check.squared_error, lambda x, x_hat: losses.squared_error(x_hat, x)),
    (check.pca, pca),
    (check.interpolate, lerp),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    passes(checker, solution)


@pytest.mark.parametrize("wrong, words", [
    (
        lambda x, y: (x - y).square().flatten(1).mean(1),
        "sum over the pixels, do not average",
    ),
    (
        lambda x, y: (x - y).square().sum(),
        r"shape \(\), expected \(5,\)\. Keep one number per image",
    ),
    (lambda x, y: (x - y).abs().flatten(1).sum(1), "four times as much"),
    (
        lambda x, y: (x - y).flatten(1).norm(dim=1),
        "costs? twice as much|four times as much",
    ),
    (lambda x, y: 0.5 * (x - y).square().flatten(1).sum(1), "should cost exactly 1"),
    (lambda x, y: (x * x).flatten(1).sum(1), "compared with itself should cost 0"),
    (lambda x, y: None, "returns nothing"),
    (lambda x, y: 3.0, "Return a tensor, not float"),
])
def test_a_wrong_squared_error(wrong, words):
    refuses(check.squared_error, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (lambda train, x, k: pca(train, x, k, centre=False), "mean"),
    (
        lambda train, x, k: pca(train, x, k, smallest=True),
        r"directions of \*largest\* variance",
    ),
    (lambda train, x, k: pca(train, x, k) - train.mean(0), "add the mean back"),
    (pca_that_grows_worse, "More components should never make the error larger"),
])
def test_a_wrong_pca(wrong, words):
    refuses(check.pca, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (lambda a, b, n: lerp(a, b, n + 1)[:-1], "last step should be b itself"),
    (lambda a, b, n: lerp(b, a, n), "first step should be a itself"),
    (
        lambda a, b, n: torch.lerp(a, b, torch.linspace(0, 1, n)[:, None] ** 2),
        "equal size",
    ),
    (lambda a, b, n: lerp(a, b, n).T, "One row per step"),
])
def test_a_wrong_interpolation(wrong, words):
    refuses(check.interpolate, wrong, words)
