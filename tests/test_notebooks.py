"""The committed notebooks: in step with their twins, executed in order, clean.

And of the size that a lab should have.
"""
import importlib.util
import re
import statistics

import nbformat
import pytest
from conftest import REPO

from vaekit.course import start

FOLDER = REPO / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LABS = [path for path in NOTEBOOKS if path.stem != "00_start"]
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# lab 06 judges models, it does not walk through them
WITH_SLIDERS = [path.stem for path in NOTEBOOKS if path.stem[:2] <= "05"]

# build.py is a script, not a module of the package
spec = importlib.util.spec_from_file_location("build", FOLDER / "src" / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, 4)


@pytest.fixture(params=LABS, ids=lambda path: path.stem)
def lab_path(request):
    return request.param


@pytest.fixture
def lab(lab_path):
    return nbformat.read(lab_path, 4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def markdown(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def contents(cell):
    """What a cell and its twin have in common."""
    return cell.id, cell.cell_type, cell.source, cell.metadata


def may_differ(cell):
    """True if nbval does not compare the output of this cell."""
    return "nbval-ignore-output" in cell.metadata.get("tags", [])


def written(cell):
    """All the text in a cell's output."""
    parts = []
    for output in cell.outputs:
        shown = output.get("data", {})
        parts += [output.get("text", ""), shown.get("text/plain", "")]
        parts.append(shown.get("text/markdown", ""))
    return "\n".join(parts)


def test_every_notebook_has_a_twin_and_every_twin_a_notebook():
    twins = sorted((FOLDER / "src").glob("[0-9]*.py"))
    assert NOTEBOOKS
    assert [path.stem for path in NOTEBOOKS] == [twin.stem for twin in twins]


def test_the_twin_holds_the_same_cells(path, notebook):
    twin = build.from_twin(FOLDER / "src" / f"{path.stem}.py")
    assert [contents(cell) for cell in notebook.cells] == [contents(cell) for cell in twin.cells]
    assert notebook.metadata == twin.metadata


def test_it_was_executed_in_order_from_a_clean_kernel(notebook):
    counts = [cell.execution_count for cell in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_its_outputs_are_clean(notebook):
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    for output in outputs:
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
        assert WIDGET_VIEW not in output.get("data", {})

    machine_path = re.search(r"/(home|root|work|tmp|usr)/", str(outputs))
    assert not machine_path, "a machine's path in an output"


def test_parameters_are_typed_and_explained(lab_path):
    from papermill import inspect_notebook

    parameters = inspect_notebook(str(lab_path))
    assert {"dataset", "epochs", "seed"} <= set(parameters)
    for parameter in parameters.values():
        assert parameter["help"]
        assert parameter["inferred_type_name"] != "None"


def test_it_is_a_lab_and_not_a_script(lab):
    prose = "\n".join(cell.source for cell in markdown(lab))
    # the links to other pages are no prose
    prose = re.sub(r"^\[start page\].*$", "", prose, flags=re.MULTILINE)
    assert 1_300 <= len(prose.split()) <= 2_700

    lengths = [len(cell.source.splitlines()) for cell in code(lab)]
    assert max(lengths) <= 25
    assert statistics.median(lengths) <= 8
    assert len(markdown(lab)) >= len(lengths)


def test_exercises_have_a_solution_and_a_check(lab):
    cells = code(lab)
    solved = [i for i, cell in enumerate(cells) if "### BEGIN SOLUTION" in cell.source]
    assert 2 <= len(solved) <= 4
    for i in solved:
        assert cells[i].source.count("### BEGIN SOLUTION") == 1
        assert cells[i].source.count("### END SOLUTION") == 1
        checked = re.search(r"^check\.\w+\(", cells[i + 1].source, re.MULTILINE)
        assert checked, "the cell after an exercise checks it"


def test_sliders_are_not_compared_and_stand_beside_a_picture(lab_path, lab):
    cells = code(lab)
    sliders = [i for i, cell in enumerate(cells) if "explore." in cell.source]
    if lab_path.stem in WITH_SLIDERS:
        assert len(sliders) >= 2
    for i in sliders:
        assert may_differ(cells[i])
        neighbours = [output for cell in cells[max(0, i - 3):i + 3] for output in cell.outputs]
        assert [output for output in neighbours if "image/png" in output.get("data", {})]


def test_compared_text_shows_no_trained_number_in_full(notebook):
    """Four significant digits of a trained number differ between machines.

    A check cell or a tag is the place for them.
    """
    for cell in code(notebook):
        if not may_differ(cell):
            text = re.sub(r"<Figure size \S+ with \d+ Axes>", "", written(cell))
            assert not re.search(r"\d+\.\d{3,}|\d{3,}\.\d+", text), text


def test_vaekit_is_imported_before_torch(notebook):
    """What vaekit tells torch's threads counts only before torch starts them."""
    lines = "\n".join(cell.source for cell in code(notebook)).splitlines()
    imported = [line.split()[1] for line in lines if re.match(r"(import|from) \w", line)]
    roots = [name.split(".")[0] for name in imported]
    assert "vaekit" in roots
    heavy = {"torch", "torchvision", "sklearn", "skimage", "scipy", "matplotlib", "numpy"}
    first_heavy = min((roots.index(name) for name in heavy if name in roots), default=len(roots))
    assert roots.index("vaekit") < first_heavy


def test_one_figure_stands_for_each_lab(lab_path):
    assert start.cover(lab_path) is not None


def test_nothing_but_labs_lies_where_a_student_looks():
    seen = {path.name for path in FOLDER.iterdir() if not path.name.startswith(".")}
    assert seen - {path.name for path in NOTEBOOKS} - {"__pycache__"} == {"src"}
