"""The arguments of draw and of pages that work, and what is rightly accepted."""
import torch
from support.hostile import Case, Exempt

from vaekit import explore
from vaekit.data import ImageSet
from vaekit.recipes.builders import mlp_vae

SHAPE = (1, 8, 8)
TEXTS = ("empty text", "folder")
VIEWS = Exempt("called by the views alone, with what they have checked")


def model():
    torch.manual_seed(0)
    return mlp_vae(8)(2, SHAPE)


def images():
    return ImageSet(torch.rand(6, *SHAPE), torch.arange(6) % 2, classes=("a", "b"))


def settings():
    return dict(
        title="A",
        widgets=(explore.walk(model()),),
        text="See.",
        headings=["Walk"],
    )


CASES = {
    "explore.draw.draw": Case(
        lambda: dict(model=model(), images=images(), classes=[], centre=True, name="draw"),
        {"images": ("none",), "name": TEXTS},
    ),
    "explore.draw.check_can_be_drawn": VIEWS,
    "explore.standing.DrawCanvas": VIEWS,
    "explore.page.page": Case(
        settings,
        {"title": TEXTS, "text": (*TEXTS, "empty list"), "headings": ("empty list",)},
    ),
    "explore.page.write_page": Case(
        lambda: dict(path="page.html", **settings()),
        {"title": TEXTS, "text": (*TEXTS, "empty list"), "headings": ("empty list",)},
    ),
}
