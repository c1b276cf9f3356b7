"""The arguments of what reads picture files, and the hostile values that are rightly accepted."""
import tempfile
from pathlib import Path

import numpy as np
import torch
from support.hostile import Case, Exempt
from support.picture_files import colour, encoded, write_all, write_celeba

from vaekit.data import celeba_files, celeba_lists, folder_labels
from vaekit.data.npz import write_npz

TEXTS = ("empty text", "folder")

ROOT = Path(tempfile.mkdtemp(prefix="hostile-celeba-"))
CELEBA = write_celeba(ROOT)
LIST = CELEBA / "list_attr_celeba.txt"
PICTURE = encoded(colour(7, 12, 12))
OWN = write_all(
    Path(tempfile.mkdtemp(prefix="hostile-own-")),
    {f"{kind}/{k}.png": PICTURE for kind in ("cat", "dog") for k in range(9)},
)
NPZ = write_npz(ROOT / "arrays.npz", {"x": np.zeros(3, np.uint8)})


def place() -> celeba_files.Place:
    return celeba_files.place(ROOT)


def attributes() -> celeba_lists.Attributes:
    return celeba_lists.Attributes(LIST)


def labels() -> folder_labels.Labels:
    names = ["cat/0.png", "dog/1.png"]
    return folder_labels.labels_of(OWN, names, ["cat", "dog"])


CASES = {
    "data.cache.kept": Case(
        lambda: dict(name="own", made_of={"size": 3}, make=lambda: {"x": np.zeros(3, np.uint8)}),
        {"name": TEXTS},
    ),
    "data.celeba.celeba": Case(
        lambda: dict(root=ROOT, limit=2, size=(8, 8)), {"limit": ("none",)}
    ),
    "data.celeba_files.place": Case(lambda: dict(root=ROOT)),
    "data.celeba_files.Place": Exempt("made by `place`, of what it has found"),
    "data.celeba_files.Place.facts": Case(
        lambda: dict(self=place(), names=["000001.jpg"]), {"names": ("empty list",)}
    ),
    "data.celeba_files.Place.reader": Case(lambda: dict(self=place())),
    "data.celeba_find.find_celeba": Case(lambda: dict(root=ROOT), {"root": ("none", "folder")}),
    "data.celeba_find.images_in": Case(lambda: dict(folder=CELEBA)),
    "data.celeba_find.pictures_in": Case(lambda: dict(folder=CELEBA / "img_align_celeba")),
    "data.celeba_lists.partition": Case(lambda: dict(path=CELEBA / "list_eval_partition.txt")),
    "data.celeba_lists.numbered": Case(
        lambda: dict(names=["000001.jpg"]), {"names": ("empty list",)}
    ),
    "data.celeba_lists.rows_of": Case(
        lambda: dict(found={"000001.jpg": 0}, part="train"), words={"part": "split"}
    ),
    "data.celeba_lists.Attributes": Case(lambda: dict(path=LIST)),
    "data.celeba_lists.Attributes.values": Case(
        lambda: dict(self=attributes(), names=["000001.jpg"]), {"names": ("empty list",)}
    ),
    "data.checks.check_chosen": Case(
        lambda: dict(names=("a",), known=("a", "b")),
        words={"names": "attributes"},
    ),
    "data.checks.check_index": Case(
        lambda: dict(index=torch.tensor([0]), x=torch.zeros(2, 1, 4, 4)),
        {
            "index": ("empty set",),
            "x": ("another dtype", "complex", "meta device", "empty set", "all nan", "one inf"),
        },
    ),
    "data.drawn.drawn_faces": Exempt("draws 14,000 faces; tests/data/test_cache.py"),
    "data.folder.own_images": Exempt(
        "the temporary folder, one of the hostile values, may hold pictures; "
        "tests/data/test_folder.py"
    ),
    "data.folder.is_test": Case(lambda: dict(name="a.png"), {"name": TEXTS}),
    "data.folder_labels.Labels": Exempt("made by `labels_of`"),
    "data.folder_labels.Labels.of": Case(
        lambda: dict(self=labels(), names=["cat/0.png"]), {"names": ("empty list",)}
    ),
    "data.folder_labels.labels_of": Case(
        lambda: dict(folder=OWN, names=["cat/0.png", "dog/1.png"], classes=["cat", "dog"]),
        {"names": ("empty list",), "classes": ("empty list",)},
    ),
    "data.images.ImageSet.with_attributes": Exempt("tests/data/test_attributes.py"),
    "data.load.size_of": Case(
        lambda: dict(name="faces", size=(64, 64)), {"size": ("none",)}, {"name": "data set"}
    ),
    "data.notices.notice": Exempt("any sentence is told"),
    "data.npz.read_arrays": Case(lambda: dict(path=NPZ)),
    "data.pictures.fitted": Case(lambda: dict(content=PICTURE, size=(8, 8), channels=3)),
    "data.pictures.is_grey": Case(lambda: dict(content=PICTURE)),
    "data.pictures.read_pictures": Case(
        lambda: dict(names=["a"], content=lambda name: PICTURE, size=(8, 8), channels=3),
        {"title": TEXTS},
    ),
    "data.pictures.say_skipped": Exempt("any sentence is told"),
    "data.size.check_size": Case(lambda: dict(size=(8, 8))),
    "data.size.read_size": Case(lambda: dict(text="8x8"), words={"text": "size"}),
    "data.sources.source_of": Case(lambda: dict(name="faces"), words={"name": "data set"}),
    "data.sources.folder_of": Case(lambda: dict(name=f"folder:{OWN}"), {"name": ("folder",)}),
    "data.sources.is_here": Case(
        lambda: dict(name="faces", root=ROOT), {"root": ("none", "folder")}, {"name": "data set"}
    ),
}
