"""What tests of recipes share: short trainings of any recipe, and the widths of a network."""
from __future__ import annotations

from pathlib import Path

from torch import nn

from vaekit import recipes
from vaekit.data import Selection

# trained on fewer images, in smaller batches: each of their steps takes long
SLOW = ("dc-gan", "dc-gan-fashion", "ddpm-fashion")
# those of faces are trained on drawn ones, which need no file
FACES = ("faces", "celeba")


def tiny(name: str, coloured: Path, *, limit: int | None = None, **changes) -> recipes.Run:
    """A short run of any recipe: on digits, or on coloured ones where it takes nothing smaller.

    A recipe of faces is trained on a few drawn ones.
    """
    if recipes.get(name).data == "cifar10":
        images = Selection("cifar10", root=coloured, limit=limit or 40)
        settings = dict(epochs=2, batch_size=10, lr=3e-3)
    elif recipes.get(name).data in FACES:
        images = Selection("faces", limit=limit or 40, test_limit=40)
        settings = dict(epochs=2, batch_size=10, lr=3e-3)
    elif name in SLOW:
        images = Selection("digits", limit=limit or 100)
        settings = dict(epochs=3, batch_size=25)
    else:
        images = Selection("digits", limit=limit or 600)
        settings = dict(epochs=3, batch_size=100)
    return recipes.train(name, images, **settings | changes)


def layers(model: nn.Module) -> list[tuple[int, int]]:
    """(inputs, outputs) of each linear layer."""
    return [(m.in_features, m.out_features) for m in model.modules() if isinstance(m, nn.Linear)]


def weights(model: nn.Module) -> int:
    """How many numbers it learns."""
    return sum(parameter.numel() for parameter in model.parameters())
