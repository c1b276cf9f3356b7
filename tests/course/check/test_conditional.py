"""The checks of lab 03 pass the right answer and tell each wrong one which property failed."""
import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from vaekit.course import check


def one_hot(y, classes):
    return F.one_hot(y, classes).float()


def sample(decoder, c, n, noise=torch.randn, code=None, squash=torch.sigmoid):
    code = one_hot(torch.full((n,), c), 6) if code is None else code
    return squash(decoder(torch.cat([noise(n, 3), code], 1)))


def probe(z, y, fit=slice(0, None, 2), score=slice(1, None, 2), classifier=LogisticRegression):
    return classifier(max_iter=1000).fit(z[fit], y[fit]).score(z[score], y[score])


@pytest.mark.parametrize("checker, solution", [
    (check.one_hot, one_hot),
    (check.one_hot, lambda y, classes: torch.eye(classes)[y]),
    (check.one_hot, lambda y, classes: (y[:, None] == torch.arange(classes)).double()),
    (check.sample_class, sample),
    (check.sample_class, lambda d, c, n: 1 / (1 + (-d(torch.hstack([torch.randn(n, 3), torch.eye(6)[c].expand(n, 6)]))).exp())),
    (check.probe, probe),
    (check.probe, lambda z, y: torch.tensor(probe(z, y))),
    (check.probe, lambda z, y: KNeighborsClassifier(5).fit(z[1::2], y[1::2]).score(z[::2], y[::2])),
])
def test_the_right_answer_passes_and_says_what_was_tested(checker, solution):
    for seed in range(3):
        torch.manual_seed(seed)
        assert repr(checker(solution)).startswith(f"✓ {checker.__name__}: ")


@pytest.mark.parametrize("checker, wrong, words", [
    (check.one_hot, lambda y, n: None, "returns nothing"),
    (check.one_hot, lambda y, n: F.one_hot(y, n), "should be float; yours is torch.int64"),
    (check.one_hot, lambda y, n: F.one_hot(y).float()[:, :n - 1], "also for classes that do not occur"),
    (check.one_hot, lambda y, n: F.one_hot(y, int(y.max()) + 1).float(), "expected"),
    (check.one_hot, lambda y, n: y[:, None].float().expand(-1, n), "Only zeros and ones"),
    (check.one_hot, lambda y, n: one_hot(y, n) * y[:, None], "Only zeros and ones"),
    (check.one_hot, lambda y, n: 1 - one_hot(y, n), "Exactly one entry"),
    (check.one_hot, lambda y, n: torch.zeros(len(y), n), "Exactly one entry"),
    (check.one_hot, lambda y, n: torch.eye(n)[torch.arange(len(y))], "same class, but their rows differ"),
    (check.one_hot, lambda y, n: one_hot(y, n).roll(1, 1), "counted from 0"),
    (check.one_hot, lambda y, n: one_hot(y, 6), "follows the argument"),
    (check.sample_class, lambda d, c, n: None, "returns nothing"),
    (check.sample_class, lambda d, c, n: torch.rand(n, 9), "never calls the decoder"),
    (check.sample_class, lambda d, c, n: torch.sigmoid(d(torch.randn(n, 3))), r"given \(20000, 3\)"),
    (check.sample_class, lambda d, c, n: sample(lambda j: d(j.roll(6, 1)), c, n), "latents last"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, lambda n, k: torch.randn(1, k).expand(n, k)), "one picture"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, torch.zeros), "one picture"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, torch.rand), "latents average 0.5"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, lambda n, k: 2 * torch.randn(n, k)), "your latents have [12]"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, lambda n, k: 12**0.5 * (torch.rand(n, k) - 0.5)), "Is the noise Gaussian"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, lambda n, k: torch.randn(n, 1).expand(n, k)), "same noise"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, code=torch.full((n, 6), float(c))), "as a one-hot row"),
    (check.sample_class, lambda d, c, n: sample(d, 1, n), "Class 4 was asked for"),
    (check.sample_class, lambda d, c, n: sample(d, 4, n), "asked for next"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, squash=lambda logits: logits), "ends in logits"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, squash=lambda v: torch.sigmoid(torch.sigmoid(v))), "squashed once"),
    (check.sample_class, lambda d, c, n: sample(d, c, n, lambda n, k: torch.randn(n, k, generator=torch.Generator().manual_seed(0))), "fresh ones"),
    (check.sample_class, lambda d, c, n: torch.cat([sample(d, c, 1) for _ in range(n)]), "decoder once"),
    (check.probe, lambda z, y: None, "returns nothing"),
    (check.probe, lambda z, y: 100 * probe(z, y), "lies between 0 and 1"),
    (check.probe, lambda z, y: 1 - probe(z, y), "told apart almost always"),
    (check.probe, lambda z, y: probe(z, y.flip(0)), "same order"),
    (check.probe, lambda z, y: probe(z, y, slice(None), slice(None)), "remembers what it was fitted to"),
    (check.probe, lambda z, y: probe(z, y, slice(0, 200), slice(200, None)), "sorted by class"),
    (check.probe, lambda z, y: probe(z[:, :2], y), "told apart almost always"),
    (check.probe, lambda z, y: max(0, (probe(z, y) - 0.25) / 0.75), "luck included"),
])
def test_a_wrong_answer_is_told_which_property_failed(checker, wrong, words):
    torch.manual_seed(0)
    with pytest.raises(check.CheckFailed, match=words):
        checker(wrong)
