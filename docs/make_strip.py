"""Draw docs/strip.png: what six models of the labs make of Fashion-MNIST, side by side.

Three are trained here on the built-in images, a few seconds each; three come with the package.
Nothing is chosen by hand. Each row is a class. A conditional model was asked for it, and its first
images are shown; of any other model, those of 1,000 samples that a classifier is surest of. It is
sometimes wrong.

Usage: python docs/make_strip.py [PATH]
"""
from __future__ import annotations

import sys
from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from torch import Tensor

from vaekit import data, metrics, plots, recipes
from vaekit.device import seeded
from vaekit.files import atomic
from vaekit.recipes import pretrained

CLASSES = ("T-shirt/top", "Trouser", "Dress", "Sneaker", "Bag", "Ankle boot")
NAMES = data.SOURCES["fashion"].classes
LABELS = [NAMES.index(name) for name in CLASSES]
COLUMNS = 3
DRAWS = 1_000
EPOCHS = 12
SIZE = 28
PITCH = SIZE + 2
SEED = 0

Rows = list[Tensor]


def requested(name: str, **options) -> Rows:
    """Of a shipped conditional model: its first images of each class."""
    model = pretrained.load(name).model
    labels = torch.tensor(LABELS).repeat_interleave(COLUMNS)
    images = model.sample(len(labels), labels, generator=seeded(SEED), **options)
    return list(images.split(COLUMNS))


def surest(images: Tensor) -> Rows:
    """Of any other model: the images that the classifier is surest of, of each class."""
    classifier = metrics.load_features("fashion", device="cpu").module
    with torch.no_grad():
        probabilities = classifier(images).softmax(1)

    classes = probabilities.argmax(1)
    rows = []
    for label in LABELS:
        of_class = images[classes == label]
        sureness = probabilities[classes == label, label]
        rows.append(of_class[sureness.argsort(descending=True)[:COLUMNS]])
    return rows


def autoencoder() -> Rows:
    """Decoded noise: an autoencoder learns no distribution that codes could be drawn from."""
    model = recipes.train("conv-ae-mnist", data="fashion", epochs=EPOCHS, progress=False).model
    codes = torch.randn(DRAWS, model.latent_dim, generator=seeded(SEED))
    return surest(model.decode(codes).detach())


def vae(beta: float) -> Rows:
    run = recipes.train(
        "mlp-vae-mnist",
        data="fashion",
        beta=beta,
        fast=True,
        epochs=EPOCHS,
        progress=False,
    )
    return surest(run.model.sample(DRAWS, generator=seeded(SEED)))


def gan() -> Rows:
    model = pretrained.load("dc-gan-fashion").model
    return surest(model.sample(DRAWS, generator=seeded(SEED)))


def montage(rows: Rows) -> Tensor:
    """The images of each row on one sheet, 0 where there is none."""
    sheet = torch.zeros(PITCH * len(rows), PITCH * COLUMNS)
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            top = PITCH * row + 1
            left = PITCH * column + 1
            sheet[top : top + SIZE, left : left + SIZE] = image[0].clamp(0, 1)
    return sheet


def draw_panel(ax: Axes, title: str, caption: str, rows: Rows, colour: str) -> None:
    # dark clothes on white paper; a colour per model, told apart by colour-blind readers too
    tint = LinearSegmentedColormap.from_list("tint", ["white", colour, "black"])
    ax.imshow(montage(rows).numpy(), cmap=tint, vmin=0, vmax=1.25, interpolation="bilinear")
    for row, images in enumerate(rows):
        if len(images) == 0:
            middle = PITCH * (row + 0.5)
            ax.text(PITCH * COLUMNS / 2, middle, f"none in {DRAWS:,}", ha="center", va="center")

    ax.set_title(title, fontsize=15, weight="bold")
    ax.set_xlabel(caption, fontsize=11)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)


def main(path: Path) -> None:
    # one thread sums in the same order every time
    torch.set_num_threads(1)
    panels = [
        ("autoencoder", "random codes", autoencoder()),
        ("VAE", "drawn from a prior", vae(beta=1.0)),
        ("conditional VAE", "given a class", requested("conv-cvae-fashion")),
        ("β-VAE", "β = 4: a simpler code", vae(beta=4.0)),
        ("GAN", "two networks compete", gan()),
        ("diffusion", "20 steps out of noise", requested("ddpm-fashion", steps=20, guidance=1.5)),
    ]

    fig, axes = plots.figure(12, 4.5, columns=len(panels))
    for ax, (title, caption, rows), colour in zip(axes, panels, plots.LINES):
        draw_panel(ax, title, caption, rows, colour)
    middles = [PITCH * (row + 0.5) for row in range(len(CLASSES))]
    axes[0].set_yticks(middles, CLASSES, fontsize=11)
    axes[0].tick_params(length=0)

    with atomic(path) as temporary:
        # no date and no version in the file: the same picture is the same file
        fig.savefig(temporary, dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "strip.png")
