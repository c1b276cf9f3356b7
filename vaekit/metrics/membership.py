"""Does a model give away which images it was trained on? An attack that guesses, and its AUC."""
from __future__ import annotations

import torch
from torch import Tensor

from ..data.images import ImageSet, as_tensor, image_set
from ..errors import at_least
from .by_attribute import error_per_image
from .memorisation import nearest
from .score import Score
from .shares import wilson_interval


def membership(members: Tensor, others: Tensor) -> Score:
    """How well reconstruction errors tell training images from unseen ones.

    The attack calls "member" whichever of two images is reconstructed better. The AUC is how often
    it is right, of one training image and one unseen image drawn at random: 0.5 is guessing,
    nothing leaks; 1 gives away every training image.

    Args:
        members: the error of each training image, (N,): squared error, nats, …; less is better.
        others: the error of each unseen image from the same source, (M,).
    Returns:
        Score with the interval of DeLong et al. 1988 for the variance, put into Wilson's formula so
        that it keeps a width where all errors are apart. An AUC below 0.5 leaks nothing either,
        unless its interval lies below.
    Raises:
        UserError: fewer than 2 errors on a side, another shape, NaN or inf.
    Source:
        Yeom et al. 2018 for an attack by the loss, Hilprecht et al. 2019 for VAEs, Shokri et al.
        2017 for the question.

    >>> membership(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 3.0])).value
    0.75
    """
    members = error_per_image("members", members)
    others = error_per_image("others", others)
    return _score("AUC of membership", members, others)


def membership_by_samples(
    samples: Tensor | ImageSet,
    members: Tensor | ImageSet,
    others: Tensor | ImageSet,
    *,
    memory_mb: float = 64,
) -> Score:
    """How well a generator's samples tell its training images from unseen ones.

    The attack needs nothing but samples: it calls "member" whichever image has the nearer sample,
    by the L2 distance. Many samples make it stronger.

    Args:
        samples: generated, (n, C, H, W) in [0, 1].
        members: training images.
        others: unseen images from the same source.
        memory_mb: as for `nearest`.
    Returns:
        As `membership`.
    Raises:
        UserError: images of different shapes or outside [0, 1], fewer than 2 on a side.
    Source:
        Chen et al. 2020 ("GAN-Leaks"), the attack that sees samples only.
    """
    generated = as_tensor(image_set("samples", samples))
    known = as_tensor(image_set("members", members))
    unseen = as_tensor(image_set("others", others))
    of_members, _ = nearest(known, generated, memory_mb=memory_mb)
    of_others, _ = nearest(unseen, generated, memory_mb=memory_mb)
    return _score("AUC of membership, by samples", of_members.cpu(), of_others.cpu())


def _score(metric: str, members: Tensor, others: Tensor) -> Score:
    """Of float errors (N,) and (M,)."""
    n = at_least("the number of members", len(members), 2)
    m = at_least("the number of others", len(others), 2)
    # how often each one is on the right side of those of the other kind, ties counting half
    of_members = _share_above(members, others)
    of_others = 1 - _share_above(others, members)
    auc = of_members.mean().item()

    variance = of_members.var().item() / n + of_others.var().item() / m
    smaller = min(n, m)
    # so many independent guesses have that variance; where all are apart there is none
    guesses = auc * (1 - auc) / variance if variance > 0 else smaller
    low, high = wilson_interval(auc, max(guesses, 1.0))
    return Score(
        metric=metric,
        value=auc,
        low=low,
        high=high,
        n=smaller,
        floor=0.5,
        floor_name="guessing: nothing leaks",
        better="neither",
        note=f"{n:,} members, {m:,} others",
    )


def _share_above(values: Tensor, others: Tensor) -> Tensor:
    """For each value, the share of others that are larger, equal ones counting half: (N,)."""
    ordered = others.sort().values
    at_most = torch.searchsorted(ordered, values, right=True)
    below = torch.searchsorted(ordered, values, right=False)
    return 1 - (at_most + below).double() / (2 * len(others))
