"""Checks of one-hot codes, sampling and the probe (lab 03).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from support.checks import passes, refuses

from vaekit.course import check
from vaekit.device import seeded


def one_hot(y, classes):
    return F.one_hot(y, classes).float()


def one_hot_by_comparison(y, classes):
    return (y[:, None] == torch.arange(classes)).double()


def sample(decoder, c, n, noise=torch.randn, code=None, squash=torch.sigmoid):
    if code is None:
        code = one_hot(torch.full((n,), c), 6)
    return squash(decoder(torch.cat([noise(n, 3), code], 1)))


def sample_by_hand(decoder, c, n):
    z = torch.randn(n, 3)
    code = torch.eye(6)[c].expand(n, 6)
    logits = decoder(torch.hstack([z, code]))
    return 1 / (1 + (-logits).exp())


EVEN = slice(0, None, 2)
ODD = slice(1, None, 2)
ALL = slice(None)


def probe(z, y, fit=EVEN, score=ODD):
    return LogisticRegression(max_iter=1000).fit(z[fit], y[fit]).score(z[score], y[score])


def probe_by_neighbours(z, y):
    return KNeighborsClassifier(5).fit(z[ODD], y[ODD]).score(z[EVEN], y[EVEN])


@pytest.mark.parametrize("checker, solution", [
    (check.one_hot, one_hot),
    (check.one_hot, lambda y, classes: torch.eye(classes)[y]),
    (check.one_hot, one_hot_by_comparison),
    (check.sample_class, sample),
    (check.sample_class, sample_by_hand),
    (check.sample_class, lambda d, c, n: sample(d, c, n, squash=torch.sigmoid_)),
    (check.probe, probe),
    (check.probe, lambda z, y: torch.tensor(probe(z, y))),
    (check.probe, probe_by_neighbours),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    passes(checker, solution)


@pytest.mark.parametrize("wrong, words", [
    (lambda y, n: None, "returns nothing"),
    (lambda y, n: F.one_hot(y, n), "should be float; yours is torch.int64"),
    (
        lambda y, n: F.one_hot(y).float()[:, :n - 1],
        "also for classes that do not occur",
    ),
    (lambda y, n: F.one_hot(y, int(y.max()) + 1).float(), "expected"),
    (lambda y, n: y[:, None].float().expand(-1, n), "Only zeros and ones"),
    (lambda y, n: one_hot(y, n) * y[:, None], "Only zeros and ones"),
    (lambda y, n: 1 - one_hot(y, n), "Exactly one entry"),
    (lambda y, n: torch.zeros(len(y), n), "Exactly one entry"),
    (
        lambda y, n: torch.eye(n)[torch.arange(len(y))],
        "same class, but their rows differ",
    ),
    (lambda y, n: one_hot(y, n).roll(1, 1), "counted from 0"),
    (lambda y, n: one_hot(y, 6), "follows the argument"),
])
def test_a_wrong_one_hot_code(wrong, words):
    refuses(check.one_hot, wrong, words)


def sample_with(**changes):
    return lambda decoder, c, n: sample(decoder, c, n, **changes)


def class_first(decoder, c, n):
    return sample(lambda joined: decoder(joined.roll(6, 1)), c, n)


def class_as_a_number(decoder, c, n):
    return sample(decoder, c, n, code=torch.full((n, 6), float(c)))


def one_by_one(decoder, c, n):
    return torch.cat([sample(decoder, c, 1) for _ in range(n)])


@pytest.mark.parametrize("wrong, words", [
    (lambda d, c, n: None, "returns nothing"),
    (lambda d, c, n: d(torch.randn(n, 3), c), r"raised TypeError: decoder\(\) takes 1 positional"),
    (lambda d, c, n: d([1, 2]), "but was given list"),
    (lambda d, c, n: d(torch.zeros(n, 9, device="meta")), "on meta"),
    (sample_with(squash=lambda logits: logits.clamp(0, 1)), "cut nothing off"),
    (sample_with(squash=lambda logits: logits.softmax(1)), "Is it the sigmoid"),
    (sample_with(noise=lambda n, k: 1 + torch.randn(n, k)), r"average 1\.0\d\.$"),
    (lambda d, c, n: torch.rand(n, 9), "never calls the decoder"),
    (lambda d, c, n: torch.sigmoid(d(torch.randn(n, 3))), r"given \(20000, 3\)"),
    (class_first, "latents last"),
    (sample_with(noise=lambda n, k: torch.randn(1, k).expand(n, k)), "one picture"),
    (sample_with(noise=torch.zeros), "one picture"),
    (sample_with(noise=torch.rand), "latents average 0.5"),
    (sample_with(noise=lambda n, k: 2 * torch.randn(n, k)), "your latents have [12]"),
    (
        sample_with(noise=lambda n, k: 12**0.5 * (torch.rand(n, k) - 0.5)),
        "Is the noise Gaussian",
    ),
    (sample_with(noise=lambda n, k: torch.randn(n, 1).expand(n, k)), "same noise"),
    (class_as_a_number, "as a one-hot row"),
    (lambda d, c, n: sample(d, 1, n), "Class 4 was requested"),
    (lambda d, c, n: sample(d, 4, n), "requested next"),
    (sample_with(squash=lambda logits: logits), "ends in logits"),
    (
        sample_with(squash=lambda logits: torch.sigmoid(torch.sigmoid(logits))),
        "squashed once",
    ),
    (
        sample_with(noise=lambda n, k: torch.randn(n, k, generator=seeded(0))),
        "fresh ones",
    ),
    (one_by_one, "decoder once"),
])
def test_a_wrong_sampler(wrong, words):
    refuses(check.sample_class, wrong, words)


def share_above_chance(z, y):
    return max(0, (probe(z, y) - 0.25) / 0.75)


@pytest.mark.parametrize("wrong, words", [
    (lambda z, y: None, "returns nothing"),
    (lambda z, y: LogisticRegression().fit(z, y), "not LogisticRegression. Let it predict"),
    (lambda z, y: LogisticRegression().fit(z, y).predict(z), "not an array of shape"),
    (lambda z, y: LogisticRegression().fit(y, z), "raised ValueError: Expected 2D array"),
    (lambda z, y: 100 * probe(z, y), "lies between 0 and 1"),
    (lambda z, y: 1 - probe(z, y), "separated almost always"),
    (lambda z, y: probe(z, y.flip(0)), "same order"),
    (
        lambda z, y: probe(z, y, fit=ALL, score=ALL),
        "remembers what it was fitted to",
    ),
    (
        lambda z, y: probe(z, y, fit=slice(0, 200), score=slice(200, None)),
        "sorted by class",
    ),
    (lambda z, y: probe(z[:, :2], y), "separated almost always"),
    (share_above_chance, "those by chance included"),
])
def test_a_wrong_probe(wrong, words):
    refuses(check.probe, wrong, words)
