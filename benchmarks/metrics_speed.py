"""What FID and KID of 10,000 against 10,000 images cost, with features, interval and floor, and a t-SNE of 5,000 latents.

Usage: python benchmarks/metrics_speed.py [n]

Both sets are built-in Fashion-MNIST: the training images in two random orders, one of them a little brighter.
"""
import sys
import time

import torch
from sklearn.manifold import TSNE

from vaekit import data, metrics, recipes

n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
images = data.load("fashion", "train").images()
real, fake = (images[torch.randint(len(images), (n,), generator=torch.Generator().manual_seed(seed))] for seed in (1, 2))
fake = (1.1 * fake).clamp(max=1)
network = metrics.load_features("fashion", device="cpu")
metrics.fid(real[:200], fake[:200], features=network)           # the first call also imports torchmetrics

start = time.perf_counter()
network.features(real), network.features(fake)
print(f"features of {2 * n:,} images alone: {time.perf_counter() - start:.1f} s, {torch.get_num_threads()} threads")
for metric in (metrics.fid, metrics.kid):
    start = time.perf_counter()
    score = metric(real, fake, features=network)
    print(f"{metric.__name__}: {time.perf_counter() - start:5.1f} s   {score}")

codes = recipes.build("mlp-vae-mnist").encode(images[:5_000]).detach().numpy()
start = time.perf_counter()
TSNE(init="pca", random_state=0).fit_transform(codes)
print(f"t-SNE of 5,000 latents of 64: {time.perf_counter() - start:.1f} s")
