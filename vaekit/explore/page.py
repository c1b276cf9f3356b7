"""Views as a page of their own: one HTML file with the weights inside, no kernel, no network."""
from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from ..errors import UserError, brief
from ..files import write_text
from .portable import decoder_of, encoder_of

# what the page asks of a widget
NEEDED = ("view", "scene", "buffers", "models", "needs_kernel")
# bytes of a page: half a second over a slow line
LARGEST_PAGE = 1_000_000

ROUNDED = (
    "The weights are rounded to 8 bits, to keep this page small: pixels differ from those of the "
    "model itself, a little in most places, more at edges."
)
COMPUTED = "What the decoder makes of a latent is computed on this page."
CARRIED = "The steps from noise to image were computed by the model beforehand."
MADE = "Made by vaekit explore."


def page(
    title: str, *widgets: Any, text: str | Sequence[str] = (), headings: Sequence[str] = ()
) -> str:
    """The HTML of a page that shows these widgets one below the other.

    It works from a file, without a network and within another page. Weights stand in it in 16 bits,
    in 8 bits where it would be larger than 1 MB otherwise. A page of many weights is larger still.

    Args:
        title: of the page.
        widgets: of `walk`, `draw`, `dial` and the like, whose models the page can compute.
        text: what one sees and may try: a paragraph, or several.
        headings: one for each widget.
    Raises:
        UserError: no widgets, something that is none, a model that only a kernel can compute,
            trajectories of `denoise` that were not computed ahead, not one heading for each widget.
    """
    from .canvas import FOLDER, script, style

    for each in widgets:
        _refuse_what_needs_a_kernel(each)
    if not widgets:
        raise UserError("widgets must be one or more, got none; pass explore.walk(model), say")
    if headings and len(headings) != len(widgets):
        raise UserError(
            f"headings must be one for each of {len(widgets)} widgets, got {len(headings)}; "
            "leave them out, or name each"
        )
    paragraphs = [text] if isinstance(text, str) else list(text)
    template = Template((FOLDER / "page.html").read_text(encoding="utf-8"))
    parts = {
        "title": html.escape(title),
        "style": style() + (FOLDER / "page.css").read_text(encoding="utf-8"),
        "text": "\n".join(f"<p>{html.escape(each)}</p>" for each in paragraphs),
        "views": _places(len(widgets), headings),
        "script": script(),
    }
    footer = _footer(widgets)
    exact = template.substitute(parts, footer=footer, scenes=_scenes(widgets, bits=16))
    has_networks = any(each.scene["models"] for each in widgets)
    if len(exact.encode()) <= LARGEST_PAGE or not has_networks:
        return exact
    return template.substitute(
        parts, footer=f"{footer} {ROUNDED}", scenes=_scenes(widgets, bits=8)
    )


def write_page(
    path: str | Path,
    title: str,
    *widgets: Any,
    text: str | Sequence[str] = (),
    headings: Sequence[str] = (),
) -> Path:
    """Write the HTML of `page`, whole or not at all.

    Raises:
        UserError: as `page`; a file that cannot be written.
    """
    return write_text(path, page(title, *widgets, text=text, headings=headings))


def _footer(widgets: Sequence[Any]) -> str:
    """Where the pictures were made."""
    said = []
    if any(each.scene["models"] for each in widgets):
        said.append(COMPUTED)
    if any("carried" in each.scene for each in widgets):
        said.append(CARRIED)
    return " ".join([*said, MADE])


def _refuse_what_needs_a_kernel(widget: Any) -> None:
    if not all(hasattr(widget, name) for name in NEEDED):
        raise UserError(
            f"widgets must be views such as explore.walk(model) gives, got {brief(widget)}"
        )
    for facts in widget.scene["models"]:
        needed = ["decoder", "encoder"] if "encoder" in facts else ["decoder"]
        for name in needed:
            if not facts.get(name):
                raise UserError(
                    f"the page cannot compute this model's {name}, which is too large or has "
                    "layers that only torch knows; use the widget in a notebook"
                )
    if widget.needs_kernel:
        raise UserError(widget.needs_kernel)


def _places(count: int, headings: Sequence[str]) -> str:
    """Where each view goes, below its heading."""
    sections = []
    for number in range(count):
        heading = f"<h2>{html.escape(headings[number])}</h2>" if headings else ""
        sections.append(f'<section>{heading}<div data-view="{number}"></div></section>')
    return "\n".join(sections)


def _scenes(widgets: Sequence[Any], *, bits: int) -> str:
    """All scenes as JSON; what several of them need, weights above all, is in it once."""
    contents: dict[str, str] = {}
    views = []
    for each in widgets:
        scene, buffers = (each.scene, each.buffers) if bits == 16 else _in_eighths(each)
        keys = {}
        for name, content in buffers.items():
            keys[name] = hashlib.sha256(content).hexdigest()[:16]
            contents.setdefault(keys[name], _packed(content))
        views.append({"view": each.view, "scene": scene, "buffers": keys})
    text = json.dumps({"views": views, "contents": contents}, separators=(",", ":"))
    # a page may not end its own script early
    return text.replace("<", "\\u003c")


def _in_eighths(widget: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The scene of a widget with its networks in 8 bits."""
    buffers = dict(widget.buffers)
    models = []
    for facts, model in zip(widget.scene["models"], widget.models):
        facts = dict(facts)
        for name, network_of in (("decoder", decoder_of), ("encoder", encoder_of)):
            network = network_of(model) if facts.get(name) else None
            if network is not None:
                buffers[facts[name]["buffer"]] = network.eighths()
                facts[name] = facts[name] | {"bits": 8}
        models.append(facts)
    return widget.scene | {"models": models}, buffers


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
