"""What a face is drawn from: its factors, and the attributes that follow from them."""
from __future__ import annotations

import torch
from torch import Tensor

from ...errors import UserError, brief
from ..checks import is_whole

# continuous factors come in this many steps, from 0 to 31
LEVELS = 32

# the number of values of each factor
FACTORS = {
    # the head: turned left or right, nodding, tilted; its width
    "turn": LEVELS,
    "nod": LEVELS,
    "tilt": LEVELS,
    "face_width": LEVELS,
    # from the left or from the right
    "light": LEVELS,
    # dark to pale
    "skin": LEVELS,
    "age": LEVELS,
    # corners down to corners up
    "mouth": LEVELS,
    # half closed to wide open
    "eyes": LEVELS,
    "iris": LEVELS,
    "hair_length": LEVELS,
    "background": LEVELS,
    "clothes": LEVELS,
    # red, black, blond, brown, gray
    "hair_colour": 5,
    # hair off the forehead, bangs, bald
    "top": 3,
    "bushy_eyebrows": 2,
    "earrings": 2,
    "glasses": 2,
    "goatee": 2,
    "hat": 2,
    "mouth_open": 2,
    "mustache": 2,
    "rosy_cheeks": 2,
}

# by CelebA's names: the factor that each follows from, and its lowest and highest value
ATTRIBUTES = {
    "Bald": ("top", 2, 2),
    "Bangs": ("top", 1, 1),
    "Black_Hair": ("hair_colour", 1, 1),
    "Blond_Hair": ("hair_colour", 2, 2),
    "Brown_Hair": ("hair_colour", 3, 3),
    "Bushy_Eyebrows": ("bushy_eyebrows", 1, 1),
    "Eyeglasses": ("glasses", 1, 1),
    "Goatee": ("goatee", 1, 1),
    "Gray_Hair": ("hair_colour", 4, 4),
    "Mouth_Slightly_Open": ("mouth_open", 1, 1),
    "Mustache": ("mustache", 1, 1),
    "Pale_Skin": ("skin", 26, 31),
    "Rosy_Cheeks": ("rosy_cheeks", 1, 1),
    "Smiling": ("mouth", 20, 31),
    "Wearing_Earrings": ("earrings", 1, 1),
    "Wearing_Hat": ("hat", 1, 1),
    "Young": ("age", 0, 12),
}

# the values that are drawn where an attribute is absent; between the two lies a gap, so that
# an image shows whether it has the attribute
ABSENT = {
    "Pale_Skin": (0, 20),
    "Smiling": (0, 10),
    "Young": (19, 31),
}

# attributes of which a face has at most one
EXCLUSIVE = (
    ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair"),
    ("Bald", "Bangs"),
)


def check_factors(factors: Tensor) -> None:
    """Raises a UserError unless factors are whole numbers (n, F) within FACTORS."""
    is_table = factors.ndim == 2 and factors.shape[1] == len(FACTORS)
    if not is_table or not is_whole(factors):
        raise UserError(
            f"factors must be whole numbers of shape (n, {len(FACTORS)}), got {brief(factors)}"
        )
    for column, (name, size) in zip(factors.T, FACTORS.items()):
        if len(column) and (column.min() < 0 or column.max() >= size):
            raise UserError(
                f"the factors' {name} must lie in 0 … {size - 1}, "
                f"got values from {column.min()} to {column.max()}"
            )


def attributes_of(factors: Tensor) -> Tensor:
    """Which attributes faces of these factors have.

    Args:
        factors: (n, F), whole numbers, in the order of FACTORS.
    Returns:
        (n, A) int64 of 0 and 1, in the order of ATTRIBUTES.
    Raises:
        UserError: factors of another shape, or out of range.
    """
    check_factors(factors)
    names = list(FACTORS)
    columns = []
    for factor, lowest, highest in ATTRIBUTES.values():
        values = factors[:, names.index(factor)]
        columns.append((values >= lowest) & (values <= highest))
    return torch.stack(columns, 1).long()
