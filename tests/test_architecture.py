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
    {"arguments"},
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
    """The modules of vaekit that a file imports, also inside functions unless told otherwise."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if only_at_import else ast.walk(tree)

    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= plainly_imported(node)
        elif isinstance(node, ast.ImportFrom):
            found |= imported_from(node, path)
    return found


def plainly_imported(node: ast.Import) -> set[str]:
    """import vaekit.data.load → data.load."""
    names = [alias.name.split(".") for alias in node.names]
    return {".".join(parts[1:]) for parts in names if parts[0] == "vaekit"}


def imported_from(node: ast.ImportFrom, path: Path) -> set[str]:
    """from .images import ImageSet → data.images, from . import images → data.images too."""
    module = node.module.split(".") if node.module else []
    if node.level == 0:
        if module[0] != "vaekit":
            return set()
        source = module[1:]
    else:
        # one dot is the package that holds the file, each further dot one above
        home = list(path.relative_to(PACKAGE).parent.parts)
        source = home[: len(home) - node.level + 1] + module

    found = set()
    for alias in node.names:
        longer = ".".join([*source, alias.name])
        found.add(longer if longer in NAMES else ".".join(source))
    return found


def test_every_room_has_its_floor():
    rooms = {name.split(".")[0] for name in NAMES} - {""}
    assert rooms == set(HEIGHT)


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_point_downwards(path):
    room = dotted(path).split(".")[0]
    for target in imports(path):
        other = target.split(".")[0]
        if not room or other in ("", room):
            continue
        below = HEIGHT[other] < HEIGHT[room]
        assert below, f"{dotted(path)} imports {target}, which is not below it"


def test_no_module_imports_itself_through_others():
    # a package's front page gathers its modules; one that imports from the front page is a circle
    graph = {}
    for path in MODULES:
        if dotted(path):
            graph[dotted(path)] = imports(path, only_at_import=True) - {""}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle of imports: {' → '.join(circle.args[1])}")


def test_models_take_likelihoods_from_losses_and_no_objective():
    """One architecture, many objectives: a model knows likelihoods, not what it is trained by."""
    for path in (PACKAGE / "models").rglob("*.py"):
        from_losses = {name for name in imports(path) if name.split(".")[0] == "losses"}
        no_objective = {"losses.terms", "losses.checks", "losses.description"}
        assert from_losses <= no_objective, f"{dotted(path)} imports {from_losses}"


@pytest.mark.parametrize("network", ["nets.py", "diffusion/unet.py", "conditioning.py"])
def test_networks_know_no_loss_at_all(network):
    rooms = {name.split(".")[0] for name in imports(PACKAGE / "models" / network)}
    assert "losses" not in rooms


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_is_one_idea_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350
