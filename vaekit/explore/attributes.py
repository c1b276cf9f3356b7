"""Attributes by hand: one control for each, and what it changes in every image at once."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..contracts import Decoder, require
from ..data import ImageSet
from ..device import device_of, evaluating, seeded, standard_normal
from ..errors import UserError, at_least
from ..models.conditioning import Attributes, is_conditional, labels_of
from ..plots.images import compare
from .axes import codes_of
from .parts import check_classes, check_images_of, widget
from .scene import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# directions that one can find one's way among
MOST_DIRECTIONS = 40
# rows of the static twin
MOST_ROWS = 8


def attributes(
    model: Decoder,
    names: Sequence[str] = (),
    images: ImageSet | None = None,
    *,
    directions: Mapping[str, Tensor] | None = None,
    continuous: bool = False,
    classes: Sequence[str] = (),
    n: int = 8,
    seed: int = 0,
    scale: int = 5,
) -> Any:
    """A control for each attribute; images before and after stand side by side.

    A model with the condition `Attributes` has a toggle for each of them, at the same latents. Any
    model can be given directions of its latent space, each with a dial of −1, 0 and +1: so much of
    the direction is added to every latent.

    Args:
        model: anything with `decode` and `latent_dim`.
        names: of the attributes, in the order of the model's condition; if left out the classes
            of `images`, or numbers.
        images: the first n are encoded, and are what the controls change; without them latents
            drawn from N(0, I). The model then needs `encode`.
        directions: {name: vector (latent_dim,)}, as the difference of two means of codes.
        continuous: dials that move freely between −1 and +1.
        classes: names of the classes of a model with classes, in the order of its labels.
        n: images in the row.
        seed: of the first latents.
        scale: CSS pixels per pixel of the chosen image.
    Returns:
        A widget; `.figure()` is its static twin.
    Raises:
        UserError: neither attributes nor directions, a wrong number of names, directions of
            another length or with inf or NaN, images of another size.
    """
    require(model, "decode", "latent_dim", "image_shape")
    n = at_least("n", n, 1, 100)
    scale = at_least("scale", scale, 1, 100)
    names = _names_of(model, names, images)
    vectors = _directions_of(model, directions)
    if not names and not vectors:
        raise UserError(
            "model must have the condition Attributes, or be given directions={name: vector}; "
            "got a model without attributes, and no directions"
        )
    if not names:
        check_classes(model, classes)

    scene = Scene(toggles=names, dials=list(vectors), continuous=continuous, scale=scale)
    scene.add_model(model)
    scene.facts["choices"] = [] if names else list(classes)
    latents, labels = _drawn(model, n, seed)
    scene.facts["drawn"] = _as_list(labels)
    if images is not None:
        check_images_of(model, images)
        images = images.first(min(len(images), n))
        latents, labels = codes_of(model, images), labels_of(model, images)
        scene.add_images("images", images.images())
    scene.facts["labels"] = _as_list(labels)
    scene.add_numbers("latents", latents)
    if vectors:
        scene.add_numbers("directions", torch.stack(list(vectors.values())))
    return widget(
        "attributes",
        scene,
        figure=lambda: _figure(model, names, vectors, latents, labels),
    )


def _drawn(model: Any, n: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """Latents of no image, with no attribute each, or with one class after the other."""
    latents = standard_normal((n, model.latent_dim), seeded(seed))
    if not is_conditional(model):
        return latents, None
    size = model.condition.size
    if isinstance(model.condition, Attributes):
        return latents, torch.zeros(n, size, dtype=torch.int64)
    return latents, torch.arange(n) % size


def _as_list(labels: Tensor | None) -> list[Any] | None:
    return None if labels is None else labels.tolist()


def _names_of(model: Any, names: Sequence[str], images: ImageSet | None) -> list[str]:
    """The names of a model's attributes; none if it has none."""
    if not is_conditional(model) or not isinstance(model.condition, Attributes):
        if names:
            raise UserError(
                "names are those of a model with the condition Attributes, which this one has "
                "not; leave them out, or pass directions"
            )
        return []
    size = model.condition.size
    if not names and images is not None:
        names = images.classes
    if not names:
        return [f"attribute {k + 1}" for k in range(size)]
    if len(names) != size:
        raise UserError(f"names must be one for each of {size} attributes, got {len(names)}")
    return list(names)


def _directions_of(model: Any, directions: Mapping[str, Tensor] | None) -> dict[str, Tensor]:
    if directions is None:
        return {}
    if not 1 <= len(directions) <= MOST_DIRECTIONS:
        raise UserError(
            f"directions must be 1 … {MOST_DIRECTIONS}, got {len(directions)}; "
            "pass {name: vector}"
        )
    for name, vector in directions.items():
        if tuple(vector.shape) != (model.latent_dim,) or vector.is_complex():
            raise UserError(
                f"the direction {name!r} must be real, of shape ({model.latent_dim},), "
                f"got {vector.dtype} of shape {tuple(vector.shape)}"
            )
        if not bool(torch.isfinite(vector).all()):
            raise UserError(f"the direction {name!r} must be finite, got inf or NaN")
    return {name: vector.detach().cpu().float() for name, vector in directions.items()}


def _figure(
    model: Any,
    names: Sequence[str],
    directions: Mapping[str, Tensor],
    latents: Tensor,
    labels: Tensor | None,
) -> Figure:
    """The images before, then with each attribute or direction alone."""
    rows = {"before": _decoded(model, latents, labels)}
    for k, name in enumerate(names[:MOST_ROWS]):
        # only a model with attributes has names for them
        assert labels is not None
        changed = labels.clone()
        changed[:, k] = 1
        rows[f"{name} on"] = _decoded(model, latents, changed)
    for name, vector in list(directions.items())[: MOST_ROWS // 2]:
        for sign, amount in (("−1", -1), ("+1", 1)):
            rows[f"{name} {sign}"] = _decoded(model, latents + amount * vector, labels)
    return compare(rows, title="One change at a time")


def _decoded(model: Any, z: Tensor, labels: Tensor | None) -> Tensor:
    device = device_of(model)
    c = None if labels is None else labels.to(device)
    with evaluating(model):
        decoded: Tensor = model.decode(z.to(device), c)
    return decoded
