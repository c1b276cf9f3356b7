"""The arguments of data that work, and the hostile values that are rightly accepted."""
import tempfile
from pathlib import Path

import numpy as np
import torch
from support.hostile import Case, Exempt

from vaekit import data
from vaekit.data import npz

TEXTS = ("empty text", "folder")
# in both "name of load must be str" and "unknown data set 'x'; choose one of"
NAMED = {"name": "data set"}

FOLDER = Path(tempfile.mkdtemp(prefix="hostile-"))
PIXELS = np.zeros((3, 28, 28), np.uint8)
LABELS = np.arange(3, dtype=np.uint8)
ARRAYS = {"x_train": PIXELS, "y_train": LABELS, "x_test": PIXELS, "y_test": LABELS}
MNIST = npz.write_npz(FOLDER / "mnist.npz", ARRAYS)


def images() -> data.ImageSet:
    return data.load("digits", limit=20)


def pixels() -> torch.Tensor:
    return torch.rand(3, 1, 4, 4)


def own_set() -> dict:
    """The arguments of an ImageSet with factors."""
    return dict(
        x=pixels(),
        y=torch.tensor([0, 1, 1]),
        classes=("a", "b"),
        name="images",
        factors=torch.tensor([[0], [1], [2]]),
        factor_names=("size",),
    )


CASES = {
    # of a GPU's images no value is looked at, so NaN moves as any other
    "data.augment.mirror": Case(
        lambda: dict(x=pixels()),
        {"x": ("all nan", "one inf", "meta device")},
        not_a_number=("x",),
    ),
    "data.augment.soften": Case(
        lambda: dict(x=pixels().repeat(1, 1, 3, 3)),
        {"x": ("all nan", "one inf", "meta device")},
        not_a_number=("x",),
    ),
    "data.augment.jitter": Case(
        lambda: dict(x=pixels()),
        {"x": ("all nan", "one inf", "meta device"), "shift": ("zero",)},
        not_a_number=("x",),
    ),
    "data.checks.as_floats": Case(
        lambda: dict(pixels=pixels(), what="pixels"), {"what": TEXTS}
    ),
    "data.checks.check_images": Case(
        lambda: dict(x=pixels()), {"what": TEXTS}, words={"x": "images"}
    ),
    "data.checks.check_dense": Case(
        lambda: dict(x=pixels()),
        {
            "x": ("another dtype", "complex", "meta device", "empty set", "all nan", "one inf"),
            "what": TEXTS,
        },
    ),
    "data.checks.check_labels": Case(
        lambda: dict(y=torch.tensor([0, 1]), classes=2),
        {"y": ("empty set",), "where": TEXTS},
    ),
    "data.checks.check_attributes": Case(
        lambda: dict(c=torch.tensor([[0, 1]])), {"c": ("another dtype", "complex", "empty set")}
    ),
    "data.checks.check_names": Case(
        lambda: dict(what="names", names=("a", "b")),
        {"what": TEXTS, "names": ("empty list",)},
    ),
    "data.checks.is_whole": Case(
        lambda: dict(values=torch.tensor([1])),
        {"values": ("another dtype", "complex", "meta device", "empty set")},
    ),
    "data.digits.digits": Case(lambda: dict(split="test")),
    "data.download.download": Exempt("asks the network; tests/data/test_download.py"),
    "data.download.network_timeout": Case(lambda: dict(seconds=5.0)),
    "data.images.ImageSet": Case(own_set, {"name": TEXTS}, {"x": "images"}),
    "data.images.ImageSet.images": Case(
        lambda: dict(self=images(), index=torch.tensor([3, 4])), {"index": ("empty set",)}
    ),
    "data.images.ImageSet.batches": Case(
        lambda: dict(self=images(), size=5)
    ),
    "data.images.ImageSet.to": Case(lambda: dict(self=images(), device="cpu")),
    "data.images.ImageSet.first": Case(lambda: dict(self=images(), limit=5)),
    "data.images.ImageSet.only": Case(
        lambda: dict(self=images(), classes=("3",)), words={"classes": "class"}
    ),
    "data.images.ImageSet.per_class": Case(lambda: dict(self=images(), number=1)),
    "data.images.ImageSet.split": Case(
        lambda: dict(self=images(), share=0.5), {"seed": ("zero",)}
    ),
    "data.images.as_image_set": Case(lambda: dict(images=pixels())),
    "data.images.as_tensor": Case(lambda: dict(images=pixels())),
    "data.images.image_set": Case(lambda: dict(what="images", images=pixels()), {"what": TEXTS}),
    "data.sources.Source": Case(
        lambda: dict(title="a", file="a.npz", shape=(28, 28), classes=("a",)),
        {"title": TEXTS, "file": (*TEXTS, "none"), "download": TEXTS},
    ),
    "data.load.load": Case(
        lambda: dict(name="fashion", root=FOLDER, limit=2), {"root": ("folder",)}, NAMED
    ),
    "data.sources.roots": Case(lambda: dict(root=FOLDER), {"root": ("folder",)}),
    "data.sources.built_in_folder": Case(dict),
    "data.sources.cache_folder": Case(dict),
    "data.sources.locate": Case(
        lambda: dict(name="mnist", root=FOLDER), {"root": ("folder",)}, NAMED
    ),
    "data.npz.read_npz": Case(
        lambda: dict(path=MNIST, split="train", shape=(28, 28), classes=10)
    ),
    "data.npz.write_npz": Case(lambda: dict(path="new.npz", arrays=ARRAYS)),
    "data.selection.Selection": Case(
        lambda: dict(
            name="digits",
            root=FOLDER,
            limit=50,
            classes=("3", "8"),
            per_class=10,
            test_limit=20,
            validation=0.2,
        ),
        {"root": ("folder",), "classes": ("empty list",), "attributes": ("empty list",)},
        NAMED,
    ),
    "data.selection.Selection.load": Case(
        lambda: dict(self=data.Selection("digits", limit=50, validation=0.2), seed=1)
    ),
    "data.shapes.shapes": Case(lambda: dict(n=5, split="test", seed=1)),
    "data.shapes.shape_factors": Case(
        lambda: dict(index=torch.tensor([1, 2])), {"index": ("empty set",)}
    ),
    "data.shapes.draw_shapes": Case(
        lambda: dict(factors=torch.tensor([[0, 1, 2, 3, 4]])), {"factors": ("empty set",)}
    ),
}
