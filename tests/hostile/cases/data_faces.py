"""The arguments of drawn faces that work, and the hostile values that are rightly accepted."""
import numpy as np
import torch
from support.hostile import Case, Exempt

from vaekit.data.faces import SHARES, dials, face_factors

PAIR = {("Goatee", "Wearing_Hat"): 0.5}
# which attribute, or which two of them, an error names
DIALS = {"shares": "share", "correlations": "correlation"}

PAINTS = Exempt(
    "paints with lengths and colours that `draw_faces` has checked; tests/data/test_faces.py"
)


def factors() -> torch.Tensor:
    return face_factors(2)


def uniform() -> np.ndarray:
    return np.random.RandomState(0).random_sample((4, len(dials.GROUPS)))


CASES = {
    "data.biased.biased_faces": Case(lambda: dict(split="test", size=(32, 32))),
    "data.biased.balanced_faces": Case(lambda: dict(split="test", size=(32, 32))),
    "data.faces.canvas.Canvas": PAINTS,
    "data.faces.canvas.Canvas.window": PAINTS,
    "data.faces.canvas.Canvas.of": PAINTS,
    "data.faces.canvas.Canvas.moved": PAINTS,
    "data.faces.canvas.Canvas.paint": PAINTS,
    "data.faces.canvas.ellipse": PAINTS,
    "data.faces.canvas.box": PAINTS,
    "data.faces.canvas.arc": PAINTS,
    "data.faces.dials.all_shares": Case(lambda: dict(shares={"Bald": 0.2})),
    "data.faces.dials.possible_correlations": Case(lambda: dict(p=0.2, q=0.5)),
    "data.faces.dials.draw_attributes": Case(
        lambda: dict(uniform=uniform(), shares=SHARES, correlations=PAIR), words=DIALS
    ),
    "data.faces.drawing.draw_faces": Case(
        lambda: dict(factors=factors(), size=(32, 32)), {"factors": ("empty set",)}
    ),
    "data.faces.faces.faces": Case(
        lambda: dict(
            n=2,
            split="test",
            seed=1,
            size=(32, 32),
            shares={"Bald": 0.2},
            correlations=PAIR,
        ),
        {"seed": ("zero",), "shares": ("none",), "correlations": ("none",)},
        DIALS,
    ),
    "data.faces.faces.face_factors": Case(
        lambda: dict(n=2, split="test", seed=1, shares={"Bald": 0.2}, correlations=PAIR),
        {"seed": ("zero",), "shares": ("none",), "correlations": ("none",)},
        DIALS,
    ),
    "data.faces.factors.check_factors": Case(
        lambda: dict(factors=factors()), {"factors": ("empty set",)}
    ),
    "data.faces.factors.attributes_of": Case(
        lambda: dict(factors=factors()), {"factors": ("empty set",)}
    ),
    "data.faces.looks.Looks": PAINTS,
    "data.faces.looks.Looks.of": PAINTS,
    "data.faces.looks.looks_of": Case(
        lambda: dict(factors=factors()), {"factors": ("empty set",)}
    ),
}
