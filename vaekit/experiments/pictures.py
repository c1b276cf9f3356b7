"""The pictures of a trained model: what it makes, how it rebuilds images, where they lie in z."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .. import plots
from ..data import ImageSet
from ..device import evaluating, seeded
from ..models.attribute_classifier import AttributeClassifier
from ..models.autoencoder import Autoencoder
from ..models.base import ImageModel
from ..models.classifier import Classifier
from ..models.conditioning import is_conditional
from ..models.vae import VAE
from ..recipes import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# a walk and a lattice reach as far as the reports' do: nearly all of N(0, I)
FAR = 3.0
# images on a latent map: more hide one another
POINTS = 2000

# name of a picture → what draws it; drawn only when its turn comes
Pictures = dict[str, Callable[[], "Figure"]]


def pictures(run: Run, title: str) -> Pictures:
    """What is drawn of a run, by name, each as a function that draws it.

    Of every model "samples". Of a VAE also "reconstructions", and of its latent space a "walk" for
    z = 1, a "lattice" for z = 2, and a map, "latents", of more than one dimension.

    Args:
        title: of the figures.
    """
    found: Pictures = {"samples": lambda: sample_sheet(run, title)}
    model = run.model
    if not isinstance(model, VAE):
        return found

    found["reconstructions"] = lambda: _reconstructions(model, run, title)
    if model.latent_dim == 1:
        found["walk"] = lambda: _walk(model, run, title)
    if model.latent_dim == 2 and not is_conditional(model):
        found["lattice"] = lambda: plots.lattice(
            model, x=(-FAR, FAR), y=(-FAR, FAR), title=f"decoded: {title}"
        )
    if model.latent_dim > 1 and run.test.y.ndim == 1:
        found["latents"] = lambda: _latents(model, run.test.first(POINTS), title)
    return found


def sample_sheet(run: Run, title: str) -> Figure:
    """What the model makes: samples; of an autoencoder reconstructions, of a classifier mistakes.

    Samples are 64, or ten of each class that was trained, a class per row.
    """
    with evaluating(run.model):
        if isinstance(run.model, Autoencoder):
            return _reconstructions(run.model, run, title)
        if isinstance(run.model, (Classifier, AttributeClassifier)):
            return _mistakes(run.model, run)
        return _samples(run.model, run, title)


def _samples(model: ImageModel, run: Run, title: str) -> Figure:
    generator = seeded(run.settings["seed"])
    if not is_conditional(model):
        images = model.sample(64, generator=generator)
        return plots.sheet(images, columns=8, title=f"samples: {title}")

    # attributes have no classes to go through: those of the first test images will do
    if run.train.y.ndim == 2:
        attributes = run.test.y[:64]
        images = model.sample(len(attributes), attributes, generator=generator)
        return plots.sheet(images, columns=8, title=f"samples: {title}")

    labels = run.train.y.unique().cpu().repeat_interleave(10)
    images = model.sample(len(labels), labels, generator=generator)
    return plots.sheet(images, columns=10, title=f"samples, a class per row: {title}")


def _reconstructions(model: Autoencoder | VAE, run: Run, title: str) -> Figure:
    x = run.test.images(slice(10))
    rebuilt = model.reconstruct(x, _condition(model, run.test.first(10)))
    return plots.compare({"original": x, "reconstruction": rebuilt}, title=title)


def _condition(model: ImageModel, images: ImageSet) -> Any:
    return images.y if is_conditional(model) else None


def _mistakes(model: Classifier | AttributeClassifier, run: Run) -> Figure:
    wrong = model.classify(run.test.images()).cpu() != run.test.y.cpu()
    if wrong.ndim == 2:
        # an image with attributes is wrong if one of them is
        wrong = wrong.any(1)
    share = wrong.float().mean()
    shown = wrong
    title = f"mistakes, {share:.2%} of the test set: {run.recipe.name}"
    if not wrong.any():
        # nothing to show but what it got right
        shown = ~wrong
        title = f"no mistake among {len(run.test):,} test images: {run.recipe.name}"
    return plots.sheet(run.test.images(shown)[:64], columns=16, title=title)


def _walk(model: VAE, run: Run, title: str) -> Figure:
    """The line from −3 to 3, decoded; of a conditional model a row for each class."""
    if not is_conditional(model) or run.train.y.ndim == 2:
        return plots.walk(_fixed(model, run), low=-FAR, high=FAR, title=f"decoded: {title}")

    z = torch.linspace(-FAR, FAR, 15).unsqueeze(1)
    rows = {}
    for label in run.train.y.unique().tolist():
        rows[run.train.classes[label]] = model.given(label).decode(z).detach()
    # the middle one is 0 but for rounding
    values = [round(value, 1) + 0.0 for value in z.flatten().tolist()]
    ticks = [f"{value:.1f}".replace("-", "−") for value in values]
    return plots.compare(rows, title=f"decoded: {title}", ticks=ticks, xlabel="z")


def _fixed(model: VAE, run: Run) -> Any:
    """The model, at the attributes of the first test image where it is conditional."""
    return model.given(run.test.y[0]) if is_conditional(model) else model


def _latents(model: VAE, images: ImageSet, title: str) -> Figure:
    """Posterior means of test images by class: as they are, or on their two main axes."""
    means = model.encode(images.images(), _condition(model, images)).detach().cpu()
    if model.latent_dim == 2:
        return plots.latent_map(means, images.y, images.classes, title=f"posterior means: {title}")

    places, shares = _main_axes(means)
    first, second = (f"principal component {i}, {share:.0%}" for i, share in enumerate(shares, 1))
    return plots.latent_map(
        places,
        images.y,
        images.classes,
        xlabel=first,
        ylabel=second,
        title=f"posterior means: {title}",
    )


def _main_axes(z: Tensor) -> tuple[Tensor, list[float]]:
    """PCA: points (N, D) on the two axes of largest variance, (N, 2), and their shares of it."""
    centred = (z - z.mean(0)).double()
    _, sizes, axes = torch.linalg.svd(centred, full_matrices=False)
    variances = sizes.square()
    # a single image has no variance
    shares = variances[:2] / variances.sum().clamp_min(1e-12)
    places = centred @ axes[:2].T
    if places.shape[1] < 2:
        places = torch.cat([places, torch.zeros(len(z), 1)], dim=1)
        shares = torch.cat([shares, torch.zeros(1)])
    return places.float(), shares.tolist()
