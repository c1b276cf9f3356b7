"""What the maps of `explore.tsne_map` cost: one perplexity, and the five that it computes ahead.

Of 5,000 test images of Fashion-MNIST, the 64 principal components of their pixels: as many numbers
as the codes of the largest latent space that the labs have, and spread like those of an
autoencoder. Nothing is read from a cache.

Usage: python benchmarks/tsne_speed.py [n]
"""
from __future__ import annotations

import os
import sys
import time

import measured
import torch
from torch import Tensor

from vaekit import data
from vaekit.explore.tsne import check_perplexities, tsne_maps

LATENTS = 64


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    codes = principal_components(data.load("fashion").images(slice(n)))
    usual = check_perplexities(None, n)

    rows = []
    for what, perplexities in (("one map, perplexity 30", [30.0]), ("five perplexities", usual)):
        seconds, cpu = timed(codes, perplexities)
        print(f"{what} of {n:,} points: {seconds:.1f} s, {cpu:.1f} s of all cores together")
        rows.append(measured.value_row(what, "seconds", round(seconds, 1), n, unit="s"))
        rows.append(measured.value_row(what, "seconds of all cores", round(cpu, 1), n, unit="s"))
    load = os.getloadavg()[0]
    note = f"{os.cpu_count()} cores; load of the machine at the end {load:.1f}"
    measured.save(measured.RESULTS / "tsne.json", rows, measured.command_line(), note=note)


def principal_components(images: Tensor) -> Tensor:
    pixels = images.flatten(1)
    centred = pixels - pixels.mean(0)
    axes = torch.linalg.svd(centred, full_matrices=False).Vh[:LATENTS]
    return centred @ axes.T


def timed(codes: Tensor, perplexities: list[float]) -> tuple[float, float]:
    """Seconds that pass, and that all cores together work."""
    start = time.perf_counter()
    cpu = time.process_time()
    tsne_maps(codes, perplexities, cache=False)
    return time.perf_counter() - start, time.process_time() - cpu


if __name__ == "__main__":
    main()
