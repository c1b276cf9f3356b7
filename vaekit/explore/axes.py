"""The axes of a walk: which directions of a latent space get a slider, and how far it goes."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..contracts import require
from ..data import ImageSet
from ..device import device_of, evaluating
from ..errors import UserError, at_least, finite, pick
from ..models.conditioning import labels_of
from ..plots import latent_name
from ..plots.latents import starting_point
from ..plots.style import LARGEST_LATENT

BATCH = 1000
# sliders without images to learn their range from
USUAL = 3.0
KINDS = ("active", "principal")
# sliders that "active" and "principal" give, and the most that can be asked for
MOST_SLIDERS = 6
# by which it is judged how dense codes lie
NEIGHBOURS = 15
MOST_SHOWN = 40


@dataclass(frozen=True)
class Axes:
    """z = origin + Σ uₖ · directionₖ.

    Attributes:
        origin: (D,).
        directions: (K, D), of length 1.
        names: of the axes.
        low, high: ends of the u.
        start: where the u set out.
        spread: standard deviation of the codes along each axis; 1 without codes.
    """

    origin: Tensor
    directions: Tensor
    names: list[str]
    low: list[float]
    high: list[float]
    start: list[float]
    spread: list[float]

    def places(self, codes: Tensor) -> Tensor:
        """Codes (N, D) as places on the axes, (N, K)."""
        return (codes - self.origin) @ self.directions.T

    def facts(self) -> dict[str, Any]:
        """For the page."""
        return {
            "origin": self.origin.tolist(),
            "directions": self.directions.tolist(),
            "names": self.names,
            "low": self.low,
            "high": self.high,
            "start": self.start,
        }


def codes_of(model: Any, images: ImageSet) -> Tensor:
    """The code of each image, (N, latent_dim): `encode`, in batches, on the CPU.

    Raises:
        UserError: a model without `encode`; images of another size.
    """
    require(model, "encode", "latent_dim")
    device = device_of(model)
    labels = labels_of(model, images)
    found = []
    with evaluating(model):
        for first in range(0, len(images), BATCH):
            rows = slice(first, first + BATCH)
            c = None if labels is None else labels[rows].to(device)
            found.append(model.encode(images.images(rows).to(device), c).cpu())
    return torch.cat(found)


def choose(
    model: Any,
    codes: Tensor | None,
    *,
    dims: int | str | Sequence[int] | None = None,
    low: float | Sequence[float] | None = None,
    high: float | Sequence[float] | None = None,
    start: Tensor | None = None,
) -> Axes:
    """The axes of a walk; see `walk` for the arguments, and for what is refused."""
    origin = starting_point(model, start)[0]
    if dims is None:
        dims = "active" if codes is not None and model.latent_dim > 2 else min(2, model.latent_dim)
    if isinstance(dims, str):
        pick("dims", dims, KINDS)
        if codes is None:
            raise UserError(f"dims={dims!r} is read off codes; pass images to encode")
        if dims == "principal":
            return _principal(codes, start, low, high)
        dims = _most_active(codes)
    chosen = _dims_of(model, dims)
    directions = torch.eye(model.latent_dim)[chosen]
    # the sliders' own dimensions belong to them; start says where they set out
    begin = origin[chosen]
    if start is None and codes is not None:
        begin = densest(codes[:, chosen])
    origin[chosen] = 0.0
    names = [latent_name(dim) for dim in chosen]
    return _with_ends(origin, directions, names, codes, low, high, begin)


def densest(places: Tensor) -> Tensor:
    """Of places (N, K) the one with the nearest neighbours, (K,): no gap between classes."""
    neighbours = min(NEIGHBOURS, len(places) - 1)
    reach = []
    # all distances of 6,000 places at once would take 144 MB, and their order as much again
    for part in places.split(BATCH):
        distances = torch.cdist(part, places)
        # the nearest of all is the place itself
        reach.append(distances.kthvalue(neighbours + 1, 1).values)
    return places[torch.cat(reach).argmin()]


def _most_active(codes: Tensor) -> list[int]:
    """The dimensions whose codes vary most over the images."""
    order = codes.var(0).argsort(descending=True)
    return order[:MOST_SLIDERS].tolist()


def _principal(
    codes: Tensor,
    start: Tensor | None,
    low: float | Sequence[float] | None,
    high: float | Sequence[float] | None,
) -> Axes:
    """The directions in which the codes vary most, through their mean."""
    origin = codes.mean(0)
    number = min(MOST_SLIDERS, *codes.shape)
    directions = torch.linalg.svd(codes - origin, full_matrices=False).Vh[:number]
    # the sign of a principal axis is free: its largest part points upwards
    largest = directions.abs().argmax(1, keepdim=True)
    directions = directions * directions.gather(1, largest).sign()
    names = [f"axis {k + 1}" for k in range(number)]
    if start is None:
        begin = densest((codes - origin) @ directions.T)
    else:
        begin = directions @ (start.reshape(-1) - origin)
    return _with_ends(origin, directions, names, codes, low, high, begin)


def _with_ends(
    origin: Tensor,
    directions: Tensor,
    names: list[str],
    codes: Tensor | None,
    low: float | Sequence[float] | None,
    high: float | Sequence[float] | None,
    begin: Tensor,
) -> Axes:
    number = len(names)
    spread = [1.0] * number
    lows = [-USUAL] * number
    highs = [USUAL] * number
    if codes is not None:
        places = (codes - origin) @ directions.T
        # one code has none
        spread = places.std(0).tolist() if len(places) > 1 else spread
        lows, highs = _ends_of(places)
    if low is not None:
        lows = _one_per_slider("low", low, number)
    if high is not None:
        highs = _one_per_slider("high", high, number)
    for left, right in zip(lows, highs):
        if left >= right:
            raise UserError(f"low must be < high for each slider, got {left:g} and {right:g}")
    start = [min(max(float(u), a), b) for u, a, b in zip(begin, lows, highs)]
    return Axes(origin, directions, names, lows, highs, start, spread)


def _ends_of(places: Tensor) -> tuple[list[float], list[float]]:
    """A little beyond nearly all codes, and never less than one either way."""
    shares = torch.tensor([0.005, 0.995])
    inner = places.float().quantile(shares, 0)
    margin = 0.08 * (inner[1] - inner[0])
    low = (inner[0] - margin).clamp_max(-1.0)
    high = (inner[1] + margin).clamp_min(1.0)
    return low.tolist(), high.tolist()


def _dims_of(model: Any, dims: int | Sequence[int]) -> list[int]:
    """The dimensions that get a slider; a UserError if the model does not have them."""
    chosen = list(range(at_least("dims", dims, 1))) if isinstance(dims, int) else list(dims)
    if not chosen or min(chosen) < 0 or max(chosen) >= model.latent_dim:
        raise UserError(
            f"dims must lie in 0 … {model.latent_dim - 1} for this model, got {chosen}"
        )
    if len(set(chosen)) < len(chosen):
        raise UserError(f"dims must name each dimension once, got {chosen}")
    if len(chosen) > MOST_SHOWN:
        raise UserError(
            f"dims must be at most {MOST_SHOWN} sliders, which a hand can find its way among, "
            f"got {len(chosen)}; choose some, or dims='active'"
        )
    return chosen


def _one_per_slider(what: str, value: float | Sequence[float], number: int) -> list[float]:
    """The ends of the sliders, one number each."""
    ends = list(value) if isinstance(value, Sequence) else [value] * number
    if len(ends) != number:
        raise UserError(
            f"{what} must be one number, or one for each of {number} sliders, got {len(ends)}"
        )
    return [finite(what, end, least=-LARGEST_LATENT, most=LARGEST_LATENT) for end in ends]
