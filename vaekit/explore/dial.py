"""One slider through models that differ in one setting, β say: same latents, same images."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..contracts import require
from ..data import ImageSet
from ..device import device_of, evaluating, seeded, standard_normal
from ..errors import UserError, at_least, brief
from ..models.conditioning import is_conditional, labels_of
from ..plots.images import compare
from .axes import choose, codes_of
from .parts import check_classes, check_images_of, widget
from .scene import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# points on the map of each model: more hide the pictures beneath
MOST_POINTS = 1000
MOST_MODELS = 40


def dial(
    models: Mapping[float | str, Any],
    images: ImageSet | None = None,
    *,
    label: str = "β",
    captions: Mapping[float | str, str] | None = None,
    low: float | Sequence[float] | None = None,
    high: float | Sequence[float] | None = None,
    n: int = 8,
    seed: int = 0,
    classes: Sequence[str] = (),
    scale: int = 5,
    name: str = "dial",
) -> Any:
    """One slider through models that were trained with different β, or another setting.

    Of two latent dimensions the map of the model is shown, whose marker keeps its z while β moves;
    of any other number a row of the same latents. Beneath are the same images and what each model
    makes of them.

    Args:
        models: what the slider stops at → a model; two or more, alike but for their weights.
        images: the first n are shown with their reconstructions, and more as points of the map;
            then the models need `encode`.
        label: name of the slider.
        captions: a line of text for each stop, "distortion 120, rate 5.1 nats per image" say.
        low, high: ends of the map, a number or one for each axis; ±3 without images.
        n: images and latents in a row.
        seed: of the latents in a row.
        classes: names of the classes of conditional models, in the order of their labels.
        scale: CSS pixels per pixel of the decoded image.
        name: by which a `tsne_map` marks where the marker stands.
    Returns:
        A widget; `.figure()` is its static twin.
    Raises:
        UserError: fewer than two models, models without latents or of different shapes, captions
            for other stops, images of another size; classes without a condition, or a condition
            without classes.
    """
    n = at_least("n", n, 1, 100)
    scale = at_least("scale", scale, 1, 100)
    _check(models, captions, classes)
    first = next(iter(models.values()))
    latents = _latents(first.latent_dim, n, seed)

    scene = Scene(label=label, stops=[_stop(each) for each in models], scale=scale, name=name)
    scene.facts["captions"] = [(captions or {}).get(stop, "") for stop in models]
    scene.facts["choices"] = list(classes)
    scene.facts["count"] = n
    scene.add_numbers("latents", latents)
    for stop, model in models.items():
        scene.add_model(model, _stop(stop))
    shown = None
    codes = None
    if images is not None:
        check_images_of(first, images)
        images = images.first(min(len(images), MOST_POINTS))
        shown = images.first(min(len(images), n))
        codes = [codes_of(model, images) for model in models.values()]
        _add_codes(scene, codes, images, shown)
    if first.latent_dim == 2:
        together = None if codes is None else torch.cat(codes)
        axes = choose(first, together, dims=2, low=low, high=high)
        scene.facts["axes"] = axes.facts()
    return widget("dial", scene, figure=lambda: _figure(models, label, latents, shown, classes))


def _add_codes(
    scene: Scene, codes: Sequence[Tensor], images: ImageSet, shown: ImageSet
) -> None:
    """Add the images to show, and each model's codes: of these, and of all as points of a map."""
    has_classes = images.labelled and images.y.ndim == 1
    scene.facts["classes"] = list(images.classes) if has_classes else []
    is_conditional = bool(scene.facts["choices"])
    scene.add_images("images", shown.images(), shown.y if is_conditional else None)
    for index, each in enumerate(codes):
        scene.add_numbers(f"codes{index}", each[: len(shown)])
        if each.shape[1] == 2:
            scene.add_points(f"points{index}", each, images.y if has_classes else None)


def _stop(stop: float | str) -> str:
    return f"{stop:g}" if isinstance(stop, Real) else str(stop)


def _latents(latent_dim: int, n: int, seed: int) -> Tensor:
    """A row from end to end of one dimension, else draws of N(0, I)."""
    if latent_dim == 1:
        return torch.linspace(-3, 3, n)[:, None]
    return standard_normal((n, latent_dim), seeded(seed))


def _check(
    models: Mapping[float | str, Any],
    captions: Mapping[float | str, str] | None,
    classes: Sequence[str],
) -> None:
    if not 2 <= len(models) <= MOST_MODELS:
        raise UserError(
            f"models must be 2 … {MOST_MODELS} models for the slider to stop at, "
            f"got {len(models)}; pass {{0.1: model, 1: model, …}}"
        )
    sizes = set()
    for stop, model in models.items():
        require(model, "decode", "latent_dim", "image_shape")
        if is_conditional(model) and model.condition.kind == "attributes":
            raise UserError(
                f"the model at {brief(stop)} takes attributes, and a dial has classes only; "
                "use explore.attributes for each model"
            )
        check_classes(model, classes)
        sizes.add((int(model.latent_dim), tuple(model.image_shape)))
    if len(sizes) > 1:
        found = "; ".join(f"{latent_dim} latents, {shape}" for latent_dim, shape in sorted(sizes))
        raise UserError(
            f"models must have one latent_dim and one image_shape, got {found}; "
            "pass models that differ in their weights only"
        )
    if captions is not None and set(captions) != set(models):
        stops = ", ".join(_stop(stop) for stop in models)
        raise UserError(f"captions are needed for the slider's own stops, {stops}")


def _figure(
    models: Mapping[float | str, Any],
    label: str,
    latents: Tensor,
    images: ImageSet | None,
    classes: Sequence[str],
) -> Figure:
    """One row for each model: its reconstructions, or without images the same latents."""
    rows: dict[str, Tensor | ImageSet] = {}
    if images is not None:
        rows["image"] = images
    for stop, model in models.items():
        device = device_of(model)
        with evaluating(model):
            if images is None:
                pictures = model.decode(latents.to(device), 0 if classes else None)
            else:
                c = labels_of(model, images)
                c = None if c is None else c.to(device)
                pictures = model.decode(codes_of(model, images).to(device), c)
        rows[f"{label} = {_stop(stop)}"] = pictures
    what = "latents" if images is None else "images"
    return compare(rows, title=f"The same {what} through models of different {label}")
