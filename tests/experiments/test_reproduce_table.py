"""The table of a reproduction: its numbers, the report's, and the differences."""
from dataclasses import replace

import pytest

from vaekit import recipes
from vaekit.errors import UserError
from vaekit.experiments.reproduce import table

pytestmark = pytest.mark.slow


def on_the_reports_data(rows):
    """The rows as if they had been trained on MNIST."""
    return [replace(row, settings=row.settings | {"data": "mnist"}) for row in rows]


def test_the_table_has_the_reports_numbers_and_the_differences(whole):
    lines = []
    for line in table(on_the_reports_data(whole[1])).splitlines():
        lines.append([cell.strip() for cell in line.strip("|").split("|")])
    head, rule, *rows = lines

    columns = []
    for term in ("total", "BCE", "KL"):
        columns += [f"{term} here", f"{term} S1", f"{term} difference"]
    assert head == ["z", "β", *columns, "seconds"]
    assert set(rule) == {"---"}
    assert len(rows) == 7
    assert {len(line) for line in lines} == {12}

    reported = recipes.get("mlp-vae-mnist").reported
    for cells, row, report in zip(rows, whole[1], reported, strict=True):
        assert cells[:2] == [str(report.latent_dim), f"{report.beta:g}"]
        assert cells[-1] == f"{row.seconds:.0f}"
        for i, term in enumerate(("loss", "reconstruction", "kl")):
            here, there, difference = cells[2 + 3 * i:5 + 3 * i]
            expected = row.measured[term] - report.terms[term]
            assert here == f"{row.measured[term]:.2f}"
            assert there == f"{report.terms[term]:.2f}"
            assert difference[0] in "+-"
            assert float(difference) == pytest.approx(expected, abs=0.0051)


def test_rows_of_other_data_are_not_compared_with_the_report(whole):
    assert whole[1][0].settings["data"] == "digits"
    *_, line = table(whole[1][:1]).splitlines()
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert [cells[4], cells[7], cells[10]] == ["other data"] * 3
    assert cells[3] == "161.04"


def test_no_rows_have_no_table():
    with pytest.raises(UserError, match="number of rows must be ≥ 1, got 0"):
        table([])
