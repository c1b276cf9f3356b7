"""Diffusion by hand: how many steps, how much guidance, and what each step makes of the noise."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

import ipywidgets
import torch

from ...contracts import require
from ...device import evaluating, seeded, standard_normal
from ...errors import UserError, at_least
from ...models.diffusion import Diffusion, to_images
from ...models.diffusion.samplers import Step
from .parts import (
    PIXELATED,
    check_classes,
    class_chooser,
    grid,
    picture,
    png,
    stop_names,
    stop_slider,
)


class Denoise(ipywidgets.VBox):
    """Sliders over the number of steps, the guidance, and the step from noise to image.

    The upper row is x_t, the lower one the model's estimate of the image at that moment. A
    trajectory is computed when it is first needed and then kept, so the slider over its steps only
    fetches pictures.

    Args:
        model: a `diffusion.Diffusion`.
        classes: names of the classes of a conditional model, in the order of its labels; an
            unconditional one has neither these nor guidance.
        steps, guidance: what their sliders stop at; both begin in the middle.
        n: images per row.
        seed: of the noise that they all start from.
        scale: CSS pixels per pixel.
    Raises:
        UserError: classes without a condition, or a condition without classes; no stops, or stops
            that the model does not have.
    """

    def __init__(
        self,
        model: Diffusion,
        *,
        classes: Sequence[str] = (),
        steps: Sequence[int] = (5, 10, 20, 50),
        guidance: Sequence[float] = (0, 1, 2, 4, 8),
        n: int = 6,
        seed: int = 0,
        scale: int = 3,
    ):
        require(model, "trajectory", "image_shape", "steps")
        check_classes(model, classes)
        n = at_least("n", n, 1, 100)
        scale = at_least("scale", scale, 1, 100)
        if not steps or not guidance:
            raise UserError(
                "a slider needs stops: at least one number of steps and one guidance, got none"
            )
        self.model = model
        self.x_T = standard_normal((n, *model.image_shape), seeded(seed))
        # (class, steps, guidance) → t and the picture at each step
        self.trajectories: dict[tuple, list[tuple[int, bytes]]] = {}

        self.choice = class_chooser(classes)
        self.steps = stop_slider("steps", steps)
        self.guidance = stop_slider("guidance", guidance)
        self.step = ipywidgets.IntSlider(0, 0, 0, description="step", readout=False)
        self._check_stops(steps, guidance)

        _, height, width = model.image_shape
        self.image = picture((n * (width + 1) + 1) * scale, (2 * (height + 1) + 1) * scale)
        self.text = ipywidgets.HTML()

        controls = [self.choice, self.steps, self.guidance] if classes else [self.steps]
        for control in controls:
            control.observe(self._show_end, names="value")
        self.step.observe(self._show, names="value")
        super().__init__(
            [*controls, self.step, self.image, self.text, ipywidgets.HTML(PIXELATED)]
        )
        self._show_end()

    @property
    def _settings(self) -> tuple[int | None, int, float]:
        """Where the sliders stand: class (None for an unconditional model), steps, guidance."""
        return self.choice.value, self.steps.value, self.guidance.value

    def _check_stops(self, steps: Sequence[int], guidance: Sequence[float]) -> None:
        """A stop that the model does not have is an error now, and not when it is first chosen."""
        for number in steps:
            for weight in guidance:
                # a trajectory checks its arguments at once, and computes nothing yet
                self._trajectory(self.choice.value, number, weight)

    def _trajectory(self, label: int | None, steps: int, guidance: float) -> Iterator[Step]:
        if label is None:
            # an unconditional model has no guidance
            return self.model.trajectory(self.x_T, None, steps=steps, guidance=None)
        return self.model.trajectory(self.x_T, label, steps=steps, guidance=guidance)

    def _show_end(self, change: object = None) -> None:
        """The end of the trajectory that the sliders stand for, computed if it is new."""
        settings = self._settings
        if settings not in self.trajectories:
            label, steps, guidance = settings
            with evaluating(self.model):
                trajectory = self._trajectory(label, steps, guidance)
                pictures = [(step.t, self._picture(step)) for step in trajectory]
            self.trajectories[settings] = pictures

        self.step.max = len(self.trajectories[settings]) - 1
        self.step.value = self.step.max
        self._show()

    def _picture(self, step: Step) -> bytes:
        """x_t above, the estimate of x_0 below."""
        images = to_images(torch.cat([step.x_t, step.x0]))
        return png(grid(images, columns=len(self.x_T)))

    def _show(self, change: object = None) -> None:
        t, image = self.trajectories[self._settings][self.step.value]
        self.image.value = image
        self.text.value = (
            f"t = {t} of {self.model.steps}: above x<sub>t</sub>, "
            "below what the model takes the image to be"
        )

    def __repr__(self) -> str:
        text = f"steps = {stop_names(self.steps)}"
        if self.choice.options:
            text += f", guidance = {stop_names(self.guidance)}"
        return f"Denoise({text})"
