"""The start page's functions: arguments that work, and the hostile values rightly accepted."""
from conftest import REPO
from support.hostile import Case

LABS = REPO / "notebooks"
LAB = LABS / "01_autoencoder.ipynb"

CASES = {
    "course.start.covers": Case(lambda: dict(folder=str(LABS))),
    "course.start.cover": Case(lambda: dict(lab=str(LAB)), words={"lab": "notebook"}),
    "course.start.machine": Case(dict),
    "course.start.memory": Case(dict),
}
