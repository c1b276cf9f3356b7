"""Sliders without a kernel: the picture that they showed last, and a line that says what to do."""
from __future__ import annotations

import base64
import binascii
import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .notebooks import Notebook, code_cells

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
PICTURE = "image/png"
ADVICE = "A slider: run the lab to move it."
PNG = b"\x89PNG"

# base64 of a PNG, and the state of the widget that shows it
Picture = tuple[str, Mapping[str, Any]]


def still_outputs(notebook: Notebook) -> None:
    """Replace each view of a widget by a picture, in place.

    That is the output's own picture if it has one, else the one in the widget's saved state. The
    state goes too: a page that carries it would fetch a program to show it.
    """
    state = _saved_state(notebook)
    for output in outputs_with_data(code_cells(notebook)):
        data = output["data"]
        if VIEW not in data:
            continue
        view = data.pop(VIEW)
        words = str(data.get("text/plain", ""))
        if decoded(data.get(PICTURE)) is None:
            pictures = list(_pictures(_name(view), state, set()))
        else:
            pictures = [(data[PICTURE], {})]
        data["text/html"] = _still(pictures, words)
    notebook["metadata"].pop("widgets", None)


def outputs_with_data(cells: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The outputs of code cells that have one or more kinds of data."""
    for cell in cells:
        for output in cell["outputs"]:
            if isinstance(output.get("data"), dict):
                yield output


def decoded(picture: object) -> bytes | None:
    """A PNG from its text in base64; None of what is none."""
    if not isinstance(picture, str):
        return None
    try:
        content = base64.b64decode("".join(picture.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if content.startswith(PNG) else None


def _saved_state(notebook: Notebook) -> Mapping[str, Any]:
    widgets = notebook["metadata"].get("widgets")
    saved = widgets.get(STATE) if isinstance(widgets, dict) else None
    state = saved.get("state") if isinstance(saved, dict) else None
    return state if isinstance(state, dict) else {}


def _name(view: object) -> object:
    return view.get("model_id") if isinstance(view, dict) else None


def _still(pictures: Sequence[Picture], words: str) -> str:
    """The pictures of a widget; of one without any, what it calls itself."""
    lines = [_figure(*picture, words) for picture in pictures]
    if not lines and words:
        lines.append(f"<p>{html.escape(words)}</p>")
    return "\n".join([*lines, f'<p class="still">{ADVICE}</p>'])


def _pictures(
    name: object, state: Mapping[str, Any], seen: set[str]
) -> Iterator[Picture]:
    """(base64 of a PNG, state) of each picture of a widget and its children."""
    model = state.get(name) if isinstance(name, str) else None
    if not isinstance(model, dict) or name in seen:
        return
    # children may stand in a circle
    seen.add(str(name))
    own = model.get("state")
    own = own if isinstance(own, dict) else {}
    buffers = model.get("buffers")
    for buffer in buffers if isinstance(buffers, list) else []:
        if isinstance(buffer, dict) and decoded(buffer.get("data")) is not None:
            yield buffer["data"], own

    children = own.get("children")
    for child in children if isinstance(children, list) else []:
        if isinstance(child, str):
            yield from _pictures(child.removeprefix("IPY_MODEL_"), state, seen)


def _figure(picture: str, state: Mapping[str, Any], words: str) -> str:
    """A picture as HTML, as large as the widget drew it, its own pixels sharp."""
    size = ""
    for side in ("width", "height"):
        if str(state.get(side, "")).isdigit():
            size += f' {side}="{state[side]}"'
    style = "image-rendering: pixelated" if size else "max-width: 100%"
    alt = html.escape(words or "a slider's picture", quote=True)
    data = "".join(picture.split())
    return f'<img src="data:image/png;base64,{data}" alt="{alt}"{size} style="{style}">'
