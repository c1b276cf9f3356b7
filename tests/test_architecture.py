"""The floors of the house, read from the code's own imports: every import points downwards."""
import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from conftest import REPO

# from the top floor down; a room imports only from floors below its own
FLOORS = [
    {"cli"},
    {"experiments"},
    {"metrics"},
    {"recipes"},
    {"course"},
    {"training"},
    {"explore"},
    {"models"},
    {"losses"},
    {"plots"},
    {"data"},
    {"files"},
    {"device"},
    {"contracts"},
    {"errors"},
]
HEIGHT = {room: -floor for floor, rooms in enumerate(FLOORS) for room in rooms}
PACKAGE = REPO / "vaekit"
MODULES = sorted(PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    """vaekit/data/load.py → data.load, vaekit/data/__init__.py → data, vaekit/__init__.py → ''."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


NAMES = {dotted(path) for path in MODULES}


def imports(path: Path, *, only_at_import: bool = False) -> set[str]:
    """The modules of vaekit that a file imports, also those inside functions unless told otherwise."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if only_at_import else ast.walk(tree)

    # where relative imports start from: the package that holds the file
    home = list(path.relative_to(PACKAGE).parent.parts)

    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found |= {n.removeprefix("vaekit").lstrip(".") for n in names if n.split(".")[0] == "vaekit"}
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and (node.module or "").split(".")[0] != "vaekit":
                continue
            if node.level == 0:
                source = node.module.split(".")[1:]
            else:
                source = home[:len(home) - node.level + 1] + (node.module.split(".") if node.module else [])
            for alias in node.names:
                # `from .images import ImageSet` names a module, `from . import images` one too
                longer = ".".join([*source, alias.name])
                found.add(longer if longer in NAMES else ".".join(source))
    return found


def test_every_room_has_its_floor():
    assert {name.split(".")[0] for name in NAMES} - {""} == set(HEIGHT)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_point_downwards(path):
    room = dotted(path).split(".")[0]
    for target in imports(path):
        other = target.split(".")[0]
        if other and room and other != room:
            assert HEIGHT[other] < HEIGHT[room], f"{dotted(path)} imports {target}, which is not below it"


def test_no_module_imports_itself_through_others():
    # a package's front page gathers its rooms; a room that imports from its own front page is a circle
    graph = {dotted(path): imports(path, only_at_import=True) - {""} for path in MODULES if dotted(path)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle of imports: {' → '.join(circle.args[1])}")


def test_models_take_likelihoods_from_losses_and_no_objective():
    """One architecture, many objectives: a model may know how likely an image is, not how it is trained."""
    for path in (PACKAGE / "models").rglob("*.py"):
        from_losses = {target for target in imports(path) if target.split(".")[0] == "losses"}
        assert from_losses <= {"losses.terms"}, f"{dotted(path)} imports {from_losses}"


def test_networks_know_no_loss_at_all():
    for name in ("models/nets.py", "models/diffusion/unet.py", "models/conditioning.py"):
        assert not {target for target in imports(PACKAGE / name) if target.startswith("losses")}
