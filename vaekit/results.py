"""What a training run leaves behind: weights, history, pictures, and its numbers beside the report's."""
from __future__ import annotations

from pathlib import Path

from . import plots, recipes
from .files import atomic


def write(run: recipes.Run, folder: str | Path) -> list[Path]:
    """Write weights.safetensors, history.csv, history.json, curves.png and samples.png; give their paths."""
    folder = Path(folder)
    title = f"{run.recipe.name}, latent_dim {run.model.latent_dim}, {run.settings['data']}"
    return [
        recipes.save(folder / "weights.safetensors", run.recipe.name, run.model),
        run.history.save(folder / "history.csv"),
        run.history.save(folder / "history.json"),
        picture(plots.curves(run.history, title=title, ylabel=run.recipe.unit), folder / "curves.png"),
        picture(sample_sheet(run, title), folder / "samples.png"),
    ]


def sample_sheet(run: recipes.Run, title: str):
    """64 images from the prior; for an autoencoder, which has none, reconstructions; for a classifier, the test images it gets wrong."""
    import torch

    if hasattr(run.model, "sample"):
        generator = torch.Generator().manual_seed(run.settings["seed"])
        return plots.sheet(run.model.sample(64, generator=generator), columns=8, title=f"samples: {title}")
    if hasattr(run.model, "classify"):
        wrong = run.model.classify(run.test.images()).cpu() != run.test.y
        return plots.sheet(run.test.images(wrong)[:64], columns=16, title=f"mistakes, {wrong.float().mean():.2%} of the test set: {run.recipe.name}")
    x = run.test.images(slice(10))
    return plots.compare({"original": x, "reconstruction": run.model.reconstruct(x)}, title=title)


def picture(figure, path: Path) -> Path:
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path


def against_report(run: recipes.Run) -> str:
    """The test set's terms after the last epoch (the best one, with patience), beside the report's where it gives any."""
    rows = run.history.rows
    row = min(rows, key=lambda r: r["test_loss"]) if run.settings.get("patience") else rows[-1]
    reported = run.recipe.reported.get(run.model.latent_dim, {}) if run.settings["data"] == run.recipe.data else {}
    lines = [f"epoch {row['epoch']}, test set, per image:"]
    for term in (key.removeprefix("test_") for key in row if key.startswith("test_")):
        value = row[f"test_{term}"]
        line = f"  {term:15}{value:9.2f}" if value >= 1 else f"  {term:15}{value:9.4f}"           # an error rate needs its small digits
        if term in reported:
            line += f"   report {reported[term]:.2f}   difference {row[f'test_{term}'] - reported[term]:+.2f}"
        lines.append(line)
    return "\n".join(lines)


def recipe_table() -> str:
    """One line a recipe."""
    rows = [f"{r.name:22}{r.source:4}{r.title} · {r.data}, {r.epochs} epochs{' · --fast' if r.fast else ''}" for r in recipes.RECIPES.values()]
    return "\n".join(["recipes (vaekit train NAME):", *rows])
