"""Diffusion by hand: how many steps, how much guidance, and what each step makes of the noise."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..contracts import require
from ..device import evaluating, seeded, standard_normal
from ..errors import UserError, at_least
from ..models.diffusion import Diffusion, Step, times, to_images
from ..plots.images import compare
from .parts import check_classes, widget
from .plain.denoise import Denoise
from .scene import Scene

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# trajectories that the kernel keeps: 50 steps of 6 images of 28×28 are half a megabyte
MOST_KEPT = 24
# more than a page should carry
MOST_BYTES = 8_000_000
NOT_CARRIED = (
    "the page lacks trajectories, which only a kernel computes; pass ahead=True to denoise"
)
# columns and images of the static twin
COLUMNS = 10
EXAMPLES = 2

# class (None for an unconditional model), steps, guidance
Settings = tuple[int | None, int, float | None]


def denoise(
    model: Diffusion,
    *,
    classes: Sequence[str] = (),
    steps: Sequence[int] = (5, 10, 20, 50),
    guidance: Sequence[float] = (0, 1, 2, 4, 8),
    n: int = 6,
    seed: int = 0,
    scale: int = 4,
    ahead: bool = False,
) -> Any:
    """Sliders over the number of steps, the guidance, and the way from noise to image.

    The upper row is x_t, the lower one the model's estimate of the image at that moment. The kernel
    computes a trajectory when it is first asked for, and each step is shown as soon as it is there.

    Args:
        model: a `diffusion.Diffusion`.
        classes: names of the classes of a conditional model, in the order of its labels; an
            unconditional one has neither these nor guidance.
        steps, guidance: what their sliders stop at. Steps begin at the fewest, whose pictures are
            there first, guidance in the middle.
        n: images per row.
        seed: of the noise that they all start from.
        scale: CSS pixels per pixel.
        ahead: compute the trajectories of all stops and classes now, and not only the first, so
            that a page without a kernel shows them too.
    Returns:
        A widget; `.figure()` is its static twin.
    Raises:
        UserError: classes without a condition, or a condition without classes; no stops, or stops
            that the model does not have; more pictures ahead than a page should carry.
    """
    require(model, "trajectory", "image_shape", "steps")
    check_classes(model, classes)
    scale = at_least("scale", scale, 1, 100)
    if not steps or not guidance:
        raise UserError(
            "a slider needs stops: at least one number of steps and one guidance, got none"
        )
    noise = standard_normal((at_least("n", n, 1, 100), *model.image_shape), seeded(seed))
    trajectories = _Trajectories(model, noise)
    weights = list(guidance) if classes else [None]
    # a stop that the model does not have is an error now, and not when it is first chosen
    for number, weight in product(steps, weights):
        trajectories.start((0 if classes else None, number, weight))

    first: Settings = (0 if classes else None, min(steps), weights[len(weights) // 2])
    scene = Scene(scale=scale, classes=list(classes), steps=list(steps), guidance=weights)
    scene.facts |= {
        "image_shape": [int(size) for size in model.image_shape],
        "count": n,
        "times": {str(number): times(model.steps, number) for number in steps},
        "total": model.steps,
        "first": first,
    }
    everything = list(product(range(len(classes)) if classes else [None], steps, weights))
    _carry(scene, trajectories, everything if ahead else [first])
    carries_all = ahead or len(everything) == 1
    return widget(
        "denoise",
        scene,
        figure=lambda: _figure(model, trajectories, first, n),
        answers={"step": trajectories.answer},
        needs_kernel="" if carries_all else NOT_CARRIED,
        plain=lambda: Denoise(
            model, classes=classes, steps=steps, guidance=guidance, n=n, seed=seed, scale=scale
        ),
    )


class _Trajectories:
    """Pictures of trajectories that start from the same noise, each step computed once.

    The page asks for one step at a time. So nothing is computed that it no longer wants, and
    between two steps the kernel can do other things.
    """

    def __init__(self, model: Diffusion, noise: Tensor):
        self.model = model
        self.noise = noise
        # the steps to come, and the pictures of those that were
        self.kept: OrderedDict[Settings, tuple[Iterator[Step], list[bytes]]] = OrderedDict()

    def start(self, settings: Settings) -> Iterator[Step]:
        """The steps of a trajectory; its settings are checked at once, nothing is computed yet."""
        label, steps, guidance = settings
        return self.model.trajectory(self.noise, label, steps=steps, guidance=guidance)

    def answer(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """The pictures of one step, for the page."""
        settings = (question["label"], question["steps"], question["guidance"])
        number = at_least("step", question["step"], 0, question["steps"] - 1)
        return {}, [self.pictures(settings, number)]

    def pictures(self, settings: Settings, number: int) -> bytes:
        """A step's x_t of all images, then their estimates: pixels in 0 … 255."""
        if settings not in self.kept:
            self.kept[settings] = (self.start(settings), [])
        self.kept.move_to_end(settings)
        if len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)
        path, pictures = self.kept[settings]
        try:
            with evaluating(self.model):
                while len(pictures) <= number:
                    pictures.append(_pixels(next(path)))
        except BaseException:
            # a generator that was interrupted does not go on
            del self.kept[settings]
            raise
        return pictures[number]


def _pixels(step: Step) -> bytes:
    images = to_images(torch.cat([step.x_t, step.x0]).float())
    return images.mul(255).round().to(torch.uint8).cpu().contiguous().numpy().tobytes()


def _carry(scene: Scene, trajectories: _Trajectories, settings: Sequence[Settings]) -> None:
    """Put whole trajectories into the scene."""
    noise = trajectories.noise
    size = sum(2 * noise.numel() * number for _, number, _ in settings)
    if size > MOST_BYTES and len(settings) > 1:
        raise UserError(
            f"ahead=True would put {size / 1e6:.0f} MB of pictures into the page, and at most "
            f"{MOST_BYTES / 1e6:.0f} MB are sensible; pass fewer steps, guidance or n"
        )
    carried = []
    for index, each in enumerate(settings):
        pictures = [trajectories.pictures(each, number) for number in range(each[1])]
        scene.buffers[f"trajectory{index}"] = b"".join(pictures)
        carried.append({"settings": each, "buffer": f"trajectory{index}"})
    scene.facts["carried"] = carried


def _figure(model: Diffusion, trajectories: _Trajectories, settings: Settings, n: int) -> Figure:
    """The first images on their way, from left to right."""
    path = times(model.steps, settings[1])
    columns = min(COLUMNS, len(path))
    shown = [round(k) for k in torch.linspace(0, len(path) - 1, columns).tolist()]
    steps = []
    for number in shown:
        pixels = bytearray(trajectories.pictures(settings, number))
        shape = (2, n, *model.image_shape)
        steps.append(torch.frombuffer(pixels, dtype=torch.uint8).reshape(shape) / 255)
    both = torch.stack(steps, 2)
    rows = {}
    for image in range(min(EXAMPLES, n)):
        rows[f"xₜ of image {image + 1}"] = both[0, image]
        rows[f"estimate of image {image + 1}"] = both[1, image]
    return compare(
        rows,
        title=f"From noise to image in {settings[1]} steps",
        ticks=[str(path[number]) for number in shown],
        xlabel="t",
    )
