"""A student's function that fails: the sentence names the error and the student's own line."""
from __future__ import annotations

import collections
import inspect
import json
import subprocess
import sys
import traceback
import warnings

import nbformat
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from support.solutions import squared_error

from vaekit import losses
from vaekit.course import check


def failure(answer) -> check.CheckFailed:
    with pytest.raises(check.CheckFailed) as caught:
        check.squared_error(answer)
    return caught.value


def line_of(function, offset: int) -> int:
    return inspect.getsourcelines(function)[1] + offset


def undefined_name(x, x_hat):
    difference = x - x_hat
    return difference + eps  # noqa: F821


def test_the_line_of_a_function_in_a_file():
    assert str(failure(undefined_name)) == (
        "Your function raised NameError: name 'eps' is not defined, "
        f"at line {line_of(undefined_name, 2)}: `return difference + eps  # noqa: F821`"
    )


def test_the_line_of_a_lambda():
    answer = lambda x, x_hat: x.missing  # noqa: E731
    assert str(failure(answer)).endswith(
        f"at line {line_of(answer, 0)}: `answer = lambda x, x_hat: x.missing  # noqa: E731`"
    )


def norm(x):
    return x.view(7, 7)


def calls_a_helper(x, x_hat):
    return norm(x) - norm(x_hat)


def test_the_line_of_a_helper_and_its_name():
    assert f", in norm at line {line_of(norm, 1)}: `return x.view(7, 7)`" in str(
        failure(calls_a_helper)
    )


def in_torch(x, x_hat):
    return torch.nn.functional.mse_loss(x, "text")


def in_vaekit(x, x_hat):
    return losses.squared_error(x, x_hat[:2])


def in_python(x, x_hat):
    return json.loads("{")


def in_numpy(x, x_hat):
    return np.stack([])


def in_a_named_tuple(x, x_hat):
    return collections.namedtuple("Pair", "a b")(1)


@pytest.mark.parametrize("answer", [in_torch, in_vaekit, in_python, in_numpy, in_a_named_tuple])
def test_a_library_that_raises_is_shown_by_the_students_line(answer):
    own_line = inspect.getsource(answer).splitlines()[1].strip()
    assert str(failure(answer)).endswith(f"at line {line_of(answer, 1)}: `{own_line}`")


def test_without_a_line_of_the_students_the_error_is_named_alone():
    assert str(failure(torch.dot)) == (
        "Your function raised RuntimeError: 1D tensors expected, but got 4D and 4D tensors."
    )


@pytest.mark.parametrize("answer, words", [
    (lambda x: x, r"called with 2 arguments \(x, x_hat\), but takes 1 argument \(x\)\."),
    (lambda: 0, r"called with 2 arguments \(x, x_hat\), but takes none\."),
    (lambda x, x_hat, k: x, r"but takes 3 arguments \(x, x_hat, k\)\."),
])
def test_wrong_arguments_are_compared(answer, words):
    with pytest.raises(check.CheckFailed, match=words):
        check.squared_error(answer)


def test_arguments_with_defaults_may_be_left_out():
    check.squared_error(lambda x, x_hat, scale=1.0: squared_error(x, x_hat))


def test_the_result_in_place_of_the_function():
    result = squared_error(torch.zeros(2, 1, 3, 3), torch.zeros(2, 1, 3, 3))
    assert str(failure(result)) == (
        "Hand over the function itself, its name without brackets: "
        "check.squared_error(squared_error). You gave Tensor."
    )


def test_an_argument_changed_in_place_has_the_students_name():
    def changing(image, copy):
        copy -= image
        return copy.square().flatten(1).sum(1)

    assert "changes its argument copy in place" in str(failure(changing))


def test_the_debugger_finds_the_error_and_its_line():
    failed = failure(undefined_name)
    assert isinstance(failed.__cause__, NameError)
    last_frame = list(traceback.walk_tb(failed.__traceback__))[-1][0]
    assert last_frame.f_code is undefined_name.__code__
    assert "difference" in last_frame.f_locals


def test_a_warning_of_the_function_reaches_the_student():
    def warning(x, x_hat):
        warnings.warn("not this way", stacklevel=2)
        return squared_error(x, x_hat)

    with pytest.warns(UserWarning, match="not this way"):
        check.squared_error(warning)


def test_gradients_count_even_where_the_cell_switched_them_off():
    with torch.no_grad():
        check.free_bits(lambda kl, free: kl.mean(0).clamp(min=free).sum())
    with torch.inference_mode():
        check.free_bits(lambda kl, free: kl.mean(0).clamp(min=free).sum())


FUNCTION = """import torch
from vaekit.course import check

def squared_error(x, x_hat):
    difference = x - x_hat
    return difference.square().flatten(1).sum(1) + eps"""
SENTENCE = (
    "✗ Your function raised NameError: name 'eps' is not defined, "
    "at line 6: `return difference.square().flatten(1).sum(1) + eps`"
)


def test_a_shell_prints_one_line():
    shell = InteractiveShell.instance()
    with capture_output() as captured:
        shell.run_cell(FUNCTION)
        shell.run_cell("check.squared_error(squared_error)")
    assert captured.stdout.strip() == SENTENCE
    assert captured.stderr == ""


@pytest.fixture(scope="module")
def executed_notebook():
    """Cells run one after the other by a real kernel, the failing ones included."""
    cells = [
        FUNCTION,
        "check.squared_error(squared_error)",
        "check.squared_error(lambda x, x_hat: x + missing)",
        "check.squared_error(None)",
        "check.between('loss', None, 0, 1)",
        "check.squared_error(lambda x, x_hat: (x - x_hat).square().flatten(1).sum(1))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=True)
    client.execute()
    return notebook


@pytest.mark.slow
@pytest.mark.parametrize("cell, shown", [
    (1, SENTENCE),
    (
        2,
        "✗ Your function raised NameError: name 'missing' is not defined, "
        "at line 1: `check.squared_error(lambda x, x_hat: x + missing)`",
    ),
    (
        3,
        "✗ Not yet. Hand over the function itself, its name without brackets: "
        "check.squared_error(squared_error). You gave NoneType.",
    ),
    (4, "✗ Not yet. loss is None, expected a number between 0 and 1"),
])
def test_a_failing_cell_shows_one_line_and_counts_as_an_error(executed_notebook, cell, shown):
    (output,) = executed_notebook.cells[cell].outputs
    assert output.output_type == "error"
    assert output.traceback == [shown]


@pytest.mark.slow
def test_after_failures_the_kernel_goes_on(executed_notebook):
    (output,) = executed_notebook.cells[5].outputs
    assert output.data["text/plain"].startswith("✓ squared_error: ")


@pytest.mark.slow
def test_a_run_of_the_notebook_stops_at_a_failing_check():
    cells = [nbformat.v4.new_code_cell(FUNCTION + "\n\ncheck.squared_error(squared_error)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.raises(CellExecutionError):
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()


@pytest.mark.slow
def test_the_checks_import_little():
    heavy = "{'sklearn', 'scipy', 'torchvision', 'matplotlib', 'pandas', 'vaekit.models'}"
    program = f"import sys, vaekit.course.check; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "set()", run.stderr
