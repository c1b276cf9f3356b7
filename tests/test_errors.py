"""A mistake of the user's in a notebook: the sentence, and the line of the cell that led to it."""
import traceback

import pytest
from IPython.core.interactiveshell import InteractiveShell

from vaekit import data
from vaekit.errors import UserError

CELL = """from vaekit import data

def load_it():
    return data.load("fasion")

load_it()"""


@pytest.fixture
def shell():
    shell = InteractiveShell()
    yield shell
    InteractiveShell.clear_instance()


def shown(shell, capsys, cell):
    """What a cell prints; it is named as the kernel names cells."""
    shell.compile.cache = lambda *args, **kwargs: _cached(cell)
    shell.run_cell(cell)
    return capsys.readouterr().out.strip().splitlines()


def _cached(cell):
    import linecache

    name = "ipykernel_1/2.py"
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    return name


def test_a_mistake_is_two_lines_in_a_notebook(shell, capsys):
    lines = shown(shell, capsys, CELL)
    assert lines[0] == 'line 4: return data.load("fasion")'
    assert lines[1].startswith("UserError: unknown data set 'fasion'; choose one of fashion")
    assert len(lines) == 2


def test_a_wrong_type_is_named_as_such(shell, capsys):
    lines = shown(shell, capsys, "from vaekit import data\ndata.load(3)")
    assert lines == ["line 2: data.load(3)", "WrongType: name of load must be str, got int 3"]


def test_a_mistake_of_ours_keeps_its_traceback(shell, capsys):
    lines = shown(shell, capsys, "1 / 0")
    assert len(lines) > 2


def test_outside_a_notebook_the_whole_traceback_is_there():
    with pytest.raises(UserError) as raised:
        data.load("fasion")
    error = raised.value
    whole = traceback.format_exception(type(error), error, error.__traceback__)
    assert error._render_traceback_() == whole
