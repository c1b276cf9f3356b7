"""What the binary cross-entropy costs, in three ways, each in processes of its own.

- plain: torch's own, as a new process finds it
- woken: the same after `device.wake_log1p`, as `training.fit` calls it
- atanh: log(1 + u) = 2 atanh(u / (2 + u)) with its own gradient σ(l) − x

For each the loss of a batch of 256 images of 28×28, without and with its gradient, and an epoch of
the 784-256-256-64 VAE. A process that has once run an atanh is no longer plain, so the ways cannot
be compared within one.

Usage: python benchmarks/bernoulli_speed.py [turns]
MNIST if $VAEKIT_DATA has it, else the built-in shapes.
"""
from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any
from unittest import mock

from vaekit import data, device, losses, recipes, training

import torch  # isort: skip
import torch.nn.functional as F  # isort: skip

BATCH = 256
REPEATS = 100
WAYS = ("plain", "woken", "atanh")

CrossEntropy = Callable[..., torch.Tensor]


class ByAtanh(torch.autograd.Function):
    """max(l, 0) (1 − x) + max(−l, 0) x + log(1 + u), u = e^−|l|, with the gradient σ(l) − x."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(logits, x)
        u = logits.abs().neg_().exp_()
        log1p_u = u.div_(u + 2).atanh_().mul_(2)
        log1p_u.addcmul_(logits.clamp(min=0), 1 - x)
        return log1p_u.addcmul_(logits.clamp(max=0), x, value=-1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        logits, x = ctx.saved_tensors
        return (torch.sigmoid(logits) - x) * gradient, None


def by_atanh(logits: torch.Tensor, x: torch.Tensor, reduction: str) -> torch.Tensor:
    return ByAtanh.apply(logits, x)


def milliseconds(cross_entropy: CrossEntropy, *, gradient: bool) -> float:
    """The median time of the loss of one batch."""
    generator = device.seeded(0)
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


def seconds_of_an_epoch(cross_entropy: CrossEntropy, wake: Callable[[], None]) -> float:
    """The fastest of three epochs of a new model, in processor time."""
    images = data.load("mnist" if data.locate("mnist") else "shapes", limit=20_000)
    seconds = []
    for _ in range(3):
        model = recipes.build("mlp-vae-mnist", image_shape=images.shape)
        with (
            mock.patch.object(F, "binary_cross_entropy_with_logits", cross_entropy),
            mock.patch("vaekit.training.fit.wake_log1p", wake),
        ):
            start = time.process_time()
            training.fit(
                model, images, losses.negative_elbo, epochs=1, batch_size=BATCH, progress=False
            )
            seconds.append(time.process_time() - start)
    return min(seconds)


def measure(way: str) -> dict[str, float]:
    """One way, in this process."""
    cross_entropy = by_atanh if way == "atanh" else F.binary_cross_entropy_with_logits
    wake = device.wake_log1p if way == "woken" else lambda: None
    wake()
    return {
        "loss, ms": milliseconds(cross_entropy, gradient=False),
        "with its gradient, ms": milliseconds(cross_entropy, gradient=True),
        "epoch, s of processor": seconds_of_an_epoch(cross_entropy, wake),
    }


def main(turns: int) -> None:
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {turns} processes each")
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(turns):
        for way in WAYS:
            line = subprocess.check_output([sys.executable, __file__, "--way", way], text=True)
            found[way].append(json.loads(line))

    for name in found["plain"][0]:
        plain = median(each[name] for each in found["plain"])
        for way in WAYS:
            values = [each[name] for each in found[way]]
            spread = f"{min(values):.3f} to {max(values):.3f}"
            middle = median(values)
            print(f"{name:22} {way}: {middle:.3f} ({spread}), {plain / middle:.2f}× plain's speed")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--way"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
