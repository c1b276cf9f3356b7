"""vaekit explore"""
from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Optional

import typer

from ..errors import UserError, brief, pick
from . import signals
from .output import say, tell

if TYPE_CHECKING:
    from ..data import ImageSet

LAB = "10_latent_explorer"
SUFFIX = ".safetensors"

WALK = (
    "Each point of the map is a latent, and the image beside it is what the decoder makes of it. "
    "Drag over the map, or move a slider. The dots are the codes of test images, by class."
)
DRAW = "Draw an image below, and watch where the encoder puts it."
DIAL = "The dial goes through models trained with different settings, at the same latent."


class Weights(NamedTuple):
    """A model that was asked for: the name it was asked by, its recipe, its training's options.

    `complete` where the options say all in which the training differs from the recipe.
    """

    model: Any
    name: str
    recipe: str
    options: str
    complete: bool = False


def explore(
    weights: Annotated[
        Optional[list[str]],
        typer.Argument(
            help="weights that come with vaekit, by name, or a file of vaekit train; several are "
            "compared on a dial; lab 10 opens if left out"
        ),
    ] = None,
    html: Annotated[
        Optional[Path], typer.Option(help="write the page to this file, and do not open it")
    ] = None,
    data: Annotated[
        Optional[str],
        typer.Option(
            help="data set whose test images lie on the map (vaekit data lists them); the one of "
            "the weights if left out"
        ),
    ] = None,
) -> None:
    """Walk through a latent space: lab 10 in JupyterLab, or a page with these weights."""
    signals.raise_interrupt()
    if not weights:
        _refuse_without_weights(html, data)
        _open_lab()
        return

    loaded = [_load(name) for name in weights]
    images = _images(loaded[0], data)
    text = _page(loaded, images)
    if html is not None:
        try:
            _write(html, text)
        except UserError as error:
            raise UserError(f"--html: {error}") from error
        _tell_if_large(text, len(loaded))
        return
    _open(_write(Path(tempfile.mkdtemp(prefix="vaekit-")) / "explore.html", text))


def _refuse_without_weights(html: Path | None, data: str | None) -> None:
    for name, value in (("html", html), ("data", data)):
        if value is not None:
            raise UserError(
                f"{name} needs weights to show, got {brief(str(value))} without any; "
                f"give weights: vaekit explore NAME --{name} …"
            )


def _open_lab() -> None:
    """Open lab 10 in JupyterLab, until that is ended.

    Raises:
        UserError: no JupyterLab, or no such notebook.
    """
    from ..course import labs

    if importlib.util.find_spec("jupyterlab") is None:
        raise UserError(
            'opening lab 10 needs jupyterlab; install it with pip install "vaekit[labs]", '
            "or give weights for a page of their own: vaekit explore NAME"
        )
    try:
        lab = labs.find(LAB)[0]
    except UserError as error:
        raise UserError(
            f"the lab {LAB}.ipynb is not here; run this in a clone of the repository, "
            "or give weights for a page of their own: vaekit explore NAME"
        ) from error
    ended = subprocess.run([sys.executable, "-m", "jupyterlab", str(lab)], check=False)
    if ended.returncode:
        raise typer.Exit(1)


def _load(name: str) -> Weights:
    """Weights by the name of those that come with the package, or from a file.

    Raises:
        UserError: no such weights, or a file that is damaged or of something else.
    """
    from ..files import load_weights
    from ..recipes import pretrained
    from ..recipes.weights import model_from

    if not (name.endswith(SUFFIX) or os.sep in name):
        pick("weights", name, pretrained.HASHES)
        found = pretrained.load(name)
        _refuse_what_cannot_travel(name, found.model)
        _, _, recipe, *options = found.facts["command"].split(" ", 3)
        return Weights(found.model, name, recipe, " ".join(options), complete=True)

    # the folder of a run holds its weights
    path = Path(name) / f"weights{SUFFIX}" if os.path.isdir(name) else Path(name)
    tensors, notes = load_weights(path)
    model = model_from(path, tensors, notes)
    _refuse_what_cannot_travel(name, model)
    stem = path.parent.name if path.stem == "weights" and path.parent.name else path.stem
    return Weights(model, stem, notes["recipe"], notes.get("options", ""))


def _refuse_what_cannot_travel(name: str, model: Any) -> None:
    from ..explore.portable import decoder_of

    if not hasattr(model, "decode"):
        raise UserError(
            f"weights {name} are of a model without latents ({type(model).__name__}); "
            "give those of an autoencoder, a VAE or a GAN"
        )
    if decoder_of(model) is None:
        raise UserError(
            f"a page cannot compute the decoder of weights {name}, which is too large; "
            "use explore.walk in a notebook, where the kernel does"
        )


def _images(weights: Weights, name: str | None) -> ImageSet | None:
    """Test images for the map; without --data none where they would first have to be fetched."""
    from .. import data
    from ..recipes import get

    if name is not None:
        return data.load(name, "test")
    said = re.search(r"--data[ =](\S+)", weights.options)
    name = said.group(1) if said else get(weights.recipe).data
    # a part of it is built in
    name = "fashion" if name == "fashion_full" else name
    if name not in data.SOURCES and not name.startswith("folder:") or not data.is_here(name):
        tell(f"the map has no test images: {name} is not here; fetch it with vaekit data {name}")
        return None
    return data.load(name, "test")


def _page(loaded: Sequence[Weights], images: ImageSet | None) -> str:
    """The page: the dial of several weights, a walk, and a pad to draw on."""
    from .. import explore as views
    from ..explore.page import page
    from ..explore.portable import encoder_of

    shown = _of_the_elbo(loaded)
    classes = _classes(shown.model, images)
    widgets = [views.walk(shown.model, images, classes=classes)]
    headings = ["Walk"]
    text = [WALK]
    if len(loaded) > 1:
        widgets.insert(0, _dial(loaded, images, classes))
        headings.insert(0, "Dial")
        text.insert(0, DIAL)
    if encoder_of(shown.model) is not None:
        centre = images is not None and images.name.startswith(("MNIST", "mnist"))
        widgets.append(views.draw(shown.model, images, classes=classes, centre=centre))
        headings.append("Draw")
        text.append(DRAW)
    title = f"The latent space of {shown.name}"
    return page(title, *widgets, text=text, headings=headings)


def _dial(loaded: Sequence[Weights], images: ImageSet | None, classes: Sequence[str]) -> Any:
    """The dial over β where all weights name theirs, else over their names."""
    from .. import explore as views

    by_beta = {beta: each.model for each in loaded if (beta := _beta(each)) is not None}
    if len(by_beta) == len(loaded):
        models: dict[float | str, Any] = {beta: by_beta[beta] for beta in sorted(by_beta)}
        return views.dial(models, images, classes=classes)
    by_name: dict[float | str, Any] = {each.name: each.model for each in loaded}
    if len(by_name) < len(loaded):
        raise UserError(
            f"weights must differ in name or β, got {', '.join(each.name for each in loaded)}; "
            "give each once"
        )
    return views.dial(by_name, images, label="weights", classes=classes)


def _of_the_elbo(loaded: Sequence[Weights]) -> Weights:
    """The weights of β = 1, the first ones without such."""
    return next((each for each in loaded if _beta(each) == 1.0), loaded[0])


def _beta(weights: Weights) -> float | None:
    """β as the training's options say it, or the end of the name."""
    said = re.search(r"--beta[ =]([\d.]+)", weights.options)
    said = said or re.search(r"\bb(?:eta)?-?(\d+(?:\.\d+)?)$", weights.name)
    if said is None:
        # a recipe's own β
        return 1.0 if weights.complete else None
    return float(said.group(1))


def _classes(model: Any, images: ImageSet | None) -> list[str]:
    """Names for the classes of a conditional model."""
    from ..models.conditioning import is_conditional

    if not is_conditional(model):
        return []
    if images is not None and len(images.classes) == model.condition.size:
        return list(images.classes)
    return [str(label) for label in range(model.condition.size)]


def _write(path: Path, text: str) -> Path:
    from ..files import write_text

    write_text(path, text)
    say(f"written: {path} ({len(text.encode()) / 1000:.0f} kB)")
    return path


def _tell_if_large(text: str, count: int) -> None:
    """Say that a page is larger than it should be, and what to do about it."""
    from ..explore.page import LARGEST_PAGE

    size = len(text.encode())
    if size <= LARGEST_PAGE:
        return
    way_out = "give fewer weights, or those of smaller models" if count > 1 else (
        "give weights of a smaller model"
    )
    tell(
        f"the page has {size / 1000:.0f} kB, more than {LARGEST_PAGE / 1000:.0f} kB, though its "
        f"weights are rounded to 8 bits already, and opens slowly over a network; {way_out}"
    )


def _open(path: Path) -> None:
    import webbrowser

    if not webbrowser.open(path.as_uri()):
        tell(f"no browser was found; open {path} in one yourself")
