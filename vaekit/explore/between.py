"""What lies between two latents, along a line or along an arc, and the pictures of it."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ..device import evaluating
from ..errors import UserError, at_least, brief, finite
from ..losses.checks import check_float, check_same_shape
from .scene import as_condition

# of a model that the kernel decodes, pictures of some hundred slider moves are kept
MOST_KEPT = 2000
# the most places on a way that are asked for at once
MOST_PLACES = 100
# sines below this are directions that rounding has chosen
SMALLEST_SINE = 1e-6


def straight(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The latents (1 − t) a + t b, (T, …).

    Args:
        a, b: latents of one shape, (…).
        t: (T,), 0 is a and 1 is b.
    Raises:
        UserError: a and b of different shapes, whole numbers, NaN or inf.
    """
    a, b, t = _checked(a, b, t)
    return torch.lerp(a.double(), b.double(), _columns(t, a)).to(a)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Latents on the arc from a to b, (T, …): direction and length change at constant speed.

        z(t) = ((1 − t) |a| + t |b|) · (cos(tΩ) a / |a| + sin(tΩ) o)

    Ω is the angle between a and b, and o the direction of length 1 in their plane that is
    orthogonal to a, towards b. This is Shoemake's (sin((1 − t)Ω) a + sin(tΩ) b) / sin Ω for a and b
    of length 1, but can be computed at small sin Ω too. A line through the origin passes lengths
    that a draw from N(0, I) almost never has; this arc does not.

    Where one of them is zero, or both have the same direction, the arc is the line. Between
    opposite ones o is free: the axis along which a is shortest, made orthogonal to a; in one
    dimension there is none, and the arc is the line.

    Args:
        a, b: latents of one shape, (…), taken as vectors.
        t: (T,), 0 is a and 1 is b.
    Raises:
        UserError: a and b of different shapes, whole numbers, NaN or inf.
    Source:
        Shoemake 1985; White 2016, for latents.
    """
    a, b, t = _checked(a, b, t)
    first = a.double().flatten()
    second = b.double().flatten()
    lengths = (float(first.norm()), float(second.norm()))
    if min(lengths) == 0:
        return straight(a, b, t)

    unit = first / lengths[0]
    towards = second / lengths[1]
    cosine = float(unit @ towards)
    rest = towards - cosine * unit
    sine = float(rest.norm())
    if sine < SMALLEST_SINE:
        if cosine > 0 or len(unit) == 1:
            return straight(a, b, t)
        rest = _any_orthogonal(unit)
    orthogonal = rest / rest.norm()

    angle = math.atan2(sine, cosine)
    part = t.double()[:, None]
    length = (1 - part) * lengths[0] + part * lengths[1]
    z = length * ((part * angle).cos() * unit + (part * angle).sin() * orthogonal)
    return z.reshape(len(t), *a.shape).to(a)


def _any_orthogonal(unit: Tensor) -> Tensor:
    """The axis along which `unit` is shortest, made orthogonal to it."""
    axis = torch.zeros_like(unit)
    axis[unit.abs().argmin()] = 1.0
    return axis - (axis @ unit) * unit


def _checked(a: Tensor, b: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    check_float(a=a, b=b, t=t)
    check_same_shape("a", a, "b", b)
    for name, values in (("a", a), ("b", b), ("t", t)):
        if not bool(values.isfinite().all()):
            raise UserError(f"{name} must be finite, got NaN or inf in it")
    if t.ndim != 1:
        raise UserError(f"t must be numbers (T,), got {brief(t)}")
    return a, b, t


def _columns(t: Tensor, like: Tensor) -> Tensor:
    return t.double().reshape(-1, *[1] * like.ndim)


class Between:
    """Pictures on the way between two of some latents; each is computed once.

    Args:
        model: what the latents belong to.
        ends: the latents (K, …) that a way begins and ends at.
        decode: (latents, c) → images (N, C, H, W) in [0, 1].
    """

    def __init__(self, model: Any, ends: Tensor, decode: Callable[[Tensor, Any], Tensor]):
        self.model = model
        self.ends = ends
        self.decode = decode
        # (a, b, spherical, label, t) → pixels (C, H, W), uint8
        self.kept: dict[tuple[Any, ...], Tensor] = {}
        self.kept_ends: dict[str, Tensor] = {}

    def pictures(
        self, a: int, b: int, t: Sequence[float], *, spherical: bool, label: Any = 0
    ) -> Tensor:
        """Pixels at the places t on the way from end a to end b, (T, C, H, W), uint8.

        What is not kept yet is decoded in one batch.

        Raises:
            UserError: an end that there is not, a t outside [0, 1], no t or too many.
        """
        for name, end in (("a", a), ("b", b)):
            at_least(name, end, 0, len(self.ends) - 1)
        at_least("the number of places t", len(t), 1, MOST_PLACES)
        places = [round(finite("t", each, least=0, most=1), 4) for each in t]

        keys = {place: (a, b, spherical, repr(label), place) for place in places}
        new = [place for place, key in keys.items() if key not in self.kept]
        found = {place: self.kept[key] for place, key in keys.items() if key in self.kept}
        found.update(zip(new, self._decoded(a, b, new, spherical, label)))
        self._keep({keys[place]: found[place] for place in new})
        pixels = [found[place] for place in places]
        return torch.stack(pixels)

    def _decoded(
        self, a: int, b: int, t: list[float], spherical: bool, label: Any
    ) -> list[Tensor]:
        if not t:
            return []
        way = slerp if spherical else straight
        return list(self._pixels(way(self.ends[a], self.ends[b], torch.tensor(t)), label))

    def _pixels(self, z: Tensor, label: Any) -> Tensor:
        with evaluating(self.model):
            images = self.decode(z, as_condition(self.model, label))
        return images.clamp(0, 1).mul(255).round().to(torch.uint8).cpu()

    def _keep(self, new: dict[tuple[Any, ...], Tensor]) -> None:
        self.kept.update(new)
        # the oldest are dropped first
        for key in list(self.kept)[: max(0, len(self.kept) - MOST_KEPT)]:
            del self.kept[key]

    def pictures_of_ends(self, label: Any = 0) -> Tensor:
        """Pixels of all ends with this label, (K, C, H, W), uint8."""
        if repr(label) not in self.kept_ends:
            self.kept_ends[repr(label)] = self._pixels(self.ends, label)
        return self.kept_ends[repr(label)]

    def answer_ends(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """What the page asked for: pixels of all ends with the question's label."""
        pixels = self.pictures_of_ends(question["label"])
        return {}, [pixels.contiguous().numpy().tobytes()]

    def answer(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """What the page asked for: pixels of a, b, t, spherical and label."""
        pixels = self.pictures(
            question["a"],
            question["b"],
            question["t"],
            spherical=bool(question["spherical"]),
            label=question["label"],
        )
        return {}, [pixels.contiguous().numpy().tobytes()]
