"""The arguments of attribute directions that work, and what is rightly accepted."""
import torch
from support.attributes import NAMES, attribute_set, planted
from support.hostile import Case

from vaekit.device import seeded

Y = planted(40, (0.5, 0.5, 0.5))

CASES = {
    "explore.directions.attribute_direction": Case(
        lambda: dict(
            codes=torch.randn(40, 3, generator=seeded(0)),
            images=attribute_set(Y),
            attribute=NAMES[0],
            hold=[NAMES[1]],
        ),
        {"hold": ("empty list",)},
        {"hold": "attribute"},
    ),
}
