"""A map of images by their codes, that one can ask: what lies here, and what between these two?"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..contracts import Decoder, require
from ..data import ImageSet
from ..errors import UserError, at_least, brief
from ..models.conditioning import is_conditional
from ..plots.maps import latent_map
from .axes import codes_of
from .parts import check_images_of, widget
from .scene import Scene
from .tsne import check_perplexities, tsne_maps

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# more points than these hide one another, and their pictures make the page heavy
MOST_SHOWN = 20_000
# models that one slider goes through
MOST_MODELS = 40


def tsne_map(
    model: Decoder | Mapping[Any, Decoder],
    images: ImageSet,
    *,
    perplexities: Sequence[float] | None = None,
    limit: int = 2000,
    row: str = "β",
    name: str = "walk",
    seed: int = 0,
    progress: bool = True,
) -> Any:
    """The images as points: where their codes lie, if these have two dimensions, else by t-SNE.

    A point under the hand shows its image and reconstruction; two that are clicked are
    interpolated. t-SNE is computed ahead, and kept in the user's cache.

    Args:
        model: anything with `encode`, `decode` and `latent_dim`; or a row of them, {β: model} or
            {epoch: model}, which a slider goes through: each t-SNE then starts from the one before.
        images: whose codes are shown.
        perplexities: of t-SNE; of 5, 15, 30, 50, 100 those that the images are enough for if left
            out. Given for codes of two dimensions, t-SNE is shown of them too.
        limit: how many images, the first ones.
        row: what the slider over the models is called.
        name: of the `walk` whose place is marked.
        seed: of t-SNE.
        progress: a bar while t-SNE is computed.
    Returns:
        A widget; `.figure()` is its static twin.
    Raises:
        UserError: no models, models of images of different sizes, one without `encode` or
            `decode` or with inf or NaN in its weights; images of another size; too few images for
            a perplexity.
    """
    models = _models(model)
    for each in models.values():
        check_images_of(each, images)
    images = images.first(at_least("limit", limit, 2, MOST_SHOWN))
    flat = perplexities is None and all(each.latent_dim == 2 for each in models.values())
    chosen = [] if flat else check_perplexities(perplexities, len(images))

    scene = Scene(name=name, row=row, stops=[str(key) for key in models], flat=flat)
    scene.facts["perplexities"] = [f"{each:g}" for each in chosen]
    scene.facts["classes"] = _classes(images)
    labels = _labels(images)
    scene.add_images("images", images.images(), labels)
    if any(is_conditional(each) for each in models.values()):
        scene.facts["conditions"] = images.y.tolist()

    first: Tensor | None = None
    maps: list[Tensor] | None = None
    for k, each in enumerate(models.values()):
        codes = codes_of(each, images)
        maps = [codes] if flat else tsne_maps(
            codes, chosen, start=maps, seed=seed, progress=progress
        )
        first = maps[len(maps) // 2] if first is None else first
        scene.add_model(each)
        scene.add_numbers(f"codes {k}", codes)
        for p, places in enumerate(maps):
            scene.add_points(f"map {k} {p}", places, labels)
    assert first is not None
    twin = first
    title = "Codes" if flat else f"t-SNE of the codes, perplexity {chosen[len(chosen) // 2]:g}"
    return widget("map", scene, figure=lambda: _figure(twin, labels, images, title, flat))


def _models(model: Any) -> dict[Any, Any]:
    """The models by what distinguishes them, one without a name."""
    models = dict(model) if isinstance(model, Mapping) else {"": model}
    at_least("the number of models", len(models), 1, MOST_MODELS)
    for each in models.values():
        require(each, "encode", "decode", "latent_dim", "image_shape")
    shapes = {tuple(each.image_shape) for each in models.values()}
    if len(shapes) > 1:
        raise UserError(
            f"the models must take images of one size, got {brief(sorted(shapes))}; "
            "make a map of each"
        )
    return models


def _classes(images: ImageSet) -> list[str]:
    """The names of the classes; none where there are attributes, of which an image has several."""
    return list(images.classes) if images.labelled and images.y.ndim == 1 else []


def _labels(images: ImageSet) -> Tensor | None:
    return images.y if _classes(images) else None


def _figure(
    places: Tensor, labels: Tensor | None, images: ImageSet, title: str, flat: bool
) -> Figure:
    """The map as it opens, coloured by class."""
    names = list(images.classes)
    if labels is None:
        labels = torch.zeros(len(places), dtype=torch.long)
        names = [images.name]
    # the axes of a t-SNE mean nothing
    across, up = ("z₁", "z₂") if flat else ("", "")
    return latent_map(
        places, labels, names, title=title, xlabel=across, ylabel=up, densest=not flat
    )
