"""What FID and KID of 10,000 against 10,000 images cost, and a t-SNE of 5,000 latents.

The scores with features, interval and floor. Both sets are built-in Fashion-MNIST: the training
images in two random orders, one of them a little brighter.

Usage: python benchmarks/metrics_speed.py [n]
"""
from __future__ import annotations

import sys
import time
from collections.abc import Callable

import torch
from sklearn.manifold import TSNE
from torch import Tensor

from vaekit import data, metrics, recipes
from vaekit.device import seeded
from vaekit.metrics.features import FeatureNetwork
from vaekit.models.vae import VAE


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    images = data.load("fashion", "train").images()
    network = metrics.load_features("fashion", device="cpu")
    real = drawn(images, n, seed=1)
    fake = (1.1 * drawn(images, n, seed=2)).clamp(max=1)

    # the first call also imports torchmetrics
    metrics.fid(real[:200], fake[:200], features=network)

    time_features(network, real, fake)
    time_score("fid", metrics.fid, network, real, fake)
    time_score("kid", metrics.kid, network, real, fake)
    time_tsne(images[:5_000])


def drawn(images: Tensor, n: int, seed: int) -> Tensor:
    """n of the images, drawn with replacement."""
    return images[torch.randint(len(images), (n,), generator=seeded(seed))]


def time_features(network: FeatureNetwork, real: Tensor, fake: Tensor) -> None:
    start = time.perf_counter()
    network.features(real)
    network.features(fake)
    seconds = time.perf_counter() - start
    images = len(real) + len(fake)
    threads = torch.get_num_threads()
    print(f"features of {images:,} images alone: {seconds:.1f} s, {threads} threads")


def time_score(
    name: str,
    metric: Callable[..., metrics.Score],
    network: FeatureNetwork,
    real: Tensor,
    fake: Tensor,
) -> None:
    start = time.perf_counter()
    score = metric(real, fake, features=network)
    seconds = time.perf_counter() - start
    print(f"{name}: {seconds:5.1f} s   {score}")


def time_tsne(images: Tensor) -> None:
    model = recipes.build("mlp-vae-mnist")
    assert isinstance(model, VAE)
    codes = model.encode(images).detach().numpy()

    start = time.perf_counter()
    TSNE(init="pca", random_state=0).fit_transform(codes)
    seconds = time.perf_counter() - start
    print(f"t-SNE of 5,000 latents of 64: {seconds:.1f} s")


if __name__ == "__main__":
    main()
