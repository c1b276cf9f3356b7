"""Checks of squared error, PCA and the gap of a latent (lab 01).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import math

import numpy as np
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


def nearest(z, codes, p=2.0):
    return torch.cdist(z, codes, p).min(1).values


def gap(z, codes, fresh, p=2.0):
    return nearest(z, codes, p) / nearest(fresh, codes, p).median()


def gap_in_numpy(z, codes, fresh):
    both = torch.cat([z, fresh]).double().numpy()
    distances = np.linalg.norm(both[:, None] - codes.double().numpy(), axis=2).min(1)
    return torch.from_numpy(distances[: len(z)] / np.median(distances[len(z):]))


def gap_one_by_one(z, codes, fresh):
    usual = sorted(float((codes - each).norm(dim=1).min()) for each in fresh)[len(fresh) // 2]
    return torch.stack([(codes - each).norm(dim=1).min() / usual for each in z])


@pytest.mark.parametrize("checker, solution", [
    (check.squared_error, lambda x, x_hat: losses.squared_error(x_hat, x)),
    (check.squared_error, lambda x, x_hat: torch.einsum("nchw->n", (x - x_hat) ** 2)),
    (check.squared_error, lambda x, x_hat: (x.double() - x_hat).pow(2).sum((1, 2, 3))),
    (check.squared_error, lambda x, y: F.mse_loss(y, x, reduction="none").sum((3, 2, 1))),
    (check.pca, pca),
    (check.pca, lambda train, x, k: pca(train.double(), x.double(), k)),
    (check.gap, gap),
    (check.gap, gap_in_numpy),
    (check.gap, gap_one_by_one),
    (check.gap, lambda z, c, f: torch.cdist(c, z).amin(0) / nearest(f, c).quantile(0.5)),
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
    (lambda z, c, f: torch.cdist(z, c).mean(1) / nearest(f, c).median(), "nearest"),
    (lambda z, c, f: (z - c.mean(0)).norm(dim=1) / nearest(f, c).median(), "nearest"),
    (lambda z, c, f: torch.cdist(z, c) / nearest(f, c).median(), "one number per latent"),
    (lambda z, c, f: torch.cdist(z, c).min(0).values, "one number per latent"),
    (lambda z, c, f: torch.cdist(z, c).min(1), "tensor"),
    (lambda z, c, f: torch.zeros(len(z)), "gap above 0"),
    (lambda z, c, f: nearest(z, c) / torch.cdist(c, c).mean(), "only the nearest one counts"),
    (lambda z, c, f: nearest(z, c), "of the fresh codes themselves should be 1"),
    (lambda z, c, f: nearest(z, c) / nearest(f, c).mean(), "Divide by the median"),
    (lambda z, c, f: nearest(z, c) / nearest(z, c).median(), "inf or NaN"),
    (lambda z, c, f: gap(z, c, f).square(), "twice as far"),
    (lambda z, c, f: gap(z, c, f, p=1.0), "Euclidean"),
    (lambda z, c, f: gap(z, c, f, p=math.inf), "Euclidean"),
])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_wrong_gap(wrong, words, seed):
    with pytest.raises(check.CheckFailed, match=words):
        check.gap(wrong, seed=seed)
