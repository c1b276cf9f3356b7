"""What a view shows: facts as JSON, and the bytes that they speak of."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..device import evaluating
from ..models.conditioning import is_conditional
from ..plots.style import CLASSES
from .portable import Portable, decoder_of, encoder_of, refuse_bad_weights


class Scene:
    """What one view shows.

    Attributes:
        facts: for the page, as JSON can hold them.
        buffers: by name: weights, images and points as bytes.
        models: whose pictures the kernel may be asked for, in the order of facts["models"].
    """

    def __init__(self, **facts: Any):
        self.facts: dict[str, Any] = {"colours": list(CLASSES), "models": [], **facts}
        self.buffers: dict[str, bytes] = {}
        self.models: list[Any] = []

    def add_model(self, model: Any, name: str = "", *, encoder: bool = False) -> None:
        """Add a model: with its decoder if the page can compute it, and its encoder if asked.

        Raises:
            UserError: weights with inf or NaN.
        """
        refuse_bad_weights(model)
        index = len(self.models)
        self.models.append(model)
        facts = {
            "index": index,
            "name": name,
            "latent_dim": int(model.latent_dim),
            "image_shape": [int(size) for size in model.image_shape],
            "condition": _condition_of(model),
            "decoder": self._network(f"decoder{index}", decoder_of(model)),
        }
        if encoder:
            facts["encoder"] = self._network(f"encoder{index}", encoder_of(model))
        self.facts["models"].append(facts)

    def add_images(self, name: str, images: Tensor, labels: Tensor | None = None) -> None:
        """Add images (N, C, H, W) in [0, 1], to be shown as they are."""
        pixels = images.detach().cpu().mul(255).round().to(torch.uint8)
        self.buffers[name] = pixels.contiguous().numpy().tobytes()
        facts: dict[str, Any] = {"buffer": name, "count": len(pixels)}
        facts["shape"] = [int(size) for size in pixels.shape[1:]]
        if labels is not None:
            facts["labels"] = [int(label) for label in labels]
        self.facts.setdefault("images", {})[name] = facts

    def add_points(self, name: str, xy: Tensor, labels: Tensor | None = None) -> None:
        """Add points (N, 2) of a map, with the class of each."""
        if labels is None:
            labels = torch.zeros(len(xy))
        self.buffers[name] = xy.detach().cpu().float().contiguous().numpy().tobytes()
        self.buffers[f"{name} labels"] = labels.detach().cpu().to(torch.uint8).numpy().tobytes()
        points = {"buffer": name, "labels": f"{name} labels"}
        self.facts.setdefault("points", {})[name] = points

    def add_numbers(self, name: str, numbers: Tensor) -> None:
        """Add numbers of any shape, 32-bit floats in the page."""
        self.buffers[name] = numbers.detach().cpu().float().contiguous().numpy().tobytes()

    def _network(self, name: str, network: Portable | None) -> dict[str, Any] | None:
        if network is None:
            return None
        self.buffers[name] = network.halves()
        return {"buffer": name, "bits": 16, "parts": network.parts}


def _condition_of(model: Any) -> dict[str, Any] | None:
    """How the condition joins the latent, and the code of each class."""
    if not is_conditional(model):
        return None
    condition = model.condition
    facts: dict[str, Any] = {
        "join": "add" if condition.kind == "embedding" else "concatenate",
        "size": int(condition.size),
        "weight": float(condition.weight),
        "codes": None,
    }
    if condition.kind != "attributes":
        with evaluating(model):
            codes = condition.encode(torch.arange(condition.size), condition.size)
        facts["codes"] = [[float(value) for value in code] for code in codes]
    return facts


def as_condition(model: Any, label: int | Sequence[float]) -> Any:
    """What the page calls a label, as the model's c."""
    if not is_conditional(model):
        return None
    return torch.tensor(label)
