"""From one image to another through latent space, along a line or along an arc."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..contracts import Decoder, require
from ..data import ImageSet
from ..device import device_of, evaluating, seeded, standard_normal
from ..errors import UserError, at_least, brief, check_seed
from ..models.autoencoder import Autoencoder
from ..models.conditioning import is_conditional
from ..models.diffusion import Diffusion
from ..plots.images import compare
from .axes import codes_of
from .between import Between
from .parts import check_classes, check_images_of, widget
from .portable import refuse_bad_weights
from .scene import Scene, as_condition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# pictures in the strip beneath
COLUMNS = 9
# images to choose among
MOST_ENDS = 200
DDIM = "the page cannot compute DDIM, which only a kernel does; use the widget in a notebook"


@dataclass(frozen=True)
class Ends:
    """What one chooses from.

    Attributes:
        latents: (K, …).
        pictures: (K, C, H, W) in [0, 1].
        labels: of a conditional model's images, (K,) or (K, A); else None.
        a, b: positions of the first pair.
        drawn: the latents are draws from N(0, I), not codes of images.
    """

    latents: Tensor
    pictures: Tensor
    labels: Tensor | None
    a: int
    b: int
    drawn: bool


def interpolate(
    model: Decoder | Diffusion,
    images: ImageSet | None = None,
    a: int | Tensor = 0,
    b: int | Tensor = 1,
    *,
    classes: Sequence[str] = (),
    spherical: bool | None = None,
    steps: int = 10,
    limit: int = 12,
    seed: int = 0,
    scale: int = 7,
) -> Any:
    """Two images chosen from a strip, a slider from one to the other, and nine pictures between.

    The way between their latents is a line or an arc (`between.slerp`).

    Args:
        model: anything with `decode` and `latent_dim`, or `Diffusion`, whose latents are the noise
            x_T that DDIM (eta = 0) makes an image of.
        images: to choose from; then the latents are their codes, and the model needs `encode`.
            Left out, one chooses from the model's own pictures of draws from N(0, I).
        a, b: the first pair: a position in `images` or among the draws, or an image (C, H, W).
        classes: names of the classes of a conditional model, in the order of its labels.
        spherical: begin with the arc; if left out, with the line between codes of images, and with
            the arc between draws.
        steps: of DDIM.
        limit: how many images to choose from: the first ones, and a and b.
        seed: of the draws.
        scale: CSS pixels per pixel of the image.
    Returns:
        A widget; `.figure()` is its static twin: line and arc, where they differ.
    Raises:
        UserError: a model that neither decodes nor denoises, or with inf or NaN in its weights;
            images for a model without `encode`, of another size, none for an autoencoder; an a or
            b that there is not, an image without `encode` or for a conditional model; steps that
            the model does not have; classes without a condition, or a condition without classes.
    """
    decode = _decoding(model, steps)
    refuse_bad_weights(model)
    check_classes(model, classes)
    scale = at_least("scale", scale, 1, 100)
    limit = at_least("limit", limit, 2, MOST_ENDS)
    check_seed(seed)
    if images is None and not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        ends = _drawn(model, decode, a, b, limit, seed)
    else:
        ends = _encoded(model, images, a, b, limit)
    if spherical is None:
        spherical = ends.drawn

    label = _first_label(model, ends)
    between = Between(model, ends.latents, decode)
    scene = Scene(a=ends.a, b=ends.b, spherical=spherical, label=label, scale=scale)
    scene.facts["drawn"] = ends.drawn
    scene.facts["choices"] = list(classes)
    scene.facts["has_attributes"] = isinstance(label, list)
    scene.add_images("ends", ends.pictures)
    return _shown(model, scene, between)


def _shown(model: Any, scene: Scene, between: Between) -> Any:
    """The widget: with the decoder and the latents, or with the first nine pictures."""
    facts = scene.facts
    a, b, label = facts["a"], facts["b"], facts["label"]
    if hasattr(model, "decode"):
        scene.add_model(model)
        scene.add_numbers("latents", between.ends)
        # in one dimension there is no way but the line
        facts["has_arc"] = model.latent_dim > 1
    else:
        facts["has_arc"] = True
    if not (scene.models and facts["models"][0]["decoder"]):
        # so that a page without a kernel is not empty
        first = between.pictures(a, b, _places(), spherical=facts["spherical"], label=label)
        scene.add_images("first", first.float() / 255)
    answers = {"between": between.answer, "ends": between.answer_ends}
    return widget(
        "interpolate",
        scene,
        figure=lambda: _figure(between, a, b, label),
        answers=answers,
        needs_kernel="" if scene.models else DDIM,
    )


def _decoding(model: Any, steps: int) -> Callable[[Tensor, Any], Tensor]:
    """(latents, c) → images, of a decoder or of DDIM."""
    at_least("steps", steps, 1)
    if not isinstance(model, Diffusion):
        require(model, "decode", "latent_dim", "image_shape")
        return lambda z, c: model.decode(z.to(device_of(model)), c)
    steps = at_least("steps", steps, 1, model.steps)
    return lambda z, c: model.sample(len(z), c, x_T=z, steps=steps, eta=0.0)


def _drawn(
    model: Any, decode: Callable[[Tensor, Any], Tensor], a: Any, b: Any, limit: int, seed: int
) -> Ends:
    """Draws from N(0, I), and what the model makes of them."""
    if isinstance(model, Autoencoder):
        raise UserError(
            "images must be given for an autoencoder, which has no prior to draw from, got None"
        )
    for name, end in (("a", a), ("b", b)):
        if isinstance(end, Tensor):
            raise UserError(
                f"{name} must be a position among the draws where no images are given, "
                "got an image; pass images, or both a and b as images"
            )
        at_least(name, end, 0, limit - 1)
    is_flat = hasattr(model, "decode")
    shape = (model.latent_dim,) if is_flat else tuple(model.image_shape)
    z = standard_normal((limit, *shape), seeded(seed))
    with evaluating(model):
        pictures = decode(z, as_condition(model, _blank(model)))
    return Ends(z, pictures.clamp(0, 1).cpu(), None, int(a), int(b), drawn=True)


def _encoded(
    model: Any, images: ImageSet | None, a: int | Tensor, b: int | Tensor, limit: int
) -> Ends:
    """Images and their codes."""
    if not hasattr(model, "encode"):
        raise UserError(
            f"images cannot be given to {type(model).__name__}, which has no encode; leave them "
            "out, to choose among the model's own pictures"
        )
    chosen: list[ImageSet] = []
    order: list[int] = []
    if images is not None:
        check_images_of(model, images)
        order = list(range(min(limit, len(images))))
    positions = []
    for name, end in (("a", a), ("b", b)):
        if isinstance(end, Tensor):
            chosen.append(_one_image(model, name, end))
            # behind those of the set, whose number is not known yet
            positions.append(-len(chosen))
        elif images is not None:
            at_least(name, end, 0, len(images) - 1)
            if end not in order:
                order.append(end)
            positions.append(order.index(end))
        else:
            raise UserError(f"{name} must be an image where no images are given, got {end}")
    return _joined(model, images, order, chosen, positions)


def _joined(
    model: Any,
    images: ImageSet | None,
    order: list[int],
    chosen: list[ImageSet],
    positions: list[int],
) -> Ends:
    """The ends from positions in a set and images beside it; −1 is the first of those."""
    pictures = [each.images() for each in chosen]
    codes = [codes_of(model, each) for each in chosen]
    labels = None
    if images is not None:
        index = torch.tensor(order, device=images.x.device)
        part = replace(
            images, x=images.x[index], y=images.y[index], factors=None, factor_names=()
        )
        pictures.insert(0, part.images())
        codes.insert(0, codes_of(model, part))
        labels = part.y if is_conditional(model) else None
    a, b = (p if p >= 0 else len(order) - p - 1 for p in positions)
    return Ends(torch.cat(codes), torch.cat(pictures), labels, a, b, drawn=False)


def _one_image(model: Any, name: str, image: Tensor) -> ImageSet:
    if is_conditional(model):
        raise UserError(
            f"{name} must be a position in images for a conditional model, which encodes an image "
            f"with its label, got an image {brief(image)}"
        )
    single = ImageSet(image[None] if image.ndim == 3 else image, torch.zeros(1, 0), classes=())
    check_images_of(model, single)
    return single


def _blank(model: Any) -> int | list[float]:
    """The label that one begins with where no image says another: the first class, no attribute."""
    if is_conditional(model) and model.condition.kind == "attributes":
        return [0.0] * int(model.condition.size)
    return 0


def _first_label(model: Any, ends: Ends) -> Any:
    """The label of a, as the page can hold it."""
    return _blank(model) if ends.labels is None else ends.labels[ends.a].tolist()


def _places() -> list[float]:
    return torch.linspace(0, 1, COLUMNS).tolist()


def _figure(between: Between, a: int, b: int, label: Any) -> Figure:
    """Nine pictures along the line, and along the arc if they differ from those."""
    rows: dict[str, Tensor] = {}
    for name, spherical in (("line", False), ("arc", True)):
        pixels = between.pictures(a, b, _places(), spherical=spherical, label=label)
        if not rows or not torch.equal(rows["line"], pixels):
            rows[name] = pixels
    if len(rows) == 1:
        rows = {"decoded": rows["line"]}
    images = {name: pixels.float() / 255 for name, pixels in rows.items()}
    ticks = [f"{t:g}" for t in _places()]
    return compare(images, title="From one to the other", ticks=ticks, xlabel="t")
