"""A reproduced table as a file, and the figures that go with it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .. import plots, recipes
from ..data import ImageSet, load
from ..device import seeded
from ..errors import at_least
from ..files import write_text
from ..models.base import ImageModel
from ..models.conditioning import is_conditional, labels_of
from ..models.vae import VAE
from ..recipes.elbo import beta_of
from .folders import named
from .results import picture
from .rows import Row, read_history

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# a rate and a distortion
Point = tuple[float, float]


def write_table(
    name: str,
    rows: Sequence[Row],
    text: str,
    folder: str | Path,
    *,
    root: str | Path | None = None,
) -> list[Path]:
    """A reproduced table and its figures, in the folder of its rows.

    Args:
        name: of the table, for the titles.
        rows: as `reproduce` gives them.
        text: the table as Markdown, for table.md.
        folder: where the rows' files are; what is written goes there too.
        root: a folder to look for the data in, before all others.
    Returns:
        The paths of table.md; of curves, if a row has the recipe's own β, and samples; of
        autoencoders also of rate against distortion, reconstructions, and what the report shows of
        the latent spaces.
    Raises:
        UserError: no rows, a row's file is missing or damaged.
    """
    at_least("number of rows", len(rows), 1)
    folder = named("folder", folder)
    paths = [write_text(folder / "table.md", text + "\n")]

    test = load(rows[0].settings["data"], "test", root=root)
    models = {row.title: recipes.load_model(folder / f"{row.name}.safetensors") for row in rows}
    figures = {}
    if _at_the_recipes_beta(rows):
        figures["curves"] = _curves(name, rows, folder)
    figures["samples"] = _samples(name, models, test)
    if all("kl" in row.measured for row in rows):
        vaes = {title: model for title, model in models.items() if isinstance(model, VAE)}
        figures["rate_distortion"] = _rate_distortion(name, rows)
        figures["reconstructions"] = _all_reconstructions(name, vaes, test)
        figures |= _latent_figures(rows, vaes, test)

    for file, figure in figures.items():
        paths.append(picture(figure, folder / f"{file}.png"))
    return paths


def _at_the_recipes_beta(rows: Sequence[Row]) -> list[Row]:
    """The rows with the β that the recipe has if no other is said, 1 for most."""
    return [row for row in rows if row.beta == beta_of(recipes.get(row.recipe).loss)]


def _curves(name: str, rows: Sequence[Row], folder: Path) -> Figure:
    # totals at other β do not compare
    usual = _at_the_recipes_beta(rows)
    histories = {row.title: read_history(folder, row) for row in usual}
    return plots.curves(histories, title=f"{name}: training (dashed) and test loss")


def _samples(name: str, models: Mapping[str, ImageModel], test: ImageSet) -> Figure:
    images = {title: _ten_samples(model, test) for title, model in models.items()}
    return plots.compare(images, title=f"{name}: samples, z ~ N(0, I)")


def _ten_samples(model: ImageModel, test: ImageSet) -> Tensor:
    """Of a conditional model one of each class, or with the attributes of ten test images."""
    labels = None
    if is_conditional(model):
        labels = test.y[:10] if test.y.ndim == 2 else torch.arange(10)
    return model.sample(10, labels, generator=seeded(0))


def _rate_distortion(name: str, rows: Sequence[Row]) -> Figure:
    series: dict[str, dict[object, Point]] = {
        "here": {row.title: _rate_and_distortion(row.measured) for row in rows}
    }
    # of other data the report says nothing
    if all(row.is_comparable and "kl" in row.reported for row in rows):
        series["report"] = {row.title: _rate_and_distortion(row.reported) for row in rows}
    return plots.rate_distortion(series, title=f"{name}: rate and distortion, test set")


def _rate_and_distortion(terms: Mapping[str, float]) -> Point:
    distortion = "squared_error" if "squared_error" in terms else "reconstruction"
    return terms["kl"], terms[distortion]


def _all_reconstructions(name: str, models: Mapping[str, VAE], test: ImageSet) -> Figure:
    x = test.images(slice(10))
    images = {"original": x}
    for title, model in models.items():
        images[title] = model.reconstruct(x, labels_of(model, test.first(10)))
    return plots.compare(images, title=f"{name}: reconstructions of test images")


def _latent_figures(
    rows: Sequence[Row], models: Mapping[str, VAE], test: ImageSet
) -> dict[str, Figure]:
    """What the report shows of each latent space: decoded lines for z = 1, a square for z = 2.

    Of more dimensions it shows t-SNE by class.
    """
    figures: dict[str, Figure] = {}
    if test.y.ndim == 2:
        # S2 and S4 show none, and attributes are not classes
        return figures
    for row in _at_the_recipes_beta(rows):
        model = models[row.title]
        if row.latent_dim == 1:
            figures["walk"] = plots.walk(model, title="z = 1, decoded from −5 to 5")
        elif row.latent_dim == 2:
            figures["lattice"] = plots.lattice(model, title="z = 2, decoded over [−5, 5]²")
        else:
            figures["latents"] = _t_sne(model, test.first(2000))
    return figures


def _t_sne(model: VAE, images: ImageSet) -> Figure:
    from sklearn.manifold import TSNE

    means = model.encode(images.images()).detach().numpy()
    places = TSNE(random_state=0).fit_transform(means)
    return plots.latent_map(
        torch.from_numpy(places),
        images.y,
        images.classes,
        xlabel="t-SNE 1",
        ylabel="t-SNE 2",
        title=f"z = {model.latent_dim}: posterior means of {len(images):,} test images, by class",
    )
