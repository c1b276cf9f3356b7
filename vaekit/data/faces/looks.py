"""From the factors of faces to lengths and colours."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from .factors import FACTORS, LEVELS, check_factors

# red, green, blue, in [0, 1]
SKIN = ((0.36, 0.22, 0.15), (0.58, 0.38, 0.26), (0.82, 0.60, 0.44), (0.93, 0.74, 0.60),
        (1.00, 0.91, 0.85))
# in the order of the factor's values
HAIR = ((0.70, 0.29, 0.13), (0.13, 0.11, 0.13), (0.95, 0.80, 0.42), (0.45, 0.28, 0.16),
        (0.74, 0.75, 0.78))
IRIS = ((0.25, 0.15, 0.10), (0.45, 0.30, 0.12), (0.30, 0.45, 0.25), (0.25, 0.45, 0.65))
BACKGROUND = ((0.74, 0.85, 0.93), (0.76, 0.90, 0.83), (0.95, 0.89, 0.72), (0.95, 0.80, 0.78),
              (0.85, 0.80, 0.92))
CLOTHES = ((0.20, 0.35, 0.55), (0.20, 0.50, 0.45), (0.55, 0.60, 0.30), (0.80, 0.50, 0.25),
           (0.65, 0.25, 0.30), (0.40, 0.30, 0.50))


@dataclass(frozen=True)
class Looks:
    """Lengths (n, 1, 1, 1) in half head heights, colours (n, 3, 1, 1), flags of 0 and 1.

    Attributes:
        turn: how far the features lie to the right of the head's middle.
        nod: how far they lie below it.
        tilt: radians, clockwise.
        half_width: of the head.
        light: −1 from the left … 1 from the right.
        smile: −0.6 corners down … 1 corners up.
        opening: half the height of an eye.
        wrinkles: 0 … 1.
        hair_end: the height down to which hair falls, downwards from the head's middle.
    """

    turn: Tensor
    nod: Tensor
    tilt: Tensor
    half_width: Tensor
    light: Tensor
    smile: Tensor
    opening: Tensor
    wrinkles: Tensor
    hair_end: Tensor
    skin: Tensor
    hair: Tensor
    iris: Tensor
    background: Tensor
    clothes: Tensor
    bangs: Tensor
    bald: Tensor
    bushy: Tensor
    earrings: Tensor
    glasses: Tensor
    goatee: Tensor
    hat: Tensor
    mouth_open: Tensor
    mustache: Tensor
    rosy: Tensor

    def of(self, rows: Tensor) -> Looks:
        """Those of some of the faces, by their positions."""
        return Looks(*(getattr(self, field.name)[rows] for field in fields(self)))


def looks_of(factors: Tensor) -> Looks:
    """The lengths and colours of factors (n, F).

    Raises:
        UserError: factors of another shape, or out of range.
    """
    check_factors(factors)
    columns = {
        name: column[:, None, None, None]
        for name, column in zip(FACTORS, factors.T)
    }
    # 0 … 1
    share = {
        name: columns[name].float() / (LEVELS - 1)
        for name, size in FACTORS.items()
        if size == LEVELS
    }
    age = share["age"]
    return Looks(
        turn=0.26 * (2 * share["turn"] - 1),
        nod=0.10 * (2 * share["nod"] - 1),
        tilt=0.16 * (2 * share["tilt"] - 1),
        half_width=0.72 + 0.12 * share["face_width"],
        light=2 * share["light"] - 1,
        smile=1.6 * share["mouth"] - 0.6,
        opening=0.065 + 0.05 * share["eyes"],
        wrinkles=((age - 0.45) / 0.2).clamp(0, 1),
        hair_end=-0.1 + 1.45 * share["hair_length"],
        skin=_between(SKIN, share["skin"]),
        hair=_one_of(HAIR, columns["hair_colour"]),
        iris=_between(IRIS, share["iris"]),
        background=_between(BACKGROUND, share["background"]),
        clothes=_between(CLOTHES, share["clothes"]),
        bangs=columns["top"] == 1,
        bald=columns["top"] == 2,
        bushy=columns["bushy_eyebrows"] == 1,
        earrings=columns["earrings"] == 1,
        glasses=columns["glasses"] == 1,
        goatee=columns["goatee"] == 1,
        hat=columns["hat"] == 1,
        mouth_open=columns["mouth_open"] == 1,
        mustache=columns["mustache"] == 1,
        rosy=columns["rosy_cheeks"] == 1,
    )


def _between(palette: Sequence[Sequence[float]], share: Tensor) -> Tensor:
    """A colour on the way through a palette, (n, 1, 1, 1) in [0, 1] → (n, 3, 1, 1)."""
    colours = torch.tensor(palette)
    place = share[:, 0, 0, 0] * (len(colours) - 1)
    before = place.floor().long().clamp(max=len(colours) - 2)
    after = (place - before)[:, None]
    mixed = colours[before] * (1 - after) + colours[before + 1] * after
    return mixed[:, :, None, None]


def _one_of(palette: Sequence[Sequence[float]], index: Tensor) -> Tensor:
    """The colours of these positions in a palette, (n, 1, 1, 1) → (n, 3, 1, 1)."""
    return torch.tensor(palette)[index[:, 0, 0, 0].long()][:, :, None, None]
