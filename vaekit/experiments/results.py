"""What a training run leaves behind: weights, history, figures, its numbers beside the report's."""
from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatch
from pathlib import Path
from typing import TYPE_CHECKING

from .. import plots, recipes
from ..device import seeded
from ..files import atomic
from ..models.autoencoder import Autoencoder
from ..models.base import ImageModel
from ..models.classifier import Classifier
from ..models.conditioning import is_conditional
from ..recipes import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write(run: Run, folder: str | Path) -> list[Path]:
    """Write weights.safetensors, history.csv, history.json, curves.png and samples.png.

    Returns:
        Their paths.
    """
    folder = Path(folder)
    parts = [run.recipe.name]
    if run.settings["latent_dim"] is not None:
        parts.append(f"latent_dim {run.settings['latent_dim']}")
    parts.append(run.settings["data"])
    title = ", ".join(parts)

    # the figures last: whatever goes wrong with them, the training is kept
    return [
        recipes.save(folder / "weights.safetensors", run.recipe, run.model),
        run.history.save(folder / "history.csv"),
        run.history.save(folder / "history.json"),
        picture(_curves(run, title), folder / "curves.png"),
        picture(sample_sheet(run, title), folder / "samples.png"),
    ]


def _curves(run: Run, title: str) -> Figure:
    return plots.curves(run.history, title=title, ylabel=run.recipe.unit)


def sample_sheet(run: Run, title: str) -> Figure:
    """What the model makes: samples; of an autoencoder reconstructions, of a classifier mistakes.

    Samples are 64, or ten of each class that was trained, a class per row.
    """
    return _sheet(run.model, run, title)


@singledispatch
def _sheet(model: ImageModel, run: Run, title: str) -> Figure:
    generator = seeded(run.settings["seed"])
    if not is_conditional(model):
        images = model.sample(64, generator=generator)
        return plots.sheet(images, columns=8, title=f"samples: {title}")

    # attributes have no classes to go through: those of the first test images will do
    if run.train.y.ndim == 2:
        images = model.sample(64, run.test.y[:64], generator=generator)
        return plots.sheet(images, columns=8, title=f"samples: {title}")

    labels = run.train.y.unique().cpu().repeat_interleave(10)
    images = model.sample(len(labels), labels, generator=generator)
    return plots.sheet(images, columns=10, title=f"samples, a class per row: {title}")


@_sheet.register(Autoencoder)
def _reconstructions(model: Autoencoder, run: Run, title: str) -> Figure:
    x = run.test.images(slice(10))
    return plots.compare({"original": x, "reconstruction": model.reconstruct(x)}, title=title)


@_sheet.register(Classifier)
def _mistakes(model: Classifier, run: Run, title: str) -> Figure:
    wrong = model.classify(run.test.images()).cpu() != run.test.y
    share = wrong.float().mean()
    return plots.sheet(
        run.test.images(wrong)[:64],
        columns=16,
        title=f"mistakes, {share:.2%} of the test set: {run.recipe.name}",
    )


def picture(figure: Figure, path: Path) -> Path:
    """Write a figure as a picture, whole or not at all; give its path."""
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path


def against_report(run: Run) -> str:
    """The test set's terms after the last epoch, beside the report's where it gives any.

    With patience it is the best epoch, whose weights were kept.
    """
    epoch = run.history.best if run.settings.get("patience") else -1
    row = run.history.rows[epoch]
    reported = _reported(run)

    terms = [key.removeprefix("test_") for key in row if key.startswith("test_")]
    width = max(15, *(len(term) for term in terms))
    lines = [f"epoch {row['epoch']}, test set, per image:"]
    for term in terms:
        value = row[f"test_{term}"]
        # an error rate needs its small digits
        digits = 2 if value >= 1 else 4
        line = f"  {term:{width}}{value:9.{digits}f}"
        if term in reported:
            difference = value - reported[term]
            line += f"   report {reported[term]:.2f}   difference {difference:+.2f}"
        lines.append(line)
    return "\n".join(lines)


def _reported(run: Run) -> Mapping[str, float]:
    """The report's terms with the run's settings; nothing on another data set."""
    if run.settings["data"] != run.recipe.data:
        return {}
    return run.recipe.reported_at(run.settings["latent_dim"], run.settings["beta"])


def recipe_table() -> str:
    """One line per recipe, for a terminal."""
    lines = ["recipes (vaekit train NAME):"]
    for recipe in recipes.RECIPES.values():
        source = "ours" if recipe.source == "house" else recipe.source
        line = f"{recipe.name:22}{source:6}{recipe.title}"
        line += f" · {recipe.data}, {recipe.epochs} epochs"
        if recipe.fast:
            line += " · --fast"
        lines.append(line)
    return "\n".join(lines)
