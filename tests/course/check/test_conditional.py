"""Checks of sampling, of what labels save and of the probe (lab 03).

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import functools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from support.checks import passes, refuses

from vaekit.course import check
from vaekit.course.answers import lab03
from vaekit.device import seeded


def one_hot(y, classes):
    return F.one_hot(y, classes).float()


def gain(loss, x, y, permute=lambda y: y[torch.randperm(len(y))]):
    return loss(x, permute(y)) - loss(x, y)


def gain_of_several(loss, x, y):
    return sum(gain(loss, x, y) for _ in range(4)) / 4


def gain_with_moved_images(loss, x, y):
    return loss(x[torch.randperm(len(x))], y) - loss(x, y)


def gain_in_numpy(loss, x, y):
    return gain(loss, x, y, lambda y: torch.from_numpy(np.random.default_rng(1).permutation(y)))


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


def sample_one_by_one(decoder, c, n):
    return torch.cat([sample(decoder, c, 1) for _ in range(n)])


def sample_in_two_halves(decoder, c, n):
    return torch.cat([sample(decoder, c, n // 2), sample(decoder, c, n - n // 2)])


def sample_from_a_distribution(decoder, c, n):
    """The prior as a distribution object, the code by indexing with a list."""
    z = torch.distributions.Normal(0.0, 1.0).sample((n, 3))
    code = torch.zeros(n, 6)
    code[:, [c]] = 1
    return decoder(torch.column_stack([z, code])).sigmoid()


def probe_after_shuffling(z, y):
    order = torch.randperm(len(z), generator=seeded(7))
    return probe(z[order], y[order])


def probe_by_cross_validation(z, y):
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return cross_val_score(LogisticRegression(max_iter=1000), z, y, cv=folds).mean()


def probe_by_a_split(z, y):
    parts = train_test_split(z.numpy(), y.numpy(), test_size=0.4, stratify=y, random_state=0)
    z_fit, z_score, y_fit, y_score = parts
    said = LogisticRegression(max_iter=1000).fit(z_fit, y_fit).predict(z_score)
    return (said == y_score).mean()


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("checker, solution", [
    (check.label_gain, gain),
    (check.label_gain, gain_of_several),
    (check.label_gain, gain_with_moved_images),
    (check.label_gain, gain_in_numpy),
    (check.label_gain, lambda loss, x, y: torch.tensor(gain(loss, x, y))),
    (check.sample_class, sample),
    (check.sample_class, sample_by_hand),
    (check.sample_class, sample_one_by_one),
    (check.sample_class, sample_in_two_halves),
    (check.sample_class, sample_from_a_distribution),
    (check.sample_class, lambda d, c, n: sample(d, c, n, squash=torch.sigmoid_)),
    (check.probe, probe),
    (check.probe, lambda z, y: torch.tensor(probe(z, y))),
    (check.probe, probe_by_neighbours),
    (check.probe, probe_after_shuffling),
    (check.probe, probe_by_cross_validation),
    (check.probe, probe_by_a_split),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution, seed):
    passes(functools.wraps(checker)(functools.partial(checker, seed=seed)), solution)


@pytest.mark.parametrize("reference", [lab03.label_gain, lab03.sample_class, lab03.probe])
def test_the_reference_solutions_pass(reference):
    passes(getattr(check, reference.__name__), reference)


def test_the_verdict_on_a_sampler_depends_on_the_seed_of_the_check_alone():
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    check.sample_class(sample)
    assert torch.equal(torch.random.get_rng_state(), before)


def gain_with(permute):
    return lambda loss, x, y: gain(loss, x, y, permute)


def moved_together(loss, x, y):
    order = torch.randperm(len(y))
    return loss(x[order], y[order]) - loss(x, y)


def of_other_images(loss, x, y):
    return loss(x.flip(3), y[torch.randperm(len(y))]) - loss(x, y)


def of_two_halves(loss, x, y):
    return loss(x[::2], y[1::2]) - loss(x[::2], y[::2])


@pytest.mark.parametrize("wrong, words", [
    (lambda loss, x, y: None, "returns nothing"),
    (lambda loss, x, y: loss(y), r"raised TypeError: .*missing 1 required positional"),
    (lambda loss, x, y: loss(x, y), "Return the difference"),
    (lambda loss, x, y: gain(loss, x, y) / loss(x, y), "should cost this loss about"),
    (lambda loss, x, y: loss(x, y[torch.randperm(len(y))]) / loss(x, y), "Return the difference"),
    (lambda loss, x, y: -gain(loss, x, y), "Which of the two"),
    (lambda loss, x, y: abs(gain(loss, x, y)) / len(y), "in a random order"),
    (lambda loss, x, y: 4 * gain(loss, x, y), "a mean over images already"),
    (lambda loss, x, y: 0.0, "in a random order"),
    (gain_with(lambda y: y), "in a random order"),
    (gain_with(lambda y: y.roll(1)), "in a random order"),
    (gain_with(lambda y: torch.randint(0, 3, y.shape)), "in another order"),
    (gain_with(lambda y: torch.zeros_like(y)), "in another order"),
    (gain_with(lambda y: y + 1), "in another order"),
    (gain_with(lambda y: y[torch.randint(len(y), y.shape)]), "in another order"),
    (gain_with(lambda y: y[:10]), "takes all labels"),
    (moved_together, "not moved with them"),
    (of_other_images, "other images than yours"),
    (of_two_halves, "takes all images"),
])
def test_a_wrong_gain(wrong, words):
    refuses(check.label_gain, wrong, words)


def sample_with(**changes):
    return lambda decoder, c, n: sample(decoder, c, n, **changes)


def class_first(decoder, c, n):
    return sample(lambda joined: decoder(joined.roll(6, 1)), c, n)


def class_as_a_number(decoder, c, n):
    return sample(decoder, c, n, code=torch.full((n, 6), float(c)))


def one_latent_in_a_loop(decoder, c, n):
    z = torch.randn(1, 3)
    return torch.cat([sample(decoder, c, 1, noise=lambda m, k: z) for _ in range(n)])


def first_n_of_more(decoder, c, n):
    return sample(decoder, c, 2 * n)[:n]


def repeated(decoder, c, n):
    return sample(decoder, c, n // 2).repeat(2, 1)


def two_classes(decoder, c, n):
    return torch.cat([sample(decoder, c, n - 1), sample(decoder, 0, 1)])


def decoded_twice(decoder, c, n):
    first = sample(decoder, c, n)
    return 0.5 * (first + sample(decoder, c, n))


@pytest.mark.parametrize("wrong, words", [
    (lambda d, c, n: None, "returns nothing"),
    (lambda d, c, n: d(torch.randn(n, 3), c), r"raised TypeError: decoder\(\) takes 1 positional"),
    (lambda d, c, n: d([1, 2]), "but was given list"),
    (lambda d, c, n: d(torch.zeros(n, 9, device="meta")), "on meta"),
    (sample_with(squash=lambda logits: logits.clamp(0, 1)), "cut nothing off"),
    (sample_with(squash=lambda logits: logits.softmax(1)), "Is it the sigmoid"),
    (sample_with(noise=lambda n, k: 1 + torch.randn(n, k)), r"average (1\.0|0\.9)\d\.$"),
    (lambda d, c, n: torch.rand(n, 9), "never calls the decoder"),
    (lambda d, c, n: torch.sigmoid(d(torch.randn(n, 3))), r"given \(6000, 3\)"),
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
    (one_latent_in_a_loop, "one picture"),
    (first_n_of_more, "6,000 in all, yours was given 12,000"),
    (repeated, "6,000 in all, yours was given 3,000"),
    (decoded_twice, "6,000 in all, yours was given 12,000"),
    (two_classes, "Class 4 was requested"),
    (lambda d, c, n: sample(d, c, n).flip(0), "squashed once"),
    (lambda d, c, n: sample(d, c, n).round(), "round nothing"),
    (sample_with(noise=lambda n, k: torch.randn(n, k).abs()), "latents average 0.[78]"),
    (sample_with(squash=lambda logits: torch.sigmoid(2 * logits)), "squashed once"),
    (sample_with(squash=lambda logits: (logits.tanh() + 1) / 2), "squashed once"),
])
def test_a_wrong_sampler(wrong, words):
    refuses(check.sample_class, wrong, words)


def probe_of_known_rows(z, y):
    """Leaves out the latents that say nothing."""
    telling = z.abs().sum(1) > 0
    return probe(z[telling], y[telling])


def share_above_chance(z, y):
    return max(0, (probe(z, y) - 0.25) / 0.75)


@pytest.mark.parametrize("wrong, words", [
    (lambda z, y: None, "returns nothing"),
    (lambda z, y: LogisticRegression().fit(z, y), "the classifier itself .LogisticRegression."),
    (lambda z, y: LogisticRegression(), "the classifier itself"),
    (lambda z, y: probe(z, y, score=EVEN), "remembers what it was fitted to"),
    (lambda z, y: probe(z, y, fit=ALL), "remembers what it was fitted to"),
    (lambda z, y: round(probe(z, y)), "at least|by chance included|half of the latents"),
    (lambda z, y: 1.0, "remembers what it was fitted to"),
    (lambda z, y: 0.25, "separated almost always"),
    (lambda z, y: probe(z, y, fit=slice(0, 60), score=slice(60, None)), "only one class"),
    (lambda z, y: 2 * probe(z, y) - probe(z, y, score=EVEN), "lies between|by chance|unseen"),
    (probe_of_known_rows, "half of the latents are zero"),
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
