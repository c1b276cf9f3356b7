"""The arguments of plots that work, and the hostile values that are rightly accepted."""
import torch
from support.hostile import ALL, Case, Exempt
from torch import nn

from vaekit.plots.diagrams import Diagram, Part

TEXTS = ("empty text", "folder")
NO_PLACE = "draws on the axes of a figure; called by other functions of this room alone"


class Decoder(nn.Module):
    latent_dim = 2

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 16)

    def decode(self, z, c=None):
        return self.layer(z).sigmoid().reshape(-1, 1, 4, 4)


class History:
    columns = ("epoch", "train_loss")

    def __getitem__(self, column):
        return [1.0, 2.0]


def diagram():
    return Diagram(200, 100, "A model")


START = Part(20.0, 50.0, 10.0, 10.0)
END = Part(90.0, 50.0, 10.0, 10.0)
# the left and the upper edge
ZERO = ("zero",)


CASES = {
    "plots.diagrams.Diagram": Case(lambda: dict(width=200.0, height=100.0, title="t"), {
        "title": ("folder",),
    }),
    "plots.diagrams.Diagram.box": Case(
        lambda: dict(
            self=diagram(), x=50.0, y=50.0, text="z", kind="latent", width=30.0, height=20.0
        ),
        {"x": ZERO, "y": ZERO, "text": TEXTS},
    ),
    "plots.diagrams.Diagram.image": Case(
        lambda: dict(self=diagram(), x=50.0, y=50.0, text="x", size=30.0),
        {"x": ZERO, "y": ZERO, "text": TEXTS},
    ),
    "plots.diagrams.Diagram.encoder": Case(
        lambda: dict(self=diagram(), x=50.0, y=50.0, text="encoder", width=30.0),
        {"x": ZERO, "y": ZERO, "text": TEXTS},
    ),
    "plots.diagrams.Diagram.decoder": Case(
        lambda: dict(self=diagram(), x=50.0, y=50.0, text="decoder", width=30.0),
        {"x": ZERO, "y": ZERO, "text": TEXTS},
    ),
    "plots.diagrams.Diagram.circle": Case(
        lambda: dict(self=diagram(), x=50.0, y=50.0, text="z", kind="noise"),
        {"x": ZERO, "y": ZERO, "text": TEXTS},
    ),
    "plots.diagrams.Diagram.note": Case(
        lambda: dict(self=diagram(), x=50.0, y=50.0, text="frozen"),
        {"x": ZERO, "y": ZERO, "text": TEXTS},
    ),
    "plots.diagrams.Diagram.arrow": Case(
        lambda: dict(self=diagram(), start=START, end=END, text="KL", dashed=True, bend=5.0),
        # upwards is negative
        {"text": TEXTS, "bend": ("zero", "-1")},
    ),
    "plots.diagrams.Diagram.svg": Case(lambda: dict(self=diagram())),
    "plots.diagrams.chain": Case(
        lambda: dict(diagram=diagram(), parts=[START, END]),
        # of no parts, no arrows
        {"parts": ("empty list",)},
    ),
    "plots.charts.curves": Case(
        lambda: dict(histories=History(), term="loss", title="", ylabel="nats"),
        {"title": TEXTS, "ylabel": TEXTS},
    ),
    "plots.charts.lines": Case(
        lambda: dict(
            x=[1, 2],
            series={"a": [1, 2]},
            title="t",
            xlabel="x",
            ylabel="y",
            log_x=True,
            log_y=True,
        ),
        {"title": TEXTS, "xlabel": TEXTS, "ylabel": TEXTS},
    ),
    "plots.images.sheet": Case(
        lambda: dict(images=torch.rand(2, 1, 4, 4), columns=2, title="t", scale=0.5),
        {"title": TEXTS},
    ),
    "plots.images.compare": Case(
        lambda: dict(
            rows={"a": torch.rand(2, 1, 4, 4)}, title="t", scale=0.5, ticks=["1", "2"], xlabel="x"
        ),
        {"title": TEXTS, "xlabel": TEXTS, "ticks": ("none", "empty list")},
    ),
    "plots.images.draw": Exempt(NO_PLACE),
    "plots.labels.label_points": Exempt(NO_PLACE),
    "plots.labels.move_apart": Case(
        lambda: dict(places=[(1.0, 2.0)], width=1.0, height=1.0),
        # a plot of one point has no size
        {"places": ("empty list",), "width": ("zero", "huge"), "height": ("zero", "huge")},
    ),
    "plots.labels.halo": Case(dict),
    "plots.latents.walk": Case(
        lambda: dict(
            model=Decoder(), low=-1.0, high=1.0, n=3, dim=1, start=torch.zeros(2), title="t"
        ),
        {
            "low": ("zero", "-1"),
            "high": ("zero", "-1"),
            "dim": ("zero",),
            "start": ("none",),
            "title": TEXTS,
        },
    ),
    "plots.latents.lattice": Case(
        lambda: dict(model=Decoder(), x=(-1.0, 1.0), y=(-1.0, 1.0), n=3, title="t"),
        {"title": TEXTS},
    ),
    "plots.latents.starting_point": Case(
        lambda: dict(model=Decoder(), start=torch.zeros(2)),
        {"model": ("meta device",), "start": ("none",)},
    ),
    "plots.maps.latent_map": Case(
        lambda: dict(
            z=torch.rand(4, 2),
            y=torch.tensor([0, 1, 0, 1]),
            classes=["a", "b"],
            title="t",
            extra=torch.rand(3, 2),
            extra_name="more",
            xlabel="x",
            ylabel="y",
            limit=2.0,
        ),
        {
            "z": ("another dtype",),
            "extra": ("none", "another dtype"),
            "limit": ("none",),
            "title": TEXTS,
            "extra_name": TEXTS,
            "xlabel": TEXTS,
            "ylabel": TEXTS,
        },
    ),
    "plots.planes.rate_distortion": Case(
        lambda: dict(series={"a": {1: (1.0, 2.0), 2: (2.0, 1.0)}}, title="t", label="β = "),
        {"title": TEXTS, "label": TEXTS},
    ),
    "plots.style.figure": Case(
        lambda: dict(width=3.0, height=2.0, columns=2, kwargs={"sharey": True}),
        words={"kwargs": "unknown"},
    ),
    "plots.style.latent_name": Case(lambda: dict(dim=3), {"dim": ("zero",)}),
    "plots.tables.MarkdownTable": Case(lambda: dict(head=("a",), rows=(("1",),))),
    "plots.tables.table": Case(
        lambda: dict(head=["a"], rows=[[1]]),
        # a table without rows is its head
        {"rows": ("empty list",)},
    ),
    # names may be anything that has a str
    "plots.text.plain": Case(lambda: dict(name="a"), {"name": ALL}),
    "plots.text.plain_names": Case(
        lambda: dict(names=["a"]), {"names": ("empty text", "empty list", "list", "folder")}
    ),
    "plots.text.with_formulae": Case(lambda: dict(text="a"), {"text": TEXTS}),
}
