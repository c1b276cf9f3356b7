"""S0's CIFAR-10 VAEs: SSIM under the right range and a wrong one, and samples, as in RESULTS.md.

Writes results/s0-cifar10/ssim.json and *.png.

Usage: VAEKIT_DATA=… python benchmarks/cifar_vae.py RUN …
RUN is a folder that `vaekit train block-cvae-cifar10 --out RUN …` wrote; cifar10 is needed. One
that ends in -planes or -frogs was trained with `--only airplane` or `--only frog`, any other on
all ten classes.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import measured
import torch
from skimage.metrics import structural_similarity
from torch import Tensor

from vaekit import data, losses, metrics, plots, recipes, training
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.experiments.results import picture
from vaekit.models.vae import VAE

FOLDER = measured.RESULTS / "s0-cifar10"

# what a run was trained on, by the end of its folder's name
CLASSES = {"planes": "airplane", "frogs": "frog"}
TITLES = {
    "planes": "planes",
    "frogs": "frogs",
    "hundred": "100 per class",
    "residual": "100 per class, with the residual",
}


class Run(NamedTuple):
    """A trained model with the images it has seen, and those it is tested on.

    only: the one class it was trained on; None for all ten.
    """

    name: str
    title: str
    model: VAE
    epochs: int
    seen: ImageSet
    wanted: ImageSet
    only: str | None


def main() -> None:
    train = data.load("cifar10", "train")
    test = data.load("cifar10", "test")
    rows = []
    for folder in sys.argv[1:]:
        run = load(Path(folder), train, test)
        print_losses(run)
        rows += ssim_rows(run)
        labels, samples = six_of_each(run)
        draw_noise(run, labels, samples)
        draw_samples(run, samples)
        draw_reconstructions(run, test)
    measured.save(FOLDER / "ssim.json", rows, measured.command_line())


def load(folder: Path, train: ImageSet, test: ImageSet) -> Run:
    ending = folder.name.split("-")[-1]
    only = CLASSES.get(ending)
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    model = recipes.load_model(folder / "weights.safetensors")
    assert isinstance(model, VAE)
    return Run(
        name=folder.name,
        title=TITLES.get(ending, folder.name),
        model=model,
        epochs=len(history),
        seen=train.only(only) if only else train,
        wanted=test.only(only) if only else test.first(1000),
        only=only,
    )


def print_losses(run: Run) -> None:
    terms = training.evaluate(run.model, run.wanted, losses.negative_elbo)
    print(
        f"\n{run.name}: {run.epochs} epochs, on {len(run.wanted):,} test images "
        f"{terms['loss']:.0f} nats per image: "
        f"reconstruction {terms['reconstruction']:.0f}, KL {terms['kl']:.1f}"
    )


def ssim_rows(run: Run) -> list[dict[str, Any]]:
    """Reconstructions and samples of the classes against their 1,000 test images.

    Beside them uniform noise, and the mean of the images that were trained on.
    """
    print("\n|  | SSIM, range 1, 95 % interval | the same under range 255 |\n|---|---|---|")
    x = run.wanted.images()
    generator = seeded(0)
    rows = compared(run, "reconstruction", x, reconstructions(run))
    rows += compared(run, "a sample of the class", x, class_samples(run, generator))
    mean = run.seen.images().mean(0, keepdim=True)
    rows += compared(run, "the mean training image", x, mean.expand_as(x))
    noise = torch.rand(x.shape, generator=generator)
    rows += compared(run, "uniform noise", x, noise)
    return rows


def compared(run: Run, what: str, x: Tensor, y: Tensor) -> list[dict[str, Any]]:
    """SSIM under the right range and under the report's: a printed line, and two rows."""
    score = metrics.ssim(x, y, floor=False)
    wrong = wrong_range(x, y)
    interval = f"[{score.low:.3f}, {score.high:.3f}]"
    print(f"| {what} | {score.value:.3f} {interval} | {wrong:.5f} |", flush=True)

    model = f"{run.title}: {what}"
    right_row = measured.score_row(model, score) | {"metric": "SSIM, data_range = 1"}
    wrong_row = measured.value_row(
        model, "SSIM, data_range = 255", wrong, len(x), better="higher"
    )
    return [right_row, wrong_row]


def wrong_range(x: Tensor, y: Tensor) -> float:
    """SSIM of images in [0, 1] under data_range = 255: the constants then outweigh the images."""
    total = 0.0
    for a, b in zip(x.double().numpy(), y.double().numpy()):
        total += float(structural_similarity(a, b, data_range=255, channel_axis=0))
    return total / len(x)


def reconstructions(run: Run) -> Tensor:
    parts = [run.model.reconstruct(x, c) for x, c in run.wanted.batches(250)]
    return torch.cat(parts)


def class_samples(run: Run, generator: torch.Generator) -> Tensor:
    """A sample of the class of each test image."""
    parts = []
    for c in run.wanted.y.split(250):
        parts.append(run.model.sample(len(c), c, generator=generator))
    return torch.cat(parts)


def six_of_each(run: Run) -> tuple[Tensor, Tensor]:
    """60 labels, six per class or all of the only one, and a sample of each."""
    if run.only:
        labels = torch.full((60,), run.wanted.classes.index(run.only))
    else:
        labels = torch.arange(10).repeat_interleave(6)
    return labels, run.model.sample(60, labels, generator=seeded(0))


def draw_noise(run: Run, labels: Tensor, samples: Tensor) -> None:
    """The prior's samples, and what the decoder makes of the report's uniform noise."""
    z = torch.rand(10, run.model.latent_dim, generator=seeded(0))
    uniform = run.model.decode(z, labels[::6]).detach()
    figure = plots.compare(
        {"z ~ N(0, I)": samples[::6], "z ~ U[0, 1)": uniform},
        title=f"{run.name}: the prior, and the report's noise",
    )
    picture(figure, FOLDER / f"{run.name}-noise.png")


def draw_samples(run: Run, samples: Tensor) -> None:
    if run.only:
        figure = plots.sheet(samples, columns=10, title=f"{run.name}: samples, {run.only}")
    else:
        by_class = dict(zip(run.wanted.classes, samples.split(6)))
        figure = plots.compare(by_class, title=f"{run.name}: samples of each class")
    picture(figure, FOLDER / f"{run.name}-samples.png")


def draw_reconstructions(run: Run, test: ImageSet) -> None:
    chosen = run.wanted.first(10) if run.only else test.per_class(1)
    x = chosen.images()
    figure = plots.compare(
        {"test image": x, "reconstruction": run.model.reconstruct(x, chosen.y)},
        title=f"{run.name}: reconstructions",
    )
    picture(figure, FOLDER / f"{run.name}-reconstructions.png")


if __name__ == "__main__":
    main()
