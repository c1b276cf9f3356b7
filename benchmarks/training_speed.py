"""How fast an epoch is: vaekit.training.fit against the usual loop, in turns, in one run.

The usual loop has a DataLoader over torchvision's data set. Both train the 784-256-256-64 VAE of S1
with the same Adam, batch size and loss. Prints seconds per epoch and the ratio, turn by turn.

Usage: python benchmarks/training_speed.py [turns]
MNIST if $VAEKIT_DATA has it, else the built-in Fashion-MNIST sample.
"""
from __future__ import annotations

import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
import torchvision
from torch import nn
from torch.utils.data import DataLoader, Dataset

from vaekit import data, losses, recipes, training

BATCH = 256
LR = 1e-4
OURS = "training.fit"

Epoch = Callable[[], None]


def torchvision_mnist(images: data.ImageSet, root: Path) -> Dataset:
    """The same images as a torchvision.datasets.MNIST: idx files on disk, a ToTensor per image."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    n = len(images)
    pixels = struct.pack(">IIII", 0x803, n, 28, 28) + images.x.numpy().tobytes()
    labels = struct.pack(">II", 0x801, n) + images.y.byte().numpy().tobytes()

    # torchvision looks for both parts, also if only one is read
    for stem in ("train", "t10k"):
        (raw / f"{stem}-images-idx3-ubyte").write_bytes(pixels)
        (raw / f"{stem}-labels-idx1-ubyte").write_bytes(labels)
    to_tensor = torchvision.transforms.ToTensor()
    return torchvision.datasets.MNIST(str(root), train=True, transform=to_tensor)


def with_fit(images: data.ImageSet) -> Epoch:
    """An epoch of a new model by `training.fit`."""
    model = recipes.build("mlp-vae-mnist")

    def epoch() -> None:
        training.fit(
            model,
            images,
            losses.negative_elbo,
            epochs=1,
            batch_size=BATCH,
            lr=LR,
            progress=False,
        )

    return epoch


def with_loader(dataset: Dataset, workers: int = 0) -> Epoch:
    """An epoch of a new model by the usual loop."""
    model = recipes.build("mlp-vae-mnist")
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)

    def epoch() -> None:
        loader = DataLoader(dataset, BATCH, shuffle=True, num_workers=workers)
        train_epoch(model, loader, optimizer)

    return epoch


def train_epoch(model: nn.Module, loader: DataLoader, optimizer: torch.optim.Optimizer) -> None:
    model.train()
    for x, _ in loader:
        loss = losses.negative_elbo(model(x), x)["loss"].mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def seconds_of(epoch: Epoch) -> float:
    start = time.perf_counter()
    epoch()
    return time.perf_counter() - start


def in_turns(ways: dict[str, Epoch], turns: int) -> list[dict[str, float]]:
    """Seconds per epoch of each way, turn by turn: what slows the machine slows all of them."""
    # a turn that is not counted
    for epoch in ways.values():
        epoch()

    rows = []
    for _ in range(turns):
        rows.append({name: seconds_of(epoch) for name, epoch in ways.items()})
    return rows


def show(rows: list[dict[str, float]]) -> None:
    for row in rows:
        print("   ".join(f"{name} {seconds:.2f} s" for name, seconds in row.items()))

    others = [name for name in rows[0] if name != OURS]
    for other in others:
        ratios = [row[other] / row[OURS] for row in rows]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        print(
            f"{OURS} is {median(ratios):.2f}× as fast as {other} "
            f"(median of {len(rows)} pairs, {spread})"
        )


def main(turns: int) -> None:
    name = "mnist" if data.locate("mnist") else "fashion"
    images = data.load(name)
    threads = torch.get_num_threads()
    print(f"{images}, batch {BATCH}, torch {torch.__version__}, {threads} threads")

    with tempfile.TemporaryDirectory() as scratch:
        dataset = torchvision_mnist(images, Path(scratch))
        ways = {
            OURS: with_fit(images),
            "DataLoader": with_loader(dataset),
            "DataLoader, 2 workers": with_loader(dataset, workers=2),
        }
        rows = in_turns(ways, turns)
    show(rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
