"""Draw your own image: its posterior as a cloud on the map, its reconstruction beside."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..contracts import LatentVariableModel, require
from ..data import ImageSet
from ..device import device_of, evaluating
from ..errors import UserError, brief
from ..models.conditioning import is_conditional
from ..plots.images import draw as draw_images
from .axes import Axes, choose, codes_of
from .parts import check_classes, check_images_of, has_canvas, widget
from .scene import Scene, as_condition
from .walk import add_codes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# points on the map: more hide the pictures beneath
MOST_POINTS = 2000
# images that a drawing can begin with
START_IMAGES = 10
# no pad takes more pixels than a pointer can find
MOST_PIXELS = 128

CLOUD = (
    "Draw slowly and watch the cloud: each dot is a draw from the posterior of your drawing, the "
    "ellipses are its 1σ and 2σ."
)
BANDS = "Draw slowly and watch the bands: they are 1σ and 2σ of the posterior of your drawing."
POINT = (
    "Draw slowly and watch the marker: it is the code of your drawing. An autoencoder gives a "
    "point, no cloud."
)
HINT = (
    "Lines about two pixels wide look like the data. Handwritten digits of MNIST are centred by "
    "their mass: tick “centre it” for them."
)


def draw(
    model: LatentVariableModel,
    images: ImageSet | None = None,
    *,
    classes: Sequence[str] = (),
    centre: bool = False,
    name: str = "draw",
) -> Any:
    """A pad to draw on; the posterior of the drawing on the map, its reconstruction beside.

    The map is the decoded grid of the latent's two dimensions, or of the two whose codes vary most.
    Of an autoencoder, which has no variance, a point is shown.

    Args:
        model: anything with `encode` and `decode`; with `posterior` its variance is shown too.
        images: whose codes are shown on the map, and with some of which a drawing can begin.
        classes: names of the classes of a conditional model, in the order of its labels.
        centre: give the model the drawing moved so that its centre of mass is in the middle, as
            MNIST's digits are. It can be ticked on the page.
        name: of this view.
    Returns:
        A widget; `.figure()` is its static twin, `.image` the drawing, (C, H, W).
    Raises:
        UserError: a model without latents, with inf or NaN in its weights; images neither grey
            nor in colour, or of more than 128×128; classes without a condition, or a condition
            without classes; images of another size.
    """
    require(model, "encode", "decode", "latent_dim", "image_shape")
    check_can_be_drawn(model)
    check_classes(model, classes)
    codes = None
    if images is not None:
        check_images_of(model, images)
        images = images.first(min(len(images), MOST_POINTS))
        codes = codes_of(model, images)
    axes = choose(model, codes, dims=_two_dims(model, codes))

    scene = Scene(axes=axes.facts(), name=name, hint=_hint(model), centre=centre)
    scene.facts["spreads"] = hasattr(model, "posterior")
    scene.add_model(model, encoder=True)
    if classes:
        scene.facts["choices"] = list(classes)
    if images is not None and codes is not None:
        _add_images(scene, axes, images, codes)

    def encode(question: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        return _encode(model, question), []

    def figure() -> Figure:
        return _figure(model, axes, images, codes, classes)

    if not has_canvas():
        return widget("draw", scene, figure=figure)
    from .standing import DrawCanvas

    return DrawCanvas(scene, figure=figure, encode=encode)


def check_can_be_drawn(model: Any) -> None:
    """Refuse a model whose images cannot be drawn with a pointer.

    Raises:
        UserError: images neither grey nor in colour, or too large.
    """
    channels, height, width = model.image_shape
    if channels not in (1, 3) or max(height, width) > MOST_PIXELS:
        raise UserError(
            "images must be grey or in colour and at most "
            f"{MOST_PIXELS}×{MOST_PIXELS} to be drawn, got a model of "
            f"{tuple(model.image_shape)}; use walk for it"
        )


def _hint(model: Any) -> str:
    """What one sees, and how to draw."""
    if not hasattr(model, "posterior"):
        return f"{POINT} {HINT}"
    return f"{CLOUD if model.latent_dim > 1 else BANDS} {HINT}"


def _two_dims(model: Any, codes: Tensor | None) -> list[int]:
    """The dimensions of the map: those whose codes vary most."""
    if codes is None or model.latent_dim <= 2 or len(codes) < 2:
        return list(range(min(2, model.latent_dim)))
    return codes.var(0).argsort(descending=True)[:2].tolist()


def _add_images(scene: Scene, axes: Axes, images: ImageSet, codes: Tensor) -> None:
    """The codes on the map, and a few images to begin with."""
    add_codes(scene, axes, images, codes)
    labels = images.y if scene.facts["classes"] else None
    rows = _rows_to_start_from(images)
    scene.add_images("start", images.images(rows), None if labels is None else labels[rows])


def _rows_to_start_from(images: ImageSet) -> Tensor:
    """The first image of each class, or the first images."""
    if not images.labelled or images.y.ndim != 1:
        return torch.arange(min(START_IMAGES, len(images)))
    found = [int((images.y == label).nonzero()[0]) for label in images.y.unique()]
    return torch.tensor(found[:START_IMAGES])


def _encode(model: Any, question: Mapping[str, Any]) -> dict[str, Any]:
    """Mean and log-variance of a drawing, for a page that cannot compute the encoder."""
    shape = tuple(model.image_shape)
    pixels = torch.tensor(question["pixels"], dtype=torch.float32)
    if pixels.numel() != torch.Size(shape).numel():
        raise UserError(f"pixels must be one image of {shape}, got {brief(pixels)}")
    image = pixels.reshape(1, *shape).div(255).to(device_of(model))
    mean, log_var = _posterior(model, image, question["label"])
    return {"mean": mean.tolist(), "log_var": [] if log_var is None else log_var.tolist()}


def _posterior(model: Any, image: Tensor, label: Any) -> tuple[Tensor, Tensor | None]:
    """Mean and log-variance (D,) of one image (1, C, H, W); None without a variance."""
    c = as_condition(model, label)
    with evaluating(model):
        if not hasattr(model, "posterior"):
            return model.encode(image, c)[0].cpu(), None
        mean, log_var = model.posterior(image, c)
    return mean[0].cpu(), log_var[0].cpu()


def _figure(
    model: Any,
    axes: Axes,
    images: ImageSet | None,
    codes: Tensor | None,
    classes: Sequence[str],
) -> Figure:
    """A drawing, its reconstruction, and its posterior among the codes."""
    from ..plots.style import figure

    image, label = _drawing(model, images)
    mean, log_var = _posterior(model, image.to(device_of(model)), label)
    with evaluating(model):
        rebuilt = model.decode(mean[None].to(device_of(model)), as_condition(model, label)).cpu()
    fig, (left, middle, right) = figure(9, 3.2, columns=3)
    for ax, picture, title in ((left, image, "drawn"), (right, rebuilt, "rebuilt")):
        draw_images(ax, picture, 1)
        ax.set_title(title)
        ax.set_axis_off()
    _draw_map(middle, axes, images, codes, mean, log_var)
    return fig


def _drawing(model: Any, images: ImageSet | None) -> tuple[Tensor, Any]:
    """What the static twin shows: the first image, or a line from top to bottom; and its label."""
    if images is not None:
        label = images.y[0].tolist() if is_conditional(model) else 0
        return images.images(slice(0, 1)), label
    channels, height, width = model.image_shape
    image = torch.zeros(1, channels, height, width)
    image[..., height // 6:height - height // 6, width // 2 - 1:width // 2 + 1] = 1.0
    attributes = is_conditional(model) and model.condition.kind == "attributes"
    return image, [0] * model.condition.size if attributes else 0


def _draw_map(
    ax: Any,
    axes: Axes,
    images: ImageSet | None,
    codes: Tensor | None,
    mean: Tensor,
    log_var: Tensor | None,
) -> None:
    """Codes by class, and the posterior as ellipses of 1 and 2 standard deviations."""
    from matplotlib.patches import Ellipse

    from ..plots.style import CLASSES

    def plane(latents: Tensor) -> Tensor:
        places = axes.places(latents)
        return torch.cat([places, torch.zeros_like(places)], 1)[:, :2]

    if images is not None and codes is not None:
        labels = images.y if images.labelled and images.y.ndim == 1 else torch.zeros(len(codes))
        colours = [CLASSES[int(label) % len(CLASSES)] for label in labels]
        ax.scatter(*plane(codes).T, s=3, c=colours)
    centre = plane(mean[None])[0].tolist()
    ax.plot(*centre, "k+", markersize=14)
    if log_var is not None:
        sigma = plane(axes.origin[None] + log_var.mul(0.5).exp()[None])[0].tolist()
        for times in (1, 2):
            width, height = (2 * times * each for each in sigma)
            ax.add_patch(Ellipse((centre[0], centre[1]), width, height, fill=False))
    ax.set_xlabel(axes.names[0])
    ax.set_ylabel(axes.names[1] if len(axes.names) > 1 else "")
    ax.set_title("its posterior")
