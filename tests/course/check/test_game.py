"""Checks of the game of lab 06: the non-saturating losses, and the cut in the graph.

The right answers pass; for a wrong one the sentence names the property that does not hold.
"""
import pytest
import torch
import torch.nn.functional as F
from support.checks import passes, refuses

from vaekit.course import check
from vaekit.models import gan

SEEDS = pytest.mark.parametrize("seed", [1, 2, 3, 2**32 - 1])


def apart(real, fake):
    return F.softplus(-real) + F.softplus(fake)


def losses(real, fake, discriminator=apart, generator=lambda fake: F.softplus(-fake)):
    return discriminator(real, fake), generator(fake)


def library(real, fake):
    images = torch.rand(len(real), 1, 2, 2)
    terms = gan.non_saturating(gan.GANOutput(real, fake, images), images)
    return terms["discriminator_loss"], terms["generator_loss"]


def by_logsigmoid(real, fake):
    return [-F.logsigmoid(real) - F.logsigmoid(-fake), -F.logsigmoid(fake)]


def by_cross_entropy(real, fake):
    def error(score, target):
        targets = torch.full_like(score, target)
        return F.binary_cross_entropy_with_logits(score, targets, reduction="none")

    return error(real, 1.0) + error(fake, 0.0), error(fake, 1.0)


def by_logaddexp(real, fake):
    zero = torch.zeros_like(real)
    of_discriminator = torch.logaddexp(zero, -real) + torch.logaddexp(zero, fake)
    return of_discriminator, torch.logaddexp(zero, -fake)


def by_classes(real, fake):
    def error(score, label):
        logits = torch.stack([torch.zeros_like(score), score], 1)
        labels = torch.full((len(score),), label)
        return F.cross_entropy(logits, labels, reduction="none")

    return error(real, 1) + error(fake, 0), error(fake, 1)


def in_float64(real, fake):
    return tuple(loss.float() for loss in losses(real.double(), fake.double()))


RIGHT = [losses, library, by_logsigmoid, by_cross_entropy, by_logaddexp, by_classes, in_float64]


@pytest.mark.parametrize("solution", RIGHT)
def test_the_right_losses_pass(solution):
    passes(check.non_saturating, solution)


@SEEDS
def test_the_right_losses_pass_with_any_seed_of_the_check(seed):
    assert repr(check.non_saturating(losses, seed=seed)).startswith("✓")


@pytest.mark.parametrize("wrong, words", [
    (lambda real, fake: losses(real, fake)[::-1], "Is it the second of the two"),
    (
        lambda real, fake: tuple(loss.mean() for loss in losses(real, fake)),
        "Keep one number per image",
    ),
    (lambda real, fake: (apart(real, fake), -F.softplus(fake)), "as in the minimax game"),
    (
        # shifted above 0
        lambda real, fake: (apart(real, fake), 1.3862944 - F.softplus(fake)),
        "Is it the minimax loss",
    ),
    (lambda real, fake: (apart(real, fake), F.softplus(fake)), "when its images are recognised"),
    (lambda real, fake: (apart(real, fake), -apart(real, fake)), "the scores of real images"),
    (
        lambda real, fake: (apart(-real, fake), F.softplus(-fake)),
        "when it scores real images lower",
    ),
    (
        lambda real, fake: (apart(real, -fake), F.softplus(-fake)),
        "when it scores generated images higher",
    ),
    (
        lambda real, fake: (apart(real, fake) / 2, F.softplus(-fake)),
        "discriminator's loss is then 1.386 nats; yours is 0.693",
    ),
    (
        lambda real, fake: (apart(real, fake), F.softplus(-fake) / 0.6931472),
        "generator's loss is then 0.693 nats; yours is 1",
    ),
    (
        lambda real, fake: (-real.sigmoid().log() - (1 - fake.sigmoid()).log(), F.softplus(-fake)),
        "inf or NaN|rounded or clamped",
    ),
    (
        lambda real, fake: (apart(real, fake), -(fake.sigmoid() + 1e-8).log()),
        "rounded or clamped",
    ),
    (
        lambda real, fake: (apart(real, fake), F.relu(1 - fake) * 0.6931472),
        "a slope near −1",
    ),
    (
        lambda real, fake: (apart(real, fake).detach(), F.softplus(-fake)),
        "comes back from the discriminator's loss",
    ),
    (
        lambda real, fake: (apart(real.detach(), fake), F.softplus(-fake)),
        "scores of real images",
    ),
    (
        lambda real, fake: (apart(real, fake.detach()), F.softplus(-fake)),
        "scores of generated images",
    ),
    (
        lambda real, fake: (apart(real, fake), F.softplus(-fake).detach()),
        "a slope near −1",
    ),
    (
        lambda real, fake: (apart(real, fake), F.softplus(-fake) + fake.mean() - fake),
        "exp.−loss. of the generator should be the probability",
    ),
])
def test_wrong_losses(wrong, words):
    refuses(check.non_saturating, wrong, words)


def of_scores(real, fake):
    return apart(real[:, 0], fake[:, 0])


def detached(discriminator, real, fake):
    return of_scores(discriminator(real), discriminator(fake.detach()))


def both_at_once(discriminator, real, fake):
    scores = discriminator(torch.cat([real, fake.detach()])).squeeze(1)
    return apart(*scores.split(len(real)))


def by_data(discriminator, real, fake):
    return of_scores(discriminator(real), discriminator(fake.data))


def copied(discriminator, real, fake):
    with torch.no_grad():
        points = fake.clone()
    return of_scores(discriminator(real), discriminator(points))


def cross_entropy(discriminator, real, fake):
    def error(points, target):
        score = discriminator(points).flatten()
        targets = torch.full_like(score, target)
        return F.binary_cross_entropy_with_logits(score, targets, reduction="none")

    return error(real, 1.0) + error(fake.detach().clone(), 0.0)


def everything_detached(discriminator, real, fake):
    return of_scores(discriminator(real.detach()), discriminator(fake.detach()))


CUT = [detached, both_at_once, by_data, copied, cross_entropy, everything_detached]


@pytest.mark.parametrize("solution", CUT)
def test_the_right_cut_passes(solution):
    passes(check.discriminator_loss, solution)


@SEEDS
def test_the_right_cut_passes_with_any_seed_of_the_check(seed):
    assert repr(check.discriminator_loss(detached, seed=seed)).startswith("✓")


def without_gradient(discriminator, real, fake):
    with torch.no_grad():
        return detached(discriminator, real, fake)


@pytest.mark.parametrize("wrong, words", [
    (lambda D, real, fake: of_scores(D(real), D(fake)), "back to the generator"),
    (lambda D, real, fake: of_scores(D(real.detach()), D(fake)), "back to the generator"),
    (lambda D, real, fake: of_scores(D(real), D(fake).detach()), "not moved as it should"),
    (lambda D, real, fake: of_scores(D(real).detach(), D(fake.detach())), "not moved as it should"),
    (without_gradient, "not their scores"),
    (lambda D, real, fake: detached(D, fake.detach(), real), "not moved as it should"),
    (lambda D, real, fake: -detached(D, real, fake), "not moved as it should"),
    (lambda D, real, fake: detached(D, real, fake) / 2, "not moved as it should"),
    (lambda D, real, fake: F.softplus(-D(real)[:, 0]), "not moved as it should"),
    (lambda D, real, fake: F.softplus(D(fake.detach())[:, 0]), "not moved as it should"),
    (lambda D, real, fake: F.softplus(-D(fake)[:, 0]), "back to the generator"),
    (lambda D, real, fake: detached(D, real, fake).mean(), "one number per point"),
    (lambda D, real, fake: apart(D(real), D(fake.detach())), "one number per point"),
    (lambda D, real, fake: detached(D, real, fake) + 1, "should lose 2 log 2"),
])
def test_wrong_losses_of_the_discriminator(wrong, words):
    refuses(check.discriminator_loss, wrong, words)
