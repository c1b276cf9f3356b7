"""Floors and the scores of lab 02's VAE on the complete sets, as in RESULTS.md. Usage: python benchmarks/scores.py [mnist fashion_full]

The VAE is the lab's: 784-256-256-64, ten epochs, one-cycle, learning rate 2e-3, batch 128; here on all 60,000 training images.
"""
import sys
import time

import torch

from vaekit import data, losses, metrics, recipes, training

FEATURES = {"mnist": "mnist", "fashion_full": "fashion"}


def scores(name: str) -> dict[str, list[metrics.Score]]:
    train, test = data.load(name, "train"), data.load(name, "test")
    network = metrics.load_features(FEATURES[name])
    model = recipes.build("mlp-vae-mnist", 64, train.shape)
    training.fit(model, train, losses.negative_elbo, epochs=10, batch_size=128, lr=2e-3, schedule="one-cycle")
    x, rows = test.images(), {}
    for n in (1_000, 5_000):
        samples = model.sample(n, generator=torch.Generator().manual_seed(0)).cpu()
        rows[f"test images, n = {n:,}"] = [metric(train, x[:n], features=network, floor=False) for metric in (metrics.fid, metrics.kid)]
        rows[f"VAE samples, n = {n:,}"] = [metric(train, samples, features=network) for metric in (metrics.fid, metrics.kid)]
    rows["VAE reconstructions"] = [metrics.ssim(x[:1_000], model.reconstruct(x[:1_000]).cpu())]
    nll = metrics.nll(model, x[:1_000], 100)
    rows["VAE"] = [nll, metrics.bits_per_dimension(nll, 784), metrics.active_units(model, x), metrics.aggregate_posterior(model, x),
                   metrics.nearest_neighbours(samples[:1_000], train, test)]
    return rows


for name in sys.argv[1:] or FEATURES:
    start = time.perf_counter()
    print(f"\n{name}\n\n{metrics.table(scores(name))}\n\n{time.perf_counter() - start:.0f} s")
