"""What a training run leaves behind: weights, history, pictures, and its numbers beside the report's."""
from __future__ import annotations

import json
from pathlib import Path

import torch

from .. import data, plots, recipes
from ..errors import UserError
from ..files import atomic
from ..models.conditioning import is_conditional
from ..training.history import History


def write(run: recipes.Run, folder: str | Path) -> list[Path]:
    """Write weights.safetensors, history.csv, history.json, curves.png and samples.png; give their paths."""
    folder = Path(folder)
    title = ", ".join([run.recipe.name, *([f"latent_dim {run.model.latent_dim}"] if hasattr(run.model, "latent_dim") else []), run.settings["data"]])
    return [
        recipes.save(folder / "weights.safetensors", run.recipe.name, run.model),
        run.history.save(folder / "history.csv"),
        run.history.save(folder / "history.json"),
        picture(plots.curves(run.history, title=title, ylabel=run.recipe.unit), folder / "curves.png"),
        picture(sample_sheet(run, title), folder / "samples.png"),
    ]


def sample_sheet(run: recipes.Run, title: str):
    """64 images from the prior; for an autoencoder, which has none, reconstructions; for a classifier, the test images it gets wrong."""
    if hasattr(run.model, "sample"):
        generator = torch.Generator().manual_seed(run.settings["seed"])
        if is_conditional(run.model) and run.train.y.ndim == 1:                                # ten of each class, a row each
            labels = run.train.y.unique().cpu().repeat_interleave(10)                          # of those it was trained on
            return plots.sheet(run.model.sample(len(labels), labels, generator=generator), columns=10, title=f"samples, a class a row: {title}")
        labels = run.test.y[:64] if is_conditional(run.model) else None
        return plots.sheet(run.model.sample(64, *([] if labels is None else [labels]), generator=generator), columns=8, title=f"samples: {title}")
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
    row = run.history.rows[run.history.best if run.settings.get("patience") else -1]
    reported = run.recipe.reported_at(getattr(run.model, "latent_dim", None), run.settings["beta"]) if run.settings["data"] == run.recipe.data else {}
    lines = [f"epoch {row['epoch']}, test set, per image:"]
    terms = [key.removeprefix("test_") for key in row if key.startswith("test_")]
    width = max(15, *map(len, terms))
    for term in terms:
        value = row[f"test_{term}"]
        line = f"  {term:{width}}{value:9.2f}" if value >= 1 else f"  {term:{width}}{value:9.4f}"    # an error rate needs its small digits
        if term in reported:
            line += f"   report {reported[term]:.2f}   difference {row[f'test_{term}'] - reported[term]:+.2f}"
        lines.append(line)
    return "\n".join(lines)


def recipe_table() -> str:
    """One line a recipe."""
    rows = [f"{r.name:22}{r.source:4}{r.title} · {r.data}, {r.epochs} epochs{' · --fast' if r.fast else ''}" for r in recipes.RECIPES.values()]
    return "\n".join(["recipes (vaekit train NAME):", *rows])


def write_table(name: str, rows: list, text: str, folder: str | Path, *, root: str | Path | None = None) -> list[Path]:
    """A reproduced table and its figures: table.md; rate against distortion; training curves, samples and reconstructions of its models."""
    folder = Path(folder)
    with atomic(folder / "table.md") as temporary:
        Path(temporary).write_text(text + "\n", encoding="utf-8")
    models = {row: recipes.load_model(folder / f"{row.name}.safetensors") for row in rows}
    named = {f"z = {row.latent_dim}, β = {row.beta:g}": row for row in rows}
    histories = {label: _history(folder / f"{row.name}.history.json") for label, row in named.items() if row.beta == 1}
    images = {"curves": plots.curves(histories, title=f"{name}: training (dashed) and test loss"),
              "samples": plots.compare({label: _samples(models[row]) for label, row in named.items()}, title=f"{name}: samples, z ~ N(0, I)")}
    if all("kl" in row.measured for row in rows):
        test = data.load(rows[0].settings["data"], "test", root=root)
        ours = {label: (row.measured["kl"], row.measured["reconstruction"]) for label, row in named.items()}
        theirs = {label: (row.reported["kl"], row.reported["reconstruction"]) for label, row in named.items()}
        images["rate_distortion"] = plots.rate_distortion({"here": ours, "report": theirs}, title=f"{name}: rate and distortion, test set")
        x = test.images(slice(10))
        images["reconstructions"] = plots.compare({"original": x} | {label: models[row].reconstruct(x) for label, row in named.items()},
                                                  title=f"{name}: reconstructions of test images")
        images |= _latent_pictures(models, test)
    return [folder / "table.md", *(picture(figure, folder / f"{file}.png") for file, figure in images.items())]


def _history(path: Path) -> History:
    try:
        return History(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is damaged; delete it, and the row is trained again") from error


def _samples(model):
    generator = torch.Generator().manual_seed(0)
    return model.sample(10, *([torch.arange(10)] if is_conditional(model) else []), generator=generator)


def _latent_pictures(models: dict, test) -> dict:
    """What the report shows of each latent space: decoded lines for z = 1, a decoded square for z = 2, t-SNE for more."""
    from sklearn.manifold import TSNE

    pictures, some = {}, test.first(2000)
    for row, model in models.items():
        if row.beta == 1 and row.latent_dim == 1:
            pictures["walk"] = plots.walk(model, title="z = 1, decoded from −5 to 5")
        elif row.beta == 1 and row.latent_dim == 2:
            pictures["lattice"] = plots.lattice(model, title="z = 2, decoded over [−5, 5]²")
        elif row.beta == 1:
            z = TSNE(random_state=0).fit_transform(model.encode(some.images()).detach().numpy())
            pictures["latents"] = plots.latent_map(torch.from_numpy(z), some.y, some.classes, xlabel="t-SNE 1", ylabel="t-SNE 2",
                                                   title=f"z = {row.latent_dim}: posterior means of {len(some):,} test images, by class")
    return pictures
