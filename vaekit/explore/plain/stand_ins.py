"""What stands in for each view of the canvas where anywidget is absent, built from its scene."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ...device import device_of, evaluating
from ..scene import Scene, as_condition
from .controls import Controls, Still
from .parts import grid
from .sheets import SheetSlider

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_CANVAS = "This picture moves where anywidget is installed: pip install anywidget."
# a longer list is no choice
MOST_NAMES = 50

Answers = Mapping[str, Callable[[Mapping[str, Any]], tuple[dict[str, Any], list[bytes]]]]


def stand_in(view: str, scene: Scene, answers: Answers, figure: Callable[[], Figure]) -> Any:
    """Plain ipywidgets for a view, decoded by the kernel; the figure where there are none."""
    if view in MADE_OF_ANSWERS:
        return MADE_OF_ANSWERS[view](scene, answers)
    if view in MADE_OF_MODELS:
        return MADE_OF_MODELS[view](scene)
    return Still(NO_CANVAS, figure)


def _walk(scene: Scene) -> Any:
    axes = scene.facts["axes"]
    ends = zip(axes["names"], axes["low"], axes["high"])
    offers: dict[str, Any] = {name: (low, high) for name, low, high in ends}
    if scene.facts.get("choices"):
        offers["class"] = scene.facts["choices"]
    origin = torch.tensor(axes["origin"])
    directions = torch.tensor(axes["directions"])

    def decode(values: dict[str, Any]) -> Tensor:
        u = torch.tensor([values[name] for name in axes["names"]])
        z = origin + u @ directions
        return _decoded(scene.models[0], z[None], values.get("class", 0))[0]

    return Controls(offers, decode, starts=dict(zip(axes["names"], axes["start"])))


def _dial(scene: Scene) -> Any:
    latents = _numbers(scene, "latents", scene.models[0].latent_dim)
    stops = scene.facts["stops"]
    sheets = {stop: _decoded(each, latents, 0) for stop, each in zip(stops, scene.models)}
    captions = dict(zip(stops, scene.facts["captions"]))
    return SheetSlider(sheets, label=scene.facts["label"], captions=captions)


def _attributes(scene: Scene) -> Any:
    model = scene.models[0]
    toggles, dials = scene.facts["toggles"], scene.facts["dials"]
    latents = _numbers(scene, "latents", model.latent_dim)
    directions = _numbers(scene, "directions", model.latent_dim) if dials else None
    offers: dict[str, Any] = dict.fromkeys(toggles, False)
    offers |= dict.fromkeys(dials, (-1.0, 1.0))

    def decode(values: dict[str, Any]) -> Tensor:
        z = latents
        if directions is not None:
            z = latents + torch.tensor([values[name] for name in dials]) @ directions
        labels: Any = scene.facts["labels"] or 0
        if toggles:
            labels = [float(values[name]) for name in toggles]
        return grid(_decoded(model, z, labels), len(z))

    return Controls(offers, decode)


def _map(scene: Scene) -> Any:
    codes = _numbers(scene, "codes 0", scene.models[0].latent_dim)
    labels = scene.facts.get("conditions")

    def decode(values: dict[str, Any]) -> Tensor:
        first, second = values["from"], values["to"]
        z = torch.lerp(codes[first], codes[second], values["between"])
        label = 0 if labels is None else labels[first]
        return _decoded(scene.models[0], z[None], label)[0]

    return Controls(_pair(len(codes)), decode, starts={"between": 0.0})


def _interpolate(scene: Scene, answers: Answers) -> Any:
    facts = scene.facts
    ends = facts["images"]["ends"]

    def decode(values: dict[str, Any]) -> Tensor:
        question = {
            "a": values["from"],
            "b": values["to"],
            "t": [values["between"]],
            "spherical": values["on an arc"],
            "label": facts["label"],
        }
        _, (content,) = answers["between"](question)
        pixels = torch.frombuffer(bytearray(content), dtype=torch.uint8)
        return pixels.reshape(ends["shape"]) / 255

    offers = {**_pair(ends["count"]), "on an arc": bool(facts["spherical"])}
    return Controls(offers, decode, starts={"between": 0.0})


def _pair(count: int) -> dict[str, Any]:
    """Two images to choose, by number, and the way between them."""
    names = [f"image {k + 1}" for k in range(min(count, MOST_NAMES))]
    return {"from": names, "to": names, "between": (0.0, 1.0)}


def _numbers(scene: Scene, name: str, columns: int) -> Tensor:
    """Numbers of the scene, (N, columns)."""
    numbers = torch.frombuffer(bytearray(scene.buffers[name]), dtype=torch.float32)
    return numbers.reshape(-1, columns)


def _decoded(model: Any, z: Tensor, label: Any) -> Tensor:
    """Images of latents, in [0, 1] whatever the last digit."""
    with evaluating(model):
        images: Tensor = model.decode(z.to(device_of(model)), as_condition(model, label))
    return images.clamp(0, 1).cpu()


MADE_OF_MODELS: dict[str, Callable[[Scene], Any]] = {
    "walk": _walk,
    "dial": _dial,
    "attributes": _attributes,
    "map": _map,
}
MADE_OF_ANSWERS: dict[str, Callable[[Scene, Answers], Any]] = {"interpolate": _interpolate}
