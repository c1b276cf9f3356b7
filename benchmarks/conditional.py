"""The reports' conditional VAEs measured alike, as in RESULTS.md.

Likelihood, FID, KID and class consistency on MNIST. Writes results/conditional/mnist.json.

Usage: VAEKIT_DATA=… python benchmarks/conditional.py WEIGHTS …
WEIGHTS is weights.safetensors of `vaekit train fc-vae`, `… fc-cvae` or `… conv-cvae-mnist`.
"""
from __future__ import annotations

import sys

import measured
import torch

from vaekit import data, metrics, recipes
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.files import load_weights
from vaekit.metrics import Score
from vaekit.metrics.features import FeatureNetwork
from vaekit.models.conditioning import is_conditional
from vaekit.models.vae import VAE

N = 5_000


def main() -> None:
    paths = sys.argv[1:]
    train = data.load("mnist", "train")
    test = data.load("mnist", "test")
    network = metrics.load_features("mnist")

    shown = {}
    rows = []
    for path in paths:
        model = recipes.load_model(path)
        assert isinstance(model, VAE)
        scores = measure(model, train, test, network)
        size = size_of(model)
        shown[f"{path}: {size}"] = scores

        # the recipe, since a path says nothing on another machine
        name = f"{recipe_of(path)}: {size}"
        rows += [measured.score_row(name, score) for score in scores]

    print(metrics.table(shown))
    file = measured.RESULTS / "conditional" / "mnist.json"
    measured.save(file, rows, measured.command_line())


def measure(
    model: VAE, train: ImageSet, test: ImageSet, network: FeatureNetwork
) -> list[Score]:
    labels = torch.arange(N) % 10
    c = labels if is_conditional(model) else None
    samples = model.sample(N, c, generator=seeded(0))

    scores = [
        metrics.nll(model, test.first(1_000), 100),
        metrics.fid(train, samples, features=network),
        metrics.kid(train, samples, features=network),
    ]
    if is_conditional(model):
        scores.append(metrics.consistency_of(samples, labels, features=network))
    return scores


def size_of(model: VAE) -> str:
    weights = sum(parameter.numel() for parameter in model.parameters())
    return f"z = {model.latent_dim}, {weights:,} weights"


def recipe_of(path: str) -> str:
    _, metadata = load_weights(path)
    return metadata["recipe"]


if __name__ == "__main__":
    main()
