"""The scores of lab 02's VAE on the complete sets, with reference values, as in RESULTS.md.

The VAE is the lab's, here on all 60,000 training images. Writes results/scores/NAME.json.

Usage: VAEKIT_DATA=… python benchmarks/scores.py [mnist fashion_full]
"""
from __future__ import annotations

import sys
import time
from pathlib import Path

import measured
from torch import Tensor

from vaekit import data, losses, metrics, recipes, training
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.metrics import Score
from vaekit.metrics.features import FeatureNetwork
from vaekit.models.vae import VAE

# the classifier that the images of each set are seen through
FEATURES = {"mnist": "mnist", "fashion_full": "fashion"}
SIZES = (1_000, 5_000)
NOTE = "MLP VAE 784-256-256-64, ten epochs of one-cycle, learning rate 2e-3, batch 128"

Scores = dict[str, list[Score]]


def main() -> None:
    for name in sys.argv[1:] or FEATURES:
        measure(name, measured.RESULTS / "scores")


def measure(name: str, folder: Path) -> None:
    start = time.perf_counter()
    train = data.load(name, "train")
    test = data.load(name, "test")
    network = metrics.load_features(FEATURES[name])
    model = trained(train)

    shown: Scores = {}
    rows = []
    for n in SIZES:
        real = test.images(slice(n))
        samples = model.sample(n, generator=seeded(0)).cpu()
        for what, scores in against_training_images(train, real, samples, network).items():
            shown[f"{what}, n = {n:,}"] = scores
            # there the number of images has a column of its own
            rows += [measured.score_row(what, score) for score in scores]
    for what, scores in of_the_model(model, train, test, samples[:1_000]).items():
        shown[what] = scores
        rows += [measured.score_row(what, score) for score in scores]

    seconds = time.perf_counter() - start
    print(f"\n{name}\n\n{metrics.table(shown)}\n\n{seconds:.0f} s")
    note = f"{NOTE}; {seconds:.0f} s"
    measured.save(folder / f"{name}.json", rows, measured.command_line(), note=note)


def trained(train: ImageSet) -> VAE:
    model = recipes.build("mlp-vae-mnist", 64, train.shape)
    assert isinstance(model, VAE)
    training.fit(
        model,
        train,
        losses.negative_elbo,
        epochs=10,
        batch_size=128,
        lr=2e-3,
        schedule="one-cycle",
    )
    return model


def against_training_images(
    train: ImageSet, real: Tensor, samples: Tensor, network: FeatureNetwork
) -> Scores:
    """FID and KID of test images, and of samples; these have the reference beside them."""
    of_real = []
    of_samples = []
    for metric in (metrics.fid, metrics.kid):
        of_real.append(metric(train, real, features=network, floor=False))
        of_samples.append(metric(train, samples, features=network))
    return {"test images": of_real, "VAE samples": of_samples}


def of_the_model(model: VAE, train: ImageSet, test: ImageSet, samples: Tensor) -> Scores:
    """What needs the model itself: reconstructions, likelihood, latents; and copies."""
    x = test.images()
    first = x[:1_000]
    nll = metrics.nll(model, first, 100)
    return {
        "VAE reconstructions": [metrics.ssim(first, model.reconstruct(first).cpu())],
        "VAE": [
            nll,
            metrics.bits_per_dimension(nll, first[0].numel()),
            metrics.active_units(model, x),
            metrics.aggregate_posterior(model, x),
            metrics.nearest_neighbours(samples, train, test),
        ],
    }


if __name__ == "__main__":
    main()
