"""Tables: Markdown that a cell's content cannot break."""
import pytest

from vaekit import plots
from vaekit.errors import UserError


def test_a_table_is_markdown():
    table = plots.table(["model", "FID"], [["VAE", 41.5], ("GAN", "29 ± 1")])
    expected = "| model | FID |\n| --- | --- |\n| VAE | 41.5 |\n| GAN | 29 ± 1 |"
    assert str(table) == expected
    assert table._repr_markdown_() == expected


def test_the_repr_is_stable_and_shows_no_numbers():
    table = plots.table(["model", "FID"], [["VAE", 41.5], ["GAN", 29]])
    assert repr(table) == "MarkdownTable(model, FID; rows: 2)"


def test_a_table_without_rows_is_its_head():
    assert str(plots.table(["model", "FID"], [])) == "| model | FID |\n| --- | --- |"


@pytest.mark.parametrize("value, cell", [
    ("log p(x|z)", r"log p(x\|z)"),
    (r"q \| p", r"q \| p"),
    ("two\nlines", "two lines"),
    ("", ""),
    (None, "None"),
])
def test_a_cell_cannot_break_its_table(value, cell):
    last_line = str(plots.table(["a", "b"], [[value, 1]])).splitlines()[-1]
    assert last_line == f"| {cell} | 1 |"

    first_line = str(plots.table([value, "b"], [])).splitlines()[0]
    assert first_line == f"| {cell} | b |"


@pytest.mark.parametrize("head, rows, words", [
    ([], [], "at least one column, got an empty head"),
    (["a", "b"], [[1, 2], [3]], r"one cell per column of head \['a', 'b'\], got 1 in row 2: \[3\]"),
    (["a"], [[1, 2]], r"one cell per column of head \['a'\], got 2 in row 1: \[1, 2\]"),
])
def test_a_table_of_unequal_rows_is_refused(head, rows, words):
    with pytest.raises(UserError, match=words):
        plots.table(head, rows)
