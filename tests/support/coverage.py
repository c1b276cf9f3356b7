"""Simulated sets whose true score is known: how often does a score's interval hold it?

Each case draws a small set, scores it, and names what the interval is about: a closed form, or a
mean over many sets (`expected` computes it; the constant stands beside the case).
"""
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from unittest import mock

import torch
from torch import nn

from vaekit import metrics
from vaekit.data.images import ImageSet
from vaekit.device import seeded
from vaekit.metrics import Score, distances, image, latents
from vaekit.metrics.features import FeatureNetwork
from vaekit.models.linear_gaussian import LinearGaussian

SPECTRUM = (2.0, 1.0, 0.5)
# of factors like those of the shapes
LEVELS = torch.tensor([3, 6, 8])
SIGMA = 0.08


@dataclass(frozen=True)
class Case:
    """A score of a simulated set, and the number that its interval is about.

    Attributes:
        name: the metric, and how the sets are drawn.
        about: what the interval is about.
        n: how many images, or rows, a set has.
        draw: a set's score, from a generator.
        truth: the number itself.
        simulated: True if it is a mean over simulated sets, which `expected` computes again.
        covers: False where the interval does not promise to hold this number.
    """

    name: str
    about: str
    n: str
    draw: Callable[[torch.Generator], Score]
    truth: float
    simulated: bool = False
    covers: bool = True


def share_held(scores: list[Score], truth: float, width: float = 1.0) -> float:
    """The share of intervals that hold the truth, after each is made `width` times as wide."""
    held = 0
    for score in scores:
        low = score.value - width * (score.value - score.low)
        high = score.value + width * (score.high - score.value)
        # sums in another order differ in the last digit
        slack = 1e-9 * abs(truth)
        held += low - slack <= truth <= high + slack
    return held / len(scores)


@cache
def scores_of(case: Case, sets: int) -> list[Score]:
    """The scores of as many simulated sets."""
    generator = seeded(1)
    return [case.draw(generator) for _ in range(sets)]


def expected(case: Case, sets: int) -> tuple[float, float]:
    """The mean score of as many simulated sets, and its standard error."""
    generator = seeded(2)
    # the values need no intervals, which take the time
    with (
        mock.patch.object(distances, "_spread_of_fid", return_value=0.0),
        mock.patch.object(image, "bootstrap", return_value=(0.0, 0.0)),
        mock.patch.object(latents, "bootstrap", return_value=(0.0, 0.0)),
    ):
        values = torch.tensor([case.draw(generator).value for _ in range(sets)]).double()
    return values.mean().item(), values.std().item() / math.sqrt(sets)


# --- images of 2×2 pixels, each a feature ------------------------------------------------------


class Pixels(nn.Module):
    """Each pixel is a feature: what goes in is known."""

    def forward(self, x):
        return x.flatten(1)


PIXELS = FeatureNetwork("pixels", "abcdef0123456789", 4, Pixels())


def noisy(n, g, mean=0.5, spread=1.0):
    """n images of 2×2 pixels, normal, of standard deviation `spread` · 0.08, within [0, 1]."""
    noise = torch.randn(n, 1, 2, 2, generator=g)
    return (mean + spread * SIGMA * noise).clamp(0, 1)


def fid(g, n_real, n_fake, mean=0.5, resamples=30, floor=False):
    real = noisy(n_real, g)
    fake = noisy(n_fake, g, mean)
    return metrics.fid(real, fake, features=PIXELS, resamples=resamples, floor=floor)


def kid(g, n_real, n_fake, mean=0.5, resamples=100, floor=False):
    real = noisy(n_real, g)
    fake = noisy(n_fake, g, mean)
    return metrics.kid(real, fake, features=PIXELS, resamples=resamples, floor=floor)


def moments(mean):
    """The first three moments E[x], E[x xᵀ], E[x x x] of `noisy` images."""
    m = torch.full((4,), mean).double()
    variance = SIGMA**2 * torch.eye(4).double()
    mixed = torch.einsum("i,jk->ijk", m, variance)
    third = mixed + mixed.permute(1, 0, 2) + mixed.permute(1, 2, 0)
    return m, torch.outer(m, m) + variance, third + torch.einsum("i,j,k->ijk", m, m, m)


def mmd(mean_a, mean_b):
    """The squared MMD of two sets of `noisy` images under (x·y / F + 1)³, in closed form.

    The kernel is a sum of products of moments: 1 + 3 x·y / F + 3 (x·y / F)² + (x·y / F)³.
    """
    total = 0.0
    for weight, power, a, b in zip((3, 3, 1), (1, 2, 3), moments(mean_a), moments(mean_b)):
        total += weight * (a - b).square().sum().item() / 4**power
    return total


# --- codes and factors ------------------------------------------------------------------------


def mig(g, n, entangled):
    """The MIG of noisy codes of three factors, each code of one factor or of all."""
    factors = torch.stack([torch.randint(k, (n,), generator=g) for k in LEVELS.tolist()], 1)
    scaled = factors / LEVELS.double()
    mixture = torch.eye(3).double() + entangled * torch.ones(3, 3).double()
    noise = torch.randn(n, 3, generator=g, dtype=torch.double)
    return metrics.mig(scaled @ mixture + 0.05 * noise, factors, bins=10)


# --- pairs of images, labelled images ----------------------------------------------------------


def ssim(g, n, floor=False):
    x = torch.rand(n, 1, 7, 7, generator=g)
    x_hat = x + 0.5 * torch.rand(n, 1, 1, 1, generator=g) * torch.randn(x.shape, generator=g)
    return metrics.ssim(x, x_hat.clamp(0, 1), floor=floor, resamples=200)


class Judge(nn.Module):
    """Reads class 1 in bright images, class 0 in dark ones."""

    def forward(self, x):
        bright = x.mean((1, 2, 3)) - 0.5
        return torch.stack([-bright, bright], 1)


def consistency(g, n, share):
    """Images asked to be bright, of which a share is."""
    bright = torch.rand(n, generator=g) < share
    images = bright.float().reshape(n, 1, 1, 1).expand(n, 1, 2, 2)
    network = FeatureNetwork("judge", "abcdef0123456789", None, Judge(), accuracy=share, classes=2)
    labels = torch.ones(n, dtype=torch.int64)
    return metrics.consistency_of(images, labels, features=network, resamples=200)


def variety(g, n, spread=1.0):
    """Samples of two classes with `spread` times the standard deviation of real images."""
    labels = torch.arange(n) % 2
    real = ImageSet(noisy(n, g), labels, ("a", "b"))
    samples = noisy(n, g, spread=spread)
    return metrics.class_variety(samples, labels, real, features=PIXELS, resamples=100)


TRAIN = noisy(100, seeded(9))


def distance(g, n, held_out=None):
    return metrics.nearest_neighbours(noisy(n, g), TRAIN, held_out)


# --- the linear-Gaussian model ----------------------------------------------------------------


class Clumsy(LinearGaussian):
    """Its encoder is off: shifted by 0.3, and twice too wide."""

    def posterior(self, x, c=None):
        mean, log_var = super().posterior(x, c)
        return mean + 0.3, log_var + math.log(4)


EXACT = LinearGaussian.from_spectrum(SPECTRUM, pixels=8)
CLUMSY = Clumsy.from_spectrum(SPECTRUM, pixels=8)
# of the five latents, the variance of three posterior means is above 0.01: 0.9, 0.5, 0.014
PARTLY_USED = LinearGaussian.from_spectrum((3.0, 1.0, 0.12, 0.08, 0.0), pixels=8)


def entropy():
    """−E[log p(x)] of a Gaussian: ½ log det 2πe Σ."""
    variances = torch.cat([torch.tensor(SPECTRUM).double().square() + 1, torch.ones(5).double()])
    return 0.5 * (variances * 2 * math.pi * math.e).log().sum().item()


def gap_of_clumsy():
    """KL(q ‖ p(z | x)) of the clumsy encoder, the same for every x."""
    variance = 1 / (torch.tensor(SPECTRUM).double().square() + 1)
    return 0.5 * (4 + 0.09 / variance - 1 - math.log(4)).sum().item()


def nll(g, model, n, unit="nats per image"):
    x = model.sample(n, generator=g)
    # every set its own noise
    seed = int(torch.randint(10**6, (1,), generator=g))
    return metrics.nll(model, x, 1, unit=unit, seed=seed)


def active(g, n):
    return metrics.active_units(PARTLY_USED, PARTLY_USED.sample(n, generator=g))


def aggregate(g, n, wide=1.0):
    return metrics.aggregate_posterior(EXACT, wide * EXACT.sample(n, generator=g))


MEAN_FID = "the mean FID at this n"
MEAN_MIG = "the mean MIG at this n"
MEAN_KL = "the mean KL at this n"

CASES = [
    Case("FID, real and generated agree", MEAN_FID, "100, 100",
         lambda g: fid(g, 100, 100), 1.15e-3, simulated=True),
    Case("FID, a small difference", MEAN_FID, "200, 60",
         lambda g: fid(g, 200, 60, 0.52), 2.88e-3, simulated=True),
    Case("FID, a large difference", MEAN_FID, "100, 100",
         lambda g: fid(g, 100, 100, 0.6), 4.11e-2, simulated=True),
    Case("KID, real and generated agree", "the squared MMD", "60, 60",
         lambda g: kid(g, 60, 60), 0.0),
    Case("KID, a small difference", "the squared MMD", "60, 60",
         lambda g: kid(g, 60, 60, 0.52), mmd(0.5, 0.52)),
    Case("KID, a large difference", "the squared MMD", "30, 30",
         lambda g: kid(g, 30, 30, 0.6), mmd(0.5, 0.6)),
    Case("KID over 100 subsets, agreeing", "the squared MMD", "80, 40",
         lambda g: kid(g, 80, 40), 0.0),
    Case("KID over 100 subsets, apart", "the squared MMD", "80, 40",
         lambda g: kid(g, 80, 40, 0.55), mmd(0.5, 0.55)),
    Case("MIG, one code a factor", MEAN_MIG, "200",
         lambda g: mig(g, 200, 0.0), 0.7861, simulated=True),
    Case("MIG, entangled codes", MEAN_MIG, "200",
         lambda g: mig(g, 200, 0.5), 0.401, simulated=True),
    Case("MIG, entangled codes", MEAN_MIG, "1,000",
         lambda g: mig(g, 1000, 0.5), 0.4289, simulated=True),
    Case("MIG, entangled codes", "the MIG of 1,000,000 rows", "200",
         lambda g: mig(g, 200, 0.5), 0.4305, covers=False),
    Case("MIG, entangled codes", "the MIG of 1,000,000 rows", "1,000",
         lambda g: mig(g, 1000, 0.5), 0.4305, covers=False),
    Case("SSIM", "the mean SSIM", "10",
         lambda g: ssim(g, 10), 0.751, simulated=True),
    Case("SSIM", "the mean SSIM", "30",
         lambda g: ssim(g, 30), 0.752, simulated=True),
    Case("class consistency", "the share", "100",
         lambda g: consistency(g, 100, 0.9), 0.9),
    Case("class consistency", "the share", "100",
         lambda g: consistency(g, 100, 0.985), 0.985),
    Case("variety within a class, as real", "the ratio of mean distances", "40, 40",
         lambda g: variety(g, 40), 1.0),
    Case("variety within a class, half", "the ratio of mean distances", "20, 20",
         lambda g: variety(g, 20, 0.5), 0.5),
    Case("distance to the nearest training image", "the median", "40",
         lambda g: distance(g, 40), 0.06032),
    Case("NLL, exact encoder", "E[−log p(x)]", "10",
         lambda g: nll(g, EXACT, 10), entropy()),
    Case("NLL (k = 1, −ELBO), clumsy encoder", "E[−ELBO]", "40",
         lambda g: nll(g, CLUMSY, 40), entropy() + gap_of_clumsy()),
    Case("NLL in bits per dimension", "E[−log p(x)]", "40",
         lambda g: nll(g, EXACT, 40, "bits per dimension"), entropy() / 8 / math.log(2)),
    Case("active units", "the units of the distribution", "40",
         lambda g: active(g, 40), 3.0),
    Case("KL of the aggregate posterior, matched", MEAN_KL, "50",
         lambda g: aggregate(g, 50), 0.0312, simulated=True),
    Case("KL of the aggregate posterior, apart", MEAN_KL, "50",
         lambda g: aggregate(g, 50, 1.5), 0.298, simulated=True),
]
