"""S2's claims about λ and z, one by one, on models that `vaekit reproduce` left in a folder.

For each model, on the test images of its data set:

- symmetry: the difference between a random face and its mirror image, divided by that of real
  faces. "λ = 1e-3 gives symmetrical frontal faces only" would be a value far below 1.
- FID of random faces, through the features of an attribute classifier that is trained first: which
  λ is best, and does 1e-6 deform?
- evenness: the largest of ten steps between two faces, divided by the mean step. "The
  interpolation is smooth" would be a value near 1.
- gaps: the squared error of faces with glasses, light skin, light hair minus that of the others, as
  a share of the mean error: who fails first?
- colour: how well the mean colour of a copy follows the original's, R².

Only numbers are written: neither images nor weights.

Usage: python benchmarks/s2_claims.py FOLDER [celeba | faces]
"""
from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import measured
import torch
from torch import Tensor

from vaekit import data, losses, metrics, recipes, training
from vaekit.data.augment import mirror
from vaekit.device import seeded
from vaekit.recipes.faces import s2_beta

GROUPS = ("Eyeglasses", "Pale_Skin", "Blond_Hair")
STEPS = 10
PAIRS = 100


def main() -> None:
    folder = Path(sys.argv[1])
    name = sys.argv[2] if len(sys.argv) > 2 else "celeba"
    test = data.load(name, "test")
    judge = trained_judge(name, test)

    rows = []
    for path in sorted(folder.glob("z*-beta*.safetensors"), key=order):
        if "checkpoint" in path.name:
            continue
        model = recipes.load_model(path)
        of_model = measured_rows(name_of(path), model, test, judge)
        for row in of_model:
            row["text"] = text_of(row)
            print(f"{row['model']}: {row['metric']} {row['text']}")
        rows += of_model
    note = f"{name}, {len(test)} test images; FID of as many samples"
    measured.save(measured.RESULTS / f"s2-claims-{name}.json", rows, measured.command_line(),
                  note=note)


def setting(path: Path) -> tuple[int, float]:
    """The size of z and S2's λ."""
    found = re.match(r"z(\d+)-beta([\d.]+\d)", path.name)
    if found is None:
        raise SystemExit(f"{path} is not named as `vaekit reproduce` names its weights")
    return int(found[1]), float(found[2]) / s2_beta(1.0)


def order(path: Path) -> tuple[float, int]:
    """The largest λ first, then the smallest z."""
    latent_dim, weight = setting(path)
    return -weight, latent_dim


def name_of(path: Path) -> str:
    latent_dim, weight = setting(path)
    return f"z = {latent_dim}, λ = {weight:.0e}".replace("e-0", "e-")


def text_of(row: dict[str, Any]) -> str:
    """The value, with its interval where it has one."""
    if row["low"] is None:
        return f"{row['value']:.2f}"
    return f"{row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"


def trained_judge(name: str, test: data.ImageSet) -> Any:
    """An attribute classifier of this data set; its features are what FID compares."""
    train = data.load(name)
    judge = recipes.build("classifier-faces", None, train.shape, 0, classes=len(train.classes))
    training.fit(judge, train, losses.attribute_cross_entropy, epochs=10, batch_size=64, lr=4e-3,
                 schedule="one-cycle", augment=mirror, seed=0, progress=False)
    judge.eval()
    accuracy = metrics.balanced_accuracy(judge, test)
    mean = sum(score.value for score in accuracy.values()) / len(accuracy)
    print(f"classifier: balanced accuracy {mean:.3f} on average")
    return judge


@torch.no_grad()
def measured_rows(
    name: str, model: Any, test: data.ImageSet, judge: Any
) -> list[dict[str, Any]]:
    model.eval()
    x = test.images()
    n = len(x)
    copies = torch.cat([model.reconstruct(part) for part in x.split(100)])
    samples = model.sample(n, generator=seeded(0))

    rows = [
        value(name, "asymmetry of samples / of real faces", asymmetry(samples) / asymmetry(x), n),
        measured.score_row(name, metrics.fid(test, samples, features=judge, floor=True)),
        value(name, "largest step / mean step", evenness(model, x), PAIRS),
        value(name, "R² of the mean colour", colour_kept(x, copies), n),
    ]
    errors = (copies - x).square().flatten(1).sum(1)
    gaps = metrics.error_by_attribute(errors, test.with_attributes(*GROUPS))
    mean = errors.mean().item()
    for group in GROUPS:
        difference = gaps[group].difference
        row = value(name, f"error with {group} − without, share of the mean",
                    difference.value / mean, n)
        row |= {"low": difference.low / mean, "high": difference.high / mean}
        rows.append(row)
    return rows


def value(name: str, metric: str, number: float, n: int) -> dict[str, Any]:
    return measured.value_row(name, metric, number, n, better="neither")


def asymmetry(x: Tensor) -> float:
    """Mean absolute difference from the mirror image."""
    return (x - x.flip(3)).abs().mean().item()


def evenness(model: Any, x: Tensor) -> float:
    """The largest step of a walk between two faces over its mean step, mean over pairs."""
    a = model.encode(x[:PAIRS])
    b = model.encode(x[PAIRS:2 * PAIRS])
    shares = torch.linspace(0, 1, STEPS + 1)
    frames = torch.stack([model.decode(a + t * (b - a)) for t in shares])
    steps = (frames[1:] - frames[:-1]).flatten(2).norm(dim=2)  # (STEPS, PAIRS)
    return (steps.amax(0) / steps.mean(0)).mean().item()


def colour_kept(x: Tensor, copies: Tensor) -> float:
    mean = x.mean((2, 3))
    error = (copies.mean((2, 3)) - mean).square().sum()
    return 1 - (error / (mean - mean.mean(0)).square().sum()).item()


if __name__ == "__main__":
    main()
