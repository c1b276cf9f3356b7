"""What the Bernoulli likelihood costs: `losses.bernoulli_nll` against torch's own, in turns.

First the loss alone, of a batch of 256 images of 28×28, without and with its gradient. Then epochs
of the 784-256-256-64 VAE by `training.fit`, with the one and with the other. Prints the times of
both and their ratio.

Usage: python benchmarks/bernoulli_speed.py [turns]
MNIST if $VAEKIT_DATA has it, else 20,000 images of built-in shapes.
"""
from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import torch
import torch.nn.functional as F
from torch import Tensor

from vaekit import data, losses, recipes, training
from vaekit.device import seeded
from vaekit.losses import terms

BATCH = 256
REPEATS = 200

CrossEntropy = Callable[[Tensor, Tensor], Tensor]

OURS: CrossEntropy = terms.binary_cross_entropy


def torchs(logits: Tensor, x: Tensor) -> Tensor:
    """The same quantity as torch computes it."""
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def milliseconds(cross_entropy: CrossEntropy, *, gradient: bool) -> float:
    """The median time of the loss of one batch."""
    generator = seeded(0)
    logits = 5 * torch.randn(BATCH, 1, 28, 28, generator=generator)
    logits.requires_grad_(gradient)
    x = torch.rand(BATCH, 1, 28, 28, generator=generator)

    times = []
    for _ in range(REPEATS):
        logits.grad = None
        start = time.perf_counter()
        loss = cross_entropy(logits, x).flatten(1).sum(1).mean()
        if gradient:
            loss.backward()
        times.append(1000 * (time.perf_counter() - start))
    return median(times)


def seconds_of_an_epoch(images: data.ImageSet, cross_entropy: CrossEntropy) -> float:
    """One epoch of a new model, whose likelihood is computed in this way."""
    model = recipes.build("mlp-vae-mnist", image_shape=images.shape)
    terms.binary_cross_entropy = cross_entropy
    try:
        start = time.perf_counter()
        training.fit(
            model, images, losses.negative_elbo, epochs=1, batch_size=BATCH, progress=False
        )
        return time.perf_counter() - start
    finally:
        terms.binary_cross_entropy = OURS


def compare(what: str, unit: str, measure: Callable[[CrossEntropy], float], turns: int) -> None:
    """Measure both in turns: what slows the machine slows both."""
    # a turn that is not counted
    measure(OURS)
    measure(torchs)

    pairs = [(measure(OURS), measure(torchs)) for _ in range(turns)]
    ours, others = zip(*pairs)
    ratios = [other / own for own, other in pairs]
    print(
        f"{what}: {median(ours):.2f} {unit}, torch's own {median(others):.2f} {unit}; "
        f"{median(ratios):.2f}× as fast (median of {turns} pairs, "
        f"{min(ratios):.2f} to {max(ratios):.2f})"
    )


def main(turns: int) -> None:
    if data.locate("mnist"):
        images = data.load("mnist")
    else:
        images = data.load("shapes").first(20_000)
    threads = torch.get_num_threads()
    print(f"{images}, batch {BATCH}, torch {torch.__version__}, {threads} threads")

    compare("the loss", "ms", lambda way: milliseconds(way, gradient=False), turns)
    compare("with its gradient", "ms", lambda way: milliseconds(way, gradient=True), turns)
    compare("an epoch", "s", lambda way: seconds_of_an_epoch(images, way), turns)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
