"""The checks of lab 09: right solutions of unusual form pass, wrong ones get a sentence."""
import pytest
import torch
from sklearn.metrics import roc_auc_score

from vaekit.course import answers, check

RIGHT = answers.answers()


def by_weights(codes, has):
    weight = has.double() / has.sum() - (~has).double() / (~has).sum()
    return (weight @ codes.double()).float()


def by_regression(codes, has):
    design = torch.stack([torch.ones(len(has)), has.float()], 1)
    return torch.linalg.lstsq(design, codes, driver="gelsd").solution[1]


@pytest.mark.parametrize("fn", [RIGHT["attribute_vector"], by_weights, by_regression])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_right_directions_pass(fn, seed):
    assert "the same wherever" in repr(check.attribute_vector(fn, seed=seed))


@pytest.mark.parametrize(
    "fn, word",
    [
        (lambda codes, has: codes[has].mean(0), "pull every face"),
        (lambda codes, has: codes[has].mean(0) - codes.mean(0), "turn round"),
        (lambda codes, has: codes[~has].mean(0) - codes[has].mean(0), "same mean"),
        (lambda codes, has: codes[has].sum(0) - codes[~has].sum(0), "pull every face"),
        (lambda codes, has: 2 * by_weights(codes, has), "same mean"),
        (lambda codes, has: by_weights(codes, has) / 2, "same mean"),
        (lambda codes, has: torch.zeros(codes.shape[1]), "longer by 2"),
        (lambda codes, has: torch.nn.functional.normalize(by_weights(codes, has), dim=0), "same"),
        (lambda codes, has: codes[has].median(0).values - codes[~has].median(0).values, "medians"),
        (lambda codes, has: codes[0] - codes[1], "turn round"),
        (lambda codes, has: codes[has] - codes[has].mean(0), "One number for each"),
        (lambda codes, has: None, "returns nothing"),
    ],
)
def test_wrong_directions_are_refused(fn, word):
    with pytest.raises(check.CheckFailed, match=word):
        check.attribute_vector(fn)


def by_sklearn(members, others):
    scores = torch.cat([members, others])
    is_other = torch.cat([torch.zeros(len(members)), torch.ones(len(others))])
    return roc_auc_score(is_other, scores)


def by_ranks(members, others):
    ordered = others.sort().values
    at_most = torch.searchsorted(ordered, members, right=True)
    below = torch.searchsorted(ordered, members)
    return 1 - ((at_most + below).double() / 2 / len(others)).mean()


@pytest.mark.parametrize("fn", [RIGHT["auc"], by_sklearn, by_ranks])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_right_chances_pass(fn, seed):
    assert "always right" in repr(check.auc(fn, seed=seed))


@pytest.mark.parametrize(
    "fn, word",
    [
        (lambda members, others: (members[:, None] > others).float().mean(), "always right"),
        (lambda members, others: (members[:, None] < others).float().mean(), "counts half"),
        (lambda members, others: (members[:, None] <= others).float().mean(), "counts half"),
        (lambda members, others: others.mean() - members.mean(), "always right"),
        (lambda members, others: (members < others.mean()).float().mean(), "same errors|equal"),
        (lambda members, others: 0.5, "always right"),
        (lambda members, others: (members[:, None] < others).float(), "one real number"),
        (lambda members, others: (members[:20] < others[:20]).float().mean(), "counts half"),
        (lambda members, others: None, "returns nothing"),
    ],
)
def test_wrong_chances_are_refused(fn, word):
    with pytest.raises(check.CheckFailed, match=word):
        check.auc(fn)


def test_the_reference_agrees_with_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    members = torch.randint(0, 9, (40,), generator=generator).float()
    others = torch.randint(2, 12, (60,), generator=generator).float()
    assert RIGHT["auc"](members, others) == pytest.approx(by_sklearn(members, others))
