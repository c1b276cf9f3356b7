"""The canvas as a widget: one JavaScript module draws all views, and mostly without the kernel.

The decoder's weights travel to the browser once, and every picture is then computed there. Of a
model that is too large, or of layers that the page does not know, the page asks the kernel.
"""
from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import torch
import traitlets

from ..device import device_of, evaluating
from ..errors import UserError, at_least, brief, first_line
from .scene import Scene, as_condition

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).parent / "canvas"
# one module: each file uses what stands in those before it
FILES = (
    "numbers.js",
    "network.js",
    "parts.js",
    "model.js",
    "pad.js",
    "axis_strip.js",
    "views.js",
    "walk.js",
    "sketch.js",
    "draw.js",
    "interpolate.js",
    "marks.js",
    "scatter.js",
    "pair.js",
    "map.js",
    "rows.js",
    "attributes.js",
    "dial.js",
    "denoise.js",
    "main.js",
)
MOST_LATENTS = 1000
ASKS = "the view {} asks a kernel, which a page does not have; use the widget in a notebook"

# a question of the page → (answer as JSON, answer as bytes)
Answer = Callable[[Mapping[str, Any]], tuple[dict[str, Any], list[bytes]]]


def script() -> str:
    """The JavaScript module that draws all views."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in FILES)


def style() -> str:
    """The style sheet of all views."""
    return (FOLDER / "style.css").read_text(encoding="utf-8")


class Canvas(anywidget.AnyWidget):
    """One view in a notebook.

    Args:
        view: its name, a key of VIEWS in the JavaScript module.
        scene: what it shows.
        figure: draws its static twin.
        answers: what the page may ask the kernel, beside pictures of the models.
        needs_kernel: why a page without a kernel cannot show the view, and the way out; "" if it
            can. Left out: of a view with models, their networks say it; one without them that has
            answers needs a kernel.
    """

    _esm = script()
    _css = style()
    view = traitlets.Unicode().tag(sync=True)
    scene = traitlets.Dict().tag(sync=True)
    buffers = traitlets.Dict().tag(sync=True)
    # where the controls stand; the page tells when the hand rests
    state = traitlets.Dict().tag(sync=True)
    # that of ipywidgets 7, which Colab has, would show it without its static twin
    _ipython_display_ = None

    def __init__(
        self,
        view: str,
        scene: Scene,
        *,
        figure: Callable[[], Figure],
        answers: Mapping[str, Answer] | None = None,
        needs_kernel: str | None = None,
    ):
        super().__init__(view=view, scene=scene.facts, buffers=scene.buffers, state={})
        if needs_kernel is None:
            asks = bool(answers) and not scene.models
            needs_kernel = ASKS.format(view) if asks else ""
        self.needs_kernel = needs_kernel
        self.models = scene.models
        self.figure = figure
        self.answers = {"decode": self._decode, **(answers or {})}
        self.on_msg(self._asked)

    def __repr__(self) -> str:
        # stable: the default one prints all weights
        return f"{self.view}({len(self.models)} models)" if self.models else f"{self.view}()"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        found = super()._repr_mimebundle_(**kwargs)
        data, metadata = found if isinstance(found, tuple) else (found, {})
        if data is None:
            return found
        buffer = io.BytesIO()
        self.figure().savefig(buffer, format="png", dpi=100)
        data["image/png"] = buffer.getvalue()
        data["text/plain"] = repr(self)
        return data, metadata

    def _asked(self, widget: Any, question: Any, buffers: Any) -> None:
        """Answer the page; a mistake is an answer too, so that nobody waits for one."""
        number = question.get("number") if isinstance(question, dict) else None
        try:
            answer, parts = self._answer(question)
        except UserError as error:
            answer, parts = {"error": str(error)}, []
        except Exception as error:
            # a fault of the model or of ours: the kernel's log has the whole of it
            self.log.exception("a question of the page was not answered")
            answer, parts = {"error": f"{type(error).__name__}: {first_line(error)}"}, []
        self.send({"number": number, **answer}, parts)

    def _answer(self, question: Any) -> tuple[dict[str, Any], list[bytes]]:
        asked = question.get("ask") if isinstance(question, dict) else question
        if not isinstance(asked, str) or asked not in self.answers:
            raise UserError(
                f"the kernel does not know the question {brief(asked)}; run this cell again"
            )
        return self.answers[asked](question)

    def _decode(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Pictures of latents: pixels in 0 … 255."""
        model = self._model(question.get("model"))
        z = _latents(question.get("z"), model.latent_dim)
        c = as_condition(model, question.get("label", 0))
        with evaluating(model):
            images = model.decode(z.to(device_of(model)), c)
        if not bool(torch.isfinite(images).all()):
            raise UserError("the model's images hold NaN or inf here; choose another latent")
        pixels = images.clamp(0, 1).mul(255).round().to(torch.uint8).cpu()
        return {}, [pixels.contiguous().numpy().tobytes()]

    def _model(self, index: Any) -> Any:
        """The model of that number in the scene."""
        if not self.models:
            raise UserError("this view has no model to decode with; run its cell again")
        return self.models[at_least("model", index, 0, len(self.models) - 1)]


def _latents(numbers: Any, latent_dim: int) -> torch.Tensor:
    """Latents (N, latent_dim) as the page sends them: lists of numbers."""
    try:
        z = torch.tensor(numbers, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"latents must be rows of numbers, got {brief(numbers)}") from error
    if z.ndim != 2 or z.shape[1] != latent_dim or not 1 <= len(z) <= MOST_LATENTS:
        raise UserError(
            f"latents must be (N, {latent_dim}) with N from 1 to {MOST_LATENTS}, got {brief(z)}"
        )
    if not bool(torch.isfinite(z).all()):
        raise UserError("latents must be finite, got NaN or inf")
    return z
