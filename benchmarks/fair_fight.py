"""VAE, GAN and diffusion model of about one size and training time, as in RESULTS.md.

The weights that come with the package, on full Fashion-MNIST. Writes results/fair-fight/*.json and
*.png; with other sizes than the usual ones it writes only where --out says, so that a trial
replaces no result.

Usage: VAEKIT_DATA=… python benchmarks/fair_fight.py [--n 5000] [--sweep 500] [--out FOLDER]
It needs fashion_full.
"""
from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import measured
import torch
from torch import Tensor

from vaekit import data, metrics, plots
from vaekit.data import ImageSet
from vaekit.device import seeded
from vaekit.experiments.results import picture
from vaekit.metrics import Score
from vaekit.metrics.features import FeatureNetwork
from vaekit.models.base import ImageModel
from vaekit.models.conditioning import is_conditional
from vaekit.recipes import pretrained
from vaekit.recipes.pretrained import Pretrained

N = 5_000
SWEEP = 500

# the shipped weights, and what a table calls their model
SHIPPED = {
    "conv-cvae-fashion": "conditional VAE",
    "dc-gan-fashion": "DC-GAN",
    "ddpm-fashion": "DDPM",
}

# DDIM steps and guidance
SCHEDULES = [
    (2, 1.0),
    (5, 1.0),
    (10, 1.0),
    (20, 1.0),
    (50, 1.0),
    (100, 1.0),
    (20, 0.0),
    (20, 1.5),
    (20, 2.0),
    (20, 4.0),
    (20, 8.0),
]

Row = dict[str, Any]


class Contestant(NamedTuple):
    """A model, how it samples, and what the time of one sample is called."""

    name: str
    time: str
    model: ImageModel
    settings: Mapping[str, Any]


class Judge(NamedTuple):
    """What samples are compared with: real images, through one network."""

    train: ImageSet
    test: ImageSet
    network: FeatureNetwork

    def scores(self, images: Tensor, labels: Tensor | None) -> list[Score]:
        """FID, KID, class consistency if there are labels, distance to the training images."""
        scores = [
            metrics.fid(self.train, images, features=self.network),
            metrics.kid(self.train, images, features=self.network),
        ]
        if labels is not None:
            scores.append(metrics.consistency_of(images, labels, features=self.network))
        held_out = self.test.images(slice(9_000, 10_000))
        scores.append(metrics.nearest_neighbours(images[:1_000], self.train, held_out))
        return scores

    def shares(self, images: Tensor) -> str:
        """How the classifier's ten classes share the images, in per cent."""
        counts = self.network.classify(images).bincount(minlength=10)
        shares = (counts / len(images) * 100).tolist()
        return " ".join(f"{share:.0f}" for share in shares)

    def sweep(self, images: Tensor, labels: Tensor) -> list[Score]:
        """FID against the test images, class consistency, variety within a class."""
        return [
            metrics.fid(self.test, images, features=self.network),
            metrics.consistency_of(images, labels, features=self.network),
            metrics.class_variety(images, labels, self.test, features=self.network),
        ]


def main() -> None:
    options = arguments()
    folder = folder_for(options)
    judge = Judge(
        data.load("fashion_full", "train"),
        data.load("fashion_full", "test"),
        metrics.load_features("fashion"),
    )
    shipped = {name: pretrained.load(name) for name in SHIPPED}
    cvae, gan, ddpm = [each.model for each in shipped.values()]

    models = training_rows(shipped)
    scores, speed = fight(contestants(cvae, gan, ddpm), judge, options.n, folder)
    draw_guided(ddpm, folder)
    speed.append(time_guided(ddpm))
    sweep = sweep_rows(ddpm, judge, options.sweep)

    if folder is not None:
        command = measured.command_line()
        measured.save(folder / "models.json", models, command)
        measured.save(folder / "scores.json", scores, command)
        measured.save(folder / "speed.json", speed, command)
        measured.save(folder / "sweep.json", sweep, command)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=N)
    parser.add_argument("--sweep", type=int, default=SWEEP)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def folder_for(options: argparse.Namespace) -> Path | None:
    """Where the results go; None for a trial with other sizes than those of RESULTS.md."""
    if options.out is not None:
        return options.out
    if (options.n, options.sweep) == (N, SWEEP):
        return measured.RESULTS / "fair-fight"
    return None


def contestants(cvae: ImageModel, gan: ImageModel, ddpm: ImageModel) -> list[Contestant]:
    return [
        Contestant(
            "conditional VAE",
            "conditional VAE, one sample",
            cvae,
            {},
        ),
        Contestant(
            "DC-GAN",
            "DC-GAN, one sample",
            gan,
            {},
        ),
        Contestant(
            "DDPM, 50 steps",
            "DDPM, one sample by 50 DDIM steps",
            ddpm,
            {"steps": 50},
        ),
        Contestant(
            "DDPM, 50 steps, guidance 2",
            "DDPM, one sample by 50 DDIM steps, guidance 2",
            ddpm,
            {"steps": 50, "guidance": 2.0},
        ),
    ]


def draw(model: ImageModel, n: int, **settings: Any) -> tuple[Tensor, float]:
    """n samples, and the milliseconds that one took.

    Each class is requested equally often of a conditional model.
    """
    start = time.perf_counter()
    parts = []
    for i, labels in enumerate(labels_for(n).split(500)):
        c = labels if is_conditional(model) else None
        images = model.sample(len(labels), c, generator=seeded(i), **settings)
        parts.append(images)
    samples = torch.cat(parts)
    return samples, (time.perf_counter() - start) / n * 1000


def labels_for(n: int) -> Tensor:
    return torch.arange(n) % 10


def training_rows(shipped: Mapping[str, Pretrained]) -> list[Row]:
    """What each model cost, printed and as rows."""
    print("| model | weights | epochs | training, minutes of one core |\n|---|---|---|---|")
    rows = []
    for name, (_, facts, _) in shipped.items():
        minutes = facts["seconds"] / 60
        print(f"| {name} | {facts['parameters']:,} | {facts['epochs']} | {minutes:.1f} |")
        rows.append({
            "model": SHIPPED[name],
            "command": facts["command"],
            "weights": facts["parameters"],
            "epochs": facts["epochs"],
            "minutes": minutes,
        })
    return rows


def fight(
    models: Sequence[Contestant], judge: Judge, n: int, folder: Path | None
) -> tuple[list[Row], list[Row]]:
    """Scores and times of all models, beside those of real images: printed, drawn, and as rows."""
    real = judge.test.images(slice(n))
    shown = {"test images": judge.scores(real, judge.test.y[:n])}
    sheets = {"test images": real[:10]}
    print(f"test images: classes, per cent: {judge.shares(real)}", flush=True)

    speed = []
    threads = torch.get_num_threads()
    for name, time_name, model, settings in models:
        images, ms = draw(model, n, **settings)
        labels = labels_for(n) if is_conditional(model) else None
        shown[name] = judge.scores(images, labels)
        sheets[name] = images[:10]
        speed.append(time_row(time_name, ms, "ms"))
        print(
            f"{name}: {ms:.2f} ms a sample on {threads} threads; "
            f"classes, per cent: {judge.shares(images)}",
            flush=True,
        )

    print(f"\n{metrics.table(shown)}\n", flush=True)
    if folder is not None:
        picture(plots.compare(sheets, title="Ten of each, not chosen"), folder / "samples.png")
    rows = [
        measured.score_row(name, score) for name, scores in shown.items() for score in scores
    ]
    return rows, speed


def draw_guided(ddpm: ImageModel, folder: Path | None) -> None:
    """A sheet of 100 guided samples."""
    if folder is None:
        return
    images, _ = draw(ddpm, 100, steps=50, guidance=2.0)
    title = "DDPM, 50 DDIM steps, guidance 2: a class per column"
    picture(plots.sheet(images, title=title), folder / "ddpm.png")


def time_guided(ddpm: ImageModel) -> Row:
    """Seconds for 64 guided samples, as a slider's reader waits for them; printed, and as a row."""
    times = []
    for _ in range(5):
        _, ms = draw(ddpm, 64, steps=50, guidance=2.0)
        times.append(ms * 64 / 1000)
    fastest = min(times)
    median = sorted(times)[2]
    slowest = max(times)

    threads = torch.get_num_threads()
    print(
        f"64 guided samples by 50 DDIM steps: {median:.2f} s "
        f"(median of 5, {fastest:.2f} to {slowest:.2f}; {threads} threads)\n",
        flush=True,
    )
    name = "DDPM, 64 samples by 50 DDIM steps, guidance 2"
    return time_row(name, median, "s", fastest, slowest)


def time_row(
    what: str,
    value: float,
    unit: str,
    low: float | None = None,
    high: float | None = None,
) -> Row:
    return {"what": what, "value": value, "low": low, "high": high, "unit": unit}


def sweep_rows(ddpm: ImageModel, judge: Judge, n: int) -> list[Row]:
    """Scores by number of steps and by guidance: printed line by line, and as rows."""
    head = [
        "DDIM steps",
        "guidance",
        "FID, 10,000 test images",
        "class consistency",
        "variety within a class",
        "ms a sample",
    ]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")

    rows = []
    for steps, guidance in SCHEDULES:
        images, ms = draw(ddpm, n, steps=steps, guidance=guidance)
        scores = judge.sweep(images, labels_for(n))
        cells = [in_short(score) for score in scores]
        print(f"| {steps} | {guidance:g} | {' | '.join(cells)} | {ms:.1f} |", flush=True)

        model = f"{steps} steps, guidance {guidance:g}"
        rows += [measured.score_row(model, score) for score in scores]
        rows.append(measured.value_row(model, "time", ms, n, unit="ms per sample"))
    return rows


def in_short(score: Score) -> str:
    return f"{score.value:.3g} [{score.low:.3g}, {score.high:.3g}]"


if __name__ == "__main__":
    main()
