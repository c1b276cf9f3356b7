"""Every public function refuses hostile values in a sentence, or accepts them with a right result.

`support.hostile` lists the values. For each room, `cases/ROOM.py` holds CASES, by name without
"vaekit.": arguments that work (`Case`), and which hostile values are rightly accepted. What is
accepted and not listed is a fault, and so is what is listed and refused. Only what is no place for
a user's values is `Exempt`, with the reason.

A refusal is a UserError of one line that names the argument, the value and the way out, or a
TypeError that names the argument.

    CASES = {
        "losses.terms.gaussian_kl": Case(lambda: dict(mean=torch.zeros(2, 3), …)),
        "data.images.ImageSet.first": Case(
            lambda: dict(self=data.load("digits"), limit=3),
            words={"limit": "number of images"},
        ),
    }
"""
import pytest
from support.hostile import Case, call, cases_of, own_folder, public_functions, rooms
from support.walk import walk

CASES = {room: cases_of(room) for room in rooms()}
WALKED = [
    (room, name)
    for room, cases in CASES.items()
    for name, case in cases.items()
    if isinstance(case, Case)
]


@pytest.mark.parametrize("room", rooms())
def test_every_public_function_has_a_case(room):
    missing = sorted(public_functions(room).keys() - CASES[room].keys())
    assert missing == []


@pytest.mark.parametrize("room", rooms())
def test_every_case_is_of_a_public_function(room):
    unknown = sorted(CASES[room].keys() - public_functions(room).keys())
    assert unknown == []


@pytest.mark.parametrize("room, name", WALKED, ids=[name for _, name in WALKED])
def test_it_works_as_it_is_meant(room, name):
    with own_folder():
        call(public_functions(room)[name], CASES[room][name].arguments())


@pytest.mark.parametrize("room, name", WALKED, ids=[name for _, name in WALKED])
def test_hostile_values_surprise_nobody(room, name):
    outcomes = walk(public_functions(room)[name], CASES[room][name])
    faults = [outcome for outcome in outcomes if outcome.is_fault]
    lines = [f"{each.argument} = {each.value}: {each.how}: {each.text}" for each in faults]
    assert not faults, "\n".join([f"{len(faults)} of {len(outcomes)}", *lines])
