"""The exercises of the labs: of three kinds, with hints, a solution, and a way on without one.

    ### ✏️ Exercise 2 (predict it): which of the two is blurred?

    <details><summary>Hint 1</summary> What does a mean of sharp images look like? </details>
    <details><summary>Hint 2</summary> … </details>

Kinds are "write it", "predict it" and "find the bug".
"""
import re
from typing import NamedTuple

import pytest
from nbformat import NotebookNode
from support.notebooks import LABS, TAUGHT, is_code, source

from vaekit.course.answers import answers

BEGIN = "# BEGIN SOLUTION"
END = "# END SOLUTION"
KINDS = {"write it", "predict it", "find the bug"}
HEADING = re.compile(r"^#+ (?:✏️ )?Exercise (\d+)(?: \((.+?)\))?.*$", re.MULTILINE)
DETAILS = re.compile(
    r"<details>\s*<summary>\s*Hint (\d)\s*</summary>(.*?)</details>", re.DOTALL
)


class Exercise(NamedTuple):
    """An exercise: its number and kind, and the cells from its heading to the next one's."""

    number: int
    kind: str
    cells: list[NotebookNode]

    @property
    def prose(self) -> str:
        return "\n".join(cell.source for cell in self.cells if not is_code(cell))

    @property
    def code(self) -> list[str]:
        return [cell.source for cell in self.cells if is_code(cell)]

    @property
    def solution(self) -> int:
        """Which of its code cells holds the solution."""
        solved = [number for number, code in enumerate(self.code) if BEGIN in code]
        assert solved, f"exercise {self.number} has no cell with {BEGIN!r}"
        return solved[0]


def exercises(name):
    found = []
    for cell in source(name):
        heading = None if is_code(cell) else HEADING.search(cell.source)
        if heading is not None:
            found.append(Exercise(int(heading[1]), heading[2] or "", []))
        if found:
            found[-1].cells.append(cell)
    return found


@pytest.mark.parametrize("name", TAUGHT)
def test_there_are_three_or_four_of_three_kinds(name):
    found = exercises(name)
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    assert 3 <= len(found) <= 4
    assert {each.kind for each in found} == KINDS, "the kind stands in brackets: (write it)"


@pytest.mark.parametrize("name", TAUGHT)
def test_each_has_one_solution(name):
    found = exercises(name)
    cells = [cell.source for cell in source(name) if is_code(cell) and BEGIN in cell.source]
    assert len(cells) == len(found)
    for exercise in found:
        assert exercise.solution >= 0


@pytest.mark.parametrize("name", LABS)
def test_the_markers_are_those_that_graders_read(name):
    for cell in source(name):
        if not is_code(cell):
            continue
        lines = [line.strip() for line in cell.source.splitlines()]
        marks = [line for line in lines if "BEGIN SOLUTION" in line or "END SOLUTION" in line]
        assert marks in ([], [BEGIN, END]), cell.source
        if marks:
            between = lines[lines.index(BEGIN) + 1: lines.index(END)]
            assert any(between), "no solution"


@pytest.mark.parametrize("name", TAUGHT)
def test_each_has_two_hints_and_the_first_is_a_question(name):
    for exercise in exercises(name):
        hints = DETAILS.findall(exercise.prose)
        assert [number for number, _ in hints] == ["1", "2"], f"exercise {exercise.number}"
        assert "?" in hints[0][1], f"exercise {exercise.number}"
        for _, hint in hints:
            assert len(hint.split()) >= 3, f"exercise {exercise.number}: {hint}"


@pytest.mark.parametrize("name", TAUGHT)
def test_who_is_stuck_goes_on_with_the_reference(name):
    for exercise in exercises(name):
        if exercise.kind == "predict it":
            continue
        solved = re.findall(r"^def (\w+)\(", exercise.code[exercise.solution], re.MULTILINE)
        assert solved, f"exercise {exercise.number} defines no function"
        onward = exercise.code[exercise.solution + 1: exercise.solution + 2]
        expected = re.compile(
            rf"^({'|'.join(solved)}) = check\.or_reference\(\1\b", re.MULTILINE
        )
        found = expected.search("\n".join(onward))
        assert found, f"exercise {exercise.number}: no `f = check.or_reference(f)` in the next cell"
        named = re.search(r"or_reference\(\w+, \"(\w+)\"", onward[0])
        assert (named or found)[1] in answers(), f"exercise {exercise.number} has no reference"


@pytest.mark.parametrize("name", TAUGHT)
def test_a_prediction_is_made_before_it_is_answered(name):
    code = [cell.source for cell in source(name) if is_code(cell)]
    for exercise in exercises(name):
        if exercise.kind != "predict it":
            continue
        cell = exercise.code[exercise.solution]
        choice = re.search(r"^(\w+) = [\"'](.+)[\"']$", cell, re.MULTILINE)
        assert choice, f"exercise {exercise.number}: the cell chooses a text, as in guess = \"b\""
        place = code.index(cell)
        answered = [
            number for number, source in enumerate(code)
            if re.search(rf"\bcheck\.prediction\(\s*{choice[1]}\b", source)
        ]
        assert answered, f"no check.prediction({choice[1]}, …)"
        # something is measured in between, or in the cell that answers
        assert answered[0] > place
