"""The verdicts, and how a notebook shows them."""
import math

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from vaekit.course import check


def test_between_shows_the_value_and_a_verdict():
    verdict = check.between("test loss", 240.123, 230, 260)
    assert repr(verdict) == "✓ test loss: 240, as expected (between 230 and 260)"


@pytest.mark.parametrize("value", [229.9, 261, math.nan])
def test_between_refuses_a_value_outside(value):
    with pytest.raises(check.CheckFailed, match="test loss is .*, expected between 230 and 260"):
        check.between("test loss", value, 230, 260)


def test_a_notebook_shows_the_sentence_only():
    shell = InteractiveShell.instance()
    with capture_output() as captured:
        shell.run_cell("from vaekit.course import check\ncheck.between('loss', 3, 0, 1)")
    assert captured.stdout.strip() == "✗ Not yet. loss is 3, expected between 0 and 1"
