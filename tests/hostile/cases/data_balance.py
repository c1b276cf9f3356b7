"""The arguments of balancing that work, and what is rightly accepted."""
import torch
from support.attributes import NAMES, attribute_set, planted
from support.hostile import Case

Y = planted(40, (0.5, 0.5, 0.5))

CASES = {
    "data.balance.balanced_weights": Case(
        lambda: dict(images=attribute_set(Y), first=NAMES[0], second=NAMES[1]),
        words={"first": "attribute", "second": "attribute"},
    ),
    "data.balance.resample": Case(
        lambda: dict(images=attribute_set(Y), weights=torch.ones(40), n=10, seed=1),
        {"n": ("none",), "seed": ("zero",)},
    ),
}
