"""How fast an epoch is: vaekit.fit against the usual loop with a DataLoader over torchvision's data set, in turns, in one run.

Both train the 784-256-256-64 VAE of S1 with the same Adam, batch size and loss. Prints seconds an epoch and the ratio, turn by turn.
Usage: python benchmarks/training_speed.py [turns]      MNIST if $VAEKIT_DATA has it, else the built-in Fashion-MNIST sample
"""
from __future__ import annotations

import struct
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
import torchvision
from torch.utils.data import DataLoader

from vaekit import data, losses, recipes, training

BATCH, LR = 256, 1e-4


def torchvision_mnist(images: data.ImageSet, root: Path):
    """The same images as a torchvision.datasets.MNIST: idx files on disk, a ToTensor per image."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    n = len(images)
    for stem in ("train", "t10k"):
        (raw / f"{stem}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, n, 28, 28) + images.x.numpy().tobytes())
        (raw / f"{stem}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, n) + images.y.byte().numpy().tobytes())
    return torchvision.datasets.MNIST(str(root), train=True, transform=torchvision.transforms.ToTensor())


def ours(model, images) -> float:
    start = time.perf_counter()
    training.fit(model, images, losses.negative_elbo, epochs=1, batch_size=BATCH, lr=LR, progress=False)
    return time.perf_counter() - start


def dataloader_loop(model, loader, optimizer) -> float:
    start = time.perf_counter()
    model.train()
    for x, _ in loader:
        loss = losses.negative_elbo(model(x), x)["loss"].mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def main(turns: int) -> None:
    name = "mnist" if data.locate("mnist") else "fashion"
    images = data.load(name)
    print(f"{images}, batch {BATCH}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    with tempfile.TemporaryDirectory() as scratch:
        dataset = torchvision_mnist(images, Path(scratch))
        a, b, c = (recipes.build("mlp-vae-mnist") for _ in range(3))
        ways = {
            "vaekit.fit": lambda: ours(a, images),
            "DataLoader": lambda: dataloader_loop(b, DataLoader(dataset, BATCH, shuffle=True), adam_b),
            "DataLoader, 2 workers": lambda: dataloader_loop(c, DataLoader(dataset, BATCH, shuffle=True, num_workers=2), adam_c),
        }
        adam_b, adam_c = (torch.optim.Adam(m.parameters(), lr=LR) for m in (b, c))
        for run in ways.values():
            run()                                              # a turn that is not counted
        rows = [{name: run() for name, run in ways.items()} for _ in range(turns)]
    for row in rows:
        print("   ".join(f"{name} {seconds:.2f} s" for name, seconds in row.items()))
    for other in list(ways)[1:]:
        ratios = [row[other] / row["vaekit.fit"] for row in rows]
        print(f"vaekit.fit is {median(ratios):.2f}× as fast as {other} (median of {turns} pairs, {min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
