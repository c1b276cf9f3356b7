"""The arguments of contracts that work, and the hostile values that are rightly accepted."""
from support.hostile import Case
from torch import nn

CASES = {
    # it only looks whether the names are there; they are vaekit's own
    "contracts.require": Case(
        lambda: dict(model=nn.Linear(1, 1), methods=("forward",)),
        {"model": ("meta device",)},
        words={"methods": "must"},
    ),
}
