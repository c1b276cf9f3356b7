"""Checks of the Fréchet distance and MMD (lab 05).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import numpy as np
import pytest
import torch
from support.checks import passes, refuses

from vaekit.course import check
from vaekit.metrics import distances


def root(c):
    """The symmetric root of a covariance."""
    values, vectors = torch.linalg.eigh(c)
    return vectors @ values.clamp_min(0).sqrt().diag() @ vectors.T


def root_of_product(c, d):
    """With the trace of the root of c · d."""
    return root(root(c) @ d @ root(c))


def squared_length(v):
    return v.square().sum()


def frechet(m, c, n, d, means=squared_length, cross=root_of_product):
    return means(m - n) + (c + d - 2 * cross(c, d)).trace()


def library_frechet(m, c, n, d):
    return float(distances.frechet((m, c), (n, d)))


def frechet_by_eigenvalues(m, c, n, d):
    overlap = torch.linalg.eigvals(d @ c).sqrt().real.sum()
    return squared_length(m - n) + c.trace() + d.trace() - 2 * overlap


def within(k):
    """The mean of a square kernel matrix without its diagonal."""
    return (k.sum() - k.trace()) / (len(k) * (len(k) - 1))


def mmd(a, b, c):
    return within(a) + within(b) - 2 * c.mean()


def mean_over_all_pairs(k):
    """Without the diagonal, but divided by the number of pairs with it."""
    return (k.sum() - k.trace()) / k.numel()


def mean_without_diagonal(k):
    return (k.sum() - k.trace()) / (k.numel() - len(k))


def frechet_in_numpy(m, c, n, d):
    m, c, n, d = (each.numpy() for each in (m, c, n, d))
    roots = np.sqrt(np.linalg.eigvals(c @ d).astype(complex)).real
    return ((m - n) ** 2).sum() + np.trace(c + d) - 2 * roots.sum()


def frechet_by_nuclear_norm(m, c, n, d):
    overlap = torch.linalg.matrix_norm(root(c) @ root(d), "nuc")
    return (m - n).dot(m - n) + torch.trace(c) + torch.trace(d) - 2 * overlap


def frechet_by_scipy(m, c, n, d):
    from scipy.linalg import sqrtm

    product = root(c).numpy() @ d.numpy() @ root(c).numpy()
    return float((m - n).square().sum() + (c + d).trace() - 2 * np.trace(sqrtm(product)).real)


def mmd_by_loops(a, b, c):
    total = 0.0
    for k in (a, b):
        size = len(k)
        pairs = [float(k[i, j]) for i in range(size) for j in range(size) if i != j]
        total += sum(pairs) / len(pairs)
    return total - 2 * float(c.mean())


def mmd_of_upper_triangles(a, b, c):
    def upper(k):
        return k[torch.triu_indices(len(k), len(k), 1).unbind()].mean()

    return upper(a) + upper(b) - 2 * c.mean()


def mmd_with_a_mask(a, b, c):
    def others(k):
        return k[~torch.eye(len(k), dtype=torch.bool)].mean()

    return others(a) + others(b) - c.mean() * 2


RIGHT = [
    (check.frechet_distance, frechet_in_numpy),
    (check.frechet_distance, frechet_by_nuclear_norm),
    (check.frechet_distance, frechet_by_scipy),
    (check.mmd, mmd_by_loops),
    (check.mmd, mmd_of_upper_triangles),
    (check.mmd, mmd_with_a_mask),
    (check.mmd, lambda a, b, c: torch.stack([within(a), within(b), -2 * c.mean()]).sum()),
]


@pytest.mark.parametrize("checker, solution", RIGHT)
def test_an_unusual_right_answer_passes(checker, solution):
    passes(checker, solution)


@pytest.mark.parametrize("checker, solution", [
    (check.frechet_distance, frechet),
    (check.mmd, mmd),
])
@pytest.mark.parametrize("seed", range(8))
def test_the_right_answer_passes_with_any_seed(checker, solution, seed):
    assert repr(checker(solution, seed=seed)).startswith("✓")


@pytest.mark.parametrize("checker, solution", [
    (check.frechet_distance, frechet),
    (check.frechet_distance, library_frechet),
    (check.frechet_distance, lambda m, c, n, d: frechet(m, c, n, d).item()),
    (check.frechet_distance, frechet_by_eigenvalues),
    (check.mmd, mmd),
    (check.mmd, lambda a, b, c: mmd(a.double(), b.double(), c.double())),
    (check.mmd, lambda a, b, c: mmd(a.numpy(), b.numpy(), c.numpy())),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    passes(checker, solution)


def frechet_with_means(means):
    return lambda m, c, n, d: frechet(m, c, n, d, means=means)


def frechet_with_root(cross):
    return lambda m, c, n, d: frechet(m, c, n, d, cross=cross)


def plus_distance_of_means(of_covariances):
    return lambda m, c, n, d: squared_length(m - n) + of_covariances(c, d)


@pytest.mark.parametrize("wrong, words", [
    (frechet_with_means(torch.linalg.norm), "a squared one: 9"),
    (lambda m, c, n, d: (m - n).square().sum(), "the traces is not enough"),
    (
        plus_distance_of_means(lambda c, d: (c.trace().sqrt() - d.trace().sqrt()) ** 2),
        "the traces is not enough",
    ),
    (
        frechet_with_root(lambda c, d: (c @ d).abs().sqrt()),
        "itself should have distance 0",
    ),
    (
        frechet_with_root(lambda c, d: (c * d).abs().sqrt()),
        "root of each of its entries",
    ),
    (
        frechet_with_root(lambda c, d: root(c) @ root(d)),
        "not the product of their roots",
    ),
    (
        plus_distance_of_means(lambda c, d: (c - d).square().sum()),
        "Is the matrix root under the trace",
    ),
    (
        lambda m, c, n, d: frechet(m, c, n, d) + (c[0, 1] - d[0, 1]).clamp(-1, 2),
        "Swapping the two",
    ),
    (lambda m, c, n, d: frechet(m, c, n, d).log(), "inf or NaN"),
    (lambda m, c, n, d: m - n, "one real number"),
    (lambda m, c, n, d: frechet(m, c, n, d) + 0j, "Its real part is meant"),
    (
        frechet_with_root(lambda c, d: torch.linalg.eigvalsh(c @ d).abs().sqrt().diag()),
        "the product of two covariances is not symmetric",
    ),
    (lambda m, c, n, d: None, "returns nothing"),
])
def test_a_wrong_frechet_distance(wrong, words):
    refuses(check.frechet_distance, wrong, words)


@pytest.mark.parametrize("wrong, words", [
    (
        lambda a, b, c: a.mean() + b.mean() - 2 * c.mean(),
        "diagonal of K_xx compares each image with itself",
    ),
    (lambda a, b, c: within(a) + b.mean() - 2 * c.mean(), "diagonal of K_yy"),
    (lambda a, b, c: within(a) + within(b) - c.mean(), "how often does K_xy count"),
    (
        lambda a, b, c: mean_over_all_pairs(a) + mean_over_all_pairs(b) - 2 * c.mean(),
        "How many pairs",
    ),
    (
        lambda a, b, c: within(a) + within(b) - 2 * mean_without_diagonal(c),
        "its diagonal counts like everything else",
    ),
    (lambda a, b, c: -mmd(a, b, c), "Check the signs"),
    (lambda a, b, c: mmd(a, b, c).clamp_min(0), "sometimes fall below 0, and yours never does"),
    (lambda a, b, c: mmd(a, b, c) / 2, "should average 12"),
    (
        lambda a, b, c: within(a) + within(b) - 2 * c[:, :len(a)].mean(),
        r"entry \(.*\) of K_xy changes nothing",
    ),
    (
        lambda a, b, c: within(a) + within(b[:len(a), :len(a)]) - 2 * c.mean(),
        r"entry \(.*\) of K_yy changes nothing",
    ),
    (lambda a, b, c: mmd(a, b, c).abs(), "sometimes fall below 0"),
    (lambda a, b, c: mmd(a, b, c).sqrt(), "inf or NaN"),
    (lambda a, b, c: a, "one real number"),
    (
        lambda a, b, c: mmd(a.fill_diagonal_(0), b, c),
        "changes its argument a in place",
    ),
    (lambda a, b, c: None, "returns nothing"),
])
def test_a_wrong_mmd(wrong, words):
    refuses(check.mmd, wrong, words)
