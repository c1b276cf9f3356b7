"""A prediction is answered by the measurement; a wrong one is no failure."""
import pytest

from vaekit.course import check
from vaekit.errors import UserError


def test_a_right_prediction_says_so_and_why():
    verdict = check.prediction("falls", {"falls": True, "rises": False}, because="By half.")
    assert repr(verdict) == "✓ as you expected: falls. By half."


def test_a_wrong_one_is_answered_and_does_not_stop_the_lab():
    verdict = check.prediction("rises", {"falls": True, "rises": False})
    assert repr(verdict) == "↯ you expected rises, measured: falls."


@pytest.mark.parametrize("choice", [None, "", "stays", 1, ["falls"]])
def test_no_choice_is_asked_for(choice):
    with pytest.raises(check.CheckFailed, match="Choose one of 'falls', 'rises' first"):
        check.prediction(choice, {"falls": True, "rises": False})


@pytest.mark.parametrize("outcomes", [
    {},
    {"falls": False, "rises": False},
    {"falls": True, "rises": True},
])
def test_exactly_one_answer_comes_true(outcomes):
    with pytest.raises(UserError, match="exactly one|one answer that came true"):
        check.prediction("falls", outcomes)
