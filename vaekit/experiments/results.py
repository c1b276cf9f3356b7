"""What a training run leaves behind: weights, history, figures, its numbers beside the report's."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import plots, recipes
from ..errors import UserError, brief
from ..files import atomic
from ..recipes import Run
from .folders import named, refuse_folders
from .lists import recipe_table as recipe_table
from .pictures import pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CHECKPOINT = "checkpoint.safetensors"
# all names that a run may write
NAMES = (
    "weights.safetensors",
    "history.csv",
    "history.json",
    "curves.png",
    "samples.png",
    "reconstructions.png",
    "walk.png",
    "lattice.png",
    "latents.png",
)


def checkpoint_in(folder: str | Path) -> Path:
    """Where a run is kept while it is trained, in a folder that will take its results.

    Raises:
        UserError: one of the files to be written is a folder.
    """
    refuse_folders(folder, (*NAMES, CHECKPOINT))
    return Path(folder) / CHECKPOINT


def write(run: Run, folder: str | Path) -> list[Path]:
    """Write weights.safetensors, history.csv, history.json, curves.png and samples.png.

    Of a VAE also reconstructions.png, and of its latent space walk.png, lattice.png or
    latents.png, see `pictures.pictures`.

    Returns:
        Their paths.
    Raises:
        UserError: one cannot be written.
    """
    folder = named("folder", folder)
    parts = [run.recipe.name]
    if run.settings["latent_dim"] is not None:
        parts.append(f"latent_dim {run.settings['latent_dim']}")
    parts.append(run.settings["data"])
    title = ", ".join(parts)

    # the figures last: whatever goes wrong with them, the training is kept
    written = [
        recipes.save(folder / "weights.safetensors", run.recipe, run.model),
        run.history.save(folder / "history.csv"),
        run.history.save(folder / "history.json"),
        picture(_curves(run, title), folder / "curves.png"),
    ]
    for name, draw in pictures(run, title).items():
        written.append(picture(draw(), folder / f"{name}.png"))
    return written


def _curves(run: Run, title: str) -> Figure:
    figure = plots.curves(run.history, title=title, ylabel=run.recipe.unit)
    if len(run.history) == 1:
        # a line of one point is invisible
        for line in figure.axes[0].lines:
            line.set_marker("o")
        figure.axes[0].legend()
    return figure


def picture(figure: Figure, path: str | Path) -> Path:
    """Write a figure as a picture, whole or not at all; give its path.

    Raises:
        UserError: it cannot be written, or is no figure.
    """
    if not hasattr(figure, "savefig"):
        raise UserError(f"figure must be one of matplotlib's, got {brief(figure)}")
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return Path(path)


def against_report(run: Run) -> str:
    """The test set's terms after the last epoch, beside the report's where it gives any.

    With patience it is the best epoch, whose weights were kept.
    """
    epoch = run.history.best if run.settings.get("patience") else -1
    row = run.history.rows[epoch]
    reported = _reported(run)

    terms = [key.removeprefix("test_") for key in row if key.startswith("test_")]
    width = max(15, *(len(term) for term in terms))
    lines = [f"epoch {row['epoch']}, {len(run.test):,} test images, per image:"]
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
    """The report's terms with the run's settings; nothing on other images than the report's."""
    # a choice of classes is in the set's name
    if not run.settings["data"] == run.recipe.data == run.test.name:
        return {}
    return run.recipe.reported_at(run.settings["latent_dim"], run.settings["beta"])
