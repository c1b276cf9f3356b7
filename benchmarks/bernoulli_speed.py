"""What the binary cross-entropy costs: torch's own, by log1p, against one by atanh, in turns.

log(1 + u) = 2 atanh(u / (2 + u)). First the loss alone, of a batch of 256 images of 28×28, without
and with its gradient. Then epochs of the 784-256-256-64 VAE by `training.fit`, with the one and
with the other. Prints the medians of both, and their ratio.

They are measured in turns, after a turn that is not counted: until a process reuses its memory,
whatever comes first seems several times slower.

Usage: python benchmarks/bernoulli_speed.py [turns]
MNIST if $VAEKIT_DATA has it, else the built-in shapes.
"""
from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor

from vaekit import data, losses, recipes, training
from vaekit.device import seeded

BATCH = 256
REPEATS = 100

CrossEntropy = Callable[..., Tensor]

# what losses.bernoulli_nll uses
BY_LOG1P: CrossEntropy = F.binary_cross_entropy_with_logits


class ByAtanh(torch.autograd.Function):
    """max(l, 0) (1 − x) + max(−l, 0) x + log(1 + u), u = e^−|l|, with the gradient σ(l) − x."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, x: Tensor) -> Tensor:
        ctx.save_for_backward(logits, x)
        u = logits.abs().neg_().exp_()
        log1p_u = u.div_(u + 2).atanh_().mul_(2)
        log1p_u.addcmul_(logits.clamp(min=0), 1 - x)
        return log1p_u.addcmul_(logits.clamp(max=0), x, value=-1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        logits, x = ctx.saved_tensors
        return (torch.sigmoid(logits) - x) * gradient, None


def by_atanh(logits: Tensor, x: Tensor, reduction: str) -> Tensor:
    return ByAtanh.apply(logits, x)


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
        loss = cross_entropy(logits, x, reduction="none").flatten(1).sum(1).mean()
        if gradient:
            loss.backward()
        times.append(1000 * (time.perf_counter() - start))
    return median(times)


def seconds_of_an_epoch(images: data.ImageSet, cross_entropy: CrossEntropy) -> float:
    """Processor time of one epoch of a new model, whose likelihood is computed in this way."""
    model = recipes.build("mlp-vae-mnist", image_shape=images.shape)
    with mock.patch.object(F, "binary_cross_entropy_with_logits", cross_entropy):
        start = time.process_time()
        training.fit(
            model, images, losses.negative_elbo, epochs=1, batch_size=BATCH, progress=False
        )
        return time.process_time() - start


def compare(what: str, unit: str, measure: Callable[[CrossEntropy], float], turns: int) -> None:
    """Measure both in turns: what slows the machine slows both."""
    # a turn that is not counted
    measure(BY_LOG1P)
    measure(by_atanh)

    pairs = [(measure(BY_LOG1P), measure(by_atanh)) for _ in range(turns)]
    log1p, atanh = zip(*pairs)
    ratios = [of_atanh / of_log1p for of_log1p, of_atanh in pairs]
    print(
        f"{what}: by log1p {median(log1p):.2f} {unit}, by atanh {median(atanh):.2f} {unit}; "
        f"log1p is {median(ratios):.2f}× as fast (median of {turns} pairs, "
        f"{min(ratios):.2f} to {max(ratios):.2f})"
    )


def main(turns: int) -> None:
    images = data.load("mnist" if data.locate("mnist") else "shapes")
    threads = torch.get_num_threads()
    print(f"{images}, batch {BATCH}, torch {torch.__version__}, {threads} threads")

    compare("the loss", "ms", lambda way: milliseconds(way, gradient=False), turns)
    compare("with its gradient", "ms", lambda way: milliseconds(way, gradient=True), turns)
    compare("an epoch", "s", lambda way: seconds_of_an_epoch(images, way), turns)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
