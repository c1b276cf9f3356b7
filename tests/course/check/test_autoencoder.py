"""Checks of squared error, PCA and interpolation (lab 01).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import pytest
import torch
import torch.nn.functional as F
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
    (check.squared_error, lambda x, x_hat: torch.einsum("nchw->n", (x - x_hat) ** 2)),
    (check.squared_error, lambda x, x_hat: (x.double() - x_hat).pow(2).sum((1, 2, 3))),
    (check.squared_error, lambda x, y: F.mse_loss(y, x, reduction="none").sum((3, 2, 1))),
    (check.pca, pca),
    (check.pca, lambda train, x, k: pca(train.double(), x.double(), k)),
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
    (lambda x, y: (x - y).square().flatten(1).sum(1) / len(x), "in a batch of three images too"),
    (lambda x, y: (x - y).flatten(1).sum(1).square(), "costs 4 times as much. Is each difference"),
    (lambda x, y: (x - y).flatten(1).sum(1), "Is each difference squared"),
    (lambda x, y: (x - y).square().view(5, -1).sum(1), "raised RuntimeError: shape '.5, -1.'"),
    (lambda x, y: [(a - b).square().sum() for a, b in zip(x, y)], "torch.stack makes one"),
    (lambda x, y: x.sub_(y).square().flatten(1).sum(1), "changes its argument x in place"),
    (lambda x, y: (x * x).flatten(1).sum(1), "compared with itself should cost 0"),
    (lambda x, y: None, "returns nothing"),
    (lambda x, y: 3.0, "Return a tensor, not float"),
    (lambda x, y: (x - y).square()[..., 0].sum((1, 2)), "column 3 costs nothing"),
    (lambda x, y: (x - y).square()[:, 0].sum((1, 2)), "channel 2, .* costs nothing"),
    (lambda x, y: (x - y).square().mean(1).sum((1, 2)), "should cost exactly 1"),
    (lambda x, y: (x - y).square().sum((1, 2, 3)).detach(), "detached"),
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
    (lambda train, x, k: pca(train, x, k) + train.mean(0), "exact; yours is not"),
    (lambda train, x, k: x, "yours leave 0%. Are no more than k components used"),
    (lambda train, x, k: pca(x, x, k), "not from x"),
    (pca_that_grows_worse, "More components should never make the error larger"),
])
def test_a_wrong_pca(wrong, words):
    refuses(check.pca, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (lambda a, b, n: lerp(a, b, n + 1)[:-1], "last step should be b itself"),
    (lambda a, b, n: lerp(a, b, n + 1)[:-1], "stops before it. With 5 steps there are 4 gaps"),
    (lambda a, b, n: lerp(a, 2 * a - b, n), r"^The last step should be b itself\.$"),
    (lambda a, b, n: list(lerp(a, b, n)), "torch.stack makes one tensor"),
    (lambda a, b, n: lerp(a, b, 5), "follows the argument steps"),
    (lambda a, b, n: lerp(b, a, n), "first step should be a itself"),
    (
        lambda a, b, n: torch.lerp(a, b, torch.linspace(0, 1, n)[:, None] ** 2),
        "equal size",
    ),
    (lambda a, b, n: lerp(a, b, n).T, "One row per step"),
])
def test_a_wrong_interpolation(wrong, words):
    refuses(check.interpolate, wrong, words)
